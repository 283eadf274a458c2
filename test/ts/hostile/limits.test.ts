/** The limits that docs/security.md and docs/relay.md state are the numbers of the code. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const top = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string): string => readFileSync(`${top}${path}`, "utf8");

/** The value of a constant in a file, which is written as digits or a product of digits. */
function constant(path: string, name: string): number {
  const text = new RegExp(`const ${name} = ([\\da-fx_]+(?: \\* [\\d_]+)*);`).exec(read(path))?.[1];
  if (text === undefined) throw new Error(`${path} has no constant ${name}`);
  return text
    .split(" * ")
    .reduce((product, factor) => product * Number(factor.replaceAll("_", "")), 1);
}

const channel = (name: string): number => constant("ts/channel/limits.ts", name);
const relay = (file: string, name: string): number => constant(`ts/cli/relay/${file}.ts`, name);

const kib = (bytes: number): string => `${bytes / 1024} KiB`;
const mib = (bytes: number): string => `${bytes / 1024 / 1024} MiB`;
const seconds = (ms: number): string => `${ms / 1000} s`;
const thousands = (n: number): string => n.toLocaleString("en");

/** The second cell of a table's row, by its first cell. */
function row(document: string, first: string): string {
  const line = document.split("\n").find((each) => each.startsWith(`| ${first} |`));
  if (line === undefined) throw new Error(`there is no row "${first}"`);
  return line.split("|")[2]!.trim();
}

describe("docs/security.md states as limits of a channel", () => {
  const document = read("docs/security.md");
  const mark = thousands(channel("HIGH_WATER_MARK"));
  const queued = mib(channel("MAX_QUEUED"));
  const window = channel("WINDOW");
  const unread = channel("UNREAD");
  const fds = channel("FD_MARK");
  const rows: readonly (readonly [string, string])[] = [
    [
      "received messages that wait",
      `${mark} bytes, ${channel("MESSAGE_COST")} bytes a message included, and one window`,
    ],
    ["from a peer that cannot be stopped", `${unread} marks, or a mark and a message`],
    [
      "undecoded, from a peer that sends although it was stopped",
      `${queued}, ${kib(window)} and a message`,
    ],
    [
      "values with undecoded bytes, from a peer that ignores its credit",
      `(mark + ${thousands(window)}) / 16: ${thousands((channel("HIGH_WATER_MARK") + window) / 16)}`,
    ],
    ["bytes that wait to be sent", `${queued} and a message`],
    [
      "descriptors that wait to be received",
      `${fds} (${2 * fds} while a request waits), then the peer waits`,
    ],
    [
      "descriptors of messages that were received but not taken",
      `${channel("UNTAKEN")}, then the oldest is closed`,
    ],
    [
      "a closing that waits for the peer",
      `${seconds(channel("LINGER_TIMEOUT"))}, anew as long as bytes leave`,
    ],
    ["decoding without a break", `${mib(channel("BREAK"))} of messages`],
  ];
  it.each(rows)("for %j: %s", (first, limit) => expect(row(document, first)).toBe(limit));
});

describe("docs/relay.md states as limits of the relay", () => {
  const document = read("docs/relay.md");
  const wire = kib(relay("wire", "MARK"));
  const rows: readonly (readonly [string, string])[] = [
    [
      "handshake",
      `${seconds(relay("strangers", "HANDSHAKE"))} from the first byte of the connection`,
    ],
    [
      "connections that are no clients",
      `${relay("strangers", "MOST")}, ${relay("strangers", "MOST_OF_ADDRESS")} of one address; the oldest leaves for a new one`,
    ],
    [
      "a refused or turned-away client",
      `holds its connection for at most ${relay("strangers", "LEAVE") / 1000} s`,
    ],
    ["a wrong token", `is answered after ${seconds(relay("relay", "GUESS_DELAY"))}`],
    [
      "bytes that wait for a side that does not read",
      `${wire} in the relay, one slice of 64 KiB, and one frame`,
    ],
    [
      "the log",
      `${mib(relay("log", "MOST"))} waits for its reader; further lines are dropped and counted`,
    ],
    [
      "free instances that are kept",
      `${constant("ts/cli/instances.ts", "KEPT")}, of up to ${mib(constant("ts/cli/instances.ts", "LARGEST"))} each`,
    ],
  ];
  it.each(rows)("for %j: %s", (first, limit) => expect(row(document, first)).toBe(limit));

  it("the steps of SIGTERM", () => {
    const step = relay("relay", "CLOSE_PATIENCE");
    expect(document).toContain(
      `process group gets SIGTERM after ${seconds(step)}, SIGKILL after ${seconds(2 * step)}`,
    );
  });

  it("the first pid of clients, and how many there are", () => {
    const [first, last] = [relay("pids", "FIRST"), relay("pids", "LAST")];
    expect(document).toContain(`from 0x${first.toString(16)} up`);
    expect(last - first + 1).toBe(2 ** 30);
    expect(document).toContain("2^30");
  });
});
