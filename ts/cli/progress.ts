import type { Writable } from "node:stream";

/** Nothing is said about what is done sooner. */
const QUIET = 500;
const INTERVAL = 200;

/** A line on stderr that says how far a long input has come. */
export class Progress {
  readonly #stream: Writable;
  readonly #total: number | undefined;
  #next = performance.now() + QUIET;
  #shown = false;

  constructor(stream: Writable, total: number | undefined) {
    this.#stream = stream;
    this.#total = total;
  }

  /** Says it, unless it has just been said. */
  update(bytes: number, messages: number): void {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + INTERVAL;
    this.#shown = true;
    this.#stream.write(`\r\u001b[K${progressText(bytes, messages, this.#total)}`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\u001b[K");
    this.#shown = false;
  }
}

/** How far it has come, in words. */
export function progressText(bytes: number, messages: number, total: number | undefined): string {
  const counted = `${messages.toLocaleString("en")} messages`;
  if (total === undefined) return `${amount(bytes)}, ${counted}`;
  const percent = Math.min(100, Math.floor((bytes / total) * 100));
  return `${percent} % of ${amount(total)}, ${counted}`;
}

function amount(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
