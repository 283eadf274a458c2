// Sends to the peer, ends as its arguments say, and exits at once, in Node, Deno or Bun.
// The arguments: the way of ending; "plain" or "fds"; a port or the path of a Unix socket.

import type { ImsgChannel, SendInit } from "../../../ts/entry/index.ts";
import type { ImsgServer } from "../../../ts/entry/node.ts";

interface Runtimes {
  Deno?: { args: string[]; exit(code: number): never };
  Bun?: object;
}

type Address = Record<string, unknown>;
type Options = { allowFdPass: boolean };

/** The functions that all three entries have. */
interface Entry {
  connect(address: Address, options: Options): Promise<ImsgChannel>;
  listen(
    address: Address,
    handler: (channel: ImsgChannel) => unknown,
    options: Options,
  ): Promise<ImsgServer>;
}

const { Deno, Bun } = globalThis as Runtimes;
const [way, mode, where] = Deno?.args ?? process.argv.slice(2);
const exit = (code: number): never => (Deno ? Deno.exit(code) : process.exit(code));
const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

async function load(): Promise<unknown> {
  if (Deno) return import("../../../ts/entry/deno.ts");
  if (Bun) return import("../../../ts/entry/bun.ts");
  return import("../../../ts/entry/node.ts");
}

const { connect, listen } = (await load()) as Entry;
const options = { allowFdPass: mode === "fds" };
const port = Number(where);
const host = Deno || Bun ? { hostname: "127.0.0.1" } : { host: "127.0.0.1" };
const unixAddress = Bun ? { unix: where } : { path: where };
const address: Address = Number.isNaN(port) ? unixAddress : { port, ...host };

const MESSAGE: SendInit = { type: 1, data: new Uint8Array(984) };
const COUNT = 1000;

async function send(channel: ImsgChannel): Promise<void> {
  for (let i = 0; i < COUNT; i++) await channel.send(MESSAGE);
}

/** Sends without waiting for anything. */
function pour(channel: ImsgChannel): void {
  for (let i = 0; i < COUNT; i++) void channel.send(MESSAGE);
}

/** Connects, and waits until bytes of the peer lie unread in the system's buffer. */
async function connected(): Promise<ImsgChannel> {
  const channel = await connect(address, options);
  await sleep(100);
  return channel;
}

const ways: Record<string, () => Promise<unknown>> = {
  async close() {
    const channel = await connected();
    await send(channel);
    await channel.close();
  },
  async closeOfUnawaited() {
    const channel = await connected();
    pour(channel);
    await channel.close();
  },
  async endThenClose() {
    const channel = await connected();
    pour(channel);
    void channel.end();
    await channel.close();
  },
  async dispose() {
    const channel = await connected();
    pour(channel);
    await channel[Symbol.asyncDispose]();
  },
  async closeTwice() {
    const channel = await connected();
    pour(channel);
    void channel.close();
    await channel.close();
  },
  async closed() {
    const channel = await connected();
    pour(channel);
    channel.dispose();
    await channel.closed;
  },
  /** The peer sends nothing here: an exit with bytes unread would reset the connection. */
  async end() {
    const channel = await connected();
    pour(channel);
    await channel.end();
  },
  async server() {
    const server = await listen(
      address,
      (channel) => send(channel).then(() => void server.close()),
      options,
    );
    console.log(JSON.stringify(server.address));
    await server.closed;
  },
};

await ways[way!]!();
exit(0);
