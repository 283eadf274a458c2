/** The cost of an instance of its own for each peer, which docs/security.md states. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const script = fileURLToPath(new URL("instances.mjs", import.meta.url));

describe.runIf(existsSync("/proc/self/statm"))("1,000 instances", () => {
  it("all work, and hold at most 150 kB of resident memory each", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--expose-gc", script, "1000"],
      { encoding: "utf8" },
    );
    expect(status, stderr).toBe(0);
    const { virtual, resident, ms } = JSON.parse(stdout) as Record<string, number>;
    console.log(
      `an instance: ${(virtual! / 2 ** 30).toFixed(1)} GiB virtual, ${(resident! / 1000).toFixed(0)} kB resident, ${ms!.toFixed(2)} ms`,
    );
    expect(resident).toBeLessThan(150_000);
  });
});
