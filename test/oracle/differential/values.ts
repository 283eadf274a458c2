import fc from "fast-check";
import type { Argument } from "./program.ts";

/** Arbitraries for the arguments of operations. */

/** How many slots of a kind programs use: few, so that operations work on the same objects. */
export const COUNT = { ibuf: 5, msgbuf: 3, imsgbuf: 3, imsg: 3, socket: 3, held: 3 };

const slot = (count: number) => fc.integer({ min: 0, max: count - 1 });
export const ibuf = slot(COUNT.ibuf);
export const msgbuf = slot(COUNT.msgbuf);
export const imsgbuf = slot(COUNT.imsgbuf);
export const imsg = slot(COUNT.imsg);
export const socket = slot(COUNT.socket);
export const held = slot(COUNT.held);

const small = fc.integer({ min: 0, max: 40 });
/** Sizes near the largest; the two sides have different ones. */
export const symbolic = fc
  .oneof(fc.integer({ min: 0, max: 24 }), fc.integer({ min: 0, max: 3 }), fc.nat({ max: 70000 }))
  .map((k): Argument => `M-${k}`);
const middle = fc.integer({ min: 41, max: 3000 });
const large = fc.constantFrom(4096, 16367, 16368, 16369, 16384, 32768, 65519, 65535, 65536, 70000);

/** Sizes of allocations. */
export const allocated = fc.oneof(
  { weight: 24, arbitrary: small },
  { weight: 3, arbitrary: middle },
  { weight: 1, arbitrary: large },
  { weight: 2, arbitrary: symbolic },
);
/** Positions and lengths within an ibuf, or a little beyond. */
export const position = fc.oneof(
  { weight: 24, arbitrary: fc.integer({ min: 0, max: 20 }) },
  { weight: 6, arbitrary: small },
  { weight: 2, arbitrary: middle },
  { weight: 1, arbitrary: fc.integer({ min: 0x7fffffff, max: 0xfff00000 }) },
  { weight: 3, arbitrary: symbolic },
);

export const seed = fc.integer({ min: 0, max: 0xffff });
const literal = fc
  .uint8Array({ minLength: 0, maxLength: 12 })
  .map((bytes): Argument => `x${Buffer.from(bytes).toString("hex")}`);
const pattern = (length: fc.Arbitrary<number>) =>
  fc.tuple(seed, length).map(([s, n]): Argument => `p${s}:${n}`);
/** Bytes with NULs and sequences that are no UTF-8. */
const texts = fc.constantFrom(
  ...["x00", "x6100", "x616263", "xc3a900ff", "xfffe", "x0000", "xe282acf0", "x41c080"],
);
export const bytes: fc.Arbitrary<Argument> = fc.oneof(
  { weight: 6, arbitrary: literal },
  { weight: 6, arbitrary: pattern(small) },
  { weight: 1, arbitrary: texts },
  { weight: 1, arbitrary: pattern(middle) },
  { weight: 1, arbitrary: fc.constant("x") },
);
export const bytesOrMany: fc.Arbitrary<Argument> = fc.oneof(
  { weight: 30, arbitrary: bytes },
  { weight: 1, arbitrary: pattern(large) },
);

const edges = [0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0xffffffff, 0x100000000];
/** Integers in and out of every width. */
export const value: fc.Arbitrary<Argument> = fc.oneof(
  fc.integer({ min: 0, max: 255 }),
  fc.integer({ min: 0, max: 0xffff }),
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }),
  fc.constantFrom(...edges),
  fc.constantFrom(0x0102030405060708n, 0xffffffffffffffffn, 0x8000000000000000n),
);

export const word = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffffffff }) },
  { weight: 1, arbitrary: fc.constantFrom(0xffffffff, 0x80000000) },
);
export const pid = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 99999 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -2147483648, 2147483647, 0xffffffff) },
);

/** A descriptor that was kept. */
export const kept = held.map((slot): Argument => `h${slot}`);
/** A number for reading operations: of a kept descriptor, a value, a socket, or a free one. */
export const number: fc.Arbitrary<Argument> = fc.oneof(
  { weight: 3, arbitrary: kept },
  { weight: 2, arbitrary: fc.constantFrom(3, 4, 5, 6, 7, 8, 9) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -2, 0, 2, 99, 0x7fffffff) },
);

/** A descriptor to pass: none, new, kept; seldom an arbitrary number. */
export const descriptor: fc.Arbitrary<Argument> = fc.oneof(
  { weight: 6, arbitrary: fc.constant("n") },
  { weight: 3, arbitrary: fc.constant(-1) },
  { weight: 2, arbitrary: kept },
  { weight: 1, arbitrary: fc.constantFrom(-2, 99, 2, 0, 3, 4, 5, 6, 7, 8, 9) },
);
/** The same for operations that mostly pass none. */
export const seldom: fc.Arbitrary<Argument> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(-1) },
  { weight: 2, arbitrary: descriptor },
);

export const readError = fc.constantFrom(
  ...["EAGAIN", "EINTR", "EMSGSIZE", "ECONNRESET", "ENOBUFS", "EIO", "ERANGE", "ENOMEM"],
);
export const writeError = fc.constantFrom(
  ...["EAGAIN", "EINTR", "ENOBUFS", "EPIPE", "EMSGSIZE", "ECONNRESET"],
);
export const maxsize = fc.constantFrom(
  ...[0, 15, 16, 17, 24, 48, 100, 1024, 16384, 65535, 131072, 0x7fffffff, 0x80000000, 0xffffffff],
);
