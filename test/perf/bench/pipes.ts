import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import type { Transform } from "node:stream";
import { clock, type Timed } from "./measure.ts";

/** A process at the other end of a socketpair. */
export interface Far {
  readonly socket: Socket;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
}

/** Runs a command of the shell whose descriptor 3 is one end of a socketpair. */
function far(command: string, ...args: string[]): Far {
  const child = spawn("sh", ["-c", command, ...args], {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", () => resolve());
  });
  return { socket: child.stdio[3] as Socket, ended };
}

/** A process that writes a file to its end, and closes it. */
export const source = (path: string): Far => far('exec cat "$0" >&3', path);

/** A process that reads to the end of its input. */
export const sink = (): Far => far("exec cat <&3 >/dev/null");

/** A process that echoes the bytes that it reads. */
export const mirror = (): Far => far("exec cat <&3 >&3");

/** Writes bytes to a file in build/, for a {@link source}. */
export function stored(name: string, bytes: Uint8Array): string {
  mkdirSync("build/bench", { recursive: true });
  const path = `build/bench/${name}.bin`;
  writeFileSync(path, bytes);
  return path;
}

/** Times a transfer of `count` messages; every round does one. */
export function transfer(name: string, count: number, run: () => Promise<void>): Timed {
  return {
    name,
    async round() {
      const start = clock();
      await run();
      return Number(clock() - start) / count;
    },
  };
}

/** Resolves when the stream has room. */
export function drained(stream: Socket | Transform): Promise<void> {
  return new Promise((resolve) => stream.once("drain", () => resolve()));
}

/** Throws unless as many messages came as were sent. */
export function expectCount(name: string, got: number, wanted: number): void {
  if (got !== wanted) throw new Error(`${name}: ${got} of ${wanted} messages came`);
}
