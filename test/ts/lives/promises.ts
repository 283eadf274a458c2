import type { Model } from "./model.ts";
import {
  type Arrival,
  hasCode,
  lostBytes,
  type Read,
  type Request,
  type Sent,
  tells,
} from "./records.ts";
import type { World } from "./world.ts";

/** How many marks may wait while a request waits behind them. */
const UNREAD = 16;
/** How many descriptors may wait while a request waits behind them. */
const UNREAD_FDS = 32;

export type Check = (world: World) => Iterable<string>;

/** Whether the channel has ended for sure. */
export const isOver = (model: Model): boolean =>
  model.closed === undefined ? model.causes().some(({ sure }) => sure) : !model.closed.pending;
export const mayBeOver = (model: Model): boolean => model.causes().length > 0;

/** Whether an error is one that a call on this channel may be rejected with. */
export function isLegitimate(model: Model, error: unknown): boolean {
  const { sendFailed } = model.hand.reported;
  if (model.causes().some((cause) => cause.matches(error))) return true;
  if (sendFailed !== undefined && tells(error, sendFailed)) return true;
  if (hasCode(error, "EPIPE")) return model.hand.reported.gone === true;
  return false;
}
export const saysClosed = (error: unknown): boolean => hasCode(error, "ERR_IMSG_CLOSED");

/** Each promise that a channel makes, and how to see that it is broken. */
export const PROMISES: Record<string, Check> = {
  *"every message that was sent is handed to the transport as soon as that has room"(world) {
    const { model, hand } = world;
    if (hand.full || hand.dead || mayBeOver(model)) return;
    for (const sent of model.sent) {
      if (sent.end === undefined && isQueued(sent)) yield `message ${sent.id} was not handed over`;
    }
  },

  *"a send is rejected only with a reason, and after a failure none is fulfilled"({ model }) {
    for (const sent of model.sent) {
      const { id, expect, outcome, signal, request } = sent;
      if (expect === "refused" && sent.end !== undefined) {
        yield `message ${id} was handed over after the end`;
      }
      if (outcome === undefined || request !== undefined) continue;
      if (expect === "refused" && outcome.fulfilled) yield `send ${id} was not refused`;
      if (sent.full === "must" && outcome.rejected && !hasCode(outcome.error, "ENOBUFS")) {
        yield `send ${id} was rejected with ${outcome.error}, and the queue was full`;
      }
      if (sent.thing?.ours === false && expect === "refused") {
        yield `send ${id} was refused, and has moved ${sent.thing.name}`;
      }
      const waits = sent.waits === model.hand.drains && model.hand.full && !model.localEnd;
      if (outcome.fulfilled && waits && expect === "queued") {
        yield `send ${id} was fulfilled while the transport had no room`;
      }
      if (outcome.pending && (!model.hand.full || model.sendingIsOver || isOver(model))) {
        yield `send ${id} is pending`;
      }
      if (!outcome.rejected) continue;
      const { error } = outcome;
      const known =
        (signal?.aborted && error === signal.reason) ||
        (hasCode(error, "ENOBUFS") && sent.full !== "no") ||
        (saysClosed(error) && (model.localEnd || mayBeOver(model))) ||
        isLegitimate(model, error);
      if (!known) yield `send ${id} was rejected with ${error}`;
    }
  },

  *"a reader waits only if nothing has arrived"({ model }) {
    const waits = model.reads.filter(({ tracked }) => tracked.pending);
    if (waits.length === 0) return;
    const what = `a ${waits[0]!.kind} is pending`;
    if (model.due.length > 0) yield `${what}, and message ${model.due[0]!.id} has arrived`;
    const { ended, gone } = model.hand.reported;
    if (ended || gone || isOver(model) || model.closing) yield `${what} at the end`;
    for (const { left, kind } of waits) if (left) yield `${kind} is pending, and was left`;
  },

  *"a reader gets everything that has arrived before the end or an error"({ model }) {
    for (const read of model.reads) yield* readOutcome(model, read);
  },

  *"a second reader is refused"({ model }) {
    for (const { kind, expect, tracked } of model.reads) {
      const busy = tracked.rejected && hasCode(tracked.error, "EBUSY");
      if (expect === "busy" && !busy) yield `a second reader, ${kind}, was not refused`;
      if (expect === "free" && busy) yield `the only reader, ${kind}, was refused`;
    }
  },

  *"a request is settled by its reply, its time, its signal, or the end"(world) {
    for (const request of world.model.requests) yield* requestOutcome(world, request);
  },

  *"closed is settled when the channel has ended, not earlier, and has the reason"({ model }) {
    const { closed, first } = model;
    if (closed === undefined) return;
    const causes = model.causes();
    const sure = causes.find((cause) => cause.sure);
    if (closed.pending) {
      if (sure !== undefined) yield `closed is pending after: ${sure.name}`;
      return;
    }
    if (causes.length === 0) yield "closed is settled, and nothing has ended the channel";
    const fits = (cause: (typeof causes)[number]): boolean =>
      closed.fulfilled ? cause.clean : cause.matches(closed.error);
    const how = closed.fulfilled ? "fulfilled" : `rejected with ${closed.error}`;
    if (causes.length > 0 && !causes.some(fits)) {
      yield `closed is ${how} after: ${causes.map(({ name }) => name).join(", ")}`;
    }
    if (first !== undefined && !fits(first)) yield `closed is ${how}, and first was: ${first.name}`;
  },

  *"lost bytes of fulfilled sends are counted"({ model }) {
    const { closed, closing, aborted } = model;
    const [least, most] = model.lost;
    if (closing?.promise.fulfilled && least > 0 && aborted === undefined) {
      yield `close() is fulfilled, and ${least} bytes were lost`;
    }
    for (const ended of [closed, closing?.promise]) {
      if (!ended?.rejected || (aborted !== undefined && !aborted.closing)) continue;
      const said = lostBytes(ended.error);
      if (said < least || said > most) {
        yield `${ended.name} says that ${said} bytes were lost, and ${least} to ${most} were`;
      }
    }
  },

  *"peerEnded is settled when the peer's end has been reached"({ model }) {
    const { peerEnded, allRead } = model;
    if (peerEnded === undefined) return;
    const { ended, gone } = model.hand.reported;
    const reached = (ended || gone) && allRead && model.closing === undefined;
    if (peerEnded.pending && (reached || isOver(model))) yield "peerEnded is pending";
    if (peerEnded.fulfilled && !ended && !gone && !model.closing) {
      yield "peerEnded is fulfilled, and the peer has not ended";
    }
    if (peerEnded.rejected && !isLegitimate(model, peerEnded.error)) {
      yield `peerEnded is rejected with ${peerEnded.error}`;
    }
  },

  *"end() is settled when the system has everything"({ model, hand }) {
    const { ended } = model;
    if (ended === undefined) return;
    const failed = "sendFailed" in hand.reported || "failed" in hand.reported || hand.reported.gone;
    if (ended.pending && (hand.finished || failed || isOver(model))) yield "end() is pending";
    if (ended.fulfilled && !hand.finished && !mayBeOver(model)) yield "end() is fulfilled early";
    if (ended.rejected && !isLegitimate(model, ended.error)) {
      yield `end() is rejected with ${ended.error}`;
    }
  },

  *"close() lingers while it can lose bytes, and never beyond its limit"(world) {
    yield* lingering(world);
  },

  *"the transport is stopped while too much waits, and only then"({ model, hand, setup }) {
    if (hand.pause === undefined || isOver(model) || mayBeOver(model)) return;
    const reading = model.reads.some(({ tracked }) => tracked.pending);
    // a reply may stand behind messages that the program does not receive
    const asking = model.requests.some(({ tracked }) => tracked.pending);
    const room = setup.mark * (asking ? UNREAD : 1);
    if (hand.paused && (reading || (model.waitingCost < room && model.rest === 0))) {
      if (reading || model.waitingFds < UNREAD / 2)
        yield "the transport is stopped, and nothing waits";
    }
    // a request that was settled leaves what has arrived for it
    const asked = model.requests.length > 0;
    const waits = model.due.reduce((sum, { size }) => sum + size + 256, 0);
    if (!hand.paused && !reading && waits >= setup.mark * (asked ? UNREAD : 1)) {
      yield `the transport is not stopped, and messages of ${waits} bytes wait`;
    }
  },

  *"a peer that cannot be stopped and sends too much is ended"({ model, hand, setup }) {
    const { mark, maxSize } = setup;
    if (hand.pause !== undefined || model.requests.length > 0 || isOver(model)) return;
    if (model.reads.some(({ tracked }) => tracked.pending) || mayBeOver(model)) return;
    const bytes = model.due.reduce((sum, { size }) => sum + size, 0);
    if (bytes > Math.max(mark * 16, mark + maxSize) + model.longestChunk)
      yield `${bytes} bytes wait`;
  },

  *"no timer and no listener waits for nothing"(world) {
    const { model, clock, signals, own } = world;
    const timed = model.requests.filter((r) => r.tracked.pending && r.deadline !== undefined);
    const timers = timed.length + (model.closing?.promise.pending ? 1 : 0);
    if (world.isScripted && clock.timers !== timers)
      yield `${clock.timers} timers wait, and ${timers} should`;
    for (const signal of signals) {
      if (signal.aborted) continue;
      const reads = model.reads.filter((r) => r.signal === signal && r.tracked.pending);
      const requests = model.requests.filter((r) => r.signal === signal && r.tracked.pending);
      const sends = new Set(
        model.sent
          .filter((s) => s.signal === signal && s.request === undefined && s.outcome?.pending)
          .map(({ outcome }) => outcome),
      );
      const most = reads.length + requests.length + sends.size;
      if (signal.listeners !== most) {
        yield `a signal has ${signal.listeners} listeners, and ${most} calls wait`;
      }
    }
    const listens = isOver(model) ? 0 : 1;
    if (model.closed !== undefined && !own.aborted && own.listeners !== listens) {
      yield `the channel's signal has ${own.listeners} listeners, and ${listens} are right`;
    }
  },

  *"late replies are counted"({ model, channel }) {
    const [least, most] = model.lateReplies;
    const { lateReplies } = channel;
    if (lateReplies < least || lateReplies > most) {
      yield `${lateReplies} late replies are counted, and ${least} to ${most} came`;
    }
  },

  *"things that travel are closed once, or are the program's"({ model, things, turns, holder }) {
    const { reads } = model;
    for (const { name, closed, ours } of things) {
      if (closed > 1) yield `${name} was closed ${closed} times`;
      if (closed > 0 && ours) yield `${name} was closed, and is the program's`;
    }
    const { closed, waiting } = model;
    // a reader that was active at the failure still gets them
    if (closed?.rejected && holder === undefined && reads.length === 0) {
      for (const { thing } of waiting) {
        if (thing?.closed === 0) yield `${thing.name} is open after the failure`;
      }
    }
    const ofLoop = model.arrivals.filter(({ turn }) => turn > 0);
    for (const { thing, id, turn } of ofLoop) {
      if (turn < turns && thing !== undefined && !thing.ours && thing.closed === 0)
        yield `the loop has passed message ${id} with ${thing.name}`;
    }
  },

  *"hasFd and fdDropped are right, and of more than 64 descriptors the oldest is closed"({
    model,
  }) {
    for (const arrival of model.arrivals) yield* thingOutcome(model, arrival);
  },

  *"nothing that the peer or the transport causes is an unhandled rejection"({ unhandled }) {
    for (const error of unhandled) yield `unhandled: ${error}`;
  },
};

function* thingOutcome(model: Model, arrival: Arrival): Iterable<string> {
  const { id, thing, lacks, message, thingIs, fate, late, turn, drop } = arrival;
  if (message !== undefined) {
    const isOpen = thing?.ours === false && thing.closed === 0;
    if (message.hasFd !== isOpen) yield `message ${id} says that hasFd is ${message.hasFd}`;
    const dropped = lacks || (thing !== undefined && !isOpen && thingIs !== "taken");
    if (message.fdDropped !== dropped) yield `message ${id} says: fdDropped ${message.fdDropped}`;
    if (isOpen && drop === "must") yield `${thing.name} is open behind more than may wait`;
  }
  if (thing?.closed !== 1) {
    if (fate === "late" && thing?.ours === false) yield `${thing.name} came too late, and is open`;
    return;
  }
  if (model.closing !== undefined || mayBeOver(model) || late !== "no" || thingIs) return;
  // a loop may close the descriptors of messages that it has passed (turn > 0)
  if (fate !== "dropped" && turn === 0 && drop === "no") yield `${thing.name} was closed`;
}

/** Whether a message must be in the channel's queue, if it was not handed over. */
function isQueued({ expect }: Sent): boolean {
  return expect === "queued";
}

/** Whether a reader may find the end, and no error. */
function endsCleanly({ closing, hand, garbageAt, delivered, rest }: Model): boolean {
  const { ended, gone } = hand.reported;
  // a real peer may reset the connection before bad bytes are on their way
  const good = garbageAt === undefined || delivered <= garbageAt;
  const reached = (ended || gone) && good && rest === 0;
  return reached || closing !== undefined;
}

function* readOutcome(model: Model, read: Read): Iterable<string> {
  const { tracked, kind, signal, left } = read;
  if (tracked.pending) return;
  if (tracked.fulfilled && tracked.value !== undefined) return;
  const unread = model.due.length > 0 && model.kept === undefined ? model.due[0] : undefined;
  const fresh = !seen.has(tracked);
  seen.add(tracked);
  if (tracked.fulfilled) {
    if (left || !fresh) return;
    if (unread !== undefined) yield `${kind} ended before message ${unread.id}`;
    if (!endsCleanly(model)) yield `${kind} ended too early, or hides an error`;
    return;
  }
  const { error } = tracked;
  if (hasCode(error, "EBUSY") || (signal?.aborted && error === signal.reason)) return;
  if (!isLegitimate(model, error)) yield `${kind} was rejected with ${error}`;
  if (fresh && unread !== undefined) yield `${kind} was rejected before message ${unread.id}`;
}
/** Reads whose end was checked when it was new. */
const seen = new WeakSet<object>();

function* requestOutcome({ model, setup, clock }: World, request: Request): Iterable<string> {
  const { sent, tracked, deadline, signal } = request;
  const name = `request ${sent.id}`;
  if (tracked.fulfilled) return;
  if (tracked.pending) {
    if (isOver(model) || model.closing) yield `${name} is pending at the end`;
    if (sent.expect === "refused") yield `${name} is pending, and was made after the end`;
    if (deadline !== undefined && clock.surely >= deadline) {
      yield `${name} is pending after its time`;
    }
    if (signal?.aborted) yield `${name} is pending after its signal`;
    const reply = model.waiting.find(
      (arrival) => arrival.at > request.at && fits(request, arrival),
    );
    if (reply !== undefined) yield `${name} is pending, and its reply ${reply.id} has arrived`;
    const bad = model.arrivals.find(({ fate, at, id }) => {
      const decoded = fate === "waits" || fate === "read";
      return decoded && at > request.at && request.match?.(id) === "throws";
    });
    if (bad !== undefined) yield `${name} is pending, and its matcher throws for ${bad.id}`;
    const { ended, gone } = model.hand.reported;
    if ((ended || gone) && model.allRead) yield `${name} is pending after the peer's end`;
    return;
  }
  if (seen.has(tracked)) return;
  seen.add(tracked);
  const { error } = tracked;
  const { ended, gone } = model.hand.reported;
  const known =
    (hasCode(error, "ETIMEDOUT") && deadline !== undefined && clock.perhaps >= deadline) ||
    (signal?.aborted && error === signal.reason) ||
    (hasCode(error, "ERR_IMSG_UNREAD") &&
      (request.most.cost >= setup.mark * UNREAD || request.most.fds >= UNREAD_FDS)) ||
    (hasCode(error, "ENOBUFS") && sent.full !== "no") ||
    error === request.thrown ||
    (saysClosed(error) && (ended || gone || model.localEnd || mayBeOver(model))) ||
    isLegitimate(model, error);
  if (!known) yield `${name} was rejected with ${error}`;
}

function fits({ match, sent }: Request, { id, peerid }: { id: number; peerid: number }): boolean {
  return match === undefined ? peerid === sent.peerid : match(id) === true;
}

function* lingering({ model, hand, setup, clock }: World): Iterable<string> {
  const { closing } = model;
  if (closing === undefined) return;
  const { promise, at } = closing;
  const limit = setup.lingerTimeout;
  const { ended, gone } = hand.reported;
  const peerIsDone = ended === true || gone === true;
  const { reported } = hand;
  const failed = "failed" in reported || "sendFailed" in reported || model.aborted !== undefined;
  if (promise.pending) {
    if (setup.lingers && !hand.referenced) yield "the process may exit while close() is pending";
    if (setup.lingers && hand.paused) yield "the transport is stopped while close() is pending";
    if (failed) yield "close() is pending after a failure";
    const done = setup.lingers ? peerIsDone && hand.finished : hand.released;
    if (done) yield "close() is pending, and nothing is to be waited for";
    const last = Math.max(at, model.progressAt);
    if (clock.surely >= last + 2 * limit && limit > 0) yield "close() is pending beyond its limit";
    if (hand.called.close && setup.lingers) yield "the connection was let go before close() was";
    return;
  }
  const letGoEarly =
    hand.called.close && setup.lingers && !peerIsDone && clock.perhaps < at + limit;
  if (letGoEarly && !failed && !closing.wasOver) yield "the connection was let go early";
  if (promise.fulfilled && hand.called.abort && !failed && !gone && !closing.wasOver) {
    yield "close() is fulfilled, and the connection was broken off";
  }
  if (promise.fulfilled || seen.has(promise)) return;
  seen.add(promise);
  if (hasCode(promise.error, "ETIMEDOUT")) {
    if (clock.perhaps < Math.max(at, model.progressAt) + limit)
      yield "close() has given up too early";
  } else if (!isLegitimate(model, promise.error)) yield `close() is rejected with ${promise.error}`;
}
