import { once } from "node:events";
import { readdirSync } from "node:fs";
import {
  connect as http2Connect,
  createServer as http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import { type AddressInfo, createServer, connect as netConnect, type Socket } from "node:net";
import { Duplex, PassThrough } from "node:stream";
import { type TLSSocket, connect as tlsConnect, createServer as tlsServer } from "node:tls";
import { describe, expect, it, vi } from "vitest";
import type { ImsgChannel } from "../../../ts/entry/index.ts";
import { fromDuplex, fromSocket } from "../../../ts/entry/node.ts";
import { duplexTransport } from "../../../ts/transports/node.ts";
import { socketPair } from "../../helpers/pair.ts";
import { type Pair, transportContract } from "./contract.ts";
import { RecordingSink } from "./recording-sink.ts";

/** Both ends of a TCP connection. */
async function tcpPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const { port } = server.address() as { port: number };
  const ours = netConnect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  const theirs = await accepted;
  server.close();
  return [ours, theirs];
}

/** One of two streams that are connected to each other and hold one piece each way. */
class Half extends Duplex {
  other!: Half;
  #taken: (() => void) | undefined;

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.other.#taken = done;
    this.other.push(chunk);
  }

  override _final(done: () => void): void {
    this.other.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableFinished || error !== null) this.other.destroy(error ?? undefined);
    done(error);
  }
}

function halves(): [Half, Half] {
  const [a, b] = [new Half(), new Half()];
  [a.other, b.other] = [b, a];
  return [a, b];
}

/** Two streams that hold the bytes of both ways in streams of their own, which die with either. */
function composed(): [Duplex, Duplex] {
  const [up, down] = [new PassThrough(), new PassThrough()];
  return [
    Duplex.from({ readable: down, writable: up }),
    Duplex.from({ readable: up, writable: down }),
  ];
}

/** Both ends of a request of HTTP/2. */
async function http2Pair(): Promise<[Duplex, Duplex]> {
  const server = http2Server().listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "stream");
  const { port } = server.address() as { port: number };
  const session = http2Connect(`http://127.0.0.1:${port}`);
  const ours = session.request({ ":method": "POST" }, { endStream: false });
  const [theirs] = (await accepted) as [ServerHttp2Stream];
  theirs.respond();
  await once(ours, "response");
  ours.once("close", () => session.close(() => server.close()));
  return [ours, theirs];
}

/** Both streams, which deliver nothing until a program resumes them. */
const paused = async (ends: Promise<[Duplex, Duplex]>): Promise<[Duplex, Duplex]> =>
  (await ends).map((end) => end.pause()) as [Duplex, Duplex];

const transports = ([a, b]: [Duplex, Duplex], vanish?: () => void): Pair => ({
  a: duplexTransport(a),
  b: duplexTransport(b),
  ...(vanish === undefined ? {} : { vanish }),
});

transportContract(
  "a TCP socket of Node's",
  async () => {
    const ends = await tcpPair();
    return transports(ends, () => ends[1].destroy());
  },
  { vanishes: true, abortFails: true, keepsArrived: true },
);

transportContract(
  "a Unix socket of Node's",
  async () => {
    const ends = await socketPair();
    return transports(ends, () => ends[1].destroy());
  },
  // not keepsSent: Node does not report how much of a piece it has written
  { vanishes: true, seesGone: true, keepsArrived: true },
);

transportContract("a pair of Node's streams", () => transports(halves()), { abortFails: true });

const MESSAGE = new Uint8Array(Uint32Array.of(1, 16, 0, 1).buffer);
const BAD_OPTIONS = [
  { maxSize: 5 },
  { pid: 1.5 },
  { allowFdPass: true },
  { signal: AbortSignal.abort() },
];

it("unsent counts after an abort what the peer does not get, up to a piece more", async () => {
  const [a, b] = await socketPair();
  const transport = duplexTransport(a);
  transport.start(new RecordingSink());
  const total = 10_000_000;
  transport.send(new Uint8Array(total));
  await new Promise((resolve) => setTimeout(resolve, 20));
  transport.abort(new Error("enough"));
  let got = 0;
  for await (const chunk of b) got += (chunk as Buffer).length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(transport.unsent).toBeGreaterThanOrEqual(total - got);
  expect(transport.unsent).toBeLessThanOrEqual(total - got + 65536);
});

describe("fromDuplex and fromSocket", () => {
  it.each(BAD_OPTIONS)("that refuse %j leave the stream to its owner", async (options) => {
    for (const [a, b] of [halves(), await socketPair(), await tcpPair()]) {
      const before = [a.eventNames(), a.isPaused(), Object.hasOwn(a, "_write")];
      expect(() => fromDuplex(a, options)).toThrow();
      expect([a.eventNames(), a.isPaused(), Object.hasOwn(a, "_write")]).toEqual(before);
      a.write("still usable");
      const [text] = (await new Promise((resolve) => b.once("data", (...all) => resolve(all)))) as [
        Buffer,
      ];
      expect(String(text)).toBe("still usable");
      for (const end of [a, b]) end.destroy();
    }
  });

  it("refuse a stream that decodes text, that has ended, or that is none, with EINVAL", async () => {
    const decoding = halves()[0].setEncoding("utf8");
    const [destroyed] = halves();
    destroyed.destroy();
    const [ended] = halves();
    ended.end();
    for (const stream of [decoding, destroyed, ended, {}, new Map()]) {
      expect(() => fromDuplex(stream as never)).toThrow(
        expect.objectContaining({ code: "EINVAL" }),
      );
      expect(() => fromSocket(stream as never)).toThrow(
        expect.objectContaining({ code: "EINVAL" }),
      );
    }
    expect(() => fromDuplex(decoding)).toThrow(/setEncoding\("utf8"\)/);
  });

  it.each(["text", 5, {}, [1], new Map(), null])(
    "get %j from an object-mode stream, which ends the channel after the messages before it",
    async (chunk) => {
      const stream = new Duplex({ objectMode: true, read() {}, write: (_, __, done) => done() });
      const channel = fromDuplex(stream);
      stream.push(MESSAGE);
      stream.push(chunk);
      expect((await channel.receive())!.type).toBe(1);
      // null is the end of a stream
      if (chunk === null) expect(await channel.receive()).toBeUndefined();
      else await expect(channel.receive()).rejects.toMatchObject({ code: "EINVAL" });
      channel.abort();
    },
  );

  it("get text from a stream whose encoding is set later, which ends the channel with EINVAL", async () => {
    const [a, b] = halves();
    const channel = fromDuplex(a);
    b.on("error", () => {}); // the two streams are destroyed together
    a.setEncoding("latin1");
    b.write(MESSAGE);
    await expect(channel.receive()).rejects.toMatchObject({ code: "EINVAL" });
    await expect(channel.closed).rejects.toMatchObject({ code: "EINVAL" });
  });

  it.each([
    ["streams that hold bytes for their peer", async () => composed()],
    ["streams of HTTP/2", http2Pair],
    ["sockets that the caller has paused", () => paused(tcpPair())],
    ["streams that the caller has paused", () => paused(Promise.resolve(halves()))],
  ])(
    "deliver over %s everything that was sent before close(), whether or not the peer ends first",
    async (_, make) => {
      for (const endsFirst of [true, false]) {
        const [a, b] = (await make()).map((end) => fromDuplex(end)) as [ImsgChannel, ImsgChannel];
        if (endsFirst) {
          await b.end();
          expect(await a.receive()).toBeUndefined();
        }
        for (let i = 0; i < 200; i++) void a.send({ type: i, data: new Uint8Array(8) });
        const closing = a.close();
        await new Promise((resolve) => setTimeout(resolve, 50)); // by then the streams in memory have taken all
        for (let i = 0; i < 200; i++) expect((await b.receive())!.type).toBe(i);
        expect(await b.receive()).toBeUndefined();
        await Promise.all([closing, b.close(), a.closed, b.closed]);
      }
    },
  );

  it("close a stream only when it has taken every byte", async () => {
    const [a, b] = halves();
    const channel = fromDuplex(a);
    for (let i = 0; i < 100; i++) void channel.send({ type: i, data: new Uint8Array(10_000) });
    let closed = false;
    const closing = channel.close().then(() => {
      closed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toBe(false);
    let bytes = 0;
    for await (const chunk of b) bytes += (chunk as Buffer).length;
    await closing;
    expect(bytes).toBe(100 * 10_016);
  });

  it("leave no listener on a stream that has ended", async () => {
    for (const [a, b] of [halves(), await socketPair(), await tcpPair()]) {
      const before = a.eventNames();
      const channels = [fromDuplex(a), fromDuplex(b)];
      await Promise.all(channels.map((channel) => channel.close()));
      await expect.poll(() => a.eventNames()).toEqual(before);
    }
  });
});

/** The two ends of a TLS connection, the client's first; a shared key needs no certificate. */
async function tlsPair(): Promise<[TLSSocket, TLSSocket]> {
  const psk = new Uint8Array(16).fill(1);
  const common = { ciphers: "PSK", maxVersion: "TLSv1.2", allowHalfOpen: true } as const;
  const server = tlsServer({ ...common, pskCallback: () => psk }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "secureConnection");
  const client = tlsConnect({
    ...common,
    ...(server.address() as AddressInfo),
    host: "127.0.0.1",
    pskCallback: () => ({ psk, identity: "test" }),
    checkServerIdentity: () => undefined,
  });
  await once(client, "secureConnect");
  server.close();
  return [client, (await accepted)[0]];
}

it.each([0, 1])(
  "TLS end %i gets no write of nothing when its peer ends, which fails in Deno",
  async (own) => {
    const pair = await tlsPair();
    const socket = pair[own]!;
    const channel = fromDuplex(socket);
    const peer = fromDuplex(pair[1 - own]!);
    const write = vi.spyOn(socket, "write");
    await peer.end();
    await channel.peerEnded;
    await channel.send({ type: 1 });
    expect((await peer.receive())?.type).toBe(1);
    await channel.close();
    await peer.closed;
    expect(write.mock.calls.map(([chunk]) => chunk.length)).toEqual([16]);
  },
);

describe("abort()", () => {
  it("closes a TCP socket at once, although its peer does not read what is being written", async () => {
    const [socket, peer] = await tcpPair();
    peer.pause();
    peer.on("error", () => {});
    const channel = fromDuplex(socket, { maxSize: 10_000_000, maxQueued: 40_000_000 });
    void channel.send({ type: 1, data: new Uint8Array(9_999_000) });
    void channel.send({ type: 1, data: new Uint8Array(9_999_000) });
    void channel.end();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    channel.abort();
    await Promise.race([
      closed,
      new Promise((_, reject) => setTimeout(reject, 3000, new Error("the socket is open"))),
    ]);
    peer.destroy();
  });

  it("in the turn of end() leaves no descriptor open", async () => {
    const [socket, peer] = await tcpPair();
    peer.on("error", () => {}).resume();
    const open = (): number => readdirSync("/proc/self/fd").length;
    const before = open();
    const channel = fromDuplex(socket);
    channel.closed.catch(() => {});
    void channel.end();
    channel.abort();
    peer.destroy();
    await expect.poll(open).toBeLessThanOrEqual(before - 2);
  });
});

it.each([
  ["ENOENT", 2, "no such file or directory", { path: "/no/such/socket" }],
  ["ECONNREFUSED", 111, "connection refused", { port: 1, host: "127.0.0.1" }],
  ["ENOTFOUND", undefined, "the host's name is not known", { port: 1, host: "no.such.invalid" }],
])("a channel over a socket that cannot connect ends with %s", async (code, errno, text, to) => {
  const error = await fromSocket(netConnect(to)).closed.catch((reason) => reason);
  expect([error.code, error.errno]).toEqual([code, errno]);
  expect(error.message).toMatch(`${code}: ${text}, `);
});
