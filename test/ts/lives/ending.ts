import { Tracked } from "./tracked.ts";
import type { World } from "./world.ts";

/** Ends the program's side. */
export function end(world: World, run = (): Promise<void> => world.channel.end()): Tracked {
  const tracked = new Tracked<unknown>("end()", run());
  world.model.ended ??= tracked;
  return tracked;
}

/** Notes how many messages wait when the program ends the channel. */
function keep(world: World): void {
  world.model.kept ??= world.received;
}

/** Closes the channel. */
export function close(world: World, run = (): Promise<void> => world.channel.close()): void {
  const { model, clock, hand } = world;
  keep(world);
  const wasOver = hand.called.close === true || hand.called.abort !== undefined;
  const promise = run();
  const tracked = new Tracked("close()", promise);
  model.closing ??= { promise: tracked, at: clock.now, wasOver };
}

/** The ways to close a channel. */
export const CLOSES = ["close", "close", "dispose", "using", "await using"] as const;
export type Closes = (typeof CLOSES)[number];

/** Closes the channel in one of the ways. */
export function closeBy(world: World, how: Closes): void {
  const { channel, model } = world;
  close(world, () => {
    if (how === "await using") return channel[Symbol.asyncDispose]();
    if (how === "dispose") channel.dispose();
    if (how === "using") channel[Symbol.dispose]();
    const { state } = world.shown;
    if (how !== "close" && state !== "closing" && state !== "closed") {
      model.violate(`${how} leaves the channel ${state}`);
    }
    return channel.close();
  });
}

/** Breaks the channel off by a call, with an error or with the code of one. */
export function abortBy(world: World, error: unknown, run: () => void): void {
  const { model } = world;
  const open = !world.isClosed;
  keep(world);
  if (open) model.aborted = { error, closing: model.closing !== undefined };
  run();
}

/** Breaks the channel off. */
export function abort(world: World, { how }: { how: "reason" | "none" | "signal" }): void {
  const { channel, own } = world;
  const reason = new Error("the reason");
  if (how === "none") abortBy(world, "ERR_IMSG_CLOSED", () => channel.abort());
  else if (how === "reason") abortBy(world, reason, () => channel.abort(reason));
  else if (!world.isClosed) abortBy(world, own.reason, () => own.abort());
}
