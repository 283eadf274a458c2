import { closeSync, fstatSync, openSync, readdirSync, readlinkSync, unlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { BunTransport } from "../../../../ts/transports/bun.ts";
import { connectSocket } from "../../../../ts/transports/connect.ts";
import { type DenoConn, denoTransport } from "../../../../ts/transports/deno.ts";
import { messagePortTransport } from "../../../../ts/transports/message-port.ts";
import { duplexTransport } from "../../../../ts/transports/node.ts";
import { bunUnix } from "../../../../ts/transports/unix-bun.ts";
import type { UnixChannels } from "../../../../ts/transports/unix-channel.ts";
import { denoUnix } from "../../../../ts/transports/unix-deno.ts";
import { nodeUnix } from "../../../../ts/transports/unix-node.ts";
import { type WebSocketLike, webSocketTransport } from "../../../../ts/transports/websocket.ts";
import { bunHandler } from "../../transports/bun-handler.ts";
import { FdThing } from "./fd-thing.ts";
import { ProcessRemote, WorkerRemote } from "./node-remotes.ts";
import { type Descriptors, type Open, type Place, sessionsIn } from "./session.ts";
import { streamPlace } from "./stream-place.ts";

const { Deno, Bun } = globalThis as {
  Deno?: { connect(options: object): Promise<DenoConn> };
  Bun?: { connect(options: object): Promise<unknown> };
};
const hostname = "127.0.0.1";
const file = (name: string): string => join(process.cwd(), "test/ts/lives/real", name);
/** Node, which runs some peers whatever runtime this is. */
const node = (): string => (Deno || Bun ? "node" : process.execPath);
const socketPeer = (where: string): ProcessRemote =>
  new ProcessRemote(join(process.cwd(), "build/native/lives-peer"), [where]);

function bunConnect(address: object): Promise<BunTransport> {
  return new Promise((resolve, reject) => {
    Bun!.connect({ ...address, allowHalfOpen: true, socket: bunHandler(resolve) }).catch(reject);
  });
}

async function tcp(): Promise<Place> {
  const remote = socketPeer("tcp");
  return {
    remote,
    nature: { seesGone: false, lingers: true },
    async connect() {
      const port = Number(remote.address);
      if (Deno) return denoTransport(await Deno.connect({ port, hostname }));
      if (Bun) return bunConnect({ port, hostname });
      return duplexTransport(await connectSocket({ port, host: hostname }, undefined));
    },
    stop: () => remote.stop(),
  };
}

/** A peer on a Unix socket, and how to end it and to remove the socket. */
async function unixPeer(): Promise<Pick<Place, "stop"> & { remote: ProcessRemote }> {
  const folder = await mkdtemp(join(tmpdir(), "imsg-lives-"));
  const remote = socketPeer(join(folder, "socket"));
  return {
    remote,
    async stop() {
      await remote.stop();
      await rm(folder, { recursive: true });
    },
  };
}

async function unix(): Promise<Place> {
  const { remote, stop } = await unixPeer();
  return {
    ...{ remote, stop, nature: { seesGone: true, lingers: true } },
    async connect() {
      const path = remote.address;
      if (Deno) return denoTransport(await Deno.connect({ transport: "unix", path }));
      if (Bun) return bunConnect({ unix: path });
      return duplexTransport(await connectSocket({ path }, undefined));
    },
  };
}

/** The number of a connection to the peer; a runtime that opens the connection does not disclose it. */
async function dial(unix: UnixChannels, remote: ProcessRemote): Promise<number> {
  const path = remote.address;
  const connection = await (Deno
    ? Deno.connect({ transport: "unix", path })
    : Bun!.connect({ unix: path, socket: { data: () => {} } }));
  const numbers = readdirSync("/proc/self/fd").map(Number);
  const fd = numbers.find((number) => unix.credentials(number)?.pid === remote.pid);
  if (fd === undefined) throw new Error("the connection has no number");
  const own = unix.dup(fd);
  if (Deno) (connection as DenoConn).close();
  else (connection as { terminate(): void }).terminate();
  return own;
}

/** Descriptors of the peer, which are known by the names of their files. */
const arriving: Omit<Descriptors, "make" | "close"> = {
  ofPeer: (name) => new FdThing(name),
  nameOf: (value) => readlinkSync(`/proc/self/fd/${value}`),
};

async function descriptors(): Promise<Place> {
  const { remote, stop } = await unixPeer();
  const nature = { seesGone: true, lingers: true };
  if (Deno || Bun) {
    const unix = Deno ? denoUnix() : bunUnix();
    return {
      ...{ remote, stop, nature },
      connect: async () => unix.open(await dial(unix, remote)),
      descriptors: {
        ...arriving,
        make(name) {
          const [fd, other] = unix.pair();
          unix.closeFd(other);
          return new FdThing(name, Number(/\d+/.exec(arriving.nameOf(fd))![0]), fd);
        },
        close: (value) => unix.closeFd(value as number),
      },
    };
  }
  const unix = await nodeUnix();
  let files = 0;
  return {
    ...{ remote, stop, nature },
    connect: async () => unix.adopt(await connectSocket({ path: remote.address }, undefined, true)),
    descriptors: {
      ...arriving,
      make(name) {
        const path = `${remote.address}-${++files}`;
        const fd = openSync(path, "w");
        unlinkSync(path);
        return new FdThing(name, fstatSync(fd).ino, fd);
      },
      close: (value) => closeSync(value as number),
    },
  };
}

async function websocket(): Promise<Place> {
  const remote = new ProcessRemote(node(), [file("websocket-peer.mjs")]);
  const Socket = (Deno || Bun ? WebSocket : (await import("ws")).WebSocket) as unknown as new (
    url: string,
    protocols: string[],
  ) => WebSocketLike & EventTarget;
  return {
    remote,
    nature: { seesGone: true, lingers: false, tellsResets: true },
    async connect(credit) {
      const url = `ws://${hostname}:${remote.address}`;
      const socket = new Socket(url, credit ? ["imsg.credit"] : []);
      await new Promise((resolve, reject) => {
        socket.addEventListener("open", resolve);
        socket.addEventListener("error", reject);
      });
      return webSocketTransport(socket);
    },
    stop: () => remote.stop(),
  };
}

async function port(): Promise<Place> {
  const remote = new WorkerRemote(file("port-peer.mjs"));
  return {
    remote,
    nature: { seesGone: true, lingers: false, tellsResets: true },
    async connect() {
      const { port1, port2 } = new MessageChannel();
      remote.connect(port2);
      return messagePortTransport(port1);
    },
    stop: () => remote.stop(),
  };
}

/** The open descriptors of the process, and the handles that keep it alive, in runtimes that list them. */
function open(): Open {
  const passing = ["Timeout", "Immediate", "PipeWrap", "ProcessWrap", "FSReqPromise"];
  const names = Bun ? [] : process.getActiveResourcesInfo();
  return {
    fds: readdirSync("/proc/self/fd").length,
    resources: names.filter((name) => !passing.includes(name)).length,
  };
}

const places = { tcp, unix, fd: descriptors, websocket, port, streams: streamPlace };

/** Each kind of transport of Node, Deno and Bun, by the name that `--transport` takes. */
export const SESSIONS = sessionsIn(places, open);
