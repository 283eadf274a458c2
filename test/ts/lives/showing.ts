import { type Check, isLegitimate, isOver, mayBeOver, saysClosed } from "./promises.ts";
import { type Bounds, queuedBytes } from "./queued.ts";
import { lostBytes, type Shown } from "./records.ts";
import type { World } from "./world.ts";

const INSPECT = Symbol.for("nodejs.util.inspect.custom");

type Inspected = Record<symbol, (...args: unknown[]) => unknown>;

/** The fields that `console.log` prints of a channel. */
export const shownBy = (channel: object): Shown => (channel as Inspected)[INSPECT]!() as Shown;

/** The text that `console.log` prints of a channel, with its fields in JSON. */
const textOf = (channel: object): unknown =>
  (channel as Inspected)[INSPECT]!(2, {}, (state: unknown) => JSON.stringify(state));

/** The states that the channel may show. */
function statesOf({ model, hand }: World): Shown["state"][] {
  if (isOver(model)) return ["closed"];
  const { ended, gone } = hand.reported;
  const peer = ended === true || gone === true;
  // a call of end() that is rejected may have ended nothing
  const sides = [model.ended !== undefined, model.ended?.fulfilled ?? model.ended !== undefined];
  const open = sides.map((local) => {
    if (local) return peer ? "ending" : "local end";
    return peer ? "peer end" : "open";
  });
  const alive = model.closing === undefined ? open : (["closing"] as const);
  return mayBeOver(model) ? ["closed", ...alive] : [...alive];
}

/** How many bytes the channel may show as unsent. */
function unsentOf({ model, hand }: World): Bounds {
  const { closed } = model;
  const failed = "sendFailed" in hand.reported || hand.reported.gone === true;
  if (closed?.rejected) return [lostBytes(closed.error), lostBytes(closed.error)];
  if (closed?.fulfilled) return [0, 0];
  if (failed || mayBeOver(model)) return [0, model.lost[1]];
  const [least, most] = queuedBytes(model);
  const below = hand.unsent ?? 0;
  return [least + below, most + below];
}

/** The promises about the fields that console.log prints of a channel, and about its stream of messages to send. */
export const SHOWN: Record<string, Check> = {
  *"console.log shows the transport, the state, the error and the counts"(world) {
    const { model, hand, shown, channel } = world;
    const text = textOf(channel);
    if (text !== `ImsgChannel ${JSON.stringify(shown)}`) yield `it shows ${text}`;
    if (shown.transport !== (hand.name ?? "custom")) yield `the transport is ${shown.transport}`;
    const states = statesOf(world);
    if (!states.includes(shown.state)) yield `it is ${shown.state}, not ${states.join(" or ")}`;
    if (model.closed?.rejected !== undefined && isOver(model)) {
      const { error } = shown;
      if (model.closed.rejected === (error === undefined)) yield `it shows the error ${error}`;
    }
    const [least, most] = unsentOf(world);
    if (model.aborted === undefined && (shown.unsent < least || shown.unsent > most)) {
      yield `it shows ${shown.unsent} unsent bytes, and ${least} to ${most} are`;
    }
    const received = model.waiting.length;
    if (shown.received > received) yield `it shows ${shown.received} messages of ${received}`;
    if (shown.received === 0 && model.due.length > 0 && !mayBeOver(model)) yield "it shows none";
  },

  *"ref() and unref() reach the transport"({ model, hand, referenced }) {
    if (model.closing === undefined && hand.referenced !== referenced) {
      yield `the channel keeps the process alive: ${hand.referenced}`;
    }
  },

  *"the stream of messages to send fails when the channel ends"({ model, writer }) {
    if (writer === undefined) return;
    const { closed, calls, reason, isOver: left } = writer;
    if (closed.pending && isOver(model)) yield "the writer waits at the end";
    if (closed.fulfilled && !left) yield "the writer is closed, and the program has not closed it";
    if (!closed.rejected) return;
    const { error } = closed;
    const ours = error === reason || calls.some((call) => call.error === error);
    const known = ours || saysClosed(error) || isLegitimate(model, error);
    if (!known) yield `the writer has failed with ${error}`;
  },
};
