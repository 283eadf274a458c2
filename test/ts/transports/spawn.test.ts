import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { spawn } from "../../../ts/entry/node.ts";
import { openCount, settledCount } from "../descriptors/open.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "imsg-spawn-"));
});
afterAll(() => rm(folder, { recursive: true }));

const MODES = [
  ["by Node's sockets", {}],
  ["in descriptor mode", { allowFdPass: true }],
] as const;

/** A child in Python, which half-closes, and exits with the count of bytes / 100 as output. */
const PYTHON = `
import socket
s = socket.socket(fileno=3)
s.shutdown(socket.SHUT_WR)
n = 0
while True:
    b = s.recv(65536)
    if not b: break
    n += len(b)
print(n)
`;
/** The same by a socket of Node's. */
const NODE = `
const { Socket } = require("node:net");
const s = new Socket({ fd: 3, readable: true, writable: true, allowHalfOpen: true });
let n = 0;
s.end();
s.on("data", (chunk) => { n += chunk.length; }).on("end", () => console.log(n));
`;
const hasPython = spawnSync("python3", ["--version"]).status === 0;
const CHILDREN: readonly [string, string, string[]][] = [
  ["Node", process.execPath, ["-e", NODE]],
  ...(hasPython ? [["Python", "python3", ["-c", PYTHON]] as [string, string, string[]]] : []),
];

const piped = {
  spawn: { stdio: ["ignore", "pipe", "inherit"] as ("ignore" | "pipe" | "inherit")[] },
};

async function output(stream: AsyncIterable<unknown>): Promise<string> {
  let all = "";
  for await (const chunk of stream) all += String(chunk);
  return all;
}

describe.each(MODES)("a child that is started %s", (_, mode) => {
  it.each(CHILDREN)(
    "in %s gets 3 and 2,000 messages after its half-close",
    async (_, command, args) => {
      for (const count of [3, 2000]) {
        const { child, channel } = await spawn(command, args, { ...piped, ...mode });
        const printed = output(child.stdout!);
        expect(await channel.receive()).toBeUndefined();
        await channel.peerEnded;
        await new Promise((resolve) => setTimeout(resolve, 50));
        for (let i = 0; i < count; i++) await channel.send({ type: i, data: new Uint8Array(84) });
        await channel.end();
        expect(Number(await printed)).toBe(count * 100);
        await channel.closed;
      }
    },
  );

  it("gets further descriptors from slot 4 on, with slot 3 a placeholder", async () => {
    const path = join(folder, "further");
    writeFileSync(path, "further");
    const script = 'console.log(require("node:fs").readFileSync(4, "utf8"))';
    for (const slot of ["ignore", "pipe", undefined, null] as const) {
      const file = openSync(path, "r");
      const stdio = ["ignore", "pipe", "inherit", slot, file] as never;
      const { child, channel } = await spawn(process.execPath, ["-e", script], {
        ...mode,
        spawn: { stdio },
      });
      expect(await output(child.stdout!)).toBe("further\n");
      await channel.closed;
      closeSync(file);
    }
    const stdio = ["ignore", "pipe", "inherit", 0] as never;
    await expect(spawn("true", [], { ...mode, spawn: { stdio } })).rejects.toMatchObject({
      code: "EINVAL",
      message: expect.stringContaining("descriptor 3"),
    });
  });

  it("and dies 20 times ends its channel each time, and leaves no descriptor", async () => {
    const before = openCount();
    for (let i = 0; i < 20; i++) {
      const { child, channel } = await spawn("sleep", ["60"], mode);
      const exited = once(child, "exit");
      if (i % 2 === 0) void channel.send({ type: 1, data: new Uint8Array(5) }).catch(() => {});
      child.kill("SIGKILL");
      await exited;
      // the child has not read all bytes, which is an error
      await channel.closed.catch((error) => expect(error.fromPeer).toBe(true));
    }
    expect(await settledCount(before)).toBe(before);
  });
});

/** Runs a program of this test's with the library, from the source, which must exit by itself. */
function program(code: string, ...args: string[]) {
  const file = join(folder, "program.mjs");
  const node = new URL("../../../dist/node.js", import.meta.url).href;
  writeFileSync(file, `import * as imsg from ${JSON.stringify(node)};\n${code}`);
  const { status, stdout, stderr, signal } = spawnSync(process.execPath, [...args, file], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status, stdout, stderr, signal };
}

describe("a program that has started a child", () => {
  it.each(["{}", "{ allowFdPass: true }"])("can exit after unref() of both (%s)", (options) => {
    const { status, signal, stderr } = program(`
      const { child, channel } = await imsg.spawn("sleep", ["60"], ${options});
      channel.unref();
      child.unref();
      process.on("exit", () => child.kill());
    `);
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: "" });
  });

  it.each(["{}", "{ allowFdPass: true }"])("stays while the channel is open (%s)", (options) => {
    const { stdout } = program(`
      const { child, channel } = await imsg.spawn("sleep", ["0.5"], ${options});
      child.unref();
      channel.closed.then(() => console.log("closed"));
    `);
    expect(stdout).toBe("closed\n");
  });
});

it("fromSocket(3) without allowFdPass needs no koffi", async () => {
  const hook = `data:text/javascript,${encodeURIComponent(`
    import { register } from "node:module";
    register("data:text/javascript," + encodeURIComponent(
      'export const resolve = (name, context, next) => {' +
      '  if (name === "koffi") throw new Error("koffi was asked for");' +
      '  return next(name, context); };'));
  `)}`;
  const node = new URL("../../../dist/node.js", import.meta.url).href;
  const script = `
    const { fromSocket } = await import(${JSON.stringify(node)});
    const channel = await fromSocket(3);
    for await (const m of channel) await channel.reply(m, { type: m.type + 1 });
    await channel.close();
  `;
  const args = ["--import", hook, "--input-type=module", "-e", script];
  const { child, channel } = await spawn(process.execPath, args);
  expect((await channel.request({ type: 1 })).type).toBe(2);
  await channel.close();
  expect((await once(child, "exit"))[0]).toBe(0);
});
