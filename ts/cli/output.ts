import { once } from "node:events";
import type { Writable } from "node:stream";
import pc from "picocolors";
import type { Colors } from "picocolors/types";

/** The streams that a command works on: the process's, or a test's. */
export interface Streams {
  stdin: NodeJS.ReadableStream & { isTTY?: boolean };
  stdout: Writable & { isTTY?: boolean };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  env: Record<string, string | undefined>;
}

/** Colours if they are asked for, else if the stream is a terminal that has them. */
export function colorsFor(
  stream: { isTTY?: boolean },
  env: Streams["env"],
  asked?: boolean,
): Colors {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0";
  const none = env.NO_COLOR !== undefined && env.NO_COLOR !== "";
  return pc.createColors(
    asked ?? (forced || (!none && stream.isTTY === true && env.TERM !== "dumb")),
  );
}

const CHUNK = 65536;

/** Text to a stream, in large pieces, at the stream's speed. */
export class Output {
  readonly #stream: Writable;
  #text = "";
  #gone = false;
  #failed: Error | undefined;
  #scheduled = false;

  constructor(stream: Writable) {
    this.#stream = stream;
    // whoever reads may stop reading (`| head`): not our failure
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") this.#gone = true;
      else this.#failed ??= error;
    });
  }

  /** Whether nobody reads any more. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Adds text; resolves when there is room for more. */
  async write(text: string): Promise<void> {
    this.#text += text;
    if (this.#text.length >= CHUNK) await this.flush();
  }

  /** Hands on what was added once nothing more is at hand. */
  soon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush().catch(() => {}); // the next one tells
    });
  }

  /** Hands on what was added. Rejects with what the stream failed with. */
  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = "";
    if (text !== "" && !this.#gone && !this.#stream.write(text)) {
      await once(this.#stream, "drain").catch(() => {});
    }
    if (this.#failed !== undefined) throw this.#failed;
  }
}
