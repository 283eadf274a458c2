import type { Socket } from "node:net";
import type { Transport } from "../channel/transport.ts";
import { unixTransport, type Watch } from "./unix.ts";
import { checkPlatform, type Foreign, MEMORY, UnixSockets, unsupported } from "./unix-libc.ts";

interface PollHandle {
  start(wanted: object, ready: (...args: unknown[]) => void): void;
  stop(): void;
  close(): void;
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

/** The handles that poll: one that the collector takes polls no more. */
const polling = new Set<PollHandle>();

const watchWith =
  (koffi: Koffi): Watch =>
  (fd, ready) => {
    let handle: PollHandle | undefined;
    let readable = false;
    let writable = false;
    const called = (...args: unknown[]): void => {
      // Node 26 lets promises wait for the next turn of its loop
      setImmediate(() => {});
      // an error, or a hang-up that nobody asked for, stops the handle: reads and writes tell why
      const status = args.length > 1 ? args[0] : 0;
      const events = args[args.length - 1] as { readable: boolean; writable: boolean };
      if (status !== 0) {
        const [read, write] = [readable, writable];
        readable = writable = false;
        ready(read, write);
      } else ready(readable && events.readable, writable && events.writable);
    };
    return {
      want(read, write) {
        if (read === readable && write === writable) return;
        readable = read;
        writable = write;
        if (!read && !write) handle?.stop();
        else if (handle !== undefined) handle.start({ readable, writable }, called);
        else {
          handle = koffi.node.poll(fd, { readable, writable }, called);
          polling.add(handle);
        }
      },
      close() {
        if (handle === undefined) return;
        handle.close();
        polling.delete(handle);
        handle = undefined;
      },
    };
  };

/** What passes descriptors in Node. */
export interface NodeUnix {
  /**
   * A transport over a socket that nothing has been read from yet. Node's own
   * object is given up: it would drop the descriptors.
   */
  adopt(socket: Socket): Transport;
  /** A transport over a socket by its number; see {@link UnixSockets.adopt}. */
  open(fd: number): Transport;
}

let loaded: Promise<NodeUnix> | undefined;

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
  const watch = watchWith(koffi);
  return {
    adopt(socket) {
      const { _handle: handle } = socket as { _handle?: { fd?: number; readStop?(): void } | null };
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
  };
}

/** Loads koffi. Rejects with ERR_IMSG_UNSUPPORTED if it is missing, or this is not Linux. */
export function nodeUnix(): Promise<NodeUnix> {
  loaded ??= load();
  loaded.catch(() => {
    loaded = undefined;
  });
  return loaded;
}
