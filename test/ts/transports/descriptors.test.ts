import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer, connect as netConnect, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import type { Transport } from "../../../ts/channel/transport.ts";
import type { ImsgError } from "../../../ts/module/error.ts";
import { firstDescriptor } from "../../../ts/transports/unix-control.ts";
import { nodeUnix } from "../../../ts/transports/unix-node.ts";
import { rawSockets } from "../descriptors/made.ts";
import {
  close,
  isOpen,
  openCount,
  openNull,
  settledCount,
  unlinkedFile,
  what,
} from "../descriptors/open.ts";
import { OPTIONS, sendDescriptors, setOption } from "./raw.ts";
import { RecordingSink } from "./recording-sink.ts";

const unix = await nodeUnix();
const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !condition(); i++) await new Promise((done) => setTimeout(done, 5));
  expect(condition()).toBe(true);
}

/** A started transport on one end of a socketpair, and the number of the other end. */
function end(): { transport: Transport; sink: RecordingSink; fd: number; other: number } {
  const [fd, other] = rawSockets();
  const transport = unix.open(fd);
  const sink = new RecordingSink();
  transport.start(sink);
  return { transport, sink, fd, other };
}

const noChange: unique symbol = Symbol();
type Extra = keyof typeof OPTIONS | typeof noChange;

describe("descriptors that arrive", () => {
  it.each<[string, Extra]>([
    ["no option", noChange],
    ...(Object.keys(OPTIONS) as (keyof typeof OPTIONS)[]).map((name): [string, Extra] => [
      name,
      name,
    ]),
  ])(
    "are kept if they are the first of a read, and closed if not, with %s on the socket",
    async (_, option) => {
      const before = openCount();
      for (const lists of [[1], [2], [5], [253], [1, 1], [3, 250], []]) {
        const { transport, sink, fd, other } = end();
        // a kernel without the option cannot add its control message
        if (option !== noChange && !setOption(fd, option)) expect(option).toBe("SO_PASSPIDFD");
        const file = unlinkedFile("the first");
        const name = what(file);
        const rest = openNull();
        let first = file;
        const numbers = lists.map((count) =>
          Array.from({ length: count }, () => {
            const number = first;
            first = rest;
            return number;
          }),
        );
        sendDescriptors(other, text("bytes"), numbers);
        close(file);
        close(rest);
        await until(() => sink.length === 5);
        expect(sink.passed.length).toBe(lists.length === 0 ? 0 : 1);
        for (const { value } of sink.passed) {
          expect(what(value.value as number)).toBe(name);
          close(value.value as number);
        }
        await transport.close();
        close(other);
        expect(await settledCount(before)).toBe(before);
      }
    },
  );

  it("are found behind other control messages, and a length that lies ends the walk", () => {
    const message = (
      level: number,
      type: number,
      data: number[],
      length = 16 + data.length * 4,
    ) => {
      const bytes = new DataView(new ArrayBuffer((16 + data.length * 4 + 7) & ~7));
      bytes.setBigUint64(0, BigInt(length), true);
      bytes.setInt32(8, level, true);
      bytes.setInt32(12, type, true);
      for (const [i, value] of data.entries()) bytes.setInt32(16 + i * 4, value, true);
      return [...new Uint8Array(bytes.buffer)];
    };
    const walk = (...messages: number[][]): [number, number[]] => {
      const extra: number[] = [];
      const bytes = Uint8Array.from(messages.flat());
      return [firstDescriptor(new DataView(bytes.buffer), (fd) => extra.push(fd)), extra];
    };
    expect(walk()).toEqual([-1, []]);
    expect(walk(message(1, 2, [1, 2, 3]), message(1, 1, [7]))).toEqual([7, []]);
    expect(walk(message(1, 1, [7, 8]), message(1, 2, [1, 2, 3]), message(1, 1, [9]))).toEqual([
      7,
      [8, 9],
    ]);
    expect(walk(message(1, 4, [5]), message(1, 1, [7]))).toEqual([7, [5]]);
    expect(walk(message(6, 1, [5]), message(1, 1, [7]))).toEqual([7, []]);
    expect(walk(message(1, 1, [7], 0), message(1, 1, [9]))).toEqual([-1, []]);
    expect(walk(message(1, 1, [7], 4000))).toEqual([-1, []]);
  });
});

describe("a descriptor that is given to be sent", () => {
  it("is refused the second time with EBADF, and nothing moves or is closed", async () => {
    const one = end();
    const two = end();
    const fd = openNull();
    const claimed = one.transport.claim!(fd);
    for (const { transport } of [one, two]) {
      expect(() => transport.claim!(fd)).toThrow(
        expect.objectContaining({
          code: "EBADF",
          syscall: "imsg_compose",
          message: expect.stringContaining(`dup(${fd})`),
        }),
      );
    }
    expect(isOpen(fd)).toBe(true);
    one.transport.send(text("x"), claimed);
    expect(isOpen(fd)).toBe(false);
    const again = openNull();
    expect(again).toBe(fd); // the same number for another file may be sent
    one.transport.send(text("y"), one.transport.claim!(again));
    for (const { transport, other } of [one, two]) {
      await transport.close();
      close(other);
    }
  });

  it("can be given again after its claim was released, or it was closed instead of sent", async () => {
    const { transport, other } = end();
    const fd = openNull();
    transport.claim!(fd).release!();
    const claimed = transport.claim!(fd);
    expect(isOpen(fd)).toBe(true);
    claimed.dispose!(claimed.value);
    expect(isOpen(fd)).toBe(false);
    expect(openNull()).toBe(fd);
    transport.claim!(fd).release!();
    close(fd);
    await transport.close();
    close(other);
  });

  it("is a number, and the error for a FileHandle or a server says what to pass", async () => {
    const { transport, other } = end();
    const handle = await open("/dev/null");
    const server = createServer().listen(0);
    const cases: [unknown, string][] = [
      [handle, "dup(handle.fd)"],
      [server, "dup(server._handle.fd)"],
      ["5", "type string"],
      [1.5, "1.5"],
      [-1, "-1"],
      [undefined, "undefined"],
    ];
    for (const [value, expected] of cases) {
      for (const call of [() => transport.claim!(value), () => unix.dup(value as number)]) {
        expect(call).toThrow(
          expect.objectContaining({ code: "EINVAL", message: expect.stringContaining(expected) }),
        );
      }
    }
    await handle.close();
    server.close();
    await transport.close();
    close(other);
  });
});

describe("dup", () => {
  it("returns another number for the same file, closed on exec, which outlives the first", () => {
    const fd = unlinkedFile("text");
    const copy = unix.dup(fd);
    expect([copy === fd, what(copy)]).toEqual([false, what(fd)]);
    const [, flags] = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${copy}`, "utf8"))!;
    expect(Number.parseInt(flags!, 8) & 0o2000000).not.toBe(0);
    close(fd);
    expect(readFileSync(copy, "utf8")).toBe("text");
    close(copy);
    expect(() => unix.dup(copy)).toThrow(expect.objectContaining({ code: "EBADF", errno: 9 }));
  });

  it("lets a listening socket be sent again and again", async () => {
    const { transport, sink, other } = end();
    const server: Server = createServer().listen(0);
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const receiver = unix.open(other);
    const arrived = new RecordingSink();
    receiver.start(arrived);
    for (let i = 0; i < 3; i++) transport.send(text("s"), transport.claim!(unix.dup(fd)));
    await until(() => arrived.passed.length === 3);
    for (const { value } of arrived.passed) {
      expect(what(value.value as number)).toBe(what(fd));
      close(value.value as number);
    }
    expect(sink.breach).toBeUndefined();
    server.close();
    await Promise.all([transport.close(), receiver.close()]);
  });
});

describe("a transport whose peer is gone", () => {
  it("reports it 50 times, paused or not, and leaves no descriptor behind", async () => {
    const before = openCount();
    for (let i = 0; i < 50; i++) {
      const { transport, sink, other } = end();
      if (i % 3 === 0) transport.pause!();
      if (i % 3 === 1) transport.send(text("unread"));
      close(other);
      await until(() => sink.has("hungUp") || sink.has("failed"));
      transport.abort(new Error("over"));
    }
    expect(await settledCount(before)).toBe(before);
  });

  it("waits without using the processor while it is paused before bytes and the peer's end", async () => {
    const { transport, sink, other } = end();
    transport.pause!();
    const peer = unix.open(other);
    peer.start(new RecordingSink());
    peer.send(text("unread"));
    await peer.close();
    const before = performance.eventLoopUtilization();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
    expect(sink.calls).toEqual([]);
    transport.abort(new Error("over"));
  });

  it("sees an end, and no reset, when the peer closes with bytes unread", async () => {
    const { transport, sink, other } = end();
    const peer = unix.open(other);
    peer.start(new RecordingSink());
    peer.pause!();
    transport.send(text("unread"));
    peer.send(text("bytes"));
    await peer.close();
    await until(() => sink.over);
    expect([sink.length, sink.calls]).toEqual([5, ["hungUp"]]);
    await transport.close();
  });

  it("delivers all 130 messages that had arrived when the answers fail", async () => {
    const { transport, sink, other } = end();
    const peer = unix.open(other);
    const theirs = new RecordingSink();
    peer.start(theirs);
    peer.pause!();
    let answers = 0;
    sink.onChunk = (chunk) => {
      for (let i = 0; i < chunk.length; i += 1000) {
        try {
          transport.send(new Uint8Array(1000));
          answers++;
        } catch {
          return; // a handler that ignores errors of send
        }
      }
    };
    transport.pause!();
    for (let i = 0; i < 13; i++) peer.send(new Uint8Array(10_000));
    expect(peer.unsent).toBe(0);
    peer.abort(new Error("gone"));
    transport.resume!();
    await until(() => sink.over);
    expect(sink.length).toBe(130_000);
    expect(answers).toBeGreaterThan(0);
    expect(sink.sendFailure).toMatchObject({
      code: "EPIPE",
      errno: 32,
      syscall: "sendmsg",
      fromPeer: true,
    });
    expect((sink.sendFailure as ImsgError).cause).toMatchObject({ code: "EPIPE", errno: -32 });
    expect(transport.unsent).toBeGreaterThan(0);
    await transport.close();
    expect(sink.breach).toBeUndefined();
  });
});

describe("peerCredentials", () => {
  it("are the process, the user and the group at the other end of a Unix socket", async () => {
    const { transport, other } = end();
    const own = { pid: process.pid, uid: process.getuid!(), gid: process.getgid!() };
    expect(transport.peerCredentials).toEqual(own);
    await transport.close();
    close(other);
  });

  it("are known of Node's own Unix sockets, and undefined of TCP and of closed ones", async () => {
    const ends = async (listen: object | string): Promise<[Server, Socket]> => {
      const server = createServer((socket) => socket.on("error", () => {}));
      await new Promise<void>((done) => server.listen(listen, done));
      const address = server.address();
      const socket = netConnect(
        typeof address === "string" ? { path: address } : { port: address!.port },
      );
      await new Promise((done) => socket.once("connect", done));
      return [server, socket];
    };
    const [unixServer, unixSocket] = await ends(`\0imsg-test-${process.pid}`);
    expect(unix.credentials(unixSocket)).toMatchObject({ pid: process.pid });
    const [tcpServer, tcpSocket] = await ends({ port: 0 });
    expect(unix.credentials(tcpSocket)).toBeUndefined();
    for (const socket of [unixSocket, tcpSocket]) socket.destroy();
    expect(unix.credentials(unixSocket)).toBeUndefined();
    unixServer.close();
    tcpServer.close();
  });
});
