import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RUNTIMES } from "../../transports/programs.ts";

const TRANSPORTS = ["tcp", "unix", "fd", "websocket", "port", "streams"];
/** Of each transport in each runtime: `npm run lives -- --transport T` takes more. */
const STEPS = 150;

const program = `build/real-lives-${process.pid}.mjs`;
beforeAll(async () => {
  await build({
    entryPoints: ["test/ts/lives/run.ts"],
    ...{ bundle: true, format: "esm", platform: "node", target: "node20", packages: "external" },
    ...{ outfile: program, logLevel: "error" },
  });
});
afterAll(() => rm(program));

describe.concurrent.each(RUNTIMES)("in $name, over real transports", ({ command, args }) => {
  it("channels keep every promise to a peer that half-closes, stalls, resets and dies, and the program exits by itself", async () => {
    const seed = String(Date.now() % 1_000_000);
    const options = ["--steps", String(STEPS), "--seed", seed, "--transport"];
    const child = spawn(command, [...args, program, ...options, TRANSPORTS.join(",")], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 120_000,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const [status] = await once(child, "close");
    expect(output.match(/steps: \d+, violations: 0/g), output).toHaveLength(TRANSPORTS.length);
    expect(status, output).toBe(0);
  }, 180_000);
});
