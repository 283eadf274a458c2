// The command that serves the looking glass of a bgpd that runs already.

import { type SpawnOptions, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const SERVE = fileURLToPath(
  new URL("../../../examples/looking-glass/serve.mjs", import.meta.url),
);

/** A run of the command. */
export interface Serving {
  readonly pid: number;
  /** Everything that it has printed. */
  words(): string;
  /** The page's address; rejects if the command ends before it has printed it. */
  readonly url: Promise<string>;
  /** Resolves with the exit code when the command has ended. */
  readonly ended: Promise<number | null>;
  /** Sends SIGTERM. */
  stop(): Promise<number | null>;
}

/** Starts a command, which runs until it is stopped. */
export function launch(argv: readonly string[], options: SpawnOptions = {}): Serving {
  const [command = "", ...args] = argv;
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const url = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
        const [found] = /https?:\/\/\S+(?= shows)/.exec(text) ?? [];
        if (found !== undefined) resolve(found);
      });
    }
    void ended.then(() => reject(new Error(`the command ended: ${text}`)));
  });
  url.catch(() => {});
  const stop = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ended;
  };
  return { pid: child.pid ?? 0, words: () => text, url, ended, stop };
}

/** Starts a command, which is stopped at the end of the test. */
export function startCommand(argv: readonly string[], options?: SpawnOptions): Serving {
  const serving = launch(argv, options);
  onTestFinished(async () => void (await serving.stop()));
  return serving;
}

/** Starts serve.mjs with these arguments; it runs until it is stopped. */
export const startServing = (args: readonly string[]): Serving =>
  launch([process.execPath, SERVE, ...args]);

/** Starts serve.mjs with these arguments; it is stopped at the end of the test. */
export const serve = (args: readonly string[], options?: SpawnOptions): Serving =>
  startCommand([process.execPath, SERVE, ...args], options);
