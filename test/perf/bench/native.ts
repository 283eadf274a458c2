import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Timed } from "./measure.ts";

/** The native program of test/perf/bench/native/bench.c, which answers commands. */
export class Native {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(path: string) {
    this.#child = spawn(path, { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  timed(name: string, what: "decode" | "encode", payload: number, chunk: number): Timed {
    return {
      name,
      round: async (ms) => {
        this.#child.stdin!.write(`${what} ${payload} ${chunk} ${ms}\n`);
        const { value, done } = await this.#lines.next();
        if (done) throw new Error("the native program has ended");
        return Number.parseFloat(value);
      },
    };
  }

  close(): void {
    this.#child.stdin!.end();
  }
}
