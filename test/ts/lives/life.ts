import fc from "fast-check";
import { type Finale, finales, setups, steps } from "./commands.ts";
import { abort, close, end } from "./ending.ts";
import { loop, readStream, receive } from "./reading.ts";
import { type Setup, Violation } from "./records.ts";
import { onUnhandled } from "./runtime.ts";
import { World } from "./world.ts";

/** Reads that the end of a life may take. */
const LAST_READS = 10_000;

const unhandled: unknown[] = [];
onUnhandled((error) => void unhandled.push(error));

/** Ends a channel that is still alive. */
function endLife(world: World, how: Finale): void {
  const { model, hand } = world;
  if (world.isClosed || model.closing !== undefined) return;
  if (how === "slow close") hand.stalled = true;
  if (how === "close" || how === "slow close") close(world);
  else if (how === "abort") abort(world, { how: "reason" });
  else if (how === "hang-up") world.hangUp();
  else if (how === "reset") world.reset(false);
  else {
    hand.stalled = false;
    end(world);
    world.peerEnds(false);
  }
}

/** Reads until the end or an error. */
async function readAll(world: World): Promise<void> {
  const { model } = world;
  for (let i = 0; i < LAST_READS; i++) {
    if (model.reads.some(({ tracked }) => tracked.pending)) return;
    const { holder } = world;
    if (holder?.kind === "stream") {
      if (world.streamEnded) return;
      await readStream(world, { takes: false });
    } else if (holder !== undefined) {
      loop(world, { batches: holder.kind === "batches", takes: false });
    } else receive(world, { many: false, signal: "none", takes: false });
    await world.rest();
    const { tracked } = model.reads.at(-1)!;
    if (tracked.rejected || (tracked.fulfilled && tracked.value === undefined)) return;
  }
}

/** The peer takes some bytes, and again before the limit of a linger has passed. */
async function takeSlowly(world: World): Promise<void> {
  for (let i = 0; i < 5 && world.model.closing?.promise.pending; i++) {
    await world.wait(world.setup.lingerTimeout * 0.7);
    world.take(i === 3 ? 0 : 10);
    await world.rest();
  }
}

/** The leftovers of a life that is over. */
function* leftovers(world: World): Iterable<string> {
  const { model, clock, hand, things } = world;
  if (model.closed!.pending) yield "closed is pending";
  const calls = [model.ended, model.closing?.promise, ...model.reads.map(({ tracked }) => tracked)];
  calls.push(...model.requests.map(({ tracked }) => tracked), ...(world.writer?.calls ?? []));
  for (const call of [...calls, ...model.sent.map(({ outcome }) => outcome)]) {
    if (call?.pending) yield `${call.name} is pending`;
  }
  if (world.isScripted && clock.timers > 0) yield `${clock.timers} timers are left`;
  const listeners = [world.own, ...world.signals].reduce((sum, each) => sum + each.listeners, 0);
  if (listeners > 0) yield `${listeners} listeners are left`;
  if (hand.called.close !== true && hand.called.abort === undefined) {
    yield "the transport was not let go";
  }
  if (
    model.kept !== undefined &&
    world.holder?.kind !== "stream" &&
    model.keptRead !== model.kept
  ) {
    yield `${model.kept} messages waited at the end, and ${model.keptRead} were read`;
  }
  if (model.kept === undefined && world.holder?.kind !== "stream" && model.due.length > 0) {
    yield `message ${model.due[0]!.id} was never received`;
  }
  hand.die(); // closes what the system has not taken
  for (const { name, ours, closed } of things) {
    if (!ours && closed !== 1) yield `${name} was closed ${closed} times`;
  }
  const leak = World.leaks();
  if (leak !== undefined) yield leak;
}

/** Brings a life to its end, whatever has happened in it. */
async function finish(world: World, how: Finale): Promise<void> {
  world.watch();
  await world.rest();
  world.act(() => endLife(world, how));
  await world.rest();
  await readAll(world);
  if (how === "slow close") await takeSlowly(world);
  await world.lastTimers();
  await readAll(world);
  await world.rest();
  const left = [...leftovers(world)];
  if (left.length > 0) throw new Violation(`at the end: ${left.join("; ")}`);
}

export interface Counts {
  lives: number;
  steps: number;
}

interface Options {
  readonly maxCommands?: number;
  readonly replayPath?: string | undefined;
  readonly stage?: Stage | undefined;
}

/** Where lives are run. */
export interface Stage {
  readonly setups: fc.Arbitrary<Setup>;
  open(setup: Setup, unhandled: unknown[]): World | Promise<World>;
  /** Called after each life; what it has left behind. */
  close?(world: World): Promise<string[]>;
}

const SCRIPTED: Stage = { setups, open: (setup, unhandled) => new World(setup, unhandled) };

/** The property: every life keeps every promise. */
export function lives(
  counts: Counts,
  { maxCommands = 60, replayPath, stage = SCRIPTED }: Options = {},
) {
  const commands = fc.commands(steps, {
    maxCommands,
    size: "max",
    ...(replayPath === undefined ? {} : { replayPath }),
  });
  return fc.asyncProperty(stage.setups, finales, commands, async (setup, finale, program) => {
    unhandled.length = 0;
    const world = await stage.open(setup, unhandled);
    try {
      await fc.asyncModelRun(() => ({ model: world, real: world }), program);
      await finish(world, finale);
    } finally {
      counts.lives++;
      counts.steps += world.steps;
      world.channel.abort();
      world.clock.uninstall();
    }
    const left = (await stage.close?.(world)) ?? [];
    if (left.length > 0) throw new Violation(`after the life: ${left.join("; ")}`);
  });
}
