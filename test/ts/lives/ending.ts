import { Tracked } from "./tracked.ts";
import type { World } from "./world.ts";

/** Ends the program's side. */
export function end(world: World): void {
  const promise = world.channel.end();
  world.model.ended ??= new Tracked("end()", promise);
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

/** Breaks the channel off. */
export function abort(world: World, given: { how: "reason" | "none" | "signal" }): void {
  const { model, channel, own } = world;
  const open = !world.isClosed;
  if (!open && given.how === "signal") return;
  keep(world);
  const reason = given.how === "signal" ? own.reason : new Error("the reason");
  const error = given.how === "none" ? "ERR_IMSG_CLOSED" : reason;
  if (open) model.aborted = { error, closing: model.closing !== undefined };
  if (given.how === "signal") own.abort();
  else if (given.how === "reason") channel.abort(reason);
  else channel.abort();
}
