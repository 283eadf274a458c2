import type { ImsgMessage } from "../../../ts/entry/index.ts";
import { close } from "./ending.ts";
import type { Arrival, Read } from "./records.ts";
import { macrotask } from "./runtime.ts";
import { choose, optional, type SignalChoice } from "./sending.ts";
import { type Signal, Tracked } from "./tracked.ts";
import type { Reading, Values, World } from "./world.ts";

const pendingRead = ({ model }: World): Read | undefined =>
  model.reads.find(({ tracked }) => tracked.pending);

/** Whether a stream waits: when it ends, it is known a little later that it has let others read. */
const streamWaits = (world: World): boolean =>
  world.holder?.kind === "stream" && pendingRead(world) !== undefined;

function noteRead<T>(
  world: World,
  kind: Reading,
  expect: Read["expect"],
  promise: Promise<T>,
  signal: Signal | undefined,
  settled: (value: T | undefined, tracked: Tracked<T>) => void,
): Read {
  const others = world.model.reads.filter((read) => read.tracked.pending);
  for (const other of others) other.shared = true;
  const tracked = new Tracked<T>(kind, promise, (done) => settled(done.value, done));
  // over a real transport, a loop may have ended a moment ago
  const unsure = expect === "busy" && !world.isScripted && world.inboundOver;
  const read: Read = {
    ...{ kind, signal, tracked, left: false, shared: others.length > 0 },
    expect: unsure ? "either" : expect,
  };
  world.model.reads.push(read);
  return read;
}

/** Receives once. */
export function receive(
  world: World,
  given: { many: boolean; signal: SignalChoice; takes: boolean },
): void {
  const signal = choose(world, given.signal);
  const expect = world.holder === undefined ? "free" : streamWaits(world) ? "either" : "busy";
  const promise: Promise<ImsgMessage | ImsgMessage[] | undefined> = given.many
    ? world.channel.receiveMany(optional(signal))
    : world.channel.receive(optional(signal));
  const kind = given.many ? "receiveMany" : "receive";
  const read = noteRead<Values>(world, kind, expect, promise, signal, (value) =>
    world.got(value, false, given.takes, read.shared),
  );
}

/** How often everything that is there is received. */
const ROUNDS = 12;

/** Receives until nothing waits. */
export async function receiveAll(world: World, given: { takes: boolean }): Promise<void> {
  for (let i = 0; i < ROUNDS && world.received > 0; i++) {
    if (world.holder !== undefined || pendingRead(world) !== undefined) return;
    world.act(() => receive(world, { many: true, signal: "none", takes: given.takes }));
    await world.rest();
  }
}

/** Messages that were read and came with something. */
const withThings = ({ model }: World): Arrival[] =>
  model.arrivals.filter(({ thing, message }) => thing !== undefined && message !== undefined);

/** Takes the thing of a message that was read before, or disposes of the message. */
export function takeLater(world: World, given: { which: number; disposes: boolean }): void {
  const list = withThings(world);
  if (list.length === 0) return;
  const arrival = list[given.which % list.length]!;
  if (!given.disposes) {
    world.takeThing(arrival);
    return;
  }
  arrival.message!.dispose();
  arrival.thingIs ??= "disposed";
  if (!arrival.thing!.ours && arrival.thing!.closed === 0) {
    world.model.violate(`message ${arrival.id} was disposed, and ${arrival.thing!.name} is open`);
  }
}

/** Asks a loop for the next message, or begins one. */
export function loop(world: World, given: { batches: boolean; takes: boolean }): void {
  const kind = given.batches ? "batches" : "loop";
  if (world.holder?.kind === kind) {
    if (pendingRead(world) === undefined) nextOfLoop(world, given.takes);
    return;
  }
  if (streamWaits(world)) return;
  const busy = world.holder !== undefined || pendingRead(world) !== undefined;
  const iterator: AsyncIterableIterator<ImsgMessage | ImsgMessage[]> = given.batches
    ? world.channel.batches()
    : world.channel[Symbol.asyncIterator]();
  if (busy) {
    noteRead(world, kind, "busy", iterator.next(), undefined, () => {});
    return;
  }
  world.holder = {
    kind,
    next: async () => (await iterator.next()).value,
    leave: () => {
      const read = pendingRead(world);
      if (read !== undefined) read.left = true;
      world.holder = undefined;
      // the last messages are the program's, unless the loop was asked for others
      for (const arrival of world.model.arrivals) {
        if (read === undefined && arrival.turn === world.turns) arrival.turn = 0;
      }
      void iterator.return!();
    },
  };
  nextOfLoop(world, given.takes);
}

function nextOfLoop(world: World, takes: boolean): void {
  const holder = world.holder!;
  noteRead(world, holder.kind, "free", holder.next(), undefined, (value, { rejected }) => {
    world.got(value, true, takes);
    // a loop that has ended lets others read
    if ((value === undefined || rejected) && world.holder === holder) world.holder = undefined;
  });
}

/** Reads from the channel's stream. */
export function readStream(world: World, given: { takes: boolean }): Promise<void> {
  if (world.holder?.kind !== "stream") {
    const reader = world.channel.readable.getReader();
    world.holder = {
      kind: "stream",
      next: async () => (await reader.read()).value,
      leave: () => {
        const read = pendingRead(world);
        if (read !== undefined) read.left = true;
        world.streamEnded = true;
        world.holder = undefined;
        void reader.cancel().catch(() => {}); // with the stream's own error, if it has one
        close(world);
      },
    };
  }
  noteRead(world, "stream", "free", world.holder.next(), undefined, (value, { rejected }) => {
    world.got(value, false, given.takes);
    if (value !== undefined && !rejected) return;
    // a stream that has ended lets others read
    world.streamEnded = true;
    world.holder = undefined;
  });
  return macrotask(); // the stream asks the channel a little later
}
