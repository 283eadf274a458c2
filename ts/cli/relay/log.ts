import type { Writable } from "node:stream";
import type { RelayEvent } from "./events.ts";

/** Bytes of the log that wait for a reader; lines that come then are lost. */
const MOST = 1024 * 1024;

/**
 * The log of a relay. It never holds up nor ends the relay: a line that the
 * stream does not take (its reader has left, stalls, or the disk is full) is
 * counted. Later lines are tried again.
 */
export class Log {
  readonly #stream: Writable;
  #lost = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", () => {}); // the callback of each write counts its error
  }

  /** Lines that could not be written. */
  get lost(): number {
    return this.#lost;
  }

  /** Writes a line, or counts it. */
  write(line: string): void {
    if (this.#stream.writableLength > MOST) {
      this.#lost++;
      return;
    }
    this.#stream.write(`${line}\n`, (error) => {
      if (error) this.#lost++;
    });
  }
}

/** An event as one line of text for people. */
export function logLine(event: RelayEvent): string {
  switch (event.event) {
    case "listening": {
      const metrics = event.metrics === undefined ? "" : `, metrics at ${event.metrics}`;
      return `listening on ${event.url}${metrics}`;
    }
    case "listen-only":
      return "clients may only listen: --allow-type names no type that they may send";
    case "refused": {
      const { from, status, why, host, origin } = event;
      const sent = Object.entries({ Host: host, Origin: origin })
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
      return `${from} refused (${status}): ${[why, ...sent].join(", ")}`;
    }
    case "opened": {
      const origin = event.origin === undefined ? "" : ` from ${event.origin}`;
      return `#${event.id} ${event.from} opened${origin}, pid ${event.pid} on the daemon`;
    }
    case "closed": {
      const { id, from, code, why, cause, up, down, dropped } = event;
      const behind = cause === undefined ? "" : ` (${cause})`;
      const lost = dropped === 0 ? "" : `, ${dropped} of other clients dropped`;
      return `#${id} ${from} closed (${code}): ${why}${behind}; ${up} messages up, ${down} down${lost}`;
    }
    case "stopped":
      return event.lost === undefined ? "stopped" : `stopped; ${event.lost} lines of the log lost`;
  }
}
