import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { eventually, loaded, openPage, startBrowser } from "./browser.ts";

const script = fileURLToPath(new URL("../../../scripts/looking-glass.mjs", import.meta.url));

let browser: Browser;

beforeAll(async () => {
  browser = await startBrowser();
});

afterAll(() => browser?.close());

/** The processes that have this folder for their temporary files, except those that have ended. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    if (!environment.includes(`TMPDIR=${folder}\0`)) continue;
    const [state] =
      /(?<=\) )\S/.exec(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")) ?? [];
    if (state !== undefined && state !== "Z") found.push(pid);
  }
  return found;
}

/** Starts the script with a folder for its temporary files, and returns the address that it prints. */
async function started(...args: string[]) {
  const folder = await mkdtemp(join(tmpdir(), "imsg-glass-test-"));
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const url = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        words += text;
        const [found] = /http:\/\/\S+/.exec(words) ?? [];
        if (found !== undefined) resolve(found);
      });
    }
    void ended.then(() => reject(new Error(words)));
  });
  url.catch(() => {});
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  return { child, folder, ended, url, words: () => words };
}

/** The status of a request whose path goes out as it is. */
const statusOf = (url: string, path: string, method = "GET"): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    request({ host: hostname, port, path, method }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once("error", reject)
      .end();
  });

describe("scripts/looking-glass.mjs", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "serves a page that works, and leaves no process and no file after %s",
    async (signal) => {
      const { child, folder, ended, url } = await started("--routes", "500");
      const page = await openPage(browser, await url);
      await loaded(page, 512);
      expect((await processesOf(folder)).length).toBeGreaterThan(6);
      expect(await readdir(folder)).toHaveLength(3);
      child.kill(signal);
      expect(await ended).toBe(0);
      expect(await processesOf(folder)).toEqual([]);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it("leaves nothing when it is interrupted while it starts", async () => {
    const { child, folder, ended } = await started();
    await eventually(() => readdir(folder).then((names) => names.length)).toBeGreaterThan(0);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(await processesOf(folder)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("says why and ends with 1 when a bgpd ends by itself, with nothing left", async () => {
    const { child, folder, ended, url, words } = await started();
    await url;
    const names = await readdir(folder);
    const [, pid] =
      /(\d+)/.exec((await processesOf(folder)).filter((p) => p !== String(child.pid))[0]!) ?? [];
    process.kill(Number(pid), "SIGKILL");
    expect(await ended).toBe(1);
    expect(words()).toMatch(/bgpd ended/);
    expect(names).toHaveLength(3);
    expect(await processesOf(folder)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("serves the page's files only, to GET and HEAD, on the loopback interface", async () => {
    const { url } = await started();
    const address = await url;
    expect(new URL(address).hostname).toBe("127.0.0.1");
    const status = (path: string, method?: string) => statusOf(address, path, method);
    expect(await status("/")).toBe(200);
    expect(await status("/icon.svg", "HEAD")).toBe(200);
    expect(await status("/relay")).toBe(426);
    for (const path of [
      "/../package.json",
      "/%2e%2e/package.json",
      "/assets",
      "/nothing",
      "//etc/passwd",
    ]) {
      expect(await status(path), path).toBe(404);
    }
    expect(await status("/", "POST")).toBe(405);
    const { port } = new URL(address);
    const socket = connect(Number(port), "127.0.0.1");
    const closed = new Promise((resolve) => socket.once("close", resolve));
    let answer = "";
    socket.on("data", (data) => {
      answer += data;
    });
    socket.write(
      "GET /other HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    await closed;
    expect(answer).toBe("");
  });

  it.each([
    [["--routes", "many"], "--routes: a number from 0 to 65536"],
    [["--routes", "65537"], "--routes: a number from 0 to 65536"],
    [["--nonsense"], "--nonsense"],
  ])("ends with 2 and its usage for %j", async (args, words) => {
    const run = await started(...args);
    expect(await run.ended).toBe(2);
    expect(run.words()).toContain(words);
    expect(run.words()).toContain("Usage: ");
  });
});
