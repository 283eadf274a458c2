import { expect } from "vitest";
import {
  type Ibuf,
  Imsg,
  type Imsgbuf,
  type ImsgInstance,
  type Socket,
} from "../../../ts/c/index.ts";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { ImsgCodec } from "../../../ts/channel/codec.ts";
import type { Transport, TransportSink } from "../../../ts/channel/transport.ts";
import { joined, pattern, wire } from "./helpers.ts";

/** A caller that ends every object, whatever happens in between. */
export class Scope {
  readonly instance: ImsgInstance;
  readonly #ends: (() => void)[] = [];
  readonly #values: { closed: number }[] = [];

  constructor(instance: ImsgInstance) {
    this.instance = instance;
  }

  /** Registers an object to be disposed at the end. */
  own<T extends { dispose(): void }>(object: T): T {
    this.#ends.push(() => object.dispose());
    return object;
  }

  ibuf(len = 0, max = 100_000): Ibuf {
    return this.own(this.instance.Ibuf.dynamic(len, max));
  }

  socket(): Socket {
    return this.own(new this.instance.Socket());
  }

  imsgbuf(socket: Socket): Imsgbuf {
    return this.own(this.instance.Imsgbuf.init(socket));
  }

  /** A descriptor, closed at the end if the caller still owns it. */
  descriptor(): number {
    const { descriptors } = this.instance;
    const value = { closed: 0 };
    const fd = descriptors.open(value, () => {
      value.closed++;
    });
    this.#values.push(value);
    this.#ends.push(() => {
      // a sent descriptor has no number, and its former number may stand for another object
      if (value.closed === 0 && valueAt(this.instance, fd) === value) descriptors.close(fd);
    });
    return fd;
  }

  end(): void {
    for (const end of this.#ends.reverse()) end();
    for (const value of this.#values) expect(value).toEqual({ closed: 1 });
  }
}

function valueAt(instance: ImsgInstance, fd: number): unknown {
  try {
    return instance.descriptors.get(fd);
  } catch {
    return undefined;
  }
}

/** A use of the API that allocates, and checks its results. */
export type Scenario = (scope: Scope) => void | Promise<void>;

const written = (socket: Socket): Uint8Array => joined(...socket.take().map(({ data }) => data));

const big = pattern(40_000);

export const scenarios: Record<string, Scenario> = {
  "an ibuf of fixed size": (s) => {
    const ibuf = s.own(s.instance.Ibuf.open(100));
    ibuf.add(pattern(100));
    expect(ibuf.data()).toEqual(pattern(100));
  },
  "an ibuf that grows by bytes": (s) => {
    const ibuf = s.ibuf();
    for (let i = 0; i < 5; i++) ibuf.add(pattern(1000));
    expect(ibuf.size).toBe(5000);
  },
  "an ibuf that takes many bytes at once": (s) => {
    const ibuf = s.ibuf();
    ibuf.add(big);
    ibuf.set(0, big.subarray(0, 30_000));
    expect(ibuf.get(40_000)).toEqual(big);
  },
  "an ibuf that grows by integers, zeros and reserving": (s) => {
    const ibuf = s.ibuf(1);
    ibuf.addN8(1);
    ibuf.addN64(2n);
    ibuf.addZero(200);
    ibuf.reserve(300).fill(7);
    ibuf.truncate(700);
    expect(ibuf.size).toBe(700);
  },
  "an ibuf that adds another and itself": (s) => {
    const [a, b] = [s.ibuf(), s.ibuf()];
    a.add(pattern(2000));
    b.addIbuf(a);
    b.addIbuf(b);
    expect(b.size).toBe(4000);
  },
  "views of views": (s) => {
    const view = s.own(s.instance.Ibuf.fromBuffer(pattern(64)));
    const copy = s.own(s.instance.Ibuf.fromIbuf(view));
    expect(s.own(copy.getIbuf(10)).data()).toEqual(pattern(10));
  },
  "strings and bytes from an ibuf": (s) => {
    const ibuf = s.ibuf();
    ibuf.add(new TextEncoder().encode("imsg\0wasm"));
    ibuf.add(big);
    expect(ibuf.getString(9)).toBe("imsg");
    expect(ibuf.get(2000)).toEqual(big.slice(0, 2000));
  },
  "an ibuf with a descriptor": (s) => {
    const ibuf = s.ibuf();
    ibuf.fdSet(s.descriptor());
    ibuf.fdSet(s.descriptor());
    expect(ibuf.fdAvail).toBe(true);
  },
  "many descriptors": (s) => {
    const fds = Array.from({ length: 40 }, () => s.descriptor());
    expect(new Set(fds).size).toBe(40);
  },
  "a msgbuf that writes": (s) => {
    const [msgbuf, socket] = [s.own(s.instance.Msgbuf.new()), s.socket()];
    for (let i = 0; i < 3; i++) {
      const ibuf = s.ibuf();
      ibuf.add(pattern(10));
      ibuf.close(msgbuf);
    }
    for (let i = 0; i < 3 && msgbuf.queuelen > 0; i++) msgbuf.ibufWrite(socket);
    expect(written(socket).length).toBe(30);
  },
  "a msgbuf that sends descriptors": (s) => {
    const [msgbuf, socket] = [s.own(s.instance.Msgbuf.new()), s.socket()];
    for (let i = 0; i < 2; i++) {
      const ibuf = s.ibuf();
      ibuf.add(pattern(10));
      ibuf.fdSet(s.descriptor());
      ibuf.close(msgbuf);
    }
    for (let i = 0; i < 6 && msgbuf.queuelen > 0; i++) msgbuf.write(socket);
    socket.dispose(); // and closes descriptors that were not taken
  },
  "a msgbuf that reads": (s) => {
    const msgbuf = s.own(s.instance.Msgbuf.reader(2, (header) => header[1]!));
    const socket = s.socket();
    socket.deliver(Uint8Array.of(0, 4, 1, 2, 0, 2, 0, 5, 1));
    socket.deliver(Uint8Array.of(2, 3));
    msgbuf.ibufRead(socket);
    msgbuf.read(socket);
    const sizes = [msgbuf.get(), msgbuf.get(), msgbuf.get()].map((b) => s.own(b!).size);
    expect(sizes).toEqual([4, 2, 5]);
  },
  "a msgbuf that reads descriptors": (s) => {
    const msgbuf = s.own(s.instance.Msgbuf.reader(2, (header) => header[1]!));
    const socket = s.socket();
    socket.deliver(Uint8Array.of(0, 4, 1, 2), [s.descriptor(), s.descriptor()]);
    msgbuf.read(socket);
    expect(s.own(msgbuf.get()!).fdAvail).toBe(true);
  },
  "an imsgbuf": (s) => {
    expect(s.imsgbuf(s.socket()).maxsize).toBe(16384);
  },
  "compose and write": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    imsgbuf.compose({ type: 1, pid: 1, data: pattern(100) });
    imsgbuf.compose({ type: 2, pid: 1, data: pattern(5000) });
    for (let i = 0; i < 3 && imsgbuf.queuelen > 0; i++) imsgbuf.write();
    expect(written(socket)).toEqual(joined(wire(1, pattern(100)), wire(2, pattern(5000))));
  },
  "composev and flush": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    imsgbuf.composev({ type: 1, pid: 1, data: [pattern(1000), pattern(1000), pattern(0)] });
    imsgbuf.flush();
    expect(written(socket).length).toBe(2016);
  },
  "composeIbuf and flush": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    const ibuf = s.ibuf();
    ibuf.add(pattern(100));
    imsgbuf.composeIbuf({ type: 1, pid: 1 }, ibuf);
    imsgbuf.flush();
    expect(written(socket)).toEqual(wire(1, pattern(100)));
  },
  "create, add and close": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    const msg = s.own(imsgbuf.create({ type: 1, pid: 1 }, 10));
    Imsg.add(msg, pattern(10));
    Imsg.add(msg, pattern(3000));
    imsgbuf.close(msg);
    imsgbuf.flush();
    expect(written(socket).length).toBe(3026);
  },
  "messages with descriptors, sent": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    imsgbuf.allowFdpass();
    for (let i = 0; i < 3; i++) imsgbuf.compose({ type: i, fd: s.descriptor() });
    imsgbuf.flush();
  },
  "messages with descriptors, received": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    imsgbuf.allowFdpass();
    for (let i = 0; i < 3; i++) {
      socket.deliver(wire(i, pattern(8), { fd: true }), [s.descriptor()]);
      imsgbuf.read();
      expect(s.own(imsgbuf.get()!).data).toEqual(pattern(8));
    }
  },
  "read and get": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    const stream = joined(wire(1), wire(2, pattern(3000)), wire(3, pattern(5)));
    socket.deliver(stream.subarray(0, 1500));
    socket.deliver(stream.subarray(1500));
    imsgbuf.read();
    imsgbuf.read();
    const types = [1, 2, 3].map(() => s.own(imsgbuf.get()!).getType());
    expect(types).toEqual([1, 2, 3]);
    expect(imsgbuf.get()).toBe(undefined);
  },
  "what a message holds": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    socket.deliver(wire(1, pattern(3000)));
    socket.deliver(wire(2, pattern(3000)));
    imsgbuf.read();
    imsgbuf.read();
    expect(s.own(imsgbuf.get()!).getData(3000)).toEqual(pattern(3000));
    expect(s.own(s.own(imsgbuf.get()!).getIbuf()).getN16()).toBe(1);
  },
  "a message forwarded": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    socket.deliver(wire(9, pattern(300)));
    imsgbuf.read();
    imsgbuf.forward(s.own(imsgbuf.get()!));
    imsgbuf.flush();
    expect(written(socket)).toEqual(wire(9, pattern(300)));
  },
  "a socket's dictated outcomes": (s) => {
    const socket = s.socket();
    const imsgbuf = s.imsgbuf(socket);
    socket.limitNextWrite(10);
    socket.failNextWrite("EAGAIN");
    socket.deliverError("EAGAIN");
    socket.deliverEnd();
    imsgbuf.compose({ type: 1, pid: 1 });
    imsgbuf.write();
    expect(imsgbuf.read()).toBe(1);
    expect(imsgbuf.read()).toBe(0);
  },
  "a socket with many descriptors delivered": (s) => {
    const socket = s.socket();
    const fds = Array.from({ length: 300 }, () => s.descriptor());
    socket.deliver(pattern(1), fds);
    socket.dispose();
  },
  "a codec that decodes": (s) => {
    const codec = s.own(new ImsgCodec({ instance: s.instance }));
    const stream = joined(wire(1), wire(2, pattern(3000)), wire(3, pattern(5)));
    const types = [stream.slice(0, 1000), stream.slice(1000)].flatMap((chunk) =>
      codec.push(chunk).map(({ type }) => type),
    );
    codec.end();
    expect(types).toEqual([1, 2, 3]);
  },
  "a codec that encodes": (s) => {
    const codec = s.own(new ImsgCodec({ instance: s.instance, maxSize: 1 << 20, pid: 1 }));
    expect(codec.encode({ type: 1, data: pattern(100) })).toEqual(wire(1, pattern(100)));
    expect(codec.encode({ type: 2, data: [pattern(90_000), big] }).length).toBe(130_016);
    expect(codec.encodeAll([{ type: 1 }, { type: 2 }]).length).toBe(32);
  },
  "a channel that sends and receives": async (s) => {
    const transport = new Loop();
    const channel = new ImsgChannel(transport, { instance: s.instance, maxSize: 1 << 20, pid: 1 });
    try {
      await channel.send({ type: 1, data: pattern(10) });
      await channel.send({ type: 2, data: pattern(100_000) });
      for (const type of [1, 2]) expect((await channel.receive())?.type).toBe(type);
    } finally {
      channel.close();
      await channel.closed.catch(() => {});
    }
  },
};

/** A transport that delivers the bytes that are sent. */
class Loop implements Transport {
  #sink: TransportSink | undefined;

  start(sink: TransportSink): void {
    this.#sink = sink;
  }

  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    const half = bytes.length >> 1;
    queueMicrotask(() => {
      this.#sink?.received(bytes.slice(0, half));
      this.#sink?.received(bytes.slice(half));
    });
    return true;
  }

  end(): void {}

  close(): void {
    this.#sink = undefined;
  }

  abort(): void {
    this.#sink = undefined;
  }
}
