import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { promisify } from "node:util";
import { type Program, serialize } from "./program.ts";

const BUILT = "build/differential";

async function make(variables: Record<string, string>): Promise<void> {
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  mkdirSync(variables.DIFF_BUILD!, { recursive: true });
  // test files run at the same time, and build the same files
  const command = ["make", "-s", "-f", "test/oracle/native/differential.mk", ...settings];
  await promisify(execFile)("flock", [variables.DIFF_BUILD!, ...command]);
}

/** Builds the driver of the fetched original, and returns its path. */
export async function buildDriver(): Promise<string> {
  await make({ DIFF_BUILD: BUILT });
  return `${BUILT}/driver`;
}

/**
 * Builds a driver in which one file of the original comes from another folder;
 * everything else is what {@link buildDriver} made.
 */
export async function buildVariant(folder: string, file: string, name: string): Promise<string> {
  const out = `${BUILT}/${name}`;
  const originals = ["imsg.c", "imsg-buffer.c"].map((original) => {
    const object = original.replace(".c", ".upstream.o");
    return `${original === file ? out : BUILT}/${object}`;
  });
  await make({
    DIFF_UPSTREAM: folder,
    DIFF_BUILD: out,
    DIFF_OBJ: BUILT,
    DIFF_ORIGINAL: originals.join(" "),
    DIFF_CFLAGS: "-O0",
  });
  return `${out}/driver`;
}

/** The error of a driver that ended by itself. */
export class DriverDied extends Error {}

/**
 * The native driver as a process that runs programs as long as it lives. A
 * fault in the original may crash or hang it; it is started again then.
 */
export class Native {
  readonly #path: string;
  #child: Child | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** The transcripts of some programs; DriverDied if one of them killed it. */
  async run(programs: readonly Program[]): Promise<string[]> {
    const text = await this.#ask(`${programs.map(serialize).join("")}flush\n`);
    return splitTranscripts(text);
  }

  /** How often each function of the original was called. */
  async calls(): Promise<Map<string, number>> {
    const lines = (await this.#ask("calls\nflush\n")).split("\n").filter((line) => line !== "");
    return new Map(lines.map((line) => line.split(" ")).map(([name, n]) => [name!, Number(n)]));
  }

  /** The operations that the driver knows, sorted by name. */
  async operations(): Promise<string[]> {
    const { stdout } = await promisify(execFile)(this.#path, ["--operations"]);
    return stdout.trim().split("\n");
  }

  async #ask(request: string): Promise<string> {
    this.#child ??= new Child(this.#path);
    try {
      return await this.#child.ask(request);
    } catch (error) {
      this.#child = undefined;
      throw error;
    }
  }

  /** Ends the process. */
  stop(): void {
    this.#child?.stop();
    this.#child = undefined;
  }
}

const FLUSHED = "flush\n";

/** One process of the driver, and the one answer that is awaited from it. */
class Child {
  readonly #process: ChildProcessWithoutNullStreams;
  #text: string[] = [];
  #errors = "";
  #answer: { resolve: (text: string) => void; reject: (error: Error) => void } | undefined;

  constructor(path: string) {
    this.#process = spawn(path, [], { stdio: ["pipe", "pipe", "pipe"] });
    const { stdin, stdout, stderr } = this.#process;
    stdout.setEncoding("latin1").on("data", (chunk: string) => this.#heard(chunk));
    stderr.on("data", (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    // writing to a driver that died fails; the event of its exit has the reason
    stdin.on("error", () => {});
    this.#process.on("error", (error) => this.#answer?.reject(error));
    this.#process.on("close", (code, signal) => {
      const how = code === 4 ? "it hung" : (signal ?? `exit ${code}`);
      const words = `the native driver died: ${how} ${this.#errors.trim()}`.trim();
      this.#answer?.reject(new DriverDied(words));
    });
  }

  ask(request: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#process.stdin.write(request);
    });
  }

  #heard(chunk: string): void {
    this.#text.push(chunk);
    // the end mark of the answer may arrive in pieces
    const tail = chunk.length > FLUSHED.length ? chunk : this.#text.slice(-8).join("");
    if (!tail.endsWith(`\n${FLUSHED}`)) return;
    const text = this.#text.join("");
    this.#text = [];
    this.#answer?.resolve(text.slice(0, -FLUSHED.length));
  }

  stop(): void {
    this.#answer = undefined;
    this.#process.stdin.end();
  }
}

function splitTranscripts(text: string): string[] {
  return text
    .split("begin\n")
    .slice(1)
    .map((transcript) => `begin\n${transcript}`);
}
