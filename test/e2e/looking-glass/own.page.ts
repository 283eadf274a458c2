import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { bgpd as protocol } from "../../../ts/protocols/bgpd/index.ts";
import { freePort } from "../../helpers/port.ts";
import { OLD_BGPD, type RunningBgpd, startBgpd } from "../daemons/bgpd.ts";
import { type Json, still } from "../daemons/compare.ts";
import { output } from "../daemons/program.ts";
import { startTmux } from "../daemons/tmux.ts";
import { encoded, open, Type } from "../daemons/wire.ts";
import { inState, openPage, startBrowser } from "./browser.ts";
import { ALLOWED_TYPES } from "./glass.ts";
import { SERVE, serve, startCommand } from "./own.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));
/** An unprivileged user. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const LOCAL = ["--listen", "127.0.0.1:0"];

let bgpd: RunningBgpd;
let browser: Browser;

beforeAll(async () => {
  bgpd = await startBgpd({ statements: "network 192.0.2.0/24\nallow from any\nallow to any\n" });
  // the folder of the tests is the user's own; that of a real bgpd may be entered by all users
  chmodSync(dirname(bgpd.socket), 0o755);
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await bgpd?.stop();
});

/** A folder that is removed at the end of the test. */
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "imsg-own-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The answer to a request of the page's server. */
const get = (options: { socketPath: string } | { port: string }, path: string) =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    request({ host: "127.0.0.1", path, ...options }, async (response) => {
      let body = "";
      for await (const piece of response.setEncoding("utf8")) body += piece;
      resolve({ status: response.statusCode, body });
    })
      .once("error", reject)
      .end();
  });

/** The first answer on a new WebSocket to a message of a type: the type of bgpd's reply, or the relay's refusal. */
function answerTo(url: string, type: number, data: Uint8Array): Promise<string> {
  const { port, hash } = new URL(url);
  const token = hash === "" ? [] : [hash.replace("#token=", "imsg.token.")];
  const origin = `http://127.0.0.1:${port}`;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/relay`, ["imsg", ...token], { origin });
  return new Promise((resolve) => {
    socket.on("error", (error) => resolve(error.message));
    socket.on("open", () => socket.send(encoded([{ type, data }])));
    socket.on("message", (bytes: Buffer) => {
      resolve(`type ${bytes.readUInt32LE(0)}`);
      socket.terminate();
    });
    socket.on("close", (code, reason) => resolve(`closed ${code} ${reason}`));
  });
}

/** The bytes of a request for all routes. */
function requestOf(type: number): Uint8Array {
  const isOfRib = [Type.SHOW_RIB, 17, 20, 21].includes(type);
  const data = new Uint8Array(isOfRib ? 728 : 0);
  // a prefix has to have an address family
  if (type === 17) Object.assign(data, { 516: 1 });
  return data;
}

describe("serve.mjs with the restricted socket of a bgpd", () => {
  it("serves the page to an unprivileged user, and ends with 0 at SIGTERM", async () => {
    const serving = serve(["--socket", bgpd.restricted, ...LOCAL], NOBODY);
    const page = await openPage(browser, await serving.url);
    await inState(page, "connected");
    await page.getByText("192.0.2.0/24").first().waitFor();
    expect(serving.words()).toContain(`shows the bgpd at ${bgpd.restricted}`);
    expect(await serving.stop()).toBe(0);
  });

  it("passes the four kinds of requests that only read, and refuses every other type", async () => {
    const url = await serve(["--socket", bgpd.restricted, ...LOCAL]).url;
    const types = [...Object.values(protocol.messages).map(({ type }) => type), 100, 0xffff];
    expect(types.length).toBeGreaterThan(90);
    const passed: number[] = [];
    for (const type of types) {
      const answer = await answerTo(url, type, requestOf(type));
      if (/^type /.test(answer)) passed.push(type);
      else expect(answer, String(type)).toMatch(/^closed 1008 .*not allowed/);
    }
    expect(passed).toEqual(ALLOWED_TYPES);
    const names = ["SHOW_NEIGHBOR", "SHOW_RIB", "SHOW_RIB_PREFIX", "SHOW_RIB_MEM"] as const;
    expect(passed).toEqual(names.map((name) => protocol.messages[name].type));
  });

  it("stands before a socket where bgpd itself takes nothing that changes it", async () => {
    const before = await bgpd.json("show", "rib", "detail");
    const channel = await open(bgpd.restricted);
    const answered: number[] = [];
    for (const { type } of Object.values(protocol.messages)) {
      await channel.send({ type, data: requestOf(type) });
      // SHOW_RIB_MEM is answered behind whatever the type is answered with
      await channel.send({ type: Type.SHOW_RIB_MEM });
      const answers = [];
      for (;;) {
        const message = await channel.receive();
        answers.push(message!);
        if (message!.type === Type.SHOW_RIB_MEM) break;
      }
      const denied = answers.some(({ type: t, data }) => t === Type.RESULT && data[0] === 2);
      if (!denied) answered.push(type);
      if (type === Type.SHOW_RIB_MEM) await channel.receive();
    }
    await channel.close();
    for (const type of ALLOWED_TYPES) expect(answered).toContain(type);
    // all others that it answers only show something
    const shows = Object.entries(protocol.messages).filter(([name]) => name.startsWith("SHOW_"));
    expect(shows.map(([, { type }]) => type)).toEqual(expect.arrayContaining(answered));
    expect(answered.length).toBeLessThan(14);
    const after = await bgpd.json("show", "rib", "detail");
    expect(still(after as Json)).toEqual(still(before as Json));
  });

  it("wants a token unless --public is given", async () => {
    const socket = bgpd.restricted;
    const file = join(folder(), "token");
    await writeFile(file, "token-of-the-file\n");
    const withFile = await serve(["--socket", socket, ...LOCAL, "--token-file", file]).url;
    expect(withFile).not.toContain("token");
    const withToken = `${withFile}#token=token-of-the-file`;
    expect(await answerTo(withToken, Type.SHOW_RIB_MEM, new Uint8Array())).toBe("type 22");
    const wrong = `${withFile}#token=another-token`;
    expect(await answerTo(wrong, Type.SHOW_RIB_MEM, new Uint8Array())).toContain("401");
    const page = await openPage(
      browser,
      await serve(["--socket", socket, ...LOCAL, "--public"]).url,
    );
    await inState(page, "connected");
  });

  it("takes --max-clients pages at once, and prints events with --verbose", async () => {
    const args = ["--socket", bgpd.restricted, ...LOCAL, "--max-clients", "1", "--verbose"];
    const serving = serve([...args, "--public"]);
    const url = await serving.url;
    const page = await openPage(browser, url);
    await inState(page, "connected");
    expect(await answerTo(url, Type.SHOW_RIB_MEM, new Uint8Array())).toMatch(/^closed 1013/);
    expect(serving.words()).toContain('"event":"opened"');
  });

  it("listens on a Unix socket for a proxy, whose stale file it replaces and whose own it removes", async () => {
    const path = join(folder(), "page");

    const killed =
      "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
    spawnSync(process.execPath, ["-e", killed, path]);
    expect(statSync(path).isSocket()).toBe(true);
    const origin = ["--origin", "https://lg.example.net"];
    const args = ["--socket", bgpd.restricted, "--listen", `unix:${path}`, ...origin];
    const serving = serve([...args, "--mode", "600"]);
    expect(await serving.url).toMatch(/^https:\/\/lg\.example\.net\/#token=/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await get({ socketPath: path }, "/")).toMatchObject({ status: 200 });
    const second = serve(args);
    expect(await second.ended).toBe(1);
    expect(second.words()).toContain("EADDRINUSE");
    expect(await serving.stop()).toBe(0);
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe("serve.mjs names at the start the fault of", () => {
  it("a path where no socket is, or another file, or a socket without a program", async () => {
    const path = join(folder(), "absent");
    for (const [socket, words] of [
      [path, `there is no socket at ${path}: is bgpd running`],
      [SERVE, `${SERVE} is no socket`],
      [join(SERVE, "x"), "leads through a file that is no folder"],
    ] as const) {
      const { ended, words: printed } = serve(["--socket", socket, ...LOCAL]);
      expect(await ended).toBe(1);
      expect(printed()).toMatch(/^looking-glass: [^\n]*\n$/);
      expect(printed()).toContain(words);
    }
    const left = await startBgpd();
    left.program.kill("SIGKILL");
    await left.program.ended;
    const { ended, words } = serve(["--socket", left.restricted, ...LOCAL]);
    expect(await ended).toBe(1);
    expect(words()).toContain(`no bgpd listens at ${left.restricted}`);
    await left.stop();
  });

  it("a socket that is not restricted, or that the user may not use", async () => {
    const free = serve(["--socket", bgpd.socket, ...LOCAL]);
    expect(await free.ended).toBe(1);
    expect(free.words()).toContain(`${bgpd.socket} is not restricted: whoever reaches it can`);
    expect(free.words()).toContain('socket "/run/openbgpd/bgpd.rsock" restricted');
    const denied = serve(["--socket", bgpd.socket, ...LOCAL], NOBODY);
    expect(await denied.ended).toBe(1);
    expect(denied.words()).toContain(`this user may not connect to ${bgpd.socket}`);
  });

  it("a bgpd of another version, and another daemon", async () => {
    const old = await startBgpd({ programs: OLD_BGPD });
    const version = serve(["--socket", old.restricted, ...LOCAL]);
    expect(await version.ended).toBe(1);
    expect(version.words()).toContain("this is no OpenBGPD 8.8");
    await old.stop();
    const tmux = await startTmux("installed");
    const other = serve(["--socket", tmux.socket, ...LOCAL]);
    expect(await other.ended).toBe(1);
    expect(other.words()).toMatch(/does not answer as bgpd 8\.8 does|no OpenBGPD 8\.8/);
    await tmux.stop();
  });

  it("a program that does not answer, after ten seconds", async () => {
    const path = join(folder(), "silent");
    const silent = createServer((socket) => socket.on("error", () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    onTestFinished(() => void silent.close());
    const { ended, words } = serve(["--socket", path, ...LOCAL]);
    expect(await ended).toBe(1);
    expect(words()).toContain("bgpd did not answer within 10000 ms");
  });

  it("its own address", async () => {
    const port = await freePort("127.0.0.1");
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => void holder.close());
    const taken = serve(["--socket", bgpd.restricted, "--listen", String(port)]);
    expect(await taken.ended).toBe(1);
    expect(taken.words()).toContain("EADDRINUSE");
  });

  it.each([
    [["--listen", "0.0.0.0:8180"], "--origin is missing"],
    [["--listen", "unix:/tmp/x"], "--origin is missing"],
    [["--listen", "127.0.0.1"], "--listen: 127.0.0.1:8180"],
    [["--listen", "127.0.0.1:70000"], "a number from 0 to 65535"],
    [["--mode", "rw"], "three octal digits"],
    [["--origin", "lg.example.net"], '"lg.example.net" is not'],
    [["--origin", "https://lg.example.net/glass"], "is not"],
    [["--public", "--token-file", "x"], "exclude each other"],
    [["--max-clients", "0"], "a number from 1"],
    [["--page", "/nowhere"], "there is no index.html in /nowhere"],
    [["--nonsense"], "--nonsense"],
  ])("the arguments %j, and ends with 2", async (args, words) => {
    const run = serve(["--socket", bgpd.restricted, ...args]);
    expect(await run.ended).toBe(2);
    expect(run.words()).toContain(words);
    expect(run.words()).toContain("Usage: ");
  });
});

describe("serve.mjs without --socket", () => {
  it.each(["/run/openbgpd/bgpd.rsock", "/run/bgpd.rsock", "/var/www/run/bgpd.rsock"])(
    "finds %s",
    async (place) => {
      const line = `mkdir /tmp/$$ && S=/tmp/$$/rsock && ln "${bgpd.restricted}" $S &&
      mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var && mkdir -p ${dirname(place)} && ln -s $S ${place} &&
      timeout -s TERM 3 "${process.execPath}" "${SERVE}" --listen 127.0.0.1:0; rm -r /tmp/$$`;
      const { stdout, stderr } = await output("unshare", ["-m", "bash", "-c", line]);
      expect(stderr).toBe("");
      expect(stdout).toContain(`shows the bgpd at ${place}`);
    },
  );

  it("says which line bgpd.conf needs if no restricted socket is there", async () => {
    const line = `mount -t tmpfs tmpfs /run && "${process.execPath}" "${SERVE}"`;
    const { code, stderr } = await output("unshare", ["-m", "bash", "-c", line]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'add the line socket "/run/openbgpd/bgpd.rsock" restricted to bgpd.conf',
    );
  });
});

describe("the files for operators", () => {
  it("that an image has suffice to serve the page, by its own commands", async () => {
    const file = readFileSync(join(top, "examples/looking-glass/Containerfile"), "utf8");
    const all = (word: string): string[] =>
      [...file.matchAll(new RegExp(`^${word} (.*)$`, "gm"))].map(([, rest]) => rest!);
    const one = (word: string): string[] => JSON.parse(all(word)[0]!.replace(/^CMD /, ""));
    const root = folder();
    chmodSync(root, 0o755);
    expect(all("COPY").length).toBeGreaterThan(4);
    for (const line of all("COPY")) {
      const [target = "", ...sources] = line.split(" ").reverse();
      for (const source of sources) {
        const isFolder = source.endsWith("/");
        expect(statSync(join(top, source)).isDirectory(), source).toBe(isFolder);
        const into = isFolder ? join(root, target) : join(root, target, source.replace(/.*\//, ""));
        mkdirSync(dirname(into), { recursive: true });
        cpSync(join(top, source), into, { recursive: true });
      }
    }
    const port = await freePort("127.0.0.1");
    // another process may hold the image's port here, and --socket names another socket
    const own = (argv: string[]): string[] =>
      argv.map((word) =>
        word
          .replaceAll("8180", String(port))
          .replace(/^node$/, process.execPath)
          .replace(/^(?=examples)/, `${root}/`),
      );
    const argv = own([...one("ENTRYPOINT"), ...one("CMD"), "--socket", bgpd.restricted]);
    const env = { PATH: process.env.PATH ?? "" };
    const serving = startCommand(argv, { cwd: root, env, ...NOBODY });
    const url = await serving.url;
    expect(new URL(url).port).toBe(String(port));
    const page = await openPage(browser, url);
    await inState(page, "connected");
    const [command = "", ...args] = own(one("HEALTHCHECK"));
    expect((await output(command, args)).code).toBe(0);
    expect(await serving.stop()).toBe(0);
    expect((await output(command, args)).code).toBe(1);
  });

  it.runIf(spawnSync("nginx", ["-v"]).status === 0)(
    "have a configuration of nginx with which the page works behind it",
    async () => {
      const readme = readFileSync(join(top, "examples/looking-glass/README.md"), "utf8");
      const [block = ""] = /location \/ \{[^}]*\}/.exec(readme) ?? [];
      const ports = [await freePort("127.0.0.1"), await freePort("127.0.0.1")] as const;
      const origin = `http://127.0.0.1:${ports[0]}`;
      const args = ["--public", "--origin", origin, "--listen", String(ports[1])];
      const serving = serve(["--socket", bgpd.restricted, ...args]);
      expect(await serving.url).toBe(`${origin}/`);
      const place = folder();
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
      const paths = temporary.map((name) => `${name}_temp_path ${place}/${name};`).join(" ");
      // nginx has a port that is not HTTP's own: the browser's Host and Origin have it, too
      const proxied = block.replace("8180", String(ports[1])).replace("$host;", "$http_host;");
      expect(proxied).toContain(`:${ports[1]};`);
      await writeFile(
        join(place, "conf"),
        `daemon off; pid ${place}/pid; error_log ${place}/log; events { worker_connections 64; }
http { access_log off; ${paths} server { listen 127.0.0.1:${ports[0]}; ${proxied} } }`,
      );
      const nginx = startCommand(["nginx", "-c", join(place, "conf"), "-e", join(place, "log")]);
      for (let tries = 0; tries < 100; tries++) {
        const isThere = await get({ port: String(ports[0]) }, "/").then(
          ({ status }) => status === 200,
          () => false,
        );
        if (isThere) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await inState(await openPage(browser, `${origin}/`), "connected");
      await nginx.stop();
    },
  );

  it("have a unit of systemd whose command runs, and which systemd accepts", async () => {
    const file = join(top, "examples/systemd/imsg-looking-glass.service");
    const unit = readFileSync(file, "utf8").replaceAll("\\\n", "");
    const [, command = ""] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
    const words = command.split(/\s+/);
    expect(words.slice(0, 2)).toEqual([
      "/usr/bin/node",
      "/opt/imsg-wasm/examples/looking-glass/serve.mjs",
    ]);
    const args = words
      .slice(2)
      .map((word) => word.replace("/run/openbgpd/bgpd.rsock", bgpd.restricted))
      .map((word) => word.replace("127.0.0.1:8180", "127.0.0.1:0"));
    expect(await serve(args, NOBODY).url).toBe("https://lg.example.net/");
    const copy = join(folder(), "imsg-looking-glass.service");
    await writeFile(copy, unit.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
    const verify = spawnSync("systemd-analyze", ["verify", copy], { encoding: "utf8" });
    expect(verify.error).toBeUndefined();
    const complaints = verify.stderr.split("\n").filter((line) => line.includes("looking-glass"));
    expect(complaints).toEqual([]);
    const limit = ["security", "--offline=true", "--threshold=20", copy];
    expect(spawnSync("systemd-analyze", limit, { encoding: "utf8" }).status).toBe(0);
  });
});
