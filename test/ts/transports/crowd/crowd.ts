// Bad clients beside good ones, at one server.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connect } from "../../../../ts/entry/node.ts";
import { seeded } from "../junk.ts";
import { badClient } from "./bad.ts";
import type { Figures } from "./server.ts";

/** The parameters of a crowd. */
export interface CrowdOptions {
  /** How to start the server: a runtime, its arguments, and the bundled program. */
  readonly command: readonly [string, ...string[]];
  readonly over: "tcp" | "unix" | "descriptors";
  readonly bad: number;
  readonly good: number;
  /** How many bad clients are connected at a time. */
  readonly atOnce: number;
  readonly seed: number;
  readonly log?: ((line: string) => void) | undefined;
}

/** The outcome of a crowd. */
export interface CrowdResult {
  /** How many requests of the good clients were answered. */
  readonly answers: number;
  /** The errors of the good clients. */
  readonly failures: readonly string[];
  /** How long the slowest answer took, in ms. */
  readonly slowest: number;
  /** Bad clients that could not connect. */
  readonly refused: readonly string[];
  /** The figures of the server: with the good clients only, at each tenth, and after the bad ones have gone. */
  readonly figures: readonly Figures[];
  readonly seconds: number;
}

/** The server's process, its address, and how to ask it for its figures. */
export async function startServer(
  { command, over }: Pick<CrowdOptions, "command" | "over">,
  folder: string,
) {
  const [program, ...args] = command;
  const child: ChildProcess = spawn(program, [...args, over, folder], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const line = async () => JSON.parse((await lines.next()).value ?? "null");
  const at = (await line()) as NetConnectOpts;
  return {
    at,
    figures: (): Promise<Figures> => {
      child.stdin!.write("\n");
      return line();
    },
    async stop(): Promise<void> {
      const exited = once(child, "exit");
      child.stdin!.end();
      const [code] = await exited;
      if (code !== 0) throw new Error(`the server has exited with ${code}`);
    },
    /** Stops the process, and continues it. */
    stall: () => void child.kill("SIGSTOP"),
    continue: () => void child.kill("SIGCONT"),
    kill: () => void child.kill("SIGKILL"),
  };
}

/** Clients that ask, together about a thousand times a second, until they are stopped. */
async function goodClients(at: NetConnectOpts, count: number, random: () => number) {
  const failures: string[] = [];
  let answers = 0;
  let slowest = 0;
  let over = false;
  const client = async (): Promise<void> => {
    try {
      const channel = await connect(at);
      do {
        const start = performance.now();
        const data = new Uint8Array(random() * 200);
        const { type } = await channel.request({ type: 5, data }, { timeout: 30_000 });
        if (type !== 6) failures.push(`the answer has type ${type}`);
        slowest = Math.max(slowest, performance.now() - start);
        answers++;
        await new Promise((resolve) => setTimeout(resolve, count * (0.5 + random())));
      } while (!over);
      await channel.close();
    } catch (error) {
      failures.push(String(error));
    }
  };
  const clients: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    clients.push(client());
    if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return async () => {
    over = true;
    await Promise.all(clients);
    return { answers, failures, slowest };
  };
}

/** Waits until the server's channels are those of the good clients, at most half a minute. */
async function settled(figures: () => Promise<Figures>, channels: number): Promise<Figures> {
  for (let i = 0; ; i++) {
    const now = await figures();
    if (now.channels === channels || i === 300) return now;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Connects a bad client; again, at most for a minute, while the queue of a Unix listener is full. */
async function connected(at: NetConnectOpts, n: number, random: () => number): Promise<unknown> {
  for (let i = 0; ; i++) {
    const failed = await badClient(at, n, random);
    if (i === 6000 || (failed as { code?: unknown } | undefined)?.code !== "EAGAIN") return failed;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Runs a crowd of bad clients beside good ones. */
export async function crowd(options: CrowdOptions): Promise<CrowdResult> {
  const { bad, good, atOnce, seed, log = () => {} } = options;
  const folder = await mkdtemp(join(tmpdir(), "imsg-crowd-"));
  const random = seeded(seed);
  const server = await startServer(options, folder);
  const start = performance.now();
  try {
    const { at } = server;
    const stop = await goodClients(at, good, random);
    const figures = [await settled(server.figures, good)];
    const refused: string[] = [];
    let next = 0;
    const step = Math.ceil(bad / 10);
    const worker = async (): Promise<void> => {
      while (next < bad) {
        const n = next++;
        if (n % step === 0 && n > 0) {
          const now = await server.figures();
          figures.push(now);
          log(`${n} bad clients: ${now.resident >> 20} MiB, ${now.descriptors} descriptors`);
        }
        const failed = await connected(at, n, random);
        if (failed !== undefined) refused.push(String(failed));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    figures.push(await settled(server.figures, good));
    const result = await stop();
    const seconds = (performance.now() - start) / 1000;
    await server.stop();
    return { ...result, refused, figures, seconds };
  } finally {
    server.kill();
    await rm(folder, { recursive: true, force: true });
  }
}
