import type { Writable } from "node:stream";

/** Inputs that are decoded sooner show no progress, in milliseconds. */
const QUIET = 500;
const INTERVAL = 200;

/** A line on stderr with the progress of a long input. */
export class Progress {
  readonly #stream: Writable;
  readonly #total: number | undefined;
  #next = performance.now() + QUIET;
  #shown = false;

  constructor(stream: Writable, total: number | undefined) {
    this.#stream = stream;
    this.#total = total;
  }

  /** Prints the line, unless it was printed just before. */
  update(bytes: number, messages: number): void {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + INTERVAL;
    this.#shown = true;
    this.#stream.write(`\r\u001b[K${progressText(bytes, messages, this.#total)}`);
  }

  /** Erases the line. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\u001b[K");
    this.#shown = false;
  }
}

/** The progress in words. */
export function progressText(bytes: number, messages: number, total: number | undefined): string {
  const counted = `${messages.toLocaleString("en")} messages`;
  if (total === undefined) return `${amount(bytes)}, ${counted}`;
  const percent = Math.min(100, Math.floor((bytes / total) * 100));
  return `${percent} % of ${amount(total)}, ${counted}`;
}

function amount(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
