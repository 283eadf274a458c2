import type { RelayEvent } from "./events.ts";

/** Messages of a connection. */
export interface MessageCounts {
  /** From the client to the daemon. */
  up: number;
  /** From the daemon to the client. */
  down: number;
  /** From the daemon, with the pid of another client. */
  dropped: number;
}

/** The present figures, which can fall. */
export interface Gauges {
  /** The clients that are connected. */
  live: readonly MessageCounts[];
  /** Connections that are no clients yet. */
  strangers: number;
  lostLogLines: number;
}

/** The counters since the relay started. */
export class Counters {
  #opened = 0;
  readonly #refused = new Map<number, number>();
  readonly #closed = new Map<number, number>();
  readonly #messages = { up: 0, down: 0, dropped: 0 };

  /** Counts an event. */
  count(event: RelayEvent): void {
    if (event.event === "opened") this.#opened++;
    else if (event.event === "refused") add(this.#refused, event.status);
    else if (event.event === "closed") {
      add(this.#closed, event.code);
      for (const key of ["up", "down", "dropped"] as const) this.#messages[key] += event[key];
    }
  }

  /** The counters and the figures of now in the text format of Prometheus. */
  text(gauges: Gauges): string {
    const { up, down, dropped } = gauges.live.reduce(
      (sum, one) => ({
        up: sum.up + one.up,
        down: sum.down + one.down,
        dropped: sum.dropped + one.dropped,
      }),
      this.#messages,
    );
    const lines = [
      ...family("connections", "gauge", "Clients that are connected.", [["", gauges.live.length]]),
      ...family("strangers", "gauge", "Connections that are no clients yet.", [
        ["", gauges.strangers],
      ]),
      ...family("opened_total", "counter", "Clients that were accepted.", [["", this.#opened]]),
      ...family("refused_total", "counter", "Requests refused, by HTTP status or close code.", [
        ...labelled("status", this.#refused),
      ]),
      ...family("closed_total", "counter", "Clients that have ended, by close code.", [
        ...labelled("code", this.#closed),
      ]),
      ...family("messages_total", "counter", "Messages that have passed.", [
        ['{direction="up"}', up],
        ['{direction="down"}', down],
      ]),
      ...family("dropped_total", "counter", "Replies with the pid of another client.", [
        ["", dropped],
      ]),
      ...family("lost_log_lines_total", "counter", "Lines of the log that could not be written.", [
        ["", gauges.lostLogLines],
      ]),
    ];
    return `${lines.join("\n")}\n`;
  }
}

function add(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function labelled(name: string, counts: Map<number, number>): [string, number][] {
  return [...counts].map(([key, count]) => [`{${name}="${key}"}`, count]);
}

function family(
  name: string,
  kind: "gauge" | "counter",
  help: string,
  samples: readonly [labels: string, value: number][],
): string[] {
  const full = `imsg_relay_${name}`;
  const head = [`# HELP ${full} ${help}`, `# TYPE ${full} ${kind}`];
  return [...head, ...samples.map(([labels, value]) => `${full}${labels} ${value}`)];
}
