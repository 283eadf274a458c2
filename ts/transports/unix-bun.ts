import { type UnixChannels, unixChannels } from "./unix-channel.ts";
import { EpollSockets, type ForeignSockets, foreignMemory } from "./unix-epoll.ts";
import { checkPlatform, unsupported } from "./unix-libc.ts";

type Call = (...args: unknown[]) => number | bigint;
type Symbols = Record<string, { args: string[]; returns: string }>;

/** The part of `bun:ffi` that is used. */
interface BunFfi {
  dlopen(name: string, symbols: Symbols): { symbols: Record<string, Call> };
  ptr(bytes: Uint8Array): number;
  read: { i32(pointer: number): number };
}

/** The part of Bun's Worker that is used. */
interface BunWorker {
  postMessage(message: unknown): void;
  onmessage: (event: { data: { count: number; events: Uint8Array } }) => void;
  onerror: (event: { message: string }) => void;
  ref(): void;
  unref(): void;
}

const INT = "i32";
const LONG = "i64";
/** An address or a size. */
const WORD = "u64";

const SYMBOLS: Symbols = {
  recvmsg: { args: [INT, WORD, INT], returns: LONG },
  sendmsg: { args: [INT, WORD, INT], returns: LONG },
  shutdown: { args: [INT, INT], returns: INT },
  fcntl: { args: [INT, INT, INT], returns: INT },
  close: { args: [INT], returns: INT },
  getpeername: { args: [INT, WORD, WORD], returns: INT },
  getsockopt: { args: [INT, INT, INT, WORD, WORD], returns: INT },
  socket: { args: [INT, INT, INT], returns: INT },
  connect: { args: [INT, WORD, INT], returns: INT },
  bind: { args: [INT, WORD, INT], returns: INT },
  listen: { args: [INT, INT], returns: INT },
  accept4: { args: [INT, WORD, WORD, INT], returns: INT },
  epoll_create1: { args: [INT], returns: INT },
  epoll_ctl: { args: [INT, INT, INT, WORD], returns: INT },
  epoll_wait: { args: [INT, WORD, INT, INT], returns: INT },
  statx: { args: [INT, WORD, INT, INT, WORD], returns: INT },
  socketpair: { args: [INT, INT, INT, WORD], returns: INT },
  unlink: { args: [WORD], returns: INT },
  eventfd: { args: [INT, INT], returns: INT },
  write: { args: [INT, WORD, WORD], returns: LONG },
  read: { args: [INT, WORD, WORD], returns: LONG },
  __errno_location: { args: [], returns: "ptr" },
};

/** Bun's functions cannot leave the thread, so one of its own waits. */
const WAITER = `
const { dlopen } = process.getBuiltinModule("bun:ffi");
const { symbols } = dlopen("libc.so.6", {
  epoll_wait: { args: ["i32", "ptr", "i32", "i32"], returns: "i32" },
});
const events = new Uint8Array(4096);
onmessage = ({ data: { epoll, count } }) => {
  postMessage({ count: symbols.epoll_wait(epoll, events, count, -1), events });
};
`;

function waiter(): ForeignSockets["wait"] {
  const worker = new Worker(
    URL.createObjectURL(new Blob([WAITER], { type: "text/javascript" })),
  ) as unknown as BunWorker;
  worker.unref();
  return (epoll, events, count) =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        worker.unref();
        events.set(data.events.subarray(0, events.length));
        resolve(data.count);
      };
      worker.onerror = ({ message }) => reject(unsupported(message));
      worker.ref();
      worker.postMessage({ epoll, count });
    });
}

function load(): UnixChannels {
  checkPlatform(process.platform, process.arch);
  const { getBuiltinModule } = process as unknown as { getBuiltinModule?(name: string): BunFfi };
  const ffi = getBuiltinModule?.("bun:ffi");
  if (ffi === undefined) throw unsupported("this Bun has no bun:ffi");
  const { symbols } = ffi.dlopen("libc.so.6", SYMBOLS);
  const memory = foreignMemory();
  let wait: ForeignSockets["wait"] | undefined;
  const calls = Object.fromEntries(
    Object.entries(symbols).map(([name, call]) => [
      name,
      (...args: unknown[]) => Number(call(...args)),
    ]),
  );
  const foreign = {
    ...calls,
    memory: memory.buffer,
    address: ffi.ptr(memory),
    errno: () => ffi.read.i32(Number(symbols.__errno_location!())),
    // the thread begins with the first channel
    wait(...call) {
      wait ??= waiter();
      return wait(...call);
    },
  } as ForeignSockets;
  return unixChannels(new EpollSockets(foreign, process.arch === "x64"));
}

let loaded: UnixChannels | undefined;

/** Channels that pass descriptors. Throws ERR_IMSG_UNSUPPORTED if this is not Linux. */
export function bunUnix(): UnixChannels {
  loaded ??= load();
  return loaded;
}
