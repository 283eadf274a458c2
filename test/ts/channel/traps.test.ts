import { connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createInstance, type ImsgInstance } from "../../../ts/entry/c.ts";
import { ImsgChannel, ImsgCodec, type StreamPair } from "../../../ts/entry/index.ts";
import { fromSocket } from "../../../ts/entry/node.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { listenPeer } from "../../helpers/peer.ts";
import { encode } from "../../oracle/reference/codec.ts";

/** No address of the module's: reading there traps. */
const NOWHERE = 0xfffffff0;

/** Makes the module trap, as a defect in it would. */
function trap(instance: ImsgInstance): void {
  expect(() => instance.engine.call.ibuf_size(NOWHERE)).toThrow(trapped);
}

const trapped = expect.objectContaining({
  code: "ERR_IMSG_TRAPPED",
  cause: expect.any(WebAssembly.RuntimeError),
});

function pair(): [StreamPair, StreamPair] {
  const there = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>();
  const back = new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>();
  return [
    { readable: back.readable, writable: there.writable },
    { readable: there.readable, writable: back.writable },
  ];
}

describe("a trap", () => {
  test("is ERR_IMSG_TRAPPED with the engine's error, in every object of its instance", () => {
    const instance = createInstance(bytes());
    const socket = new instance.Socket();
    const imsgbuf = instance.Imsgbuf.init(socket);
    const ibuf = instance.Ibuf.dynamic(1, 100);
    const codec = new ImsgCodec({ instance });
    const channel = new ImsgChannel(pair()[0], { instance });
    trap(instance);
    const uses = [
      () => imsgbuf.compose({ type: 1 }),
      () => imsgbuf.read(),
      () => imsgbuf.flush(),
      () => imsgbuf.get(),
      () => ibuf.addN8(1),
      () => ibuf.size,
      () => socket.deliver(new Uint8Array(1)),
      () => codec.push(encode({ type: 1, data: new Uint8Array(1000) })),
      () => codec.encode({ type: 1 }),
      () => instance.Ibuf.open(1),
      () => new instance.Socket(),
      () => new ImsgCodec({ instance }),
      () => new ImsgChannel(pair()[0], { instance }),
      () => instance.stats(),
    ];
    for (const use of uses) expect(use).toThrow(trapped);
    // the clean-up must not fail because of the trap
    imsgbuf.dispose();
    ibuf.dispose();
    codec.dispose();
    channel.dispose();
  });

  test("ends the channels of its instance, and no others", async () => {
    const peer = await listenPeer("--mode", "echo");
    onTestFinished(() => peer.stop());
    const [bad, good] = [createInstance(bytes()), createInstance(bytes())];
    const open = (instance?: ImsgInstance) => {
      const options = instance === undefined ? {} : { instance };
      const channel = fromSocket(connect({ path: peer.path, allowHalfOpen: true }), options);
      onTestFinished(() => channel.abort(new Error("the test is over")));
      return channel;
    };
    const [ill, sound, usual] = [open(bad), open(good), open()];
    for (const [i, channel] of [ill, sound, usual].entries()) {
      await channel.send({ type: 1, peerid: i });
      expect(await channel.receive()).toMatchObject({ peerid: i });
    }
    // something arrives for a channel whose module is dead
    await ill.send({ type: 1, data: new Uint8Array(1000) });
    await new Promise<void>((resolve) => setImmediate(resolve));
    trap(bad);
    await expect(ill.receive()).rejects.toThrow(trapped);
    await expect(ill.closed).rejects.toThrow(trapped);
    await expect(ill.send({ type: 1 })).rejects.toThrow(trapped);
    for (const channel of [sound, usual]) {
      const data = new Uint8Array(3000).fill(7);
      await channel.send({ type: 1, data });
      expect((await channel.receive())!.data).toEqual(data);
    }
  });

  test("in a channel that sends rejects that send", async () => {
    const instance = createInstance(bytes());
    const channel = new ImsgChannel(pair()[0], { instance });
    trap(instance);
    await expect(channel.send({ type: 1 })).rejects.toThrow(trapped);
  });

  test("of memory that was overwritten is the same", () => {
    const instance = createInstance(bytes());
    const socket = new instance.Socket();
    const imsgbuf = instance.Imsgbuf.init(socket);
    imsgbuf.compose({ type: 1, data: new Uint8Array(100) });
    // the whole heap is nonsense now, pointers included
    const memory = new Uint8Array(instance.engine.exports.memory.buffer);
    memory.fill(0xfe, imsgbuf.pointerFor("test"));
    expect(() => imsgbuf.flush()).toThrow(trapped);
    expect(() => imsgbuf.flush()).toThrow(trapped);
    imsgbuf.dispose();
  });
});

describe("a header callback that throws", () => {
  test("10,000 times leaves the instance as it was", () => {
    const instance = createInstance(bytes());
    let calls = 0;
    const failing = (): number => {
      calls++;
      throw new Error(`number ${calls}`);
    };
    const once = (): void => {
      const socket = new instance.Socket();
      const msgbuf = instance.Msgbuf.reader(4, failing);
      socket.deliver(new Uint8Array([1, 2, 3, 4, 5]));
      expect(() => msgbuf.read(socket)).toThrow(`number ${calls + 1}`);
      msgbuf.free();
      socket.close();
    };
    once();
    const before = instance.stats();
    for (let i = 1; i < 10_000; i++) once();
    expect(calls).toBe(10_000);
    expect(instance.stats()).toEqual(before);
    const codec = new ImsgCodec({ instance });
    expect(codec.push(encode({ type: 3, data: new Uint8Array(100) }))).toHaveLength(1);
    codec.dispose();
  });

  test("throws the very same value out of read, and again, whatever it is", () => {
    const instance = createInstance(bytes());
    for (const value of [new TypeError("mine"), "text", 0, null, undefined, Symbol("odd")]) {
      const socket = new instance.Socket();
      const msgbuf = instance.Msgbuf.reader(1, () => {
        throw value;
      });
      socket.deliver(new Uint8Array(1));
      for (let i = 0; i < 2; i++) {
        let caught: unknown = "nothing was thrown";
        try {
          msgbuf.read(socket);
        } catch (error) {
          caught = error;
        }
        expect(caught).toBe(value);
      }
      msgbuf.free();
      socket.close();
    }
  });

  test("as deep as the stack goes is caught, and the instance lives", () => {
    const instance = createInstance(bytes());
    const socket = new instance.Socket();
    const deep = (): number => 1 + deep();
    const msgbuf = instance.Msgbuf.reader(1, deep);
    socket.deliver(new Uint8Array(1));
    expect(() => msgbuf.read(socket)).toThrow(RangeError);
    msgbuf.free();
    socket.close();
    expect(instance.stats().objects).toMatchObject({ msgbuf: 0, socket: 0 });
  });

  test("and calls into the library gets ERR_IMSG_REENTRANT there", () => {
    const instance = createInstance(bytes());
    const socket = new instance.Socket();
    const codes: unknown[] = [];
    const attempt = (use: () => unknown): void => {
      try {
        use();
      } catch (error) {
        codes.push((error as { code?: unknown }).code);
      }
    };
    const codec = new ImsgCodec({ instance });
    const msgbuf = instance.Msgbuf.reader(1, () => {
      attempt(() => msgbuf.read(socket));
      attempt(() => instance.Ibuf.open(1));
      attempt(() => codec.encode({ type: 1 }));
      attempt(() => socket.take());
      return 1;
    });
    socket.deliver(new Uint8Array(2));
    expect(msgbuf.read(socket)).toBe(1);
    expect(codes).toEqual(new Array(8).fill("ERR_IMSG_REENTRANT"));
    expect(msgbuf.get()?.size).toBe(1);
    codec.dispose();
  });
});
