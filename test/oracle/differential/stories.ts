import fc from "fast-check";
import { passing } from "./passing.ts";
import type { Argument, Operation, Program } from "./program.ts";
import * as v from "./values.ts";

/**
 * Sequences that random operations seldom produce: whole messages through a
 * socket, at every split, with descriptors and outcomes.
 */

const payload = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 0, max: 60 }) },
  { weight: 2, arbitrary: fc.integer({ min: 61, max: 3000 }) },
  { weight: 1, arbitrary: fc.constantFrom(16367, 16368, 16369, 65519, 66000) },
);
const mark = 0x80000000;

/** A message on the wire, whose length is mostly right. */
const message = fc
  .tuple(
    ...([v.word, v.word, fc.integer({ min: 0, max: 0xffffffff }), v.seed, payload] as const),
    fc.integer({ min: 0, max: 39 }),
    fc.boolean(),
  )
  .map(([type, peerid, pid, seed, len, lie, marked]) => {
    const said = lie === 0 ? 15 : lie === 1 ? 0 : lie === 2 ? len + 16 + 65536 : len + 16;
    const bits = (said | (marked ? mark : 0)) >>> 0;
    return { text: `m${type}:${bits}:${peerid}:${pid}:${seed}:${len}`, length: len + 16 };
  });

/** A stream of messages, delivered in pieces with reads in between. */
const incoming: fc.Arbitrary<Program> = fc
  .record({
    slot: v.imsgbuf,
    messages: fc.array(message, { minLength: 1, maxLength: 5 }),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
    exact: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 2 }),
    fds: fc.array(fc.constantFrom(0, 0, 1, 1, 2, 3), { minLength: 6, maxLength: 6 }),
    end: fc.integer({ min: 0, max: 19 }),
    error: fc.option(v.readError, { freq: 5, nil: undefined }),
    gets: fc.integer({ min: 0, max: 6 }),
    to: v.imsg,
  })
  .map(({ slot, messages, cuts, exact, fds, end, error, gets, to }) => {
    const text = messages.map((m) => m.text).join("+");
    const total = messages.reduce((sum, m) => sum + m.length, 0);
    const places = [...cuts.map((c) => Math.floor(c * total)), ...exact, total]
      .filter((place) => place > 0 && place <= total)
      .sort((a, b) => a - b);
    const program: Operation[] = [];
    let from = 0;
    for (const [i, place] of places.entries()) {
      if (place === from) continue;
      program.push(["deliver", slot, fds[i % fds.length]!, `${text}@${from}:${place}`]);
      if (error !== undefined && i === 1) program.push(["fail", slot, error]);
      program.push(["iread", slot]);
      from = place;
    }
    if (end === 0) program.push(["end", slot]);
    program.push(["iread", slot]);
    for (let i = 0; i < gets; i++) program.push(["iget", slot, (to + i) % v.COUNT.imsg]);
    return program;
  });

/** A message composed, written through outcomes, and read on another imsgbuf. */
const journey: fc.Arbitrary<Program> = fc
  .record({
    from: v.imsgbuf,
    to: v.imsgbuf,
    many: fc.array(fc.tuple(v.word, v.pid, v.seldom, v.bytes), { minLength: 1, maxLength: 4 }),
    outcomes: fc.array(
      fc.oneof(
        fc.tuple(fc.constant("accept" as const), fc.integer({ min: 0, max: 60 })),
        fc.tuple(fc.constant("refuse" as const), v.writeError),
      ),
      { maxLength: 4 },
    ),
    write: fc.constantFrom("iwrite" as const, "flush" as const),
    times: fc.integer({ min: 1, max: 4 }),
    cut: fc.constantFrom(3, 16, 20, 70000),
    imsg: v.imsg,
    ibuf: v.ibuf,
    after: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ from, to, many, outcomes, write, times, cut, imsg, ibuf, after }) => {
    const program: Operation[] = many.map(
      ([type, pid, fd, data]): Operation => ["compose", from, type, 7, pid, fd, data],
    );
    for (const [name, arg] of outcomes) program.push([name, from, arg]);
    for (let i = 0; i < times; i++) program.push([write, from]);
    program.push(["transfer", from, to, cut]);
    for (let i = 0; i < (cut < 16 ? 6 : 2); i++) program.push(["iread", to]);
    program.push(["iget", to, imsg]);
    if (after === 0) program.push(["mgetall", imsg], ["mgetlen", imsg]);
    if (after === 1) program.push(["mgetibuf", imsg, ibuf], ["getn16", ibuf], ["geth32", ibuf]);
    if (after === 2) program.push(["mgetfd", imsg, 0], ["mgetfd", imsg, 1]);
    if (after <= 3) program.push(["forward", from, imsg], ["mgetlen", imsg]);
    if (after === 5) program.push(["mgetid", imsg], ["mgetpid", imsg], ["mgettype", imsg]);
    if (after === 4) program.push(["mgetibuf", imsg, ibuf], ["mfree", imsg], ["size", ibuf]);
    return program;
  });

/** An ibuf filled, partly read, rewound and cut. */
const reading: fc.Arbitrary<Program> = fc
  .record({
    slot: v.ibuf,
    make: fc.oneof(
      fc.tuple(fc.constant("open" as const), fc.integer({ min: 0, max: 40 })),
      fc.tuple(fc.constant("dynamic" as const), fc.integer({ min: 0, max: 8 })),
    ),
    data: v.bytes,
    skip: fc.integer({ min: 0, max: 12 }),
    cut: fc.integer({ min: 0, max: 50 }),
    rest: fc.array(
      fc.constantFrom("getn8", "getn16", "getn32", "getn64", "geth16", "geth32", "geth64"),
      { maxLength: 4 },
    ),
    view: v.ibuf,
    wipe: fc.integer({ min: 0, max: 40 }),
  })
  .map(({ slot, make, data, skip, cut, rest, view, wipe }) => {
    const [how, len] = make;
    const numbers = rest as ("getn8" | "geth64")[];
    return [
      how === "open" ? ([how, slot, len] as const) : ([how, slot, len, len + 48] as const),
      ["add", slot, data],
      ["skip", slot, skip],
      ["fromibuf", view, slot],
      ["truncate", slot, Math.floor(cut / 2)],
      ["truncate", slot, cut],
      ...numbers.map((name): Operation => [name, slot]),
      ["rewind", slot],
      ["reserve", slot, wipe, 7],
      ["getibuf", slot, view, skip],
      ...numbers.map((name): Operation => [name, view]),
      ["getstring", slot, skip],
    ];
  });

/** More ibufs in a queue than one write can take. */
const crowd: fc.Arbitrary<Program> = fc
  .record({
    slot: v.imsgbuf,
    queue: v.msgbuf,
    count: fc.integer({ min: 62, max: 67 }),
    empties: fc.boolean(),
    fd: fc.integer({ min: 0, max: 140 }),
    write: fc.constantFrom("iwrite" as const, "flush" as const),
  })
  .map(({ slot, queue, count, empties, fd, write }) => {
    const program: Operation[] = [];
    for (let i = 0; i < count; i++) {
      if (empties) {
        program.push(["open", 4, i === fd ? 3 : 0], ["truncate", 4, 3], ["close", 4, queue]);
      } else program.push(["compose", slot, i, 0, 0, i === fd ? "n" : -1, "x61"]);
    }
    if (empties) program.push(["qwrite", queue, slot], ["bwrite", queue, slot]);
    else program.push([write, slot], [write, slot], [write, slot]);
    program.push(["take", slot]);
    return program;
  });

/** ibufs of every size in a msgbuf, descriptors on some, and partial writes. */
const queue: fc.Arbitrary<Program> = fc
  .record({
    slot: v.msgbuf,
    socket: v.socket,
    ibufs: fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), v.seed, v.seldom), {
      minLength: 1,
      maxLength: 5,
    }),
    outcomes: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 4 }),
    write: fc.constantFrom("qwrite" as const, "bwrite" as const),
    read: fc.constantFrom("qread" as const, "bread" as const),
    reader: v.msgbuf,
    to: v.ibuf,
  })
  .map(({ slot, socket, ibufs, outcomes, write, read, reader, to }) => {
    const program: Operation[] = [];
    for (const [len, seed, fd] of ibufs) {
      program.push(["dynamic", 3, 0, 64], ["add", 3, `p${seed}:${len}`]);
      if (fd !== -1) program.push(["fdset", 3, fd]);
      program.push(["close", 3, slot]);
    }
    for (const n of outcomes) program.push(["accept", socket, n]);
    for (let i = 0; i <= outcomes.length; i++) program.push([write, slot, socket]);
    const other = (socket + 1) % v.COUNT.socket;
    program.push(["transfer", socket, other, 9]);
    for (let i = 0; i < 5; i++) program.push([read, reader, other]);
    program.push(["qget", reader, to], ["fdget", to, 0], ["qget", reader, to]);
    return program;
  });

/** A reader with a rule of the program, and a stream that obeys the rule or breaks it. */
const reader: fc.Arbitrary<Program> = fc
  .record({
    slot: v.msgbuf,
    socket: v.socket,
    size: fc.integer({ min: 1, max: 12 }),
    short: fc.integer({ min: 0, max: 9 }),
    width: fc.integer({ min: 0, max: 2 }),
    refuse: fc.constantFrom(0, 0, 0, 7, 200),
    deliveries: fc.array(
      fc.tuple(fc.constantFrom(0, 0, 1, 2, 4), v.seed, fc.integer({ min: 1, max: 300 })),
      { minLength: 1, maxLength: 4 },
    ),
    read: fc.constantFrom("qread" as const, "bread" as const),
    end: fc.boolean(),
    clear: fc.integer({ min: 0, max: 9 }),
    to: v.ibuf,
  })
  .map(({ slot, socket, size, short, width, refuse, deliveries, read, end, clear, to }) => {
    const base: Argument = short === 0 ? size - 1 : size;
    const program: Operation[] = [["reader", slot, size, base, 0, width, refuse]];
    for (const [fds, seed, len] of deliveries) {
      program.push(["deliver", socket, fds, `p${seed}:${len}`], [read, slot, socket]);
      program.push(["qget", slot, to]);
      if (clear === 0) program.push(["qclear", slot]);
    }
    if (end) program.push(["end", socket]);
    program.push([read, slot, socket], ["qget", slot, to], ["qget", slot, to]);
    return program;
  });

/** Operations in which the n-th allocation fails. */
const shortage: fc.Arbitrary<Program> = fc
  .record({
    allocation: fc.integer({ min: 1, max: 4 }),
    slot: v.imsgbuf,
    ibuf: v.ibuf,
    msgbuf: v.msgbuf,
    imsg: v.imsg,
    len: fc.integer({ min: 1, max: 40 }),
    what: fc.integer({ min: 0, max: 15 }),
  })
  .map(({ allocation, slot, ibuf, msgbuf, imsg, len, what }) => {
    const data = `p${len}:${len}`;
    const message = `m1:${len + 16}:0:0:3:${len}`;
    const failing: Operation[] = [
      ["open", ibuf, len],
      ["dynamic", ibuf, len, len + 9],
      ["add", ibuf, data],
      ["addn32", ibuf, len],
      ["addzero", ibuf, len],
      ["reserve", ibuf, len, 1],
      ["truncate", ibuf, len],
      ["getstring", ibuf, len % 5],
      ["new", msgbuf],
      ["reader", msgbuf, 4, 4, 0, 1, 0],
      ["init", slot, slot],
      ["compose", slot, 1, 2, 0, -1, data],
      ["composev", slot, 1, 2, 0, -1, 2, data, data],
      ["composeibuf", slot, ibuf, 1, 2, 0],
      ["create", slot, ibuf, 1, 2, 0, len],
      ["forward", slot, imsg],
      ["iadd", ibuf, data],
      ["iread", slot],
    ];
    const before: Operation[] = [];
    if (what === 0) before.push(["deliver", slot, 0, `${message}+${message}`]);
    if (what === 1) before.push(["dynamic", ibuf, 0, 64], ["addh16", ibuf, len]);
    const [name, ...args] = what === 0 ? failing.at(-1)! : failing[(what + len) % failing.length]!;
    return [...before, ["nomem", allocation, name], [name, ...args], ["iget", slot, imsg]];
  });

/** Messages forwarded to an imsgbuf for which they may be too large. */
const narrow: fc.Arbitrary<Program> = fc
  .record({ from: v.imsgbuf, to: v.imsgbuf, len: fc.integer({ min: 0, max: 60 }), imsg: v.imsg })
  .map(({ from, to, len, imsg }) => [
    ["deliver", from, 0, `m1:${len + 16}:0:0:3:${len}`],
    ["iread", from],
    ["iget", from, imsg],
    ["maxsize", to, 48],
    ["forward", to, imsg],
    ["create", to, 0, 1, 1, 0, len],
    ["iadd", 0, `p1:${len}`],
    ["iadd", 0, `p2:${48 - 16 - Math.min(len, 32)}`],
    ["iclose", to, 0],
    ["open", 1, 33],
    ["add", 1, `p3:${31 + (len % 3)}`],
    ["composeibuf", to, 1, 1, 1, 0],
    ["maxsize", to, 16384],
  ]);

/** Reserving up to the very largest size, and one byte more or less. */
const brink: fc.Arbitrary<Program> = fc
  .record({ slot: v.ibuf, have: fc.integer({ min: 1, max: 9 }), off: fc.nat({ max: 2 }) })
  .map(({ slot, have, off }) => [
    ["dynamic", slot, 0, "M-0"],
    ["add", slot, `p1:${have}`],
    ["reserve", slot, `M-${have - 1 + off}`, 1],
  ]);

export const stories: fc.Arbitrary<Program> = fc.oneof(
  { weight: 12, arbitrary: incoming },
  { weight: 12, arbitrary: journey },
  { weight: 16, arbitrary: passing },
  { weight: 8, arbitrary: reading },
  { weight: 8, arbitrary: queue },
  { weight: 8, arbitrary: reader },
  { weight: 6, arbitrary: shortage },
  { weight: 3, arbitrary: narrow },
  { weight: 1, arbitrary: brink },
  { weight: 1, arbitrary: crowd },
);
