import type { ImsgMessage } from "../../../ts/entry/index.ts";
import type { Read, Request } from "./records.ts";
import { macrotask } from "./runtime.ts";
import { type Signal, Tracked } from "./tracked.ts";
import type { Reading, Values, World } from "./world.ts";

/** A signal for a call: none, one that may be aborted later, one that is aborted already. */
export type SignalChoice = "none" | "fresh" | "aborted";
/** How a request names its reply. */
export type Naming = "fresh" | "given" | "match" | "both";

const optional = (signal: Signal | undefined) =>
  signal === undefined ? {} : { signal: signal.signal };
const choose = (world: World, choice: SignalChoice): Signal | undefined =>
  choice === "none" ? undefined : world.signal(choice === "aborted");

/** The length of a payload: counted from 0 up, or from the longest down. */
export function sizeOf({ setup }: World, size: number): number {
  const scaled = size >= 100 && size <= 300 ? size * setup.scale : size;
  return Math.max(0, size < 0 ? setup.maxSize - 15 + size : Math.min(scaled, setup.maxSize - 16));
}

/** Sends a message. */
export function send(
  world: World,
  given: { size: number; signal: SignalChoice; thing: boolean; seen: boolean },
): void {
  const size = sizeOf(world, given.size);
  const signal = choose(world, given.signal);
  const thing = given.thing && world.setup.passes ? world.thing() : undefined;
  const expect = world.expectSent(signal);
  const seen =
    given.seen || signal !== undefined || !world.hasRoomFor(size + 16) || expect === "refused";
  const promise = world.channel.send(world.init(size, 0, thing), optional(signal));
  const outcome = seen ? new Tracked(`send ${world.model.sent.length}`, promise) : undefined;
  world.note({ size, peerid: 0, thing, signal, outcome, expect });
}

/** Answers a message that was read, if there is one. */
export function reply(world: World, given: { size: number; which: number }): void {
  const read = world.model.arrivals.filter(({ fate }) => fate === "read");
  if (read.length === 0) return;
  const { peerid } = read[given.which % read.length]!;
  const size = sizeOf(world, given.size);
  const expect = world.expectSent(undefined);
  const promise = world.channel.reply({ peerid }, world.init(size, undefined));
  const outcome = new Tracked(`reply ${world.model.sent.length}`, promise);
  world.note({ size, peerid, thing: undefined, signal: undefined, outcome, expect });
}

/** Sends several messages with one call. */
export function sendMany(world: World, given: { sizes: number[]; signal: SignalChoice }): void {
  const signal = choose(world, given.signal);
  const expect = world.expectSent(signal);
  const sizes = given.sizes.map((size) => sizeOf(world, size));
  const first = world.model.sent.length;
  const room = world.hasRoomFor(sizes.reduce((sum, size) => sum + size + 16, 0));
  const list = sizes.map((size, i) => world.init(size, 0, undefined, first + i));
  const outcome = new Tracked(`sendMany ${first}`, world.channel.sendMany(list, optional(signal)));
  for (const size of sizes) {
    const certain = room || expect === "refused" ? expect : "either";
    world.note({ size, peerid: 0, thing: undefined, signal, outcome, expect: certain });
  }
}

/** Sends something that cannot be sent, which changes nothing. */
export function sendWrongly(
  world: World,
  given: { how: "too long" | "no bytes"; thing: boolean },
): void {
  const tooLong = given.how === "too long";
  const thing = given.thing && world.setup.passes ? world.thing() : undefined;
  const message = world.init(0, 0, thing);
  const data = tooLong
    ? new Uint8Array(world.setup.maxSize - 15)
    : ("text" as unknown as Uint8Array);
  refused(world, tooLong ? "ERANGE" : "EINVAL", () => world.channel.send({ ...message, data }));
}

/** Sends messages, and something that cannot be sent behind them. */
export function sendManyWrongly(world: World, given: { sizes: number[] }): void {
  const sizes = given.sizes.map((size) => sizeOf(world, size));
  const first = world.model.sent.length;
  const room = world.hasRoomFor(sizes.reduce((sum, size) => sum + size + 16, 0));
  const list = sizes.map((size, i) => world.init(size, 0, undefined, first + i));
  const expect = room ? world.expectSent(undefined) : "either";
  const wrong = { type: 1, data: new Uint8Array(world.setup.maxSize - 15) };
  refused(world, "ERANGE", () => world.channel.sendMany([...list, wrong]));
  for (const size of sizes) {
    world.note({
      ...{ size, peerid: 0, thing: undefined, signal: undefined, outcome: undefined, expect },
    });
  }
}

/** A call that must be rejected because of its argument, if nothing else prevents it. */
function refused({ model, setup }: World, right: string, call: () => Promise<void>): void {
  const over = model.sendingIsOver || model.causes().length > 0;
  new Tracked("a wrong send", call(), ({ fulfilled, error }) => {
    const code = (error as { code?: string } | undefined)?.code;
    const full = code === "ENOBUFS" && setup.maxQueued < 1_000_000;
    if (fulfilled) model.violate("a wrong send was fulfilled");
    else if (code !== right && !over && !full) {
      model.violate(`a wrong send was rejected with ${error}`);
    }
  });
}

/** Makes a request. */
export function request(
  world: World,
  given: { size: number; naming: Naming; timeout: number | undefined; signal: SignalChoice },
): void {
  const { model, channel, clock } = world;
  const size = sizeOf(world, given.size);
  const signal = choose(world, given.signal);
  const sure = world.expectSent(signal);
  const { ended, gone } = model.hand.reported;
  const unsure =
    ended || gone || model.waitingCost >= world.setup.mark * 16 || !world.hasRoomFor(size);
  const peerid = given.naming === "given" || given.naming === "both" ? 5 : undefined;
  const remainder = model.sent.length % 3;
  const match =
    given.naming === "match" || given.naming === "both"
      ? (id: number) => id % 3 === remainder
      : undefined;
  const at = ++model.order;
  const most = { cost: model.waitingCost, fds: model.waitingFds };
  const promise = channel.request(world.init(size, peerid), {
    ...optional(signal),
    ...(given.timeout === undefined ? {} : { timeout: given.timeout }),
    ...(match === undefined ? {} : { match: ({ type }: ImsgMessage) => match(type - 1) }),
  });
  const tracked = new Tracked<ImsgMessage>(`request ${model.sent.length}`, promise, (settled) => {
    if (settled.fulfilled) model.replied(made, settled.value!);
    else model.unanswered(made, settled.error);
  });
  const sent = world.note({
    // without an id and with a matcher, the peerid is 0
    ...{ size, peerid: peerid ?? (match === undefined ? undefined : 0), thing: undefined, signal },
    ...{ outcome: tracked, expect: sure === "queued" && unsure ? "either" : sure },
  });
  const deadline = given.timeout === undefined ? undefined : clock.now + given.timeout;
  const made: Request = { sent, match, deadline, signal, tracked, at, most };
  sent.request = made;
  model.requests.push(made);
}

// --- reading ---------------------------------------------------------------------------

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
      // the last messages are the program's
      for (const arrival of world.model.arrivals) {
        if (arrival.turn === world.turns) arrival.turn = 0;
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

// --- ending ------------------------------------------------------------------------------

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
