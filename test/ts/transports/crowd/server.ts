// A server as README shows one, in Node, Deno or Bun. It prints where it listens, answers
// each line of its stdin with a line of figures, and closes at the end of stdin.
import { readdirSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { echo, folder, main, net, tcp, unix } from "../ways.ts";

/** The figures that the server reports. */
export interface Figures {
  /** Open descriptors. */
  readonly descriptors: number;
  /** Resident memory in bytes. */
  readonly resident: number;
  /** Channels that have not ended. */
  readonly channels: number;
  /** Errors that `onError` has been called with, by their codes. */
  readonly errors: Readonly<Record<string, number>>;
  /** Unhandled rejections and uncaught errors. */
  readonly unhandled: readonly string[];
}

const errors: Record<string, number> = {};
const unhandled: string[] = [];
for (const event of ["unhandledRejection", "uncaughtException"]) {
  process.on(event, (error) => unhandled.push(String(error)));
}

async function serve(at: object, options: object): Promise<string> {
  const onError = (error: unknown): void => {
    const code = String((error as { code?: unknown }).code ?? error);
    errors[code] = (errors[code] ?? 0) + 1;
  };
  const server = await net.listen(at, echo, { ...options, onError });
  console.log(JSON.stringify(server.address));
  const figures = (): Figures => ({
    descriptors: readdirSync("/proc/self/fd").length,
    resident: process.memoryUsage().rss,
    channels: server.channels.size,
    errors,
    unhandled,
  });
  for await (const _ of createInterface({ input: process.stdin })) {
    (globalThis as { gc?: () => void }).gc?.();
    console.log(JSON.stringify(figures()));
  }
  await server.close({ abort: true });
  return "closed";
}

await main({
  tcp: () => serve(tcp(0), {}),
  unix: () => serve(unix(`${folder}/server`), {}),
  descriptors: () => serve(unix(`${folder}/server`), { allowFdPass: true }),
});
