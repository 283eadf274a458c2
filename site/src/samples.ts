import recorded from "virtual:samples";
import type { Dialect } from "../../ts/entry/index.ts";

/** A recorded session that the page brings along. */
export interface Sample {
  readonly title: string;
  readonly file: string;
  readonly dialect: Dialect;
  readonly protocol: string;
  /** Its content in a few words. */
  readonly about: string;
}

/** The samples, the most telling one first. */
export const SAMPLES: readonly Sample[] = [
  {
    title: "bgpd: two neighbors",
    file: "bgpd88-show-neighbor.server.bin",
    dialect: "current",
    protocol: "bgpd",
    about: "the answer to bgpctl show neighbor: structures of 2,144 bytes",
  },
  {
    title: "bgpd: a route",
    file: "bgpd88-show-rib-prefix.server.bin",
    dialect: "current",
    protocol: "bgpd",
    about: "a route with its AS path, and the end of the listing",
  },
  {
    title: "bgpd: a descriptor",
    file: "bgpd88-startup-parent-fd8.client.bin",
    dialect: "current",
    protocol: "bgpd",
    about: "a parent hands its child a socket: see the mark in the length",
  },
  {
    title: "tmux: list-sessions",
    file: "tmux33a-list-sessions.server.bin",
    dialect: "classic",
    protocol: "tmux",
    about: "a server sends its client a text to print, and ends it",
  },
  {
    title: "smtpd: statistics",
    file: "smtpd68-show-stats.server.bin",
    dialect: "classic",
    protocol: "smtpd",
    about: "three counters of OpenSMTPD 6.8, by name",
  },
  {
    title: "ntpd: status",
    file: "ntpd62-status.server.bin",
    dialect: "classic",
    protocol: "ntpd",
    about: "peers, sensors and the offset of the clock",
  },
];

/** The bytes of a sample. */
export function bytesOfSample({ file }: Sample): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(recorded[file]!), (character) => character.charCodeAt(0));
}
