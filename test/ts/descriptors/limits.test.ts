import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import koffi from "koffi";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ImsgChannel } from "../../../ts/channel/channel.ts";
import { connect, listen } from "../../../ts/entry/node.ts";
import { descriptorPair } from "../../helpers/pair.ts";
import { close, isOpen, openCount, openNull } from "./open.ts";

const RLIMIT_NOFILE = 7;
const libc = koffi.load(null);
const getrlimit = libc.func("int getrlimit(int, void *)");
const setrlimit = libc.func("int setrlimit(int, void *)");
const limits = new BigUint64Array(2);
getrlimit(RLIMIT_NOFILE, limits);
/** Limits the numbers of this process's descriptors. */
function limit(soft: bigint | number): void {
  expect(setrlimit(RLIMIT_NOFILE, BigUint64Array.of(BigInt(soft), limits[1]!))).toBe(0);
}
/** Keeps this process from opening any descriptor until {@link limit} is called again. */
function full(): void {
  const lowest = openNull();
  close(lowest);
  limit(lowest);
}

let folder: string;
let channels: ImsgChannel[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "imsg-limit-"));
});
afterEach(async () => {
  limit(limits[0]!);
  await Promise.all(channels.map((channel) => channel.close()));
  channels = [];
});
afterAll(() => rm(folder, { recursive: true }));

async function pair(): Promise<[ImsgChannel, ImsgChannel]> {
  const pair = await descriptorPair();
  channels = [...pair];
  return pair;
}

describe("a process that may open no more descriptors", () => {
  it("receives the messages without what came along, and those after with it again", async () => {
    const [a, b] = await pair();
    const before = openCount();
    const fd = openNull();
    await a.send({ type: 1, fd, data: new Uint8Array(100) });
    expect(isOpen(fd)).toBe(false); // the send has closed it; the limit below keeps its number from being used
    limit(fd);
    const message = (await b.receive())!;
    expect([message.type, message.data.length, message.hasFd]).toEqual([1, 100, false]);
    limit(limits[0]!);
    await a.send({ type: 2, fd: openNull() });
    const next = (await b.receive())!;
    expect([next.type, next.hasFd]).toEqual([2, true]);
    next.dispose();
    expect(openCount()).toBe(before);
  });

  it("sends what it has open", async () => {
    const [a, b] = await pair();
    const fd = openNull();
    full();
    await a.send({ type: 1, fd });
    expect((await b.receive())!.hasFd).toBe(true); // the number that was just closed is free
  });

  it("cannot connect, and rejects", async () => {
    const path = join(folder, "many");
    const server = await listen({ path }, (channel) => channels.push(channel), {
      allowFdPass: true,
    });
    const before = openCount();
    full();
    const failed = connect({ path }, { allowFdPass: true });
    await expect(failed).rejects.toMatchObject({ code: "EMFILE" });
    limit(limits[0]!);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(openCount()).toBe(before);
    void server.close(); // accepts no more; the channels live on
  });
});

describe("many values", () => {
  it("all arrive, 300 of them, though only 40 descriptors more may be open at a time", async () => {
    const [a, b] = await pair();
    limit(openCount() + 40);
    const sent = (async () => {
      for (let i = 0; i < 300; i++) await a.send({ type: i, fd: openNull() });
    })();
    for (let i = 0; i < 300; i++) {
      const message = (await b.receive())!;
      expect([message.type, message.hasFd]).toEqual([i, true]);
      message.dispose();
    }
    await sent;
  });
});

describe("without koffi", () => {
  it("channels work, and allowFdPass is refused with its name", () => {
    const entry = fileURLToPath(new URL("../../../dist/node.js", import.meta.url));
    const script = `
      import { register } from "node:module";
      const hook = "data:text/javascript," + encodeURIComponent(
        'export const resolve = (name, context, next) => {' +
        '  if (name === "koffi") throw Object.assign(new Error("none"), { code: "ERR_MODULE_NOT_FOUND" });' +
        '  return next(name, context); };');
      register(hook);
      const { connect, listen, spawn } = await import(${JSON.stringify(entry)});
      const path = ${JSON.stringify(join(folder, "plain"))};
      await listen({ path }, (channel) => channel.send({ type: 9 }));
      const channel = await connect({ path });
      const outcomes = [(await channel.receive()).type];
      await channel.close();
      const told = (error) => outcomes.push([error.code, error.message, error.cause.code]);
      await connect({ path }, { allowFdPass: true }).catch(told);
      await listen({ path: path + 2 }, () => {}, { allowFdPass: true }).catch(told);
      await spawn("true", [], { allowFdPass: true }).catch(told);
      console.log(JSON.stringify(outcomes));
      process.exit();
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    const refusal = [
      "ERR_IMSG_UNSUPPORTED",
      expect.stringContaining("npm install koffi"),
      "ERR_MODULE_NOT_FOUND",
    ];
    expect(stderr.replaceAll(/^\(node.*\n|^\(Use.*\n/gm, "")).toBe("");
    expect(JSON.parse(stdout)).toEqual([9, refusal, refusal, refusal]);
  });
});
