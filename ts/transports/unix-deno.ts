import { openingError } from "./opening-error.ts";
import { type UnixChannels, unixChannels } from "./unix-channel.ts";
import { EpollSockets, type ForeignSockets, foreignMemory } from "./unix-epoll.ts";
import { checkPlatform } from "./unix-libc.ts";

type Call = (...args: unknown[]) => number | bigint | Promise<number>;

/** The part of Deno's foreign function interface that is used. */
interface DenoFfi {
  build: { os: string; arch: string };
  dlopen(
    name: string,
    symbols: Record<
      string,
      {
        name?: string | undefined;
        parameters: string[];
        result: string;
        nonblocking?: boolean | undefined;
      }
    >,
  ): { symbols: Record<string, Call> };
  UnsafePointer: {
    of(bytes: Uint8Array): object;
    value(pointer: object): number | bigint;
  };
  UnsafePointerView: new (pointer: object) => { getInt32(): number };
}

const INT = "i32";
const LONG = "isize";
/** An address or a size. */
const WORD = "usize";

const SIGNATURES: Record<string, [parameters: string[], result: string]> = {
  recvmsg: [[INT, WORD, INT], LONG],
  sendmsg: [[INT, WORD, INT], LONG],
  shutdown: [[INT, INT], INT],
  fcntl: [[INT, INT, INT], INT],
  close: [[INT], INT],
  getpeername: [[INT, WORD, WORD], INT],
  getsockopt: [[INT, INT, INT, WORD, WORD], INT],
  socket: [[INT, INT, INT], INT],
  connect: [[INT, WORD, INT], INT],
  bind: [[INT, WORD, INT], INT],
  listen: [[INT, INT], INT],
  accept4: [[INT, WORD, WORD, INT], INT],
  epoll_create1: [[INT], INT],
  epoll_ctl: [[INT, INT, INT, WORD], INT],
  epoll_wait: [[INT, WORD, INT, INT], INT],
  eventfd: [[INT, INT], INT],
  statx: [[INT, WORD, INT, INT, WORD], INT],
  socketpair: [[INT, INT, INT, WORD], INT],
  unlink: [[WORD], INT],
  write: [[INT, WORD, WORD], LONG],
  read: [[INT, WORD, WORD], LONG],
};

/** Opens the C library. Throws EACCES if Deno was not allowed to. */
function open(deno: DenoFfi, symbols: Parameters<DenoFfi["dlopen"]>[1]) {
  try {
    return deno.dlopen("libc.so.6", symbols);
  } catch (error) {
    throw openingError(error, "dlopen", "libc.so.6");
  }
}

function load(): UnixChannels {
  const deno = (globalThis as unknown as { Deno: DenoFfi }).Deno;
  checkPlatform(deno.build.os, deno.build.arch);
  const { symbols } = open(deno, {
    ...Object.fromEntries(
      Object.entries(SIGNATURES).map(([name, [parameters, result]]) => [
        name,
        { parameters, result },
      ]),
    ),
    wait: {
      name: "epoll_wait",
      parameters: [INT, "buffer", INT, INT],
      result: INT,
      nonblocking: true,
    },
    __errno_location: { parameters: [], result: "pointer" },
  });
  const memory = foreignMemory();
  const calls = Object.fromEntries(
    Object.keys(SIGNATURES).map((name) => [
      name,
      (...args: unknown[]) => Number(symbols[name]!(...args)),
    ]),
  );
  const errno = symbols.__errno_location as unknown as () => object;
  const foreign = {
    ...calls,
    memory: memory.buffer,
    address: Number(deno.UnsafePointer.value(deno.UnsafePointer.of(memory))),
    errno: () => new deno.UnsafePointerView(errno()).getInt32(),
    wait: (epoll: number, events: Uint8Array, count: number) =>
      symbols.wait!(epoll, events, count, -1) as Promise<number>,
  } as unknown as ForeignSockets;
  return unixChannels(new EpollSockets(foreign, deno.build.arch === "x86_64"));
}

let loaded: UnixChannels | undefined;

/**
 * Channels that pass descriptors. Throws ERR_IMSG_UNSUPPORTED if this is not
 * Linux, EACCES without `--allow-ffi`.
 */
export function denoUnix(): UnixChannels {
  loaded ??= load();
  return loaded;
}
