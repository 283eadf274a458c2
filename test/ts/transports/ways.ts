// Parts that the programs of this folder share: the entry of the runtime that runs them, the
// ways to listen and connect that it has, and small helpers.
import process from "node:process";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import type { ImsgServer, ServerOptions } from "../../../ts/transports/server.ts";

/** The part of the entries of Node, Deno and Bun that is the same. */
export interface Net {
  connect(address: object, options?: object | null): Promise<ImsgChannel>;
  listen(
    address: object,
    handler?: (channel: ImsgChannel) => unknown,
    options?: ServerOptions | null,
  ): Promise<ImsgServer>;
  fromSocket(fd: unknown, options?: object | null): Promise<ImsgChannel>;
  dup(fd: number): Promise<number>;
  closeFd?(fd: number): Promise<void>;
  readFd?(fd: number, buffer: Uint8Array): Promise<number>;
}

const { Deno, Bun } = globalThis as { Deno?: { args: string[] }; Bun?: unknown };

/** The runtime that runs the program. */
export const runtime = Deno ? "deno" : Bun ? "bun" : "node";

/** The name of the case, the folder for sockets, and further arguments of the test. */
export const [name = "", folder = "", ...more] = Deno?.args ?? process.argv.slice(2);

/** The entry of the runtime. */
export const net = (await (Deno
  ? import("../../../ts/entry/deno.ts")
  : Bun
    ? import("../../../ts/entry/bun.ts")
    : import("../../../ts/entry/node.ts"))) as unknown as Net;

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

export const host = "127.0.0.1";
let files = 0;
/** The path of a file that is not there. */
export const nextPath = (): string => `${folder}/${name}-${++files}`;
/** The address of a Unix socket. */
export const unix = (path: string): object => (Bun ? { unix: path } : { path });
/** The address of a TCP port. */
export const tcp = (port: number, at = host): object =>
  Deno || Bun ? { port, hostname: at } : { port, host: at };

/** A way to listen, and the address at which its server is reached. */
export interface Way {
  readonly at: object;
  readonly path?: string;
  readonly options: { allowFdPass?: boolean };
}

/** Over TCP, over a Unix socket, and in descriptor mode. */
export const ways = (): Way[] =>
  [undefined, {}, { allowFdPass: true }].map((options) => {
    if (options === undefined) return { at: tcp(0), options: {} };
    const path = nextPath();
    return { at: unix(path), path, options };
  });

/** Connects to a server that listens in this way. */
export const open = (way: Way, server: ImsgServer, options: object = {}): Promise<ImsgChannel> =>
  net.connect(way.path === undefined ? tcp(server.port!) : way.at, { ...way.options, ...options });

/** Does something in all ways at once. */
export const together = (run: (way: Way) => Promise<unknown>): Promise<unknown[]> =>
  Promise.all(ways().map(run));

/** Does something in each way, one after the other. */
export const each = async (run: (way: Way) => Promise<unknown>): Promise<unknown[]> => {
  const seen: unknown[] = [];
  for (const way of ways()) seen.push(await run(way));
  return seen;
};

export const codeOf = (error: unknown): unknown =>
  (error as { code?: unknown } | null)?.code ?? error;

/** The code of the error that a promise rejects with. */
export const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => "fulfilled", codeOf);

/** Whether a promise settles within so many milliseconds. */
export const settles = (promise: Promise<unknown>, ms = 50): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    const settled = (): void => {
      clearTimeout(timer);
      resolve(true);
    };
    promise.then(settled, settled);
  });

/** A handler that answers each message with the type that follows. */
export const echo = async (channel: ImsgChannel): Promise<void> => {
  for await (const m of channel) await channel.reply(m, { type: m.type + 1 });
};

/** Asks an {@link echo}: 6. */
export const ask = async (channel: ImsgChannel): Promise<number> =>
  (await channel.request({ type: 5 }, { timeout: 5000 })).type;

/** Runs the case that the command line names, and prints what it returns as JSON. */
export async function main(cases: Record<string, () => Promise<unknown>>): Promise<void> {
  console.log(JSON.stringify(await cases[name]!()));
}
