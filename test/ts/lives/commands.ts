import fc from "fast-check";
import { concat } from "../../oracle/reference/codec.ts";
import * as program from "./program.ts";
import { macrotask } from "./runtime.ts";
import type { World } from "./world.ts";

/** What follows an action: nothing, the microtasks, or everything that needs no time. */
type Then = "at once" | "soon" | "rest";

/** One step of a life. */
class Step<T> implements fc.AsyncCommand<World, World> {
  constructor(
    readonly name: string,
    readonly given: T,
    readonly then: Then,
    readonly can: (world: World) => boolean,
    readonly act: (world: World, given: T) => void | Promise<void>,
  ) {}

  check(world: Readonly<World>): boolean {
    return this.can(world as World);
  }

  async run(world: World): Promise<void> {
    world.steps++;
    let done: unknown;
    world.act(() => {
      done = this.act(world, this.given);
    });
    await done;
    if (this.then === "soon") await macrotask();
    if (this.then === "rest") await world.rest();
  }

  toString(): string {
    return `${this.name}(${JSON.stringify(this.given)}), then ${this.then}`;
  }
}

const always = (): boolean => true;
const then = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Then>("rest") },
  { weight: 1, arbitrary: fc.constantFrom<Then>("at once", "soon") },
);

function step<T>(
  name: string,
  given: { [K in keyof T]: fc.Arbitrary<T[K]> },
  act: (world: World, given: T) => void | Promise<void>,
  can: (world: World) => boolean = always,
): fc.Arbitrary<fc.AsyncCommand<World, World>> {
  return fc
    .tuple(fc.record(given) as fc.Arbitrary<T>, then)
    .map(([values, next]) => new Step(name, values, next, can, act));
}

const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 4079, 4080, 4096, 4097, 5000, -1, -2) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
);
const sizes = fc.array(size, { maxLength: 6 });
const manySizes = fc.oneof(
  { weight: 6, arbitrary: sizes },
  // more than one window of the stream, or more descriptors than may wait
  {
    weight: 1,
    arbitrary: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 20, maxLength: 40 }),
  },
);
const signal = fc.oneof(
  { weight: 6, arbitrary: fc.constant<program.SignalChoice>("none") },
  { weight: 2, arbitrary: fc.constant<program.SignalChoice>("fresh") },
  { weight: 1, arbitrary: fc.constant<program.SignalChoice>("aborted") },
);
const rarely = fc.oneof(
  { weight: 4, arbitrary: fc.constant(false) },
  { weight: 1, arbitrary: fc.constant(true) },
);
const cuts = fc.array(
  fc.oneof(
    fc.constantFrom(1, 15, 16, 17, 511, 512, 4096, 65_536),
    fc.integer({ min: 1, max: 9000 }),
  ),
  { maxLength: 5 },
);
const milliseconds = fc.constantFrom(0, 1, 10, 99, 100, 101, 1000, 5000, 5001);

const badLength = fc.constantFrom(0, 15, 0x7fffffff);

const readable = ({ holder, streamEnded, model }: World): boolean =>
  !streamEnded &&
  (holder === undefined || holder.kind === "stream") &&
  !model.reads.some(({ tracked }) => tracked.pending);

const OURS = {
  send: step("send", { size, signal, thing: rarely, seen: fc.boolean() }, program.send),
  reply: step("reply", { size, which: fc.nat() }, program.reply),
  sendMany: step("sendMany", { sizes, signal }, program.sendMany),
  sendWrongly: step(
    "sendWrongly",
    { how: fc.constantFrom("too long" as const, "no bytes" as const), thing: rarely },
    program.sendWrongly,
  ),
  sendManyWrongly: step("sendManyWrongly", { sizes }, program.sendManyWrongly),
  request: step(
    "request",
    {
      size,
      naming: fc.constantFrom<program.Naming>("fresh", "fresh", "given", "match", "both"),
      timeout: fc.option(milliseconds, { nil: undefined }),
      signal,
    },
    program.request,
  ),
  receive: step("receive", { many: rarely, signal, takes: rarely }, program.receive),
  loop: step("loop", { batches: rarely, takes: rarely }, program.loop),
  leave: step(
    "leave",
    {},
    ({ holder }) => holder!.leave(),
    ({ holder }) => holder !== undefined && holder.kind !== "stream",
  ),
  readStream: step("readStream", { takes: rarely }, program.readStream, readable),
  cancelStream: step(
    "cancelStream",
    {},
    ({ holder }) => holder!.leave(),
    ({ holder, streamEnded }) => holder?.kind === "stream" && !streamEnded,
  ),
  abortSignal: step(
    "abortSignal",
    { which: fc.nat() },
    (world, { which }) => world.signals[which % world.signals.length]!.abort(),
    ({ signals }) => signals.length > 0,
  ),
  end: step("end", {}, program.end),
  close: step("close", {}, (world) => program.close(world)),
  abort: step(
    "abort",
    { how: fc.constantFrom("reason" as const, "none" as const, "signal" as const) },
    program.abort,
  ),
  unref: step(
    "unref",
    {},
    ({ channel }) => void channel.unref(),
    ({ model }) => model.closing === undefined,
  ),
  rest: step("rest", {}, () => {}),
  wait: step("wait", { milliseconds }, (world, given) => world.wait(given.milliseconds)),
};

const peerSends = ({ inboundOver }: World): boolean => !inboundOver;

const PEERS = {
  sends: step(
    "peer sends",
    { sizes: manySizes, cuts, thing: rarely },
    (world, given) => {
      for (const each of given.sizes) {
        const thing = given.thing && world.setup.passes ? world.peerThing() : undefined;
        world.arrive(world.peerMessage(program.sizeOf(world, each), 0, thing), given.cuts, thing);
      }
    },
    peerSends,
  ),
  /** All at once, in chunks that do not end with the messages. */
  floods: step(
    "peer floods",
    { sizes: manySizes, cuts, garbage: fc.option(badLength, { nil: undefined, freq: 8 }) },
    (world, given) => {
      const messages = given.sizes.map((each) => world.peerMessage(program.sizeOf(world, each), 0));
      if (given.garbage !== undefined) messages.push(world.garbage(given.garbage));
      world.arrive(concat(messages), given.cuts);
    },
    peerSends,
  ),
  answers: step(
    "peer answers",
    { which: fc.nat(), size, cuts },
    (world, given) => {
      const asked = world.model.requests.filter(({ sent }) => sent.end !== undefined);
      if (asked.length === 0) return;
      const { sent } = asked[given.which % asked.length]!;
      const bytes = world.peerMessage(program.sizeOf(world, given.size), sent.peerid!);
      world.arrive(bytes, given.cuts);
    },
    (world) => peerSends(world) && world.model.requests.length > 0,
  ),
  sendsGarbage: step(
    "peer sends garbage",
    { length: badLength, cuts },
    (world, given) => world.arrive(world.garbage(given.length), given.cuts),
    peerSends,
  ),
  sendsPart: step(
    "peer sends part of a message",
    { size, of: fc.nat(), ends: fc.boolean() },
    (world, given) => {
      const bytes = world.peerMessage(program.sizeOf(world, given.size), 0);
      world.inboundOver = true;
      world.arrive(bytes.slice(0, 1 + (given.of % (bytes.length - 1))), []);
      if (given.ends) world.hand.arrive({ event: "ended" });
    },
    peerSends,
  ),
  ends: step(
    "peer ends",
    { dies: fc.boolean() },
    (world, given) => world.peerEnds(given.dies),
    peerSends,
  ),
  hangsUp: step(
    "peer hangs up",
    {},
    (world) => world.hangUp(),
    ({ hungUp }) => !hungUp,
  ),
  resets: step("peer resets", { behind: fc.boolean() }, (world, { behind }) => world.reset(behind)),
  writeFails: step(
    "a write fails",
    {},
    ({ hand }) => hand.failWrite(),
    ({ hand, isScripted }) => isScripted && !hand.finished,
  ),
  sendThrows: step(
    "the next send throws",
    {},
    ({ hand }) => {
      hand.throwsNext = true;
    },
    ({ isScripted }) => isScripted,
  ),
  stalls: step("peer stalls", {}, ({ hand }) => {
    hand.stalled = true;
  }),
  resumes: step("peer resumes", {}, ({ hand }) => {
    hand.stalled = false;
  }),
  takes: step(
    "peer takes",
    { bytes: fc.integer({ min: 1, max: 5000 }) },
    (world, { bytes }) => world.take(bytes),
    ({ hand }) => hand.stalled && !hand.dead,
  ),
};

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

/** The steps of a life, each as often as it is likely. */
export const steps = [
  ...times(8, OURS.send),
  ...times(2, OURS.sendMany),
  OURS.reply,
  OURS.sendWrongly,
  OURS.sendManyWrongly,
  ...times(6, OURS.request),
  ...times(6, OURS.receive),
  ...times(6, OURS.loop),
  ...times(2, OURS.leave),
  OURS.readStream,
  OURS.cancelStream,
  ...times(2, OURS.abortSignal),
  OURS.end,
  OURS.close,
  OURS.abort,
  OURS.unref,
  ...times(2, OURS.rest),
  ...times(3, OURS.wait),
  ...times(6, PEERS.sends),
  ...times(3, PEERS.floods),
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

/** How lives are set up. */
export const setups = fc.record({
  scale: fc.constant(1),
  mark: fc.constantFrom(1, 500, 5000, 65_536),
  maxQueued: fc.constantFrom(1, 3000, 16_777_216),
  maxSize: fc.constantFrom(1000, 16_384, 70_000),
  lingerTimeout: fc.constantFrom(0, 100, 5000),
  lingers: fc.boolean(),
  counts: fc.oneof(fc.constant(true), fc.boolean()),
  pauses: fc.oneof(fc.constant(true), fc.boolean()),
  passes: fc.boolean(),
  atOnce: fc.boolean(),
  burst: fc.constantFrom(1, 3, 100),
  copy: fc.boolean(),
  watched: fc.oneof(fc.constant(true), fc.boolean()),
});

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
