import fc from "fast-check";
import type { Dialect } from "../../oracle/reference/codec.ts";
import { PEERS } from "./peer-steps.ts";
import { OURS } from "./program-steps.ts";
import { TURN } from "./world.ts";

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** The steps of a life, each as often as it is likely. */
export const steps = [
  ...times(8, OURS.send),
  OURS.openWriter,
  ...times(4, OURS.write),
  OURS.closeWriter,
  OURS.abortWriter,
  ...times(2, OURS.sendMany),
  OURS.reply,
  OURS.sendWrongly,
  OURS.sendManyWrongly,
  ...times(6, OURS.request),
  ...times(6, OURS.receive),
  OURS.receiveAll,
  OURS.takeLater,
  ...times(6, OURS.loop),
  ...times(2, OURS.leave),
  OURS.readStream,
  OURS.cancelStream,
  ...times(2, OURS.abortSignal),
  OURS.end,
  OURS.close,
  OURS.abort,
  OURS.keepAlive,
  ...times(2, OURS.rest),
  ...times(3, OURS.wait),
  ...times(6, PEERS.sends),
  ...times(3, PEERS.floods),
  PEERS.sendsThings,
  ...times(2, PEERS.floodsMuch),
  ...times(5, PEERS.answers),
  PEERS.sendsGarbage,
  PEERS.sendsPart,
  PEERS.ends,
  PEERS.hangsUp,
  PEERS.resets,
  PEERS.writeFails,
  PEERS.sendThrows,
  ...times(3, PEERS.stalls),
  ...times(2, PEERS.resumes),
  ...times(3, PEERS.takes),
];

/** The dialect of a life. */
export const dialect = fc.constantFrom<Dialect[]>("current", "current", "classic");

const ordinary = fc.record({
  scale: fc.constant(1),
  mark: fc.constantFrom(1, 500, 5000, 65_536),
  // 16: the length of a message without payload
  maxQueued: fc.constantFrom(1, 16, 3000, 16_777_216, 16_777_216),
  maxSize: fc.constantFrom(1000, 16_384, 70_000),
  lingerTimeout: fc.constantFrom(0, 100, 5000),
  lingers: fc.boolean(),
  counts: fc.oneof(fc.constant(true), fc.boolean()),
  pauses: fc.oneof(fc.constant(true), fc.boolean()),
  passes: fc.boolean(),
  atOnce: fc.boolean(),
  burst: fc.constantFrom(1, 3, 100),
  copy: fc.boolean(),
  dialect,
  zero: fc.boolean(),
  watched: fc.oneof(fc.constant(true), fc.boolean()),
});

/** How lives are set up: some so that more may wait than is decoded in one turn. */
export const setups = fc.oneof(
  { weight: 40, arbitrary: ordinary },
  { weight: 1, arbitrary: ordinary.map((each) => ({ ...each, mark: 4 * TURN, maxSize: 70_000 })) },
);

/** How a life ends that has not ended by itself. */
export const finales = fc.constantFrom(
  "close" as const,
  "slow close" as const,
  "abort" as const,
  "both end" as const,
  "hang-up" as const,
  "reset" as const,
);
export type Finale = "close" | "slow close" | "abort" | "both end" | "hang-up" | "reset";
