import type { RelayEvent } from "./relay.ts";

/** An event as one line of text for people. */
export function logLine(event: RelayEvent): string {
  switch (event.event) {
    case "listening":
      return `listening on ${event.url}`;
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
      const { id, from, code, why, cause, up, down } = event;
      const behind = cause === undefined ? "" : ` (${cause})`;
      return `#${id} ${from} closed (${code}): ${why}${behind}; ${up} messages up, ${down} down`;
    }
    case "stopped":
      return "stopped";
  }
}
