import { describe, expect, it } from "vitest";
import { connect } from "../../../ts/entry/node.ts";
import { badClient, KINDS } from "./crowd/bad.ts";
import { crowd, startServer } from "./crowd/crowd.ts";
import { program, RUNTIMES } from "./programs.ts";

const server = program("crowd/server");

describe.each(RUNTIMES)("a server in $name", ({ command, args }) => {
  it.each(["tcp", "unix"] as const)(
    "serves 50 good clients over %s beside 1,000 bad ones, and keeps nothing of those",
    async (over) => {
      const { figures, answers, failures, refused } = await crowd({
        command: [command, ...args, server.file],
        ...{ over, bad: 1000, good: 50, atOnce: 100, seed: Date.now() >>> 0 },
      });
      const [before, after] = [figures[0]!, figures.at(-1)!];
      expect({ failures, refused, unhandled: after.unhandled }).toEqual({
        ...{ failures: [], refused: [], unhandled: [] },
      });
      expect(answers).toBeGreaterThan(50);
      expect(after.channels).toBe(50);
      // the runtime itself may have opened a few
      expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 4);
      // the bad clients have arrived, and their handlers have failed
      expect(Object.values(after.errors).reduce((a, b) => a + b, 0)).toBeGreaterThan(300);
    },
  );

  it("accepts a client at once after 100 connections that were reset before they were accepted", async () => {
    const started = await startServer(
      { command: [command, ...args, server.file], over: "tcp" },
      server.folder,
    );
    const kind = KINDS.indexOf("resets at once");
    started.stall();
    const gone = Array.from({ length: 100 }, (_, i) =>
      badClient(started.at, kind + i * KINDS.length, () => 0),
    );
    await Promise.all(gone);
    started.continue();
    const channel = await connect(started.at);
    const answer = await channel.request({ type: 5 }, { timeout: 5000 });
    expect(answer.type).toBe(6);
    await channel.close();
    await started.stop();
  });
});
