import fc from "fast-check";
import type { Argument, Operation, Program } from "./program.ts";
import * as v from "./values.ts";

/**
 * Sequences in which values travel through the wire and two imsgbufs, and are
 * taken, closed or forgotten on the way.
 */

const size = fc.integer({ min: 0, max: 30 });
/** A message with the mark of a descriptor. */
const marked = (type: number, len: number): Argument =>
  `m${type}:${(0x80000000 | (len + 16)) >>> 0}:0:0:3:${len}`;

/** Reads a message, with a value or without, and takes, closes or forgets the value. */
const endings: readonly ((imsg: number, from: number, kept: number) => Program)[] = [
  (imsg, _, kept) => [
    ["mgetfd", imsg, kept],
    ["fdvalue", `h${kept}`],
    ["fdtake", `h${kept}`],
    ["mfree", imsg],
  ],
  (imsg) => [["mfree", imsg]],
  (imsg, from) => [
    ["forward", from, imsg],
    ["iwrite", from],
    ["mfree", imsg],
  ],
  (imsg, from, kept) => [
    ["mgetfd", imsg, kept],
    ["compose", from, 9, 0, 0, `h${kept}`, "x"],
    ["mfree", imsg],
  ],
  (imsg, _, kept) => [
    ["mgetfd", imsg, kept],
    ["mfree", imsg],
    ["closefd", `h${kept}`],
  ],
  () => [],
];

/** Sends several values under numbers that stand for other values when the messages arrive. */
const loop: fc.Arbitrary<Program> = fc
  .record({
    from: v.imsgbuf,
    to: v.imsgbuf,
    sizes: fc.array(size, { minLength: 1, maxLength: 3 }),
    accepted: fc.option(fc.integer({ min: 0, max: 20 }), { freq: 3, nil: undefined }),
    reuse: fc.boolean(),
    how: fc.constantFrom("transfer" as const, "pass" as const, "close" as const),
    cut: fc.constantFrom(5, 16, 17, 70000),
    imsg: v.imsg,
    kept: v.held,
    ending: fc.constantFrom(...endings),
    again: fc.boolean(),
  })
  .map(({ from, to, sizes, accepted, reuse, how, cut, imsg, kept, ending, again }) => {
    const program: Operation[] = sizes.map(
      (len, i): Operation => ["compose", from, i, 0, 0, "n", `p${i}:${len}`],
    );
    if (accepted !== undefined) program.push(["accept", from, accepted]);
    for (let i = 0; i <= sizes.length; i++) program.push(["iwrite", from]);
    if (reuse) program.push(["fdopen", kept]);
    if (how === "transfer") program.push(["transfer", from, to, cut]);
    if (how === "close") program.push(["take", from]);
    if (how === "pass") {
      const stream = sizes.map((len, i) => marked(i, len)).join("+");
      program.push(["take", from], ["pass", to, stream, sizes.length]);
    }
    for (let i = 0; i <= sizes.length; i++) program.push(["iread", to]);
    program.push(["iget", to, imsg], ...ending(imsg, from, kept));
    if (again) program.push(["fdagain", kept], ["compose", to, 7, 0, 0, `h${kept}`, "x61"]);
    return program;
  });

/** Values that the original must close when it reads: too many, or too early. */
const unwanted: fc.Arbitrary<Program> = fc
  .record({
    slot: v.imsgbuf,
    len: size,
    cut: fc.integer({ min: 1, max: 20 }),
    first: v.descriptor,
    second: v.seldom,
    more: fc.integer({ min: 0, max: 4 }),
    imsg: v.imsg,
    kept: v.held,
  })
  .map(({ slot, len, cut, first, second, more, imsg, kept }) => {
    const bytes = marked(1, len);
    return [
      ["give", slot, `${bytes}@0:${cut}`, first, second],
      ["iread", slot],
      ["pass", slot, `${bytes}@${cut}:99`, more],
      ["iread", slot],
      ["iget", slot, imsg],
      ["mgetfd", imsg, kept],
    ];
  });

/** Values that wait in a queue, in an ibuf or on a socket when that is freed. */
const abandoned: fc.Arbitrary<Program> = fc
  .record({
    slot: v.imsgbuf,
    socket: v.socket,
    count: fc.integer({ min: 1, max: 3 }),
    writes: fc.integer({ min: 0, max: 2 }),
    queue: v.msgbuf,
    ibuf: v.ibuf,
    kept: v.held,
    number: fc.integer({ min: 5, max: 9 }),
    end: fc.constantFrom("clear", "closesock", "qclear", "free", "closefd", "fdset"),
  })
  .map(({ slot, socket, count, writes, queue, ibuf, kept, number, end }) => {
    const program: Operation[] = [["init", slot, socket]];
    if (count > 1) program.push(["fdpass", slot]);
    for (let i = 0; i < count; i++) {
      program.push(["compose", slot, i, 0, 0, i === 1 ? `h${kept}` : "n", "x6162"]);
    }
    for (let i = 0; i < writes; i++) program.push(["iwrite", slot]);
    program.push(["open", ibuf, 4], ["fdset", ibuf, "n"]);
    if (end === "clear") program.push(["clear", slot], ["init", slot, socket]);
    if (end === "closesock") program.push(["give", socket, "x00", "n", "n"], ["closesock", socket]);
    if (end === "qclear") program.push(["close", ibuf, queue], ["qclear", queue]);
    if (end === "free") program.push(["free", ibuf]);
    // the ibuf's number is closed, and may stand for another value by then
    if (end === "closefd") program.push(["closefd", number], ["fdopen", kept]);
    if (end === "fdset") program.push(["fdset", ibuf, "n"], ["fdset", ibuf, -1]);
    return program;
  });

export const passing: fc.Arbitrary<Program> = fc.oneof(
  { weight: 3, arbitrary: loop },
  { weight: 2, arbitrary: unwanted },
  { weight: 1, arbitrary: abandoned },
);
