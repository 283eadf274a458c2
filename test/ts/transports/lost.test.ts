import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { ImsgChannel, type Transport } from "../../../ts/entry/index.ts";
import { fromDuplex } from "../../../ts/entry/node.ts";
import { fromRTCDataChannel, fromStreams, fromWebSocket } from "../../../ts/entry/web.ts";

const DATA = new Uint8Array(1000);
const MESSAGE = 1016; // bytes, header included

/** A channel that is about to lose what it sends, and what makes it lose it. */
interface Losing {
  readonly channel: ImsgChannel;
  fail(): unknown;
}

/** A data channel or WebSocket that is never open. */
function unopened(fields: object): EventTarget & { close(): void } {
  return Object.assign(new EventTarget(), {
    ...{ binaryType: "blob", bufferedAmount: 0, send() {} },
    close(this: EventTarget) {
      Object.assign(this, fields, { readyState: "closed" });
      setTimeout(() => this.dispatchEvent(new Event("close")), 5);
    },
    ...fields,
  });
}

const WAYS: Record<string, () => Losing | Promise<Losing>> = {
  "a duplex stream that is destroyed with an error": () => {
    const duplex = new Duplex({ read() {}, write() {} }); // its writes never end
    duplex.on("error", () => {});
    return { channel: fromDuplex(duplex), fail: () => duplex.destroy(new Error("broken")) };
  },
  "a duplex stream that is destroyed without one": () => {
    const duplex = new Duplex({ read() {}, write() {} });
    return { channel: fromDuplex(duplex), fail: () => duplex.destroy() };
  },
  "a transport of the user's own": () => {
    let done = (): void => {};
    const transport: Transport = {
      ...{ unsent: MESSAGE, start() {}, send: () => true, end() {}, abort() {} },
      close: () =>
        new Promise((resolve) => {
          done = resolve;
        }),
    };
    return { channel: new ImsgChannel(transport), fail: () => done() };
  },
  "a transport of the user's own that is closed at once": () => {
    const transport: Transport = {
      ...{ unsent: MESSAGE, start() {}, send: () => true, end() {}, abort() {}, close() {} },
    };
    return { channel: new ImsgChannel(transport), fail() {} };
  },
  "a WebSocket that cannot connect": async () => {
    const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const [connected] = [once(server, "connection")];
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    socket.on("error", () => {});
    const channel = fromWebSocket(socket);
    return {
      channel,
      async fail() {
        const [raw] = (await connected) as [Socket];
        raw.destroy(); // no handshake
        server.close();
      },
    };
  },
  "a data channel that is closed before it opened": () => {
    const fields = { readyState: "connecting", ordered: true };
    const data = unopened({ ...fields, maxRetransmits: null, maxPacketLifeTime: null });
    return { channel: fromRTCDataChannel(data as never), fail: () => data.close() };
  },
};

describe("bytes of fulfilled sends that were not handed over", () => {
  it.each(Object.entries(WAYS))("are counted by close() and closed: %s", async (_, make) => {
    const { channel, fail } = await make();
    await channel.send({ type: 1, data: DATA });
    const closing = channel.close();
    void fail();
    const lost = { code: expect.stringMatching(/^E(PIPE|CONNRESET)$/), lostBytes: MESSAGE };
    await expect(closing).rejects.toMatchObject(lost);
    await expect(channel.closed).rejects.toMatchObject(lost);
    await expect(channel.closed).rejects.toThrow(`${MESSAGE} bytes`);
  });

  it.each(Object.entries(WAYS))("are no unhandled rejection: %s", async (_, make) => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const { channel, fail } = await make();
    void channel.send({ type: 1, data: DATA });
    channel.dispose();
    void fail();
    await new Promise((resolve) => setTimeout(resolve, 50));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  it("are counted for a stream that has failed before the close", async () => {
    const readable = new ReadableStream<Uint8Array>();
    let controller!: WritableStreamDefaultController;
    const writable = new WritableStream<Uint8Array<ArrayBuffer>>({
      start(own) {
        controller = own;
      },
      write: () => new Promise(() => {}),
    });
    const channel = fromStreams({ readable, writable });
    await channel.send({ type: 1, data: DATA });
    await new Promise((resolve) => setTimeout(resolve));
    controller.error(new Error("broken"));
    const lost = { code: "EPIPE", lostBytes: MESSAGE };
    await expect(channel.close()).rejects.toMatchObject(lost);
    await expect(channel.closed).rejects.toMatchObject(lost);
  });
});
