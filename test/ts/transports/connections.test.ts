import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { program, RUNTIMES } from "./programs.ts";

const connections = program("connections");
const peer = fileURLToPath(new URL("./raw-peer.mjs", import.meta.url));

describe.each(RUNTIMES)("over TCP, a Unix socket and in descriptor mode, in $name,", (runtime) => {
  const run = (name: string) =>
    connections.run(runtime, name, connections.folder, process.execPath, peer);
  const three = <T>(value: T): T[] => [value, value, value];

  it("a peer that has half-closed gets each of 3 and of 2,000 messages", async () => {
    expect(await run("halfClosed")).toEqual(
      three([
        [3, true, null],
        [2000, true, null],
      ]),
    );
  });

  it("close() loses none of 200 and of 2,000 messages that were not awaited, while the peer answers", async () => {
    expect(await run("closes")).toEqual(
      three([
        [200, "ended"],
        [2000, "ended"],
      ]),
    );
  });

  it("130 messages that have arrived are received, although the peer has gone and answers fail", async () => {
    expect(await run("arrived")).toEqual(three(130));
  });

  it("close() waits longer than lingerTimeout for a slow peer to which bytes still leave", async () => {
    expect(await run("slowly")).toEqual(three(["fulfilled", 0]));
  });

  it("close() loses nothing if the program stands still for longer than lingerTimeout meanwhile", async () => {
    expect(await run("standsStill")).toEqual(three(["fulfilled", 0]));
  });

  it("time-outs and signals count while a send waits for a peer that never reads", async () => {
    const ended = ["ETIMEDOUT", "given up", "given up", "EINVAL", true, true];
    expect(await run("stalled")).toEqual(three([true, ...ended]));
  });

  it("a peer sees an abort and a signal as an error where the transport has one, and close() as an end", async () => {
    const end = ["end", "end", "end"];
    const reset = ["ECONNRESET", "ECONNRESET", "end"];
    // Deno has no way to reset a connection
    expect(await run("aborted")).toEqual([runtime.name === "deno" ? end : reset, end, end]);
  });

  it("a peer that breaks off behind its last bytes is an error on TCP, behind every message", async () => {
    expect(await run("resetBehind")).toEqual([
      [20, "ECONNRESET"],
      [20, "end"],
      [20, "end"],
    ]);
  });

  it("a peer that is killed ends its channel, on TCP its side of it", async () => {
    expect(await run("dies")).toEqual([
      [1, true, false],
      [1, true, true],
      [1, true, true],
    ]);
  });

  it("sends, requests, end() and close() that are not awaited are no unhandled rejections after a reset", async () => {
    expect(await run("unawaited")).toEqual({ seen: three(true), unhandled: [] });
  });
});
