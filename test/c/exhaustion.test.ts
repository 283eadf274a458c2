/**
 * Lets one connection use all memory of an instance: the allocation that finds none fails, the
 * messages of its neighbours stay whole, and afterwards every connection works as before.
 */
import { describe, expect, it } from "vitest";
import { createInstance } from "../../ts/c/index.ts";
import { bytes } from "../../ts/generated/imsg.ts";

const HEADER = 16;
const MAX_SIZE = 1 << 24;
const LIMIT = 48 << 20;

type Exports = ReturnType<typeof createInstance>["engine"]["exports"];

/** An instance whose linear memory may not grow beyond the limit, with the operations of a test. */
class Memory {
  readonly engine = createInstance(bytes()).engine;
  readonly c: Exports = this.engine.exports;

  constructor() {
    this.c.mem_limit(LIMIT);
  }

  open(): number {
    const batch = this.c.batch_open(MAX_SIZE, 1, 0);
    expect(batch).not.toBe(0);
    return batch;
  }

  /** Queues a message; false if there is no memory for it. */
  queue(batch: number, payload: number): boolean {
    const at = this.c.batch_create(batch, 7, 0, 0, payload);
    if (at === 0) return false;
    this.engine.memory.u8.fill(0x5a, at, at + payload);
    this.c.batch_finish(batch, -1);
    return true;
  }

  /** Queues messages whose sizes come in turn until there is no memory; returns their bytes. */
  exhaust(batch: number, payloads: readonly number[]): number {
    let queued = 0;
    for (let i = 0; ; i++) {
      const payload = payloads[i % payloads.length]!;
      if (!this.queue(batch, payload)) return queued;
      queued += payload + HEADER;
    }
  }

  /** Delivers bytes to a batch; returns how many messages they complete. */
  read(batch: number, data: Uint8Array): number {
    this.engine.memory.u8.set(data, this.c.batch_window());
    expect(this.c.batch_read(batch, data.length, -1)).toBe(1);
    return this.engine.memory.u32[this.c.batch_result() >> 2]!;
  }

  /** The payload of the first message that the last read has completed. */
  payload(length: number): Uint8Array {
    return this.engine.memory.copy(
      this.engine.memory.u32[(this.c.batch_result() >> 2) + 5]!,
      length,
    );
  }

  /** The bytes that the next flushes write. */
  flush(batch: number): number[] {
    const all: number[] = [];
    const words = this.c.batch_result() >> 2;
    do {
      expect(this.c.batch_flush(batch)).toBe(0);
      const length = this.engine.memory.u32[words + 11]!;
      all.push(...this.engine.memory.copy(this.c.batch_outgoing(), length));
    } while (this.engine.memory.u32[words + 13] !== 0);
    return all;
  }
}

/** A message whose payload counts up from a number. */
function message(payload: number, from: number): Uint8Array {
  const data = Uint8Array.from({ length: HEADER + payload }, (_, i) => from + i);
  new Uint32Array(data.buffer, 0, 4).set([3, data.length, 0, 0]);
  return data;
}

const SIZES = [0, 16, 100, 1000, 3000, 8000, 20_000, 32_000, 60_000, 200_000, 5_000_000];

describe("an instance whose memory one connection has used up", () => {
  it.each([
    ...SIZES.map((size) => [size]),
    [0, 3000, 100, 20_000],
    [3000, 200_000, 60_000, 16, 8000],
    SIZES,
  ])("serves everybody as before when that has left (payloads of %s bytes)", (...payloads) => {
    const memory = new Memory();
    const warm = memory.open();
    expect(memory.queue(warm, 5_000_000)).toBe(true);
    memory.c.batch_close(warm);
    const live = memory.c.mem_live();
    for (let round = 0; round < 3; round++) {
      const greedy = memory.open();
      memory.exhaust(greedy, payloads);
      memory.c.batch_close(greedy);
      expect(memory.c.mem_live()).toBe(live);
      // Each size can have nearly all of it, as far as powers of two permit. Of 5 MB, which take
      // 8 MiB, five fit; the objects of the connection itself may lie where the fifth would.
      for (const size of SIZES.filter((n) => n >= 3000)) {
        const batch = memory.open();
        const queued = memory.exhaust(batch, [size]);
        expect(queued, `of ${size}`).toBeGreaterThan(size > 1 << 20 ? 3.9 * size : LIMIT * 0.7);
        memory.c.batch_close(batch);
      }
    }
  });

  it("keeps the messages of its neighbours: received in part, received, and queued", () => {
    const memory = new Memory();
    const [half, queued] = [memory.open(), memory.open()];
    const incoming = message(40_000, 1);
    expect(memory.read(half, incoming.subarray(0, 20_000))).toBe(0);
    expect(memory.queue(queued, 3000)).toBe(true);
    const greedy = memory.open();
    for (const size of [...SIZES].reverse()) memory.exhaust(greedy, [size]);
    // no allocation succeeds, but the accepted messages are whole
    expect(memory.queue(queued, 100)).toBe(false);
    expect(memory.read(half, incoming.subarray(20_000))).toBe(1);
    expect(memory.payload(40_000)).toEqual(incoming.subarray(HEADER));
    const written = memory.flush(queued);
    expect(written.length).toBe(HEADER + 3000);
    expect(written.slice(HEADER)).toEqual(new Array(3000).fill(0x5a));
    memory.c.batch_close(greedy);
    expect(memory.queue(queued, 100)).toBe(true);
    expect(memory.flush(queued).length).toBe(HEADER + 100);
  });
});
