import fc from "fast-check";
import type { OperationName } from "./operations.ts";
import type { Argument, Operation, Program } from "./program.ts";
import { stories } from "./stories.ts";
import * as v from "./values.ts";

/** Random programs: single operations of every kind, among short stories. */

type Values = readonly fc.Arbitrary<Argument>[];

/** The arguments of each operation, and its frequency. */
const single: Record<OperationName, readonly [weight: number, ...values: Values]> = {
  socket: [1, v.socket],
  closesock: [0.1, v.socket],
  end: [0.3, v.socket],
  fail: [1.5, v.socket, v.readError],
  accept: [2, v.socket, fc.oneof(v.allocated, fc.constant(0))],
  refuse: [1.5, v.socket, v.writeError],
  room: [0.7, v.socket, fc.oneof(v.allocated, fc.constant(0xffffffff))],
  take: [1.5, v.socket],
  transfer: [2, v.socket, v.socket, fc.constantFrom(1, 7, 15, 16, 17, 33, 64, 1000, 70000)],
  nomem: [0, fc.constant(0), fc.constant("open")], // only in a story
  pid: [0.5, fc.oneof(fc.integer({ min: 1, max: 0x7fffffff }), fc.constant(0))],
  fdopen: [1, v.held],
  fdagain: [1.5, v.held],
  fdvalue: [1, v.number],
  fdtake: [1.5, v.number],
  closefd: [1, fc.oneof(v.kept, v.descriptor)],
  deliver: [4, v.socket, fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 5), v.bytesOrMany],
  give: [1.5, v.socket, v.bytes, v.descriptor, v.seldom],
  pass: [1.5, v.socket, v.bytes, fc.integer({ min: 0, max: 4 })],
  open: [4, v.ibuf, v.allocated],
  dynamic: [8, v.ibuf, v.allocated, fc.oneof(v.allocated, v.allocated, v.symbolic)],
  frombuffer: [4, v.ibuf, v.bytesOrMany],
  fromibuf: [4, v.ibuf, v.ibuf],
  add: [10, v.ibuf, v.bytesOrMany],
  addibuf: [5, v.ibuf, v.ibuf],
  addzero: [3, v.ibuf, v.allocated],
  addn8: [3, v.ibuf, v.value],
  addn16: [3, v.ibuf, v.value],
  addn32: [3, v.ibuf, v.value],
  addn64: [3, v.ibuf, v.value],
  addh16: [3, v.ibuf, v.value],
  addh32: [3, v.ibuf, v.value],
  addh64: [3, v.ibuf, v.value],
  reserve: [6, v.ibuf, v.allocated, v.seed],
  seek: [4, v.ibuf, v.position, v.position, v.seed],
  set: [4, v.ibuf, v.position, v.bytes],
  setn8: [2, v.ibuf, v.position, v.value],
  setn16: [2, v.ibuf, v.position, v.value],
  setn32: [2, v.ibuf, v.position, v.value],
  setn64: [2, v.ibuf, v.position, v.value],
  seth16: [2, v.ibuf, v.position, v.value],
  seth32: [2, v.ibuf, v.position, v.value],
  seth64: [2, v.ibuf, v.position, v.value],
  truncate: [6, v.ibuf, v.allocated],
  rewind: [3, v.ibuf],
  close: [4, v.ibuf, v.msgbuf],
  free: [2, v.ibuf],
  fdset: [3, v.ibuf, v.descriptor],
  data: [1, v.ibuf],
  size: [1, v.ibuf],
  left: [1, v.ibuf],
  get: [4, v.ibuf, v.position],
  getibuf: [4, v.ibuf, v.ibuf, v.position],
  getn8: [2, v.ibuf],
  getn16: [2, v.ibuf],
  getn32: [2, v.ibuf],
  getn64: [2, v.ibuf],
  geth16: [2, v.ibuf],
  geth32: [2, v.ibuf],
  geth64: [2, v.ibuf],
  getstring: [3, v.ibuf, v.position],
  skip: [3, v.ibuf, v.position],
  fdavail: [1, v.ibuf],
  fdget: [2, v.ibuf, v.held],
  new: [1.5, v.msgbuf],
  reader: [
    1.5,
    v.msgbuf,
    fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 20 }) },
      { weight: 1, arbitrary: fc.constantFrom<Argument>(0, 32767, 32768, 65535, "M-0") },
    ),
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 0, max: 2 }),
    fc.constantFrom(0, 0, 0, 16, 100),
  ],
  qfree: [0.3, v.msgbuf],
  qclear: [0.7, v.msgbuf],
  qlen: [1, v.msgbuf],
  qget: [4, v.msgbuf, v.ibuf],
  qwrite: [4, v.msgbuf, v.socket],
  bwrite: [2, v.msgbuf, v.socket],
  qread: [4, v.msgbuf, v.socket],
  bread: [2, v.msgbuf, v.socket],
  init: [2, v.imsgbuf, v.socket],
  fdpass: [1, v.imsgbuf],
  maxsize: [1, v.imsgbuf, v.maxsize],
  iread: [6, v.imsgbuf],
  iwrite: [4, v.imsgbuf],
  flush: [2, v.imsgbuf],
  clear: [0.3, v.imsgbuf],
  ilen: [1, v.imsgbuf],
  iget: [6, v.imsgbuf, v.imsg],
  forward: [6, v.imsgbuf, v.imsg],
  compose: [6, v.imsgbuf, v.word, v.word, v.pid, v.seldom, v.bytesOrMany],
  composev: [0, v.imsgbuf], // below: its pieces vary in number
  composeibuf: [3, v.imsgbuf, v.ibuf, v.word, v.word, v.pid],
  create: [
    4,
    ...[v.imsgbuf, v.ibuf, v.word, v.word, v.pid],
    fc.oneof({ weight: 9, arbitrary: v.allocated }, { weight: 1, arbitrary: v.symbolic }),
  ],
  iadd: [3, v.ibuf, v.bytesOrMany],
  iclose: [4, v.imsgbuf, v.ibuf],
  hdr: [0.5, v.imsg],
  mgetibuf: [4, v.imsg, v.ibuf],
  mgetdata: [3, v.imsg, v.position],
  mgetall: [2, v.imsg],
  mgetfd: [3, v.imsg, v.held],
  mgetid: [5, v.imsg],
  mgetlen: [2, v.imsg],
  mgetpid: [5, v.imsg],
  mgettype: [5, v.imsg],
  mfree: [2, v.imsg],
};

const composev = fc
  .tuple(v.imsgbuf, v.word, v.word, v.pid, v.seldom, fc.array(v.bytes, { maxLength: 4 }))
  .map(
    ([slot, type, peerid, pid, fd, pieces]): Operation => [
      ...(["composev", slot, type, peerid, pid, fd, pieces.length] as const),
      ...pieces,
    ],
  );

const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  ...(Object.keys(single) as OperationName[])
    .filter((name) => single[name][0] > 0)
    .map((name) => {
      const [weight, ...values] = single[name];
      return {
        weight: Math.ceil(weight * 10),
        arbitrary: fc.tuple(...values).map((args): Operation => [name, ...args]),
      };
    }),
  { weight: 40, arbitrary: composev },
);

const part: fc.Arbitrary<Program> = fc.oneof(
  { weight: 18, arbitrary: anyOperation.map((operation) => [operation]) },
  { weight: 1, arbitrary: stories },
);

/** A beginning that fills the slots, so that few operations find an empty one. */
const scenery: Program = [
  ...Array.from({ length: v.COUNT.socket }, (_, i): Operation => ["socket", i]),
  ...Array.from({ length: v.COUNT.imsgbuf }, (_, i): Operation => ["init", i, i]),
  ["fdpass", 0],
  ["fdpass", 1],
  ["new", 0],
  ["reader", 1, 4, 4, 0, 1, 0],
  ["dynamic", 0, 0, 64],
  ["dynamic", 1, 8, "M-3"],
  ["open", 2, 24],
];

/** A program of some dozens of operations. */
export const programs: fc.Arbitrary<Program> = fc
  .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 70, size: "max" }))
  .map(([bare, parts]) => [...(bare ? scenery.slice(0, 3) : scenery), ...parts.flat()]);
