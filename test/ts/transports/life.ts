// Does one thing with the Unix socket on descriptor 3, or with a folder, in Node,
// Deno or Bun. The arguments are the name of the thing and the folder.

import type { Transport } from "../../../ts/channel/transport.ts";
import { type DenoConn, denoTransport } from "../../../ts/transports/deno.ts";
import type { UnixChannels } from "../../../ts/transports/unix-channel.ts";
import type { NodeUnix } from "../../../ts/transports/unix-node.ts";
import { bunHandler } from "./bun-handler.ts";
import { RecordingSink } from "./recording-sink.ts";

interface Runtimes {
  Deno?: {
    args: string[];
    exit(code: number): never;
    connect(options: object): Promise<DenoConn>;
  };
  Bun?: { connect(options: object): Promise<unknown> };
}

const { Deno, Bun } = globalThis as Runtimes;
const [thing, folder] = Deno?.args ?? process.argv.slice(2);
const exit = (code: number): never => (Deno ? Deno.exit(code) : process.exit(code));
const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

async function load(): Promise<UnixChannels | NodeUnix> {
  if (Deno) return (await import("../../../ts/transports/unix-deno.ts")).denoUnix();
  if (Bun) return (await import("../../../ts/transports/unix-bun.ts")).bunUnix();
  return (await import("../../../ts/transports/unix-node.ts")).nodeUnix();
}

const unix = await load();

interface Started {
  readonly transport: Transport;
  readonly sink: RecordingSink;
}

function start(transport = unix.open(3)): Started {
  const sink = new RecordingSink();
  transport.start(sink);
  return { transport, sink };
}

/** A connection of the runtime's own to a server in the folder. */
async function plain(): Promise<Started> {
  const path = `${folder}/server`;
  if (Deno) return start(denoTransport(await Deno.connect({ transport: "unix", path })));
  const transport = await new Promise<Transport>((resolve) => {
    void Bun!.connect({ unix: path, allowHalfOpen: true, socket: bunHandler(resolve) });
  });
  return start(transport);
}

/** Prints a line once the peer has ended, and closes. */
function closeAtEnd({ transport, sink }: Started): void {
  sink.onCall = () => {
    if (!sink.over) return;
    console.log("ended");
    void transport.close();
  };
}

const things: Record<string, () => unknown> = {
  /** Must not exit before the peer's end has arrived. */
  stays: () => closeAtEnd(start()),
  /** The same of a connection of the runtime's own. */
  plainStays: async () => closeAtEnd(await plain()),
  /** Must exit at once. */
  async plainLeaves() {
    const { transport } = await plain();
    transport.unref!();
  },
  /** Must not exit before the peer's end has arrived, although it was unref'ed for a moment. */
  staysAfterRef() {
    const started = start();
    started.transport.unref!();
    started.transport.ref!();
    closeAtEnd(started);
  },
  /** Must exit at once. */
  leaves() {
    const { transport } = start();
    transport.unref!();
  },
  /** Must exit at once, after waiting for a while. */
  async leavesLater() {
    const { transport } = start();
    await sleep(50);
    transport.unref!();
  },
  /** Is served while something else keeps the process alive. */
  async servesUnreferenced() {
    const { transport, sink } = start();
    transport.unref!();
    for (let i = 0; i < 500 && sink.length < 5; i++) await sleep(10);
    transport.send(sink.bytes() as Uint8Array<ArrayBuffer>);
  },
  /** Exits as soon as close() is fulfilled, with bytes of the peer unread. */
  async exitsAfterClose() {
    const { transport } = start();
    transport.pause!();
    await sleep(50);
    transport.send(new Uint8Array(1_000_000).fill(7));
    await transport.end();
    await transport.close();
    exit(0);
  },
  /** Exits as soon as end() is fulfilled. */
  async exitsAfterEnd() {
    const { transport } = start();
    for (let i = 0; i < 2000; i++) transport.send(new Uint8Array(1000).fill(7));
    await transport.end();
    exit(0);
  },
  /** Leaves no socket file behind, and does not remove another program's file. */
  async listens() {
    const { listen, connect } = unix as UnixChannels;
    const { existsSync, rmSync, writeFileSync } = await import("node:fs");
    const path = `${folder}/${process.pid}`;
    const seen: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      let accepted = 0;
      const server = listen(path, (make) => {
        accepted++;
        make({ allowFdPass: true }).close();
      });
      seen.push(existsSync(path));
      await connect(path, { allowFdPass: true }).close();
      for (let n = 0; n < 100 && accepted === 0; n++) await sleep(5);
      seen.push(accepted);
      server.close();
      seen.push(existsSync(path));
    }
    const server = listen(path, () => {});
    rmSync(path);
    writeFileSync(path, "somebody else's");
    server.close();
    seen.push(existsSync(path));
    rmSync(path);
    listen(path, () => {}).unref(); // must not keep the process alive
    console.log(JSON.stringify(seen));
  },
  /** Reads and closes a descriptor that has arrived. */
  async takes() {
    const { closeFd, readFd, pair, dup } = unix as UnixChannels;
    const { transport, sink } = start();
    for (let i = 0; i < 500 && sink.passed.length === 0; i++) await sleep(10);
    const fd = sink.passed[0]!.value.value as number;
    const bytes = new Uint8Array(100);
    const length = readFd(fd, bytes);
    const copy = dup(fd);
    closeFd(fd);
    closeFd(copy);
    const errors = [() => readFd(fd, bytes), () => closeFd(fd), () => dup(fd)].map((call) => {
      try {
        return call();
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    for (const number of pair()) closeFd(number);
    console.log(JSON.stringify([new TextDecoder().decode(bytes.subarray(0, length)), ...errors]));
    await transport.close();
  },
};

await things[thing!]!();
