import type { Ibuf } from "../../../ts/c/index.ts";
import { layout } from "../../../ts/module/abi.ts";
import type { Run, Slots } from "./executor-slots.ts";
import { fillPattern } from "./program.ts";
import { showBytes, showSize } from "./transcript.ts";

/** An operation that makes an ibuf in the slot it names first. */
function make(create: (s: Slots) => Ibuf): Run {
  return (s) => {
    const slot = s.number();
    s.drop(s.ibufs, slot);
    const ibuf = create(s);
    s.ibufs[slot] = ibuf;
    s.ok();
    s.observe(ibuf);
  };
}

/**
 * An operation on an ibuf, whose state is noted afterwards: also after an error
 * of C, but not after an error that means that there is no ibuf.
 */
function change(run: (ibuf: Ibuf, s: Slots) => void): Run {
  return (s) => {
    const ibuf = s.ibuf();
    if (ibuf === undefined) return;
    // throws the error of any use of a stale or moved ibuf
    void ibuf.size;
    s.observe(ibuf);
    run(ibuf, s);
  };
}

function set(run: (ibuf: Ibuf, s: Slots) => void): Run {
  return change((ibuf, s) => {
    run(ibuf, s);
    s.ok();
  });
}

function get(run: (ibuf: Ibuf) => number | bigint): Run {
  return change((ibuf, s) => s.result(run(ibuf)));
}

/** An operation that does not change an ibuf, or ends it. */
function use(run: (ibuf: Ibuf, s: Slots) => void): Run {
  return (s) => {
    const ibuf = s.ibuf();
    if (ibuf !== undefined) run(ibuf, s);
  };
}

/** The state of an ibuf in the module's memory. */
function extent(b: Ibuf): { at: number; size: number } {
  const { memory } = b.engine;
  const pointer = b.pointerFor("ibuf_free");
  return {
    at: memory.word(pointer + layout.ibuf.buf),
    size: memory.word(pointer + layout.ibuf.size),
  };
}

/** The allocator keeps its own words at the start of free blocks. */
const LINK = 16;

/** How many bytes of freed memory the original has not wiped. */
function notZero(b: Ibuf, { at, size }: { at: number; size: number }): number {
  if (at === 0 || size <= LINK) return 0;
  return b.engine.memory.u8.subarray(at + LINK, at + size).filter((byte) => byte !== 0).length;
}

/** Notes lent memory before it is written. */
function fill(s: Slots, memory: Uint8Array, seed: number): void {
  s.line += ` = ${showBytes(memory)}`;
  fillPattern(memory, seed);
}

export const ibufOperations = {
  open: make((s) => s.instance.Ibuf.open(s.size())),
  dynamic: make((s) => s.instance.Ibuf.dynamic(s.size(), s.size())),
  frombuffer: make((s) => s.instance.Ibuf.fromBuffer(s.bytes())),
  fromibuf(s) {
    const to = s.number();
    const from = s.ibuf();
    if (from === undefined) return;
    if (from === s.ibufs[to]) {
      s.skip("same");
      return;
    }
    s.drop(s.ibufs, to);
    const view = s.instance.Ibuf.fromIbuf(from);
    s.ibufs[to] = view;
    s.ok();
    s.observe(view);
  },
  add: set((b, s) => b.add(s.bytes())),
  addibuf(s) {
    const ibuf = s.ibuf();
    if (ibuf === undefined) return;
    const from = s.ibuf();
    if (from === undefined) return;
    void ibuf.size;
    void from.size;
    s.observe(ibuf);
    ibuf.addIbuf(from);
    s.ok();
  },
  addzero: set((b, s) => b.addZero(s.size())),
  addn8: set((b, s) => b.addN8(s.u64())),
  addn16: set((b, s) => b.addN16(s.u64())),
  addn32: set((b, s) => b.addN32(s.u64())),
  addn64: set((b, s) => b.addN64(s.u64())),
  addh16: set((b, s) => b.addH16(s.u64())),
  addh32: set((b, s) => b.addH32(s.u64())),
  addh64: set((b, s) => b.addH64(s.u64())),
  reserve: change((b, s) => {
    const len = s.size();
    const seed = s.number();
    fill(s, b.reserve(len), seed);
  }),
  seek: change((b, s) => {
    const pos = s.size();
    const len = s.size();
    const seed = s.number();
    fill(s, b.seek(pos, len), seed);
  }),
  set: set((b, s) => b.set(s.size(), s.bytes())),
  setn8: set((b, s) => b.setN8(s.size(), s.u64())),
  setn16: set((b, s) => b.setN16(s.size(), s.u64())),
  setn32: set((b, s) => b.setN32(s.size(), s.u64())),
  setn64: set((b, s) => b.setN64(s.size(), s.u64())),
  seth16: set((b, s) => b.setH16(s.size(), s.u64())),
  seth32: set((b, s) => b.setH32(s.size(), s.u64())),
  seth64: set((b, s) => b.setH64(s.size(), s.u64())),
  truncate: set((b, s) => b.truncate(s.size())),
  rewind: set((b) => b.rewind()),
  close: use((b, s) => {
    const msgbuf = s.msgbuf();
    if (msgbuf === undefined) return;
    b.close(msgbuf);
    s.ok();
  }),
  free: use((b, s) => {
    const memory = b.isView ? { at: 0, size: 0 } : extent(b);
    b.free();
    s.ok();
    const unwiped = notZero(b, memory);
    if (unwiped > 0) s.line += ` UNWIPED ${unwiped}`;
  }),
  fdset: use((b, s) => {
    b.fdSet(s.descriptor());
    s.ok();
    s.observe(b);
  }),
  data: use((b, s) => s.resultBytes(b.data())),
  size: use((b, s) => {
    s.line += ` = ${showSize(b.size)}`;
  }),
  left: use((b, s) => {
    s.line += ` = ${showSize(b.left)}`;
  }),
  get: change((b, s) => s.resultBytes(b.get(s.size()))),
  getibuf(s) {
    const from = s.ibuf();
    if (from === undefined) return;
    const to = s.number();
    if (from === s.ibufs[to]) {
      s.skip("same");
      return;
    }
    s.drop(s.ibufs, to);
    void from.size;
    try {
      const view = from.getIbuf(s.size());
      s.ibufs[to] = view;
      s.ok();
      s.observe(view);
    } finally {
      s.observe(from);
    }
  },
  getn8: get((b) => b.getN8()),
  getn16: get((b) => b.getN16()),
  getn32: get((b) => b.getN32()),
  getn64: get((b) => b.getN64()),
  geth16: get((b) => b.getH16()),
  geth32: get((b) => b.getH32()),
  geth64: get((b) => b.getH64()),
  getstring: change((b, s) => s.resultBytes(b.getStringBytes(s.size()))),
  skip: set((b, s) => b.skip(s.size())),
  fdavail: use((b, s) => s.result(b.fdAvail ? 1 : 0)),
  fdget: change((b, s) => {
    const slot = s.number();
    s.hold(slot, b.fdGet());
  }),
} satisfies Record<string, Run>;
