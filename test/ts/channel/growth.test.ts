import { describe, expect, onTestFinished, test } from "vitest";
import { createInstance } from "../../../ts/entry/c.ts";
import { ImsgCodec, type ImsgMessage } from "../../../ts/entry/index.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import { concat } from "../../oracle/reference/codec.ts";
import { cut, numbered, plain, streamOf } from "./streams.ts";

// Growing memory detaches every view of it: whatever kept one across an operation fails after.
describe.each([
  { build: "the module", source: bytes },
  { build: "the module with a checking allocator", source: debugModule },
])("memory that grows between any two operations, in $build,", ({ source }) => {
  function growing() {
    const instance = createInstance(source());
    const { exports } = instance.engine;
    const grow = (): void => {
      const before = exports.memory.buffer;
      // by one page: without a limit the module takes an eighth more than it needs
      exports.mem_limit(before.byteLength + 65536);
      while (before.byteLength > 0) expect(exports.malloc(60_000)).not.toBe(0);
      exports.mem_limit(0);
    };
    return { instance, grow };
  }

  test("changes nothing for an Imsgbuf over a Socket", () => {
    const { instance, grow } = growing();
    const grown = <T>(operation: () => T): T => {
      grow();
      const result = operation();
      grow();
      return result;
    };
    const socket = grown(() => new instance.Socket());
    const imsgbuf = grown(() => instance.Imsgbuf.init(socket));
    const sizes = [0, 5, 2000, 16368];
    for (const [i, size] of sizes.entries()) grown(() => imsgbuf.compose(numbered(i, size)));
    const pieces = [new Uint8Array([1]), new Uint8Array(3000).fill(2)];
    grown(() => imsgbuf.composev({ type: 1, pid: 1, data: pieces }));
    const ibuf = grown(() => imsgbuf.create({ type: 2, pid: 1 }, 10));
    for (let i = 0; i < 300; i++) grown(() => ibuf.addN32(i));
    grown(() => imsgbuf.close(ibuf));
    grown(() => imsgbuf.flush());
    const stream = concat(grown(() => socket.take()).map(({ data }) => data));
    const received = [];
    for (const chunk of cut(stream, [1000, 1, 15])) {
      grown(() => socket.deliver(chunk));
      grown(() => imsgbuf.read());
      for (let imsg = grown(() => imsgbuf.get()); imsg !== undefined; ) {
        const { type, peerid, pid } = grown(() => imsg!.hdr);
        const data = grown(() => imsg!.data) ?? new Uint8Array(0);
        received.push(plain({ type, peerid, pid, data }));
        grown(() => imsg!.free());
        imsg = grown(() => imsgbuf.get());
      }
    }
    const numbers = new Uint8Array(1200);
    for (let i = 0; i < 300; i++) new DataView(numbers.buffer).setUint32(i * 4, i);
    expect(received).toEqual([
      ...sizes.map((size, i) => plain(numbered(i, size))),
      plain({ type: 1, peerid: 0, pid: 1, data: concat(pieces) }),
      plain({ type: 2, peerid: 0, pid: 1, data: numbers }),
    ]);
  });

  test("changes nothing for a codec", () => {
    const { instance, grow } = growing();
    const codec = new ImsgCodec({ maxSize: 200_000, instance });
    onTestFinished(() => codec.dispose());
    const sizes = [3, 0, 70_000, 16, 5000, 150_000];
    const messages: ImsgMessage[] = [];
    for (const chunk of cut(streamOf(sizes), [100, 3000, 70_000, 7])) {
      grow();
      messages.push(...codec.push(chunk));
    }
    grow();
    codec.end();
    expect(messages.map(plain)).toEqual(sizes.map((size, i) => plain(numbered(i, size))));
    for (const [i, size] of sizes.entries()) {
      grow();
      const again = new ImsgCodec({ maxSize: 200_000, instance });
      expect(again.push(codec.encode(numbered(i, size))).map(plain)).toEqual([
        plain(numbered(i, size)),
      ]);
      again.dispose();
    }
  });

  test("that a large message makes grow inside of an operation changes nothing either", () => {
    const { instance } = growing();
    const codec = new ImsgCodec({ maxSize: 0x7fffffff, instance });
    onTestFinished(() => codec.dispose());
    for (const size of [600_000, 3_000_000, 20_000_000]) {
      const before = instance.stats().memoryBytes;
      const bytes = codec.encode(numbered(1, size));
      expect(instance.stats().memoryBytes).toBeGreaterThan(before);
      const [message] = [...cut(bytes, [40_000])].flatMap((chunk) => codec.push(chunk));
      expect(Buffer.compare(message!.data, numbered(1, size).data)).toBe(0);
    }
  });
});
