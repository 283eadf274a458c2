import type { SendInit } from "../../../ts/batch/message.ts";
import { abortBy, end } from "./ending.ts";
import { macrotask } from "./runtime.ts";
import { sendOne, sizeOf, travels } from "./sending.ts";
import { Tracked } from "./tracked.ts";
import type { World } from "./world.ts";

/** The program's writer of a channel's stream, and its promises. */
export interface Writer {
  readonly stream: WritableStreamDefaultWriter<SendInit>;
  readonly closed: Tracked<unknown>;
  /** The calls so far, of which only the last one may wait: the stream would queue others by itself. */
  readonly calls: Tracked<unknown>[];
  /** Whether the program has closed or aborted the stream. */
  isOver: boolean;
  /** The reason with which the program has aborted the stream. */
  reason?: Error;
}

/** Gets the writer. */
export function openWriter(world: World): Promise<void> {
  const stream = world.channel.writable.getWriter();
  const closed = new Tracked("the writer's closed", stream.closed);
  world.writer = { stream, closed, calls: [], isOver: false };
  return macrotask(); // until then, the stream has not started
}

/** Whether the stream takes calls: it is neither closed nor has it failed. */
const isOpen = ({ writer }: World): boolean =>
  writer?.isOver === false && writer.calls.every(({ state }) => state !== "rejected");
const waits = ({ writer }: World): boolean => writer?.calls.at(-1)?.pending === true;

/** Whether a call reaches the channel at once. */
export const canWrite = (world: World): boolean => isOpen(world) && !waits(world);
/** Whether closing or aborting the stream reaches the channel at once. */
export const canEnd = (world: World): boolean => isOpen(world) && !world.isClosed;

/** Writes a message. */
export function write(world: World, given: { size: number; thing: boolean }): void {
  const { stream, calls } = world.writer!;
  const message = {
    size: sizeOf(world, given.size),
    peerid: 0,
    thing: travels(world, given.thing),
  };
  const run = (init: SendInit): Promise<void> => stream.write(init);
  calls.push(sendOne(world, message, { name: "write", run }).outcome!);
}

/** Closes the stream, which ends the program's side. */
export function closeWriter(world: World): void {
  const { stream, calls } = world.writer!;
  world.writer!.isOver = true;
  calls.push(end(world, () => stream.close()));
}

/** Whether a message is sent just before the end, and its size. */
export interface LastWords {
  readonly size: number;
  readonly says: boolean;
}

/** Aborts the stream, which aborts the channel, also while a write waits. */
export function abortWriter(world: World, { size, says }: LastWords): void {
  const { stream, calls } = world.writer!;
  if (says && canWrite(world)) write(world, { size, thing: false });
  world.writer!.isOver = true;
  const reason = new Error("the writer's reason");
  world.writer!.reason = reason; // the channel may have ended a moment ago
  abortBy(world, reason, () => {
    calls.push(new Tracked("the writer's abort()", stream.abort(reason)));
  });
}
