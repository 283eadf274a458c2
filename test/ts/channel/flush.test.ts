import { describe, expect, onTestFinished, test } from "vitest";
import { createInstance, type Imsgbuf, type Socket } from "../../../ts/entry/c.ts";
import { bytes as debugModule } from "../../../ts/generated/imsg-debug.ts";
import { concat, encode } from "../../oracle/reference/codec.ts";
import { numbered } from "./streams.ts";

const instance = createInstance(debugModule());

function open(): { imsgbuf: Imsgbuf; socket: Socket } {
  const socket = new instance.Socket();
  const imsgbuf = instance.Imsgbuf.init(socket);
  onTestFinished(() => {
    imsgbuf.dispose();
    socket.close();
  });
  return { imsgbuf, socket };
}

const written = (socket: Socket): Uint8Array => concat(socket.take().map(({ data }) => data));
const bytesOf = (sizes: readonly number[]): Uint8Array =>
  concat(sizes.map((size, i) => encode(numbered(i, size))));
const again = expect.objectContaining({ code: "EAGAIN", errno: 11, syscall: "imsgbuf_flush" });

describe("flush", () => {
  test("of nothing queued writes nothing, even to a socket that would refuse", () => {
    const { imsgbuf, socket } = open();
    socket.failNextWrite("EPIPE");
    expect(imsgbuf.flush()).toBe(0);
    expect(socket.take()).toEqual([]);
  });

  test("writes until nothing is queued, however little the socket takes at a time", () => {
    const { imsgbuf, socket } = open();
    const sizes = [0, 1, 15, 16, 17, 100];
    for (const [i, size] of sizes.entries()) imsgbuf.compose(numbered(i, size));
    const bytes = bytesOf(sizes);
    for (let i = 0; i < bytes.length; i++) socket.limitNextWrite(1);
    imsgbuf.flush();
    expect(imsgbuf.queuelen).toBe(0);
    expect(socket.take().map(({ data }) => data.length)).toEqual(new Array(bytes.length).fill(1));
  });

  test("of more than a thousand messages takes several writes and keeps their order", () => {
    const { imsgbuf, socket } = open();
    const sizes = Array.from({ length: 2600 }, (_, i) => i % 20);
    for (const [i, size] of sizes.entries()) imsgbuf.compose(numbered(i, size));
    imsgbuf.flush();
    expect(Buffer.compare(written(socket), bytesOf(sizes))).toBe(0);
  });

  test("throws EAGAIN where the socket would block, and a later flush continues there", () => {
    const sizes = [30, 0, 200, 16368];
    const bytes = bytesOf(sizes);
    for (const room of [0, 1, 15, 16, 45, 46, 47, 100, 300, bytes.length - 1]) {
      const { imsgbuf, socket } = open();
      for (const [i, size] of sizes.entries()) imsgbuf.compose(numbered(i, size));
      socket.room = room;
      expect(() => imsgbuf.flush()).toThrow(again);
      expect(() => imsgbuf.flush()).toThrow(again);
      const before = written(socket);
      expect(before.length).toBe(room);
      expect(imsgbuf.queuelen).toBeGreaterThan(0);
      socket.room = 0xffffffff;
      imsgbuf.compose(numbered(4, 5));
      imsgbuf.flush();
      expect(imsgbuf.queuelen).toBe(0);
      const after = bytesOf([...sizes, 5]);
      expect(Buffer.compare(concat([before, written(socket)]), after)).toBe(0);
    }
  });

  test.each(["EAGAIN", "ENOBUFS"] as const)(
    "after a write that fails with %s tries again, as C does, and throws EAGAIN once there is no room",
    (code) => {
      const { imsgbuf, socket } = open();
      imsgbuf.compose(numbered(0, 10));
      socket.failNextWrite(code);
      socket.limitNextWrite(5);
      imsgbuf.flush();
      expect(Buffer.compare(written(socket), bytesOf([10]))).toBe(0);
      imsgbuf.compose(numbered(0, 10));
      socket.failNextWrite(code);
      socket.room = 0;
      expect(() => imsgbuf.flush()).toThrow(again);
      expect(imsgbuf.queuelen).toBe(1);
      expect(written(socket).length).toBe(0);
      socket.room = 100;
      socket.failNextWrite(code);
      imsgbuf.flush();
      expect(Buffer.compare(written(socket), bytesOf([10]))).toBe(0);
    },
  );

  test("tries again after EINTR, as C does", () => {
    const { imsgbuf, socket } = open();
    imsgbuf.compose(numbered(0, 10));
    socket.failNextWrite("EINTR");
    imsgbuf.flush();
    expect(Buffer.compare(written(socket), bytesOf([10]))).toBe(0);
  });

  test("throws what the socket says, and keeps what was not written", () => {
    const { imsgbuf, socket } = open();
    for (const [i, size] of [10, 20].entries()) imsgbuf.compose(numbered(i, size));
    socket.limitNextWrite(30);
    socket.failNextWrite("EPIPE");
    expect(() => imsgbuf.flush()).toThrow(
      expect.objectContaining({ code: "EPIPE", errno: 32, syscall: "imsgbuf_flush" }),
    );
    expect(imsgbuf.queuelen).toBe(1);
    imsgbuf.flush();
    expect(Buffer.compare(written(socket), bytesOf([10, 20]))).toBe(0);
  });

  test("of only empty ibufs returns, where C would try for ever", () => {
    const { imsgbuf, socket } = open();
    // a payload without bytes is queued as an ibuf of its own behind the header
    for (let i = 0; i < 3; i++) {
      imsgbuf.composeIbuf({ type: 7, pid: 1 }, instance.Ibuf.dynamic(0, 10));
    }
    expect(imsgbuf.queuelen).toBe(6);
    expect(imsgbuf.flush()).toBe(0);
    const bytes = concat(new Array(3).fill(encode({ type: 7, pid: 1 })));
    expect(Buffer.compare(written(socket), bytes)).toBe(0);
    expect(imsgbuf.flush()).toBe(0);
    imsgbuf.compose(numbered(0, 3));
    expect(imsgbuf.flush()).toBe(0);
    expect(Buffer.compare(written(socket), bytesOf([3]))).toBe(0);
  });
});
