import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { program, RUNTIMES } from "./programs.ts";

const serve = program("serve");
const { run, start } = serve;

/** The file of a Unix socket whose server has been killed. */
async function staleFile(path: string): Promise<void> {
  const killed = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", killed]);
  await rename(path, path); // fails unless it is there
}

/**
 * A process with live sockets in a folder: "datagram"; "bound", which does
 * not listen yet; "full", whose queue has no room; and "busy", whose queue has room now and then.
 */
async function others(folder: string): Promise<ChildProcess> {
  const child = spawn("python3", [fileURLToPath(new URL("others.py", import.meta.url))], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout!, "data");
  return child;
}

describe.each(RUNTIMES)("a server in $name", (runtime) => {
  it("serves over TCP, a Unix socket, and with descriptors, and its close waits for the channels", async () => {
    const seen = [6, 1, true, true, 6, 0];
    expect(await run(runtime, "serves")).toEqual([
      { address: ["127.0.0.1", true], port: "number", seen, file: false },
      { address: true, port: "undefined", seen, file: false },
      { address: true, port: "undefined", seen, file: false },
    ]);
  });

  it("accepts more connections after its handler has thrown and rejected", async () => {
    const errors = [
      ["thrown", "object"],
      ["rejected", "object"],
    ];
    expect(await run(runtime, "survives")).toEqual(new Array(3).fill({ errors, answer: 6 }));
  });

  it("reports the mistakes of its handler and of onError as unhandled rejections, and serves on", async () => {
    const unhandled = ["thrown by the handler", "thrown by onError"];
    expect(await run(runtime, "mistakes")).toEqual({
      seen: [true, true, true],
      unhandled: [...unhandled, ...unhandled, ...unhandled],
    });
  });

  it("survives bad bytes and a connection that ends at once, without an unhandled rejection", async () => {
    expect(await run(runtime, "garbage")).toEqual({ seen: [6, 6, 6], unhandled: [] });
  });

  it("is refused for a bad address, handler or option before anything is opened", async () => {
    expect(await run(runtime, "refuses")).toEqual({
      listens: new Array(13).fill("EINVAL"),
      connects: new Array(6).fill("EINVAL"),
      messages: ["aborted before", "aborted before"],
      file: false,
    });
  });

  it("replaces a stale socket file, sets the mode, and touches no live socket and no other file", async () => {
    const where = await mkdtemp(join(serve.folder, "files-"));
    await staleFile(join(where, "stale"));
    await staleFile(join(where, "stale-fd"));
    const seen = {
      ...{ answer: 6, mode: "600", second: "EADDRINUSE", still: 6 },
      ...{ gone: true, other: "EADDRINUSE", text: "another file" },
    };
    expect(await run(runtime, "files", where)).toEqual([seen, seen]);
  });

  it("takes a path of 107 bytes, and no longer one, which the system would cut", async () => {
    const where = await mkdtemp(join(serve.folder, "paths-"));
    const accepted = [6, true, 6, true];
    const refused = new Array(6).fill("EINVAL");
    expect(await run(runtime, "paths", where)).toEqual({
      seen: [...accepted, ...refused, ...accepted, ...refused],
      files: [],
    });
  });

  it("touches no folder, link, pipe, file or live socket, and connects when a full queue has room", async () => {
    const where = await mkdtemp(join(serve.folder, "others-"));
    await staleFile(join(where, "stale"));
    const make = "mkdir folder; ln -s stale link; mkfifo fifo; echo text > file";
    spawnSync("sh", ["-c", make], { cwd: where });
    const child = await others(where);
    expect(await run(runtime, "others", where)).toEqual({
      seen: new Array(14).fill("EADDRINUSE"),
      same: true,
      full: ["EAGAIN", "EAGAIN"],
      busy: ["fulfilled", "fulfilled"],
    });
    child.kill();
  });

  it("ends its channels by close and by signals", async () => {
    const ended = [0, true];
    expect(await run(runtime, "aborts")).toEqual(new Array(3).fill([ended, ended, ended]));
  });

  it("lets the process exit after unref", async () => {
    expect(await run(runtime, "leaves")).toBe("left");
  });

  it("keeps the process alive while it listens", async () => {
    const child = start(runtime, "stays");
    const [output] = await once(child.stdout!, "data");
    expect(JSON.parse(String(output))).toBe("stays");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(child.exitCode).toBe(null);
    child.kill("SIGKILL");
    await once(child, "close");
  });

  it("looks for a vanished peer by probes unless keepAlive is false", async () => {
    expect(await run(runtime, "probes")).toEqual([
      { server: "02", client: "02" },
      { server: "00", client: "02" },
    ]);
  });

  it("comes with dup, and with functions that read and close a descriptor", async () => {
    expect(await run(runtime, "numbers")).toEqual({
      link: "/dev/null",
      length: 0,
      errors: ["EBADF", "EBADF", "EBADF", "EINVAL"],
    });
  });
});
