import { once } from "node:events";
import { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import type { ImsgChannel } from "../../../ts/entry/index.ts";
import { connect, fromSocket, spawn } from "../../../ts/entry/node.ts";
import { rawPipe, rawSockets } from "../../ts/descriptors/made.ts";
import { openCount } from "../../ts/descriptors/open.ts";
import { startTmux } from "./tmux.ts";
import { MAX_SIZE } from "./wire.ts";

const Bgpd = {
  SOCKET_CONN_RTR: 43,
  SOCKET_SETUP: 44,
  SOCKET_TEARDOWN: 45,
  RECONF_CONF: 46,
  RECONF_ROA_ITEM: 64,
  RECONF_RTR_CONFIG: 69,
  RECONF_DONE: 71,
} as const;

/** Reads exactly so many bytes of a socket. */
async function bytesOf(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null;
    if (bytes !== null) return bytes;
    await once(socket, "readable");
  }
}

/** The RTR protocol's header, and its body. */
function pdu(version: number, type: number, session: number, body: number[]): Uint8Array {
  const bytes = Uint8Array.from([version, type, 0, 0, 0, 0, 0, 8 + body.length, ...body]);
  new DataView(bytes.buffer).setUint16(2, session);
  return bytes;
}

/** Returns the next message of this type, and drops those before it. */
async function next(channel: ImsgChannel, type: number) {
  for await (const message of channel) if (message.type === type) return message;
  throw new Error(`the channel ended before a message of type ${type}`);
}

/** bgpd's RTR engine with a session 5, and the other end of the socket to its decision engine. */
async function startEngine() {
  const { child, channel } = await spawn("/usr/sbin/bgpd", ["-T", "-d", "-v"], {
    allowFdPass: true,
    maxSize: MAX_SIZE,
    spawn: { stdio: ["ignore", "ignore", "ignore"] },
  });
  const exited = once(child, "exit");
  const [theirs, ours] = rawSockets();
  const rde = fromSocket(new Socket({ fd: ours }), { maxSize: MAX_SIZE });
  void channel.send({ type: Bgpd.SOCKET_CONN_RTR, fd: theirs });
  void channel.send({ type: Bgpd.RECONF_CONF, data: new Uint8Array(240) });
  // a description, and the lowest version
  void channel.send({ type: Bgpd.RECONF_RTR_CONFIG, peerid: 5, data: new Uint8Array(65) });
  void channel.send({ type: Bgpd.RECONF_DONE });
  await next(channel, Bgpd.RECONF_DONE);
  await next(rde, Bgpd.RECONF_DONE);
  return { channel, rde, exited };
}

describe("bgpd's RTR engine, which speaks the current dialect,", () => {
  it("talks RTR on one passed socket, and sends the learned records on the other", async () => {
    const before = openCount();
    const { channel, rde, exited } = await startEngine();

    // the connection to a cache, whose side the test plays
    const [routerEnd, cacheOurs] = rawSockets();
    const cache = new Socket({ fd: cacheOurs });
    await channel.send({ type: Bgpd.SOCKET_SETUP, peerid: 5, fd: routerEnd });
    const query = await bytesOf(cache, 8);
    expect([...query.subarray(1)]).toEqual([2, 0, 0, 0, 0, 0, 8]); // a reset query
    const version = query[0]!;
    cache.write(pdu(version, 3, 77, []));
    const announced = [1, 24, 28, 0, 192, 0, 2, 0, 0, 0, 0xfd, 0xe8]; // AS 65000
    cache.write(pdu(version, 4, 0, announced));
    const times = [0, 0, 14, 16, 0, 0, 2, 88, 0, 0, 28, 32]; // 3600, 600, 7200
    cache.write(pdu(version, 7, 77, [0, 0, 0, 1, ...times]));

    const { data } = await next(rde, Bgpd.RECONF_ROA_ITEM);
    expect([...data.subarray(48, 52)]).toEqual([192, 0, 2, 0]);
    expect(new DataView(data.buffer, data.byteOffset).getUint32(36, true)).toBe(65000);
    await next(rde, Bgpd.RECONF_DONE);

    // bgpd closes its only copy of the socket when the test closes the other end
    cache.destroy();
    expect((await next(channel, Bgpd.SOCKET_TEARDOWN)).peerid).toBe(5);
    await channel.close();
    await rde.close();
    await exited;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(openCount()).toBe(before);
  });

  it("answers 200 times on sockets that take each other's place", async () => {
    const start = openCount();
    const { channel, rde, exited } = await startEngine();
    const before = openCount();
    for (let i = 0; i < 200; i++) {
      const [theirs, ours] = rawSockets();
      const cache = new Socket({ fd: ours });
      await channel.send({ type: Bgpd.SOCKET_SETUP, peerid: 5, fd: theirs });
      expect((await bytesOf(cache, 8))[1]).toBe(2);
      cache.destroy();
      await next(channel, Bgpd.SOCKET_TEARDOWN);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(openCount()).toBe(before);
    await channel.close();
    await rde.close();
    await exited;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(openCount()).toBe(start);
  });
});

describe("tmux, which speaks the classic dialect,", () => {
  const VERSION = 8;
  const terminated = (text: string): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(Buffer.from(`${text}\0`));

  it("reads commands from a pipe it was passed and answers on another: %begin … %end", async () => {
    const server = await startTmux();
    const before = openCount();
    try {
      const channel = await connect(
        { path: server.socket },
        { allowFdPass: true, dialect: "classic", pid: 0xffffffff },
      );
      const send = (type: number, data: Uint8Array<ArrayBuffer>, fd?: number): Promise<void> =>
        channel.send({ type, peerid: VERSION, data, fd });
      const [stdin, ours] = rawPipe();
      const [output, stdout] = rawPipe();
      const flags = new Uint8Array(8);
      new DataView(flags.buffer).setBigUint64(0, 0x12000n, true); // control mode, UTF-8
      await send(111, flags);
      await send(101, terminated("dumb"));
      await send(102, terminated(""));
      await send(108, terminated("/"));
      await send(104, new Uint8Array(0), stdin);
      await send(110, new Uint8Array(0), stdout);
      await send(106, new Uint8Array(0));
      const command = ["attach-session", "-t", "demo"];
      const argc = new Uint8Array(4);
      argc[0] = command.length;
      await send(200, Uint8Array.from(Buffer.concat([argc, ...command.map(terminated)])));

      const commands = new Socket({ fd: ours, readable: false, writable: true });
      const answers = new Socket({ fd: output, readable: true, writable: false });
      answers.setEncoding("utf8");
      let text = "";
      const said = async (what: RegExp): Promise<RegExpExecArray> => {
        for (;;) {
          const found = what.exec(text);
          if (found !== null) return found;
          text += String((await once(answers, "data"))[0]);
        }
      };
      await said(/%begin [^\n]*\n%end /);
      await said(/%session-changed \$\d+ demo\n/);
      commands.write("display-message -p 'hello #{session_name}'\n");
      const [, one, body, two] = await said(/%begin (\S+ \d+) 1\n(hello.*)\n%end (\S+ \d+) 1\n/);
      expect([body, two]).toEqual(["hello demo", one]);
      commands.write("no-such-command\n");
      await said(/%begin \S+ \d+ 1\n.*unknown command.*\n%error /);
      commands.write("detach-client\n");
      await next(channel, 201); // the server answers DETACH, then EXITING with EXITED
      await send(205, new Uint8Array(0));
      await next(channel, 204);
      answers.destroy();
      commands.destroy();
      await channel.close();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(openCount()).toBe(before);
    } finally {
      await server.stop();
    }
  });
});
