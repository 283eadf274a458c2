import type { Socket } from "node:net";
import type { PeerCredentials, Transport } from "../channel/transport.ts";
import { PROBE_INTERVAL, type Repeater, repeat } from "./timers.ts";
import { HUNG_UP, PEER_ENDED, READABLE, unixTransport, type Watch, WRITABLE } from "./unix.ts";
import { checkPlatform, type Foreign, MEMORY, UnixSockets, unsupported } from "./unix-libc.ts";

interface PollHandle {
  start(wanted: object, ready: (...args: unknown[]) => void): void;
  stop(): void;
  close(): void;
  ref(): void;
  unref(): void;
}

/** The part of koffi that is used. */
interface Koffi {
  load(path: null): { func(declaration: string): (...args: number[]) => number };
  alloc(type: string, length: number): unknown;
  address(memory: unknown): bigint;
  view(memory: unknown, length: number): ArrayBuffer;
  errno(): number;
  node: { poll(fd: number, wanted: object, ready: (...args: unknown[]) => void): PollHandle };
}

function foreign(koffi: Koffi): Foreign {
  const libc = koffi.load(null);
  const memory = koffi.alloc("uint8_t", MEMORY); // for as long as the process lives
  return {
    memory: koffi.view(memory, MEMORY),
    address: Number(koffi.address(memory)),
    recvmsg: libc.func("intptr_t recvmsg(int, uintptr_t, int)"),
    sendmsg: libc.func("intptr_t sendmsg(int, uintptr_t, int)"),
    shutdown: libc.func("int shutdown(int, int)"),
    fcntl: libc.func("int fcntl(int, int, int)"),
    close: libc.func("int close(int)"),
    getpeername: libc.func("int getpeername(int, uintptr_t, uintptr_t)"),
    getsockopt: libc.func("int getsockopt(int, int, int, uintptr_t, uintptr_t)"),
    errno: () => koffi.errno(),
  };
}

/** Keeps the handles that poll reachable: one that is collected polls no more. */
const polling = new Set<PollHandle>();

const watchWith =
  (koffi: Koffi): Watch =>
  (fd, ready) => {
    let handle: PollHandle | undefined;
    let probe: Repeater | undefined;
    let wanted = 0;
    let alive = true;
    const called = (...args: unknown[]): void => {
      // Node 26 runs promise callbacks in the next turn of its event loop only
      setImmediate(() => {});
      const status = args.length > 1 ? args[0] : 0;
      const events = args[args.length - 1] as Record<
        "readable" | "writable" | "disconnect",
        boolean
      >;
      let conditions = wanted;
      // libuv has stopped the handle because of an error: reads and writes return it
      if (status !== 0) wanted = 0;
      else {
        conditions &=
          (events.readable ? READABLE : 0) |
          (events.writable ? WRITABLE : 0) |
          (events.disconnect ? PEER_ENDED : 0);
      }
      ready(conditions);
    };
    const poll = (conditions: number): void => {
      const options = {
        readable: (conditions & READABLE) !== 0,
        writable: (conditions & WRITABLE) !== 0,
        disconnect: (conditions & PEER_ENDED) !== 0,
      };
      if (handle !== undefined) handle.start(options, called);
      else {
        handle = koffi.node.poll(fd, options, called);
        polling.add(handle);
        if (!alive) handle.unref();
      }
    };
    return {
      want(conditions) {
        if (conditions === wanted) return;
        wanted = conditions;
        // libuv cannot wait for a hang-up after the peer's half-close: asks for it instead
        if ((conditions & HUNG_UP) === 0) {
          probe?.stop();
          probe = undefined;
        } else if (probe === undefined) {
          probe = repeat(() => ready(HUNG_UP), PROBE_INTERVAL);
          probe.keepAlive(alive);
        }
        if ((conditions & ~HUNG_UP) === 0) handle?.stop();
        else poll(conditions);
      },
      close() {
        probe?.stop();
        wanted = 0;
        if (handle === undefined) return;
        handle.close();
        polling.delete(handle);
        handle = undefined;
      },
      keepAlive(keep) {
        alive = keep;
        probe?.keepAlive(keep);
        if (keep) handle?.ref();
        else handle?.unref();
      },
    };
  };

/** Unix sockets that pass descriptors, in Node. */
export interface NodeUnix {
  /**
   * A transport over a socket that nothing has been read from yet. Node's own
   * object is given up: it would drop the descriptors.
   */
  adopt(socket: Socket): Transport;
  /** A transport over a socket by its number; see {@link UnixSockets.adopt}. */
  open(fd: number): Transport;
  /** A new number for the same file; see {@link UnixSockets.duplicate}. */
  dup(fd: number): number;
  /**
   * The process at the other end of a Unix socket of Node's; undefined for another
   * kind of socket, and for one that is closed.
   */
  credentials(socket: Socket): PeerCredentials | undefined;
}

interface NodeSocket {
  readonly _handle?: { fd?: number | undefined; readStop?(): void } | null | undefined;
}

async function load(): Promise<NodeUnix> {
  checkPlatform(process.platform, process.arch);
  let koffi: Koffi;
  const name = "koffi"; // an optional peer: not for bundlers to look for
  try {
    koffi = ((await import(name)) as { default: Koffi }).default;
  } catch (cause) {
    throw unsupported("descriptors pass with the package koffi: npm install koffi", cause);
  }
  const sockets = new UnixSockets(foreign(koffi));
  // a handle that has something to report while Node ends would abort the process
  process.once("exit", () => {
    for (const handle of polling) handle.stop();
  });
  const watch = watchWith(koffi);
  return {
    adopt(socket) {
      const { _handle: handle } = socket as NodeSocket;
      try {
        const fd = handle?.fd;
        if (fd === undefined || fd < 0) throw unsupported("the socket has no descriptor");
        handle?.readStop?.();
        return unixTransport(sockets, sockets.duplicate(fd), watch);
      } finally {
        socket.destroy();
      }
    },
    open: (fd) => unixTransport(sockets, sockets.adopt(fd), watch),
    dup: (fd) => sockets.duplicate(fd),
    credentials(socket) {
      const fd = (socket as NodeSocket)._handle?.fd;
      return fd === undefined || fd < 0 ? undefined : sockets.credentials(fd);
    },
  };
}

let loaded: Promise<NodeUnix> | undefined;

/** Loads koffi. Rejects with ERR_IMSG_UNSUPPORTED if it is missing, or this is not Linux. */
export function nodeUnix(): Promise<NodeUnix> {
  loaded ??= load();
  loaded.catch(() => {
    loaded = undefined;
  });
  return loaded;
}
