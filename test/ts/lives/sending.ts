import type { SendInit } from "../../../ts/entry/index.ts";
import { type Bounds, bytesOf } from "./queued.ts";
import { hasCode, type Sent } from "./records.ts";
import { macrotask } from "./runtime.ts";
import { type Signal, Tracked, type Traveller } from "./tracked.ts";
import type { Expected, World } from "./world.ts";

/** A signal for a call: none, one that may be aborted later, one that is aborted already. */
export type SignalChoice = "none" | "fresh" | "aborted";

/** Options with a signal, if there is one. */
export const optional = (signal: Signal | undefined) =>
  signal === undefined ? {} : { signal: signal.signal };
/** The signal of a call. */
export const choose = (world: World, choice: SignalChoice): Signal | undefined =>
  choice === "none" ? undefined : world.signal(choice === "aborted");
/** Returns a new descriptor to send along, if the channel passes descriptors. */
export const travels = (world: World, wanted: boolean): Traveller | undefined =>
  wanted && world.setup.passes ? world.thing() : undefined;

/** The length of a payload: counted from 0 up, or from the longest down. */
export function sizeOf({ setup }: World, size: number): number {
  const scaled = size >= 100 && size <= 300 ? size * setup.scale : size;
  return Math.max(0, size < 0 ? setup.maxSize - 15 + size : Math.min(scaled, setup.maxSize - 16));
}

/** Sends a message by a call, and notes it. */
export function sendOne(
  world: World,
  message: { size: number; peerid: number; thing?: Traveller | undefined },
  call: { name: string; run: (init: SendInit) => Promise<void>; signal?: Signal; seen?: boolean },
): Sent {
  const { name, run, signal, seen = true } = call;
  const { size, peerid, thing } = message;
  const expected = world.expectSent(signal);
  const looks = seen || signal !== undefined || expected.expect !== "queued";
  const promise = run(world.init(size, peerid, thing));
  const outcome = looks ? new Tracked(`${name} ${world.model.sent.length}`, promise) : undefined;
  return world.note({ size, peerid, thing, signal, outcome, ...expected });
}

/** Sends a message. */
export function send(
  world: World,
  given: { size: number; signal: SignalChoice; thing: boolean; seen: boolean },
): void {
  const signal = choose(world, given.signal);
  const run = (init: SendInit): Promise<void> => world.channel.send(init, optional(signal));
  sendOne(
    world,
    { size: sizeOf(world, given.size), peerid: 0, thing: travels(world, given.thing) },
    { name: "send", run, ...(signal === undefined ? {} : { signal }), seen: given.seen },
  );
}

/** Answers a message that was read, if there is one. */
export function reply(world: World, given: { size: number; which: number; thing: boolean }): void {
  const read = world.model.arrivals.filter(({ fate }) => fate === "read");
  if (read.length === 0) return;
  const { peerid } = read[given.which % read.length]!;
  const thing = travels(world, given.thing);
  sendOne(
    world,
    { size: sizeOf(world, given.size), peerid, thing },
    { name: "reply", run: ({ peerid: _, ...init }) => world.channel.reply({ peerid }, init) },
  );
}

/** The outcomes that messages of one call must have: those behind a refused one are not sent. */
function expectAll(
  world: World,
  sizes: readonly number[],
  signal: Signal | undefined,
): { each: Expected["expect"][]; full: Sent["full"] } {
  let before: Bounds = [0, 0];
  let last: Expected = { expect: "queued", full: "no" };
  const each = sizes.map((size) => {
    if (last.full !== "must") {
      const next = world.expectSent(signal, before);
      const unsure = last.full === "may" && next.expect !== "refused";
      last = unsure ? { expect: "either", full: "may" } : next;
    }
    const bytes = bytesOf({ size });
    before = [before[0] + (last.expect === "queued" ? bytes : 0), before[1] + bytes];
    return last.expect;
  });
  return { each, full: last.full };
}

/** Sends several messages with one call. */
export function sendMany(
  world: World,
  given: { sizes: number[]; signal: SignalChoice; thing: boolean },
): void {
  const signal = choose(world, given.signal);
  const sizes = given.sizes.map((size) => sizeOf(world, size));
  const things = sizes.map((_, i) => travels(world, given.thing && i % 2 === 1));
  const first = world.model.sent.length;
  const { each, full } = expectAll(world, sizes, signal);
  const list = sizes.map((size, i) => world.init(size, 0, things[i], first + i));
  const outcome = new Tracked(`sendMany ${first}`, world.channel.sendMany(list, optional(signal)));
  for (const [i, size] of sizes.entries()) {
    world.note({
      size,
      peerid: 0,
      thing: things[i],
      signal,
      outcome,
      expect: each[i]!,
      full,
      many: true,
    });
  }
}

/** How many marks of messages that are not read a request is refused behind. */
const UNREAD = 16;

/** Whether a request may be refused because of what waits to be read, or because the peer has ended. */
export function mayBeUnread({ model, setup }: World): boolean {
  const { ended, gone } = model.hand.reported;
  const waits = model.waitingCost >= setup.mark * UNREAD || model.waitingFds >= 2 * UNREAD;
  return ended === true || gone === true || waits;
}

/** How a send is wrong. */
export const WRONG = ["too long", "no bytes", "no message", "no signal", "no such thing"] as const;
export type Wrong = (typeof WRONG)[number];

/** Sends something that cannot be sent, which changes nothing. */
export function sendWrongly(
  world: World,
  given: { how: Wrong; thing: boolean; by: "send" | "reply" | "request"; careless: boolean },
): Promise<void> {
  const { channel, setup, things } = world;
  const { how, careless } = given;
  const thing = travels(world, given.thing);
  const message = world.init(0, 0, thing);
  // the number of a real descriptor that is gone may be another file's: it could be sent
  const mayLack = setup.passes && world.isScripted;
  const gone = mayLack ? things.find(({ ours }) => !ours) : undefined;
  const wrong: Partial<Record<Wrong, object>> = {
    "too long": { data: new Uint8Array(setup.maxSize - 15) },
    "no bytes": { data: "text" },
    "no such thing": { fd: gone === undefined ? {} : gone.value },
  };
  const init = (how === "no message" ? null : { ...message, ...wrong[how] }) as SendInit;
  const options = how === "no signal" ? { signal: {} as AbortSignal } : {};
  const by = given.by === "reply" && how === "no signal" ? "send" : given.by;
  const { expect, full } = world.expectSent(undefined);
  const right = how === "too long" ? "ERANGE" : "EINVAL";
  // these are seen before the queue is looked at
  const early = how === "no message" || how === "no signal";
  const expected: Expected =
    early && full !== "no" ? { expect: "either", full: "may" } : { expect, full };
  const unsure = by === "request" && mayBeUnread(world);
  return refused(world, { right, ...expected, careless, unsure }, (): Promise<unknown> => {
    if (by === "reply") return channel.reply({ peerid: 0 }, init);
    return by === "send" ? channel.send(init, options) : channel.request(init, options);
  });
}

/** Sends messages, and behind them one that the channel must refuse. */
export function sendManyWrongly(
  world: World,
  given: { sizes: number[]; how: "too long" | "throws"; careless: boolean },
): Promise<void> {
  const sizes = given.sizes.map((size) => sizeOf(world, size));
  const first = world.model.sent.length;
  const list = sizes.map((size, i) => world.init(size, 0, undefined, first + i));
  const { each, full } = expectAll(world, sizes, undefined);
  const total = sizes.reduce((sum, size) => sum + bytesOf({ size }), 0);
  const behind = world.expectSent(undefined, [full === "no" ? total : 0, total]);
  const throws = given.how === "throws";
  const thrown = new Error("the iterator's error");
  const wrong = { type: 1, data: new Uint8Array(world.setup.maxSize - 15) };
  function* messages(): Generator<SendInit> {
    yield* list;
    if (throws) throw thrown;
    yield wrong;
  }
  const right = throws ? thrown : "ERANGE";
  // an iterator that throws is asked before there is anything to refuse
  const expected = throws ? { expect: behind.expect, full } : behind;
  const call = (): Promise<void> => world.channel.sendMany(messages());
  const done = refused(world, { right, ...expected, careless: given.careless }, call);
  for (const [i, size] of sizes.entries()) {
    const sent = { size, peerid: 0, thing: undefined, signal: undefined, outcome: undefined };
    world.note({ ...sent, expect: each[i]!, full });
  }
  return done;
}

/** A call that must be rejected because of its argument, if nothing else prevents it. */
interface Refused extends Expected {
  /** The error, or its code. */
  readonly right: unknown;
  /** Whether the call's promise is dropped: a mistake is an unhandled rejection then, nothing else is. */
  readonly careless: boolean;
  /** Whether something else may prevent the call. */
  readonly unsure?: boolean;
}

/** How many turns of the event loop an unhandled rejection may take to be reported. */
const REPORT_TURNS = 5;

async function refused(
  { model, unhandled }: World,
  { right, expect, full, careless, unsure = false }: Refused,
  call: () => Promise<unknown>,
): Promise<void> {
  const isRight = (error: unknown): boolean =>
    typeof right === "string" ? hasCode(error, right) : error === right;
  // over: nothing can be sent any more
  const over = expect === "refused" && full === "no";
  const certain = !over && full === "no" && expect === "queued" && !unsure;
  if (!careless) {
    new Tracked("a wrong send", call(), ({ fulfilled, error }) => {
      const isFull = full !== "no" && hasCode(error, "ENOBUFS");
      const other = over || unsure || expect === "either";
      if (fulfilled) model.violate("a wrong send was fulfilled");
      else if (full === "must" && !hasCode(error, "ENOBUFS") && !unsure) {
        model.violate(`a wrong send was rejected with ${error}, and the queue is full`);
      } else if (full !== "must" && !isRight(error) && !isFull && !other) {
        model.violate(`a wrong send was rejected with ${error}`);
      }
    });
    return;
  }
  const before = unhandled.length;
  void call();
  for (let i = 0; i < REPORT_TURNS && unhandled.length === before; i++) await macrotask();
  const errors = unhandled.splice(before);
  const wrong = errors.filter((error) => !isRight(error));
  const count = errors.length;
  if (wrong.length > 0 || count > 1 || (certain && count !== 1) || (full === "must" && count > 0)) {
    model.violate(`a wrong send that is not awaited has the unhandled rejections: ${errors}`);
  }
}
