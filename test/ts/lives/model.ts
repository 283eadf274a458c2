import type { ImsgMessage } from "../../../ts/entry/index.ts";
import type { Below } from "./hand.ts";
import {
  type Arrival,
  type Cause,
  hasCode,
  type Limits,
  type Read,
  type Request,
  type Sent,
  tells,
} from "./records.ts";
import type { Tracked } from "./tracked.ts";
import { Untaken } from "./untaken.ts";
import { isPayload, pidOf, type WireMessage } from "./wire.ts";

/** Bytes that a received message counts for besides its payload. */
export const MESSAGE_COST = 256;

/**
 * The events of a life: the program's calls, the acts of the peer and the
 * transport, and the fate of every message. It knows
 * nothing of how the channel works.
 */
export class Model {
  readonly limits: Limits;
  readonly hand: Below;
  readonly sent: Sent[] = [];
  readonly arrivals: Arrival[] = [];
  readonly requests: Request[] = [];
  readonly reads: Read[] = [];
  readonly violations: string[] = [];
  /** Requests that were given up, by their peerids. */
  readonly givenUp = new Set<number>();
  readonly #everGivenUp = new Set<number>();
  /** Bytes of the peer that the channel has. */
  delivered = 0;
  /** The most of them that came at once. */
  longestChunk = 0;
  /** The position of a bad header in the peer's stream. */
  garbageAt: number | undefined;
  /** Bytes that the peer has sent. */
  peerSent = 0;
  /** The events of the program, each undefined until it happens. */
  ended: Tracked | undefined;
  closing: { promise: Tracked; at: number; wasOver: boolean } | undefined;
  aborted: { error: unknown; closing: boolean } | undefined;
  closed: Tracked | undefined;
  peerEnded: Tracked | undefined;
  /** How many messages were waiting when the program closed or aborted the channel. */
  kept: number | undefined;
  keptRead = 0;
  /** The only reason why the channel can have ended, if that is known. */
  first: Cause | undefined;
  /** When the system last took bytes. */
  progressAt = 0;
  order = 0;
  /** Whether so much has arrived that the channel may have ended because of it. */
  overflowed = false;
  /** How many messages readers and requests have got. */
  gotten = 0;
  readonly untaken = new Untaken();
  #next = 0; // of `sent`: the first that was not handed over
  #lastRead = -1;

  constructor(limits: Limits, hand: Below) {
    this.limits = limits;
    this.hand = hand;
  }

  violate(what: string): void {
    this.violations.push(what);
  }

  // --- what the channel sends --------------------------------------------------

  /** A message has been handed to the transport, up to a position in the stream. */
  handed(message: WireMessage, end: number): void {
    const id = message.type - 1;
    const at = this.sent.findIndex((sent, i) => i >= this.#next && sent.id === id);
    if (at === -1) {
      this.violate(`message ${id} was handed over twice, out of order, or was never sent`);
      return;
    }
    this.#next = at + 1;
    const sent = this.sent[at]!;
    sent.end = end;
    const { size, thing, peerid } = sent;
    if (!isPayload(message.data, id, size)) this.violate(`message ${id} has other bytes`);
    if (message.pid !== pidOf(id)) this.violate(`message ${id} has the pid ${message.pid}`);
    if (message.marked !== (thing !== undefined)) this.violate(`message ${id} has another mark`);
    if (peerid === undefined) this.#freshPeerid(sent, message.peerid);
    else if (message.peerid !== peerid) this.violate(`message ${id} has another peerid`);
  }

  #freshPeerid(sent: Sent, peerid: number): void {
    sent.peerid = peerid;
    const { request } = sent;
    if (request?.tracked.rejected) {
      this.unanswered(request, request.tracked.error);
      return;
    }
    const used = this.requests.some(
      (request) =>
        request.sent !== sent && request.tracked.pending && request.sent.peerid === peerid,
    );
    if (peerid === 0 || used || this.givenUp.has(peerid)) {
      this.violate(`a request has the peerid ${peerid}, which is not fresh`);
    }
  }

  /** Bytes that the system has taken, as far as the channel can know. */
  get taken(): number {
    return this.hand.unsent === undefined ? this.hand.handed : this.hand.taken;
  }

  /** The least and the most bytes of fulfilled sends that are lost if nothing more is taken. */
  get lost(): [least: number, most: number] {
    let [least, most, end] = [0, 0, 0];
    for (const { size, outcome, end: handed, request } of this.sent) {
      const bytes = size + 16;
      if (handed === undefined && (outcome?.rejected ?? false)) {
        most += bytes; // refused, or queued while it waited
        continue;
      }
      end = handed ?? Number.POSITIVE_INFINITY;
      const untaken = Math.max(0, Math.min(bytes, end - this.taken));
      if (outcome?.fulfilled && request === undefined) least += untaken;
      most += untaken;
    }
    return [least, most];
  }

  /** Whether the channel has been notified that nothing can be sent any more. */
  get sendingIsOver(): boolean {
    const { reported, called } = this.hand;
    const reports = "sendFailed" in reported || "failed" in reported || reported.gone === true;
    return reports || called.abort !== undefined || this.localEnd || this.aborted !== undefined;
  }

  /** Whether the program has ended its side. */
  get localEnd(): boolean {
    return this.ended !== undefined || this.closing !== undefined;
  }

  // --- what the channel receives ----------------------------------------------------

  /** Bytes of the peer are about to reach the channel. */
  delivering(bytes: number): void {
    this.delivered += bytes;
    this.longestChunk = Math.max(this.longestChunk, bytes);
    for (const arrival of this.arrivals) {
      if (arrival.arrived || arrival.end > this.delivered) continue;
      arrival.arrived = true;
      arrival.at = ++this.order;
      if (arrival.thing !== undefined) this.untaken.arrived(arrival);
      const bad = this.garbageAt !== undefined && arrival.end > this.garbageAt;
      if (bad || this.closing !== undefined) arrival.fate = "dropped";
      else this.#expectLate(arrival);
    }
    this.overflowed ||= this.#mayOverflow;
    for (const { tracked, most } of this.requests) {
      if (!tracked.pending) continue;
      most.cost = Math.max(most.cost, this.waitingCost);
      most.fds = Math.max(most.fds, this.waitingFds);
    }
  }

  #expectLate(arrival: Arrival): void {
    const { peerid } = arrival;
    const twin = this.waiting.some((other) => other !== arrival && other.peerid === peerid);
    const asked = this.requests.some(
      ({ sent, match, tracked }) =>
        tracked.pending && match === undefined && sent.peerid === peerid,
    );
    const wanted = this.requests.some((request) => this.#wants(request, arrival));
    const reused = this.requests.filter(({ sent }) => sent.peerid === peerid).length > 1;
    if (reused && this.#everGivenUp.has(peerid)) arrival.late = "may";
    else if (this.givenUp.has(peerid) && !twin && !wanted) {
      arrival.late = "must";
      this.givenUp.delete(peerid);
    } else if (asked || this.givenUp.has(peerid)) arrival.late = "may";
  }

  #wants({ tracked, match, sent }: Request, { id, peerid }: Arrival): boolean {
    return tracked.pending && (match === undefined ? sent.peerid === peerid : match(id) === true);
  }

  /** The messages that have arrived and that nothing is known of. */
  get waiting(): Arrival[] {
    return this.arrivals.filter(({ arrived, fate }) => arrived && fate === "waits");
  }

  /** Those of them that a reader must get, unless the program ends the channel. */
  get due(): Arrival[] {
    return this.waiting.filter(({ late }) => late === "no");
  }

  /** Whether every message that has arrived is known to have been read. */
  get allRead(): boolean {
    return this.waiting.length === 0;
  }

  /** Bytes of memory of the messages that wait, and of what else has arrived. */
  get waitingCost(): number {
    return this.waiting.reduce((sum, { size }) => sum + size + MESSAGE_COST, this.rest);
  }

  /** How many of the messages that wait have come with a descriptor. */
  get waitingFds(): number {
    return this.waiting.filter(({ thing }) => thing !== undefined).length;
  }

  /** Bytes that have arrived behind the last whole message. */
  get rest(): number {
    const whole = this.arrivals.reduce((end, a) => (a.arrived ? Math.max(end, a.end) : end), 0);
    return this.delivered - whole;
  }

  #check(message: ImsgMessage): Arrival | undefined {
    this.gotten++;
    const id = message.type - 1;
    const arrival = this.arrivals[id];
    if (arrival === undefined || !arrival.arrived) {
      this.violate(`message ${id} was received before it arrived`);
      return undefined;
    }
    arrival.message = message;
    if (arrival.fate !== "waits") {
      this.violate(`message ${id} was received, and it is ${arrival.fate} already`);
    }
    const { data, peerid, pid } = message;
    if (!isPayload(data, id, arrival.size) || peerid !== arrival.peerid || pid !== pidOf(id)) {
      this.violate(`message ${id} was received with other contents`);
    }
    return arrival;
  }

  /** A reader has got a message. */
  read(message: ImsgMessage, turn: number, alone: boolean): void {
    const arrival = this.#check(message);
    if (arrival === undefined) return;
    arrival.fate = "read";
    arrival.turn = turn;
    if (this.kept !== undefined) this.keptRead++;
    const { id } = arrival;
    if (alone && id <= this.#lastRead) this.violate(`message ${id} was received out of order`);
    this.#lastRead = Math.max(this.#lastRead, id);
    if (arrival.late === "must") this.violate(`message ${id} is a late reply, and was received`);
    for (const request of this.requests) {
      if (request.at < arrival.at && this.#wants(request, arrival)) {
        this.violate(`message ${id} answers request ${request.sent.id}, and was received`);
      }
    }
  }

  /** A request has got its reply. */
  replied(request: Request, message: ImsgMessage): void {
    const arrival = this.#check(message);
    if (arrival === undefined) return;
    arrival.fate = "reply";
    const { sent, match, at } = request;
    const right = match === undefined ? arrival.peerid === sent.peerid : match(arrival.id) === true;
    if (!right) this.violate(`message ${arrival.id} is not the reply to request ${sent.id}`);
    for (const other of this.requests) {
      if (other.at < at && this.#wants(other, arrival) && other.at < arrival.at) {
        this.violate(`request ${sent.id} got the reply to request ${other.sent.id}`);
      }
    }
    this.#earlierReplies(request, arrival);
  }

  #earlierReplies({ sent, match, at }: Request, reply: Arrival): void {
    for (const other of this.waiting) {
      // one that makes the matcher throw would have ended the request
      const fits = match === undefined ? other.peerid === sent.peerid : match(other.id) !== false;
      if (fits && other.at > at && other.id < reply.id && other.late !== "may") {
        this.violate(`request ${sent.id} got a later reply than message ${other.id}`);
      }
    }
  }

  /** A request was rejected. */
  unanswered({ sent, match, signal }: Request, error: unknown): void {
    if (sent.expect === "refused") return;
    const gaveUp = hasCode(error, "ETIMEDOUT") || error === signal?.reason;
    if (gaveUp && match === undefined && sent.peerid) {
      this.givenUp.add(sent.peerid);
      this.#everGivenUp.add(sent.peerid);
    }
  }

  /** Settles the fate of the messages before the last one that was read. */
  skipped(): void {
    for (const arrival of this.waiting) {
      if (arrival.id >= this.#lastRead) continue;
      if (arrival.late === "no") this.violate(`message ${arrival.id} was lost`);
      this.#late(arrival);
    }
  }

  #late(arrival: Arrival): void {
    arrival.fate = "late";
    this.givenUp.delete(arrival.peerid);
  }

  /** How many late replies there were: the least and the most. */
  get lateReplies(): [least: number, most: number] {
    const late = this.arrivals.filter(({ fate }) => fate === "late").length;
    const possible = this.waiting.filter((arrival) => arrival.late !== "no").length;
    return [late, late + possible];
  }

  // --- the end --------------------------------------------------------------------

  /** Every way in which the channel can have ended so far. */
  causes(): Cause[] {
    const { reported } = this.hand;
    const { allRead, aborted, closing } = this;
    const causes: Cause[] = [];
    const add = (name: string, sure: boolean, clean: boolean, ...errors: unknown[]): void => {
      causes.push({
        name,
        sure,
        clean,
        matches: (error) =>
          errors.some((e) => (typeof e === "string" ? hasCode(error, e) : tells(error, e))),
      });
    };
    const reachedEnd = reported.ended === true || reported.gone === true;
    const gone = reported.gone === true ? ["EPIPE"] : [];
    if (aborted?.closing) add("abort", true, true, aborted.error);
    else if (aborted !== undefined) {
      const { error } = aborted;
      const matches = (e: unknown): boolean => e === error || hasCode(e, error as string);
      causes.push({ name: "abort", sure: true, clean: false, matches });
    }
    if (closing !== undefined) {
      const settled = !closing.promise.pending;
      add(
        "close",
        settled,
        closing.promise.fulfilled,
        reported.sendFailed,
        reported.failed,
        ...gone,
      );
      if (closing.promise.rejected) add("close", true, false, closing.promise.error);
    }
    if ("failed" in reported) {
      add("failure", true, closing !== undefined, reported.sendFailed ?? reported.failed, ...gone);
    }
    if (this.garbageAt !== undefined && this.delivered >= this.garbageAt + 16) {
      add("bad header", allRead && closing === undefined, false, "ERANGE");
    } else if (reachedEnd && this.rest > 0) {
      add("truncation", allRead && closing === undefined, false, "ERR_IMSG_TRUNCATED");
    } else if (reachedEnd && "sendFailed" in reported) {
      add("failed write", allRead && closing === undefined, false, reported.sendFailed);
    } else if (reported.gone === true) {
      add("hang-up", allRead, this.lost[0] === 0, ...(this.lost[1] > 0 ? ["EPIPE"] : []));
    } else if (reachedEnd && this.hand.finished) {
      // a close waits for the closing handshake of a WebSocket
      const done = closing === undefined || this.hand.lingers === true || this.hand.released;
      add("both ends", allRead && done, true);
    }
    if (this.overflowed) add("overflow", false, false, "ERR_IMSG_OVERFLOW");
    return causes;
  }

  /** Whether so much has arrived over a transport that cannot stop that the channel may end. */
  get #mayOverflow(): boolean {
    const { mark, maxSize } = this.limits;
    if (this.hand.pause !== undefined) return false;
    return this.waitingCost > Math.max(mark * 16, mark + maxSize);
  }

  /** Notes the only reason for an end, before anything else can happen. */
  noteFirst(before: readonly Cause[]): void {
    if (before.length > 0 || this.first !== undefined) return;
    const causes = this.causes();
    if (causes.length === 1 && causes[0]!.sure) this.first = causes[0];
  }
}
