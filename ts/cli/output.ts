import type { Writable } from "node:stream";
import pc from "picocolors";
import type { Colors } from "picocolors/types";
import { printable } from "./status.ts";

/** The streams and the environment of the command. */
export interface Streams {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  env: Record<string, string | undefined>;
}

/** Returns the value of an environment variable. An empty variable counts as unset. */
export function variable(env: Streams["env"], name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

/** Returns colours if the option, or else the environment, or else the terminal asks for them. */
export function colorsFor(
  stream: { isTTY?: boolean },
  env: Streams["env"],
  asked?: boolean,
): Colors {
  const force = variable(env, "FORCE_COLOR");
  const forced = force !== undefined && force !== "0";
  const none = variable(env, "NO_COLOR") !== undefined;
  return pc.createColors(
    asked ?? (forced || (!none && stream.isTTY === true && env.TERM !== "dumb")),
  );
}

/** Longest error text in characters. Paths and reasons fit; a 1 MB argument does not. */
const LONGEST_REPORT = 2000;

/** Writes one line `imsg: TEXT` to stderr, without control characters. */
export function report({ stderr }: Pick<Streams, "stderr">, text: string): void {
  stderr.write(`imsg: ${printable(text, LONGEST_REPORT)}\n`);
}

/** The state of a stream that Outputs write to. */
interface StreamState {
  /** The reader has closed its end (EPIPE). */
  gone: boolean;
  /** The first error other than EPIPE. */
  failed: Error | undefined;
  /** The writer counts the errors, so none is a failure of the command. */
  counted: boolean;
  /** Resolves at the first error, EPIPE too. */
  broken: Promise<void>;
}

/** Several Outputs of one stream share its state. */
const states = new WeakMap<Writable, StreamState>();

function stateOf(stream: Writable): StreamState {
  const known = states.get(stream);
  if (known !== undefined) return known;
  let resolveBroken = (): void => {};
  const broken = new Promise<void>((resolve) => {
    resolveBroken = resolve;
  });
  const state: StreamState = { gone: false, failed: undefined, counted: false, broken };
  states.set(stream, state);
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // not a failure: `| head` closes the pipe when it has read enough
    if (error.code === "EPIPE") state.gone = true;
    else state.failed ??= error;
    resolveBroken();
  });
  return state;
}

/** Keeps errors of a stream from failing the command, because its writer counts the lost lines. */
export function countErrors(stream: Writable): void {
  stateOf(stream).counted = true;
}

/**
 * Waits until everything that Outputs have written to a stream is written.
 * Resolves with the stream's error, or undefined if there is none. EPIPE is none.
 */
export async function failureOf(stream: Writable): Promise<Error | undefined> {
  const state = states.get(stream);
  if (state === undefined || state.counted) return undefined;
  if (!state.gone && state.failed === undefined) await written(stream, "");
  return state.failed;
}

/** Resolves when the text is written, or writing has failed. */
function written(stream: Writable, text: string): Promise<void> {
  return new Promise((resolve) => {
    // the 'error' event follows the callback by one turn
    stream.write(text, (error) => (error ? setImmediate(resolve) : resolve()));
  });
}

const CHUNK = 65536;

/** Hides and shows a prompt on the terminal that an {@link Output} writes to. */
export interface Around {
  before(): void;
  after(): void;
}

/** Writes text to a stream in large pieces, and waits while the stream is full. */
export class Output {
  readonly #stream: Writable;
  readonly #state: StreamState;
  #text = "";
  #scheduled = false;
  #around: Around | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    this.#state = stateOf(stream);
  }

  /** Whether the reader has closed its end of the pipe. */
  get gone(): boolean {
    return this.#state.gone;
  }

  /** Resolves when nothing can be written any more: the reader has left, or writing has failed. */
  get broken(): Promise<void> {
    return this.#state.broken;
  }

  /** Calls `around` before and after each write, if this output's stream is `stream`. */
  around(stream: Writable, around: Around): void {
    if (stream === this.#stream) this.#around = around;
  }

  /** Adds text; resolves when there is room for more. Rejects as {@link flush}. */
  async write(text: string): Promise<void> {
    await this.add(text);
  }

  /** Adds text. Returns undefined if there is room for more, or else the promise of {@link write}. */
  add(text: string): Promise<void> | undefined {
    this.#text += text;
    return this.#text.length >= CHUNK ? this.flush() : undefined;
  }

  /** Flushes at the end of this turn of the event loop. The next flush reports an error. */
  soon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush().catch(() => {});
    });
  }

  /** Writes the added text; resolves when it is written. Rejects with the stream's error. */
  async flush(): Promise<void> {
    const text = this.#text;
    const state = this.#state;
    this.#text = "";
    if (text !== "" && !state.gone && state.failed === undefined) {
      this.#around?.before();
      const done = written(this.#stream, text);
      this.#around?.after(); // writes to a terminal are synchronous
      await done;
    }
    if (state.failed !== undefined) throw state.failed;
  }
}
