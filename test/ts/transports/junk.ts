// Random values that can be posted: what a hostile peer of a port can send.
import { MessageChannel } from "node:worker_threads";

/** A generator of numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** How many rounds a fuzz test runs: `quick`, or the number in IMSG_FUZZ_ROUNDS. */
export const rounds = (quick: number): number => Number(process.env.IMSG_FUZZ_ROUNDS ?? quick);

const pick = <T>(random: () => number, list: readonly T[]): T =>
  list[Math.floor(random() * list.length)]!;

/** Bytes that are often whole messages, and often not. */
export function frame(random: () => number): Uint8Array<ArrayBuffer> {
  const length = pick(random, [0, 1, 15, 16, 17, 32, 100, 5000]);
  const bytes = new Uint8Array(length);
  if (random() < 0.3) for (let i = 0; i < length; i++) bytes[i] = random() * 256;
  if (length >= 16 && random() < 0.8) {
    const words = new DataView(bytes.buffer);
    words.setUint32(4, random() < 0.7 ? length : random() * 2 ** 32, true);
  }
  return bytes;
}

type Maker = (random: () => number) => unknown;

const scalars: readonly Maker[] = [
  () => null,
  () => undefined,
  () => true,
  () => "abort",
  () => "text",
  (random) => Math.floor(random() * 2 ** 33) - 2 ** 32,
  () => Number.NaN,
  () => 2 ** 53,
  () => -5n,
];

const containers: readonly Maker[] = [
  (random) => frame(random).buffer,
  (random) => frame(random),
  (random) => new DataView(frame(random).buffer),
  (random) => new Float64Array(Math.floor(random() * 9)),
  () => new SharedArrayBuffer(32),
  (random) => Array.from({ length: random() * 9 }, () => value(random, 2)),
  () => new Array(1e5), // a large hole
  (random) => new Map([[value(random, 2), value(random, 2)]]),
  () => new Set(["bytes", "fd"]),
  () => new Error("bytes"),
  () => new Date(Number.NaN),
  () => /bytes/g,
  () => Object("text"),
];

const parcels: readonly Maker[] = [
  (random) => ({ bytes: value(random, 2), fd: value(random, 2) }),
  (random) => ({ bytes: frame(random).buffer, fd: value(random, 2) }),
  (random) => ({ bytes: value(random, 2), fd: { close: 1, cancel: "x", abort: null } }),
  (random) => Object.assign([], { bytes: frame(random).buffer, fd: null }),
  () => ({ bytes: undefined, fd: undefined, length: -1 }),
  (random) => JSON.parse(`{"__proto__": {"bytes": 1}, "fd": ${Math.floor(random() * 9)}}`),
];

function value(random: () => number, depth = 0): unknown {
  const makers = depth < 2 ? [scalars, containers, parcels] : [scalars, containers];
  return pick(random, pick(random, depth > 2 ? [scalars] : makers))(random);
}

/** A random value, and the objects that are transferred with it. */
export function junk(random: () => number): { value: unknown; transfer: unknown[] } {
  if (random() > 0.1) return { value: value(random), transfer: [] };
  const { port1 } = new MessageChannel();
  const bytes = random() < 0.5 ? frame(random).buffer : value(random, 2);
  return { value: { bytes, fd: port1 }, transfer: [port1] };
}
