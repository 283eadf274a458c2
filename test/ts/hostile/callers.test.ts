import fc from "fast-check";
import { describe, it } from "vitest";
import { wire } from "../c/helpers.ts";
import { type World, world } from "../c/methods.ts";
import { callsOf, patience } from "./calls.ts";
import { bytesCalls, cCalls, message, objectCalls } from "./codec-calls.ts";
import { debug, index } from "./library.ts";
import { attempt, Neighbours, SECRET } from "./neighbours.ts";
import { hostileBytes, hostileMaker, nonsense, pick, Thrown } from "./values.ts";

const { ImsgCodec } = index;
/** The full form has 100,000 calls: IMSG_HOSTILE_CALLS=100000. */
const CALLS = callsOf(1500);

/** Bytes that a call returned, wherever they are in its result. */
function bytesOf(result: unknown): Uint8Array[] {
  if (result instanceof Uint8Array) return [result];
  if (Array.isArray(result)) return result.flatMap(bytesOf);
  if (typeof result !== "object" || result === null || result instanceof Error) return [];
  const { data, messages } = result as { data?: unknown; messages?: unknown };
  return [...bytesOf(messages), ...(data instanceof Uint8Array ? [data] : [])];
}

function showsSecret(result: unknown): boolean {
  return bytesOf(result).some((found) => Buffer.from(found).includes(Buffer.alloc(8, SECRET)));
}

/** The attack that runs while the library reads its arguments. */
const interferences: readonly ((w: World) => void)[] = [
  () => {},
  (w) => w.codec.dispose(),
  (w) => attempt(() => w.codec.encode(message)),
  (w) => attempt(() => w.codec.push(wire(1, new Uint8Array(600)))),
  (w) => new ImsgCodec({ instance: w.instance }).dispose(),
  (w) => w.instance.Ibuf.open(200_000).dispose(),
  (w) => w.imsgbuf.dispose(),
  (w) => w.ibuf.dispose(),
  (w) => w.socket.close(),
  () => {
    throw new Thrown("in the middle");
  },
];

/** An instance whose allocator checks itself. */
const checked = debug.createDebugInstance;
const values = [...hostileBytes, ...nonsense];

/** Makes a world, lets a call loose in it, and checks that nothing else has noticed. */
function rounds(run: (w: World, numbers: readonly number[]) => unknown): void {
  const instance = checked();
  const neighbours = new Neighbours(instance);
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 4, maxLength: 4 }), (numbers) => {
      const w = world(instance, ImsgCodec);
      const result = attempt(() => run(w, numbers));
      if (showsSecret(result)) throw new Error("bytes of another user were returned");
      for (const [name, object] of Object.entries(w)) if (name !== "instance") object.dispose();
      neighbours.check();
    }),
    { numRuns: CALLS },
  );
  neighbours.dispose();
}

describe("a caller cannot harm another user of its instance", () => {
  it(`with hostile bytes in the codec (${CALLS} calls)`, { timeout: patience(CALLS) }, () => {
    rounds((w, [call, value]) => pick(bytesCalls, call!)[1](w, pick(values, value!)() as never));
  });

  it(`with code that runs in the middle of a call (${CALLS} calls)`, {
    timeout: patience(CALLS),
  }, () => {
    rounds((w, [call, key, shape, interference]) => {
      const hostile = hostileMaker(key!, shape!, () => pick(interferences, interference!)(w));
      return pick(objectCalls, call!)[1](w, hostile);
    });
  });

  it(`with hostile arguments of C's methods (${CALLS} calls)`, { timeout: patience(CALLS) }, () => {
    rounds((w, [which, place, value]) => {
      const { args, call } = pick(cCalls, which!);
      const list = args.map(([, make], i) =>
        i === place! % args.length ? pick(values, value!)() : make(w),
      );
      const result = call(w, list as never);
      // a new object is disposed, so that the instance ends as it began
      (result as { dispose?: () => void } | undefined)?.dispose?.();
      return result;
    });
  });

  it("with polluted prototypes", () => {
    const instance = checked();
    const neighbours = new Neighbours(instance);
    const polluted = [
      "type",
      "peerid",
      "pid",
      "data",
      "fd",
      "maxSize",
      "copy",
      "instance",
      "debug",
    ];
    for (const name of polluted) {
      for (const value of [-1, "x", new Uint8Array(9), {}, Number.NaN]) {
        const w = world(instance, ImsgCodec);
        Object.defineProperty(Object.prototype, name, { value, configurable: true });
        try {
          attempt(() => w.codec.encode({ type: 1 }));
          attempt(() => w.codec.push(wire(1)));
          attempt(() => new ImsgCodec({ instance }).dispose());
          attempt(() => w.imsgbuf.compose({ type: 1 }));
        } finally {
          delete (Object.prototype as Record<string, unknown>)[name];
        }
        for (const [key, object] of Object.entries(w)) if (key !== "instance") object.dispose();
        neighbours.check();
      }
    }
    neighbours.dispose();
  });
});
