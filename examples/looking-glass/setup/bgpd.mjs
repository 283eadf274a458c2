// Starts a bgpd of its own, in a folder of its own.

import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const BGPD = "/usr/sbin/bgpd";
const BGPCTL = "/usr/sbin/bgpctl";
/** The chroot of bgpd's children, which have a user of their own. */
const RUN = "/run/openbgpd";
/** Milliseconds that bgpd has to start, and to end. */
const PATIENCE = 20_000;

/**
 * @typedef {object} Setup
 * @property {string} name
 * @property {number} as
 * @property {string} address of the loopback interface
 * @property {number} port
 * @property {string} statements of its configuration
 *
 * @typedef {object} Bgpd
 * @property {string} restricted the socket that only answers questions
 * @property {string} socket
 * @property {Promise<string>} ended with the last words, when the program has ended by itself or not
 * @property {(...args: string[]) => Promise<string>} bgpctl
 * @property {(prefixes: string[]) => Promise<void>} announce
 * @property {() => Promise<void>} stop
 */

/** A TCP port that is free on an address. */
export async function freePort(/** @type {string} */ address) {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, () => resolve(undefined));
  });
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}

/** Runs bgpctl and resolves with its output. */
async function bgpctl(/** @type {string} */ socket, /** @type {string[]} */ args, input = "") {
  const child = spawn(BGPCTL, ["-s", socket, ...args], { stdio: "pipe" });
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    errors += text;
  });
  child.stdin.on("error", () => {}); // bgpctl need not read its input
  child.stdin.end(input);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`bgpctl ${args.join(" ")}: ${errors || output}`);
  return output;
}

/**
 * Resolves when bgpd answers.
 *
 * @param {Setup} setup
 * @returns {Promise<Bgpd>}
 */
export async function startBgpd({ name, as, address, port, statements }) {
  const folder = await mkdtemp(join(tmpdir(), "imsg-looking-glass-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  const socket = join(folder, "sock");
  const restricted = join(folder, "rsock");
  const file = join(folder, "conf");
  const head = [
    `AS ${as}`,
    `router-id ${address}`,
    `listen on ${address} port ${port}`,
    "fib-update no",
    `socket "${socket}"`,
    `socket "${restricted}" restricted`,
  ];
  try {
    await writeFile(file, `${head.join("\n")}\n${statements}`, { mode: 0o600 });
    await mkdir(RUN, { recursive: true });
    await chmod(RUN, 0o755);
  } catch (error) {
    await remove();
    throw error;
  }
  // a process group of its own: Ctrl-C does not reach it, and a signal to the group ends all of its children
  const child = spawn(BGPD, ["-d", "-f", file], { cwd: folder, detached: true, stdio: "pipe" });
  let words = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      words = (words + text).slice(-4000);
    });
  }
  const kill = (/** @type {NodeJS.Signals} */ signal) => {
    try {
      process.kill(-(child.pid ?? Number.NaN), signal);
    } catch {
      // bgpd has ended
    }
  };
  const lastResort = () => kill("SIGKILL");
  process.once("exit", lastResort);
  let over = false;
  /** @type {Promise<string>} */
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) =>
      resolve(`${words}${name}: bgpd ended (${signal ?? code})`),
    );
  });
  void ended.then(() => {
    over = true;
    kill("SIGKILL"); // bgpd's children, if bgpd itself was killed
    process.off("exit", lastResort);
  });
  const stop = async () => {
    if (!over) {
      child.kill("SIGTERM");
      const waiting = new AbortController();
      const { signal } = waiting;
      setTimeout(PATIENCE, undefined, { signal }).then(
        () => kill("SIGKILL"),
        () => {},
      );
      await ended;
      waiting.abort();
    }
    await remove();
  };
  /** @type {Bgpd} */
  const bgpd = {
    socket,
    restricted,
    ended,
    bgpctl: (...args) => bgpctl(socket, args),
    async announce(prefixes) {
      await bgpctl(socket, ["network", "bulk", "add"], prefixes.join("\n"));
    },
    stop,
  };
  try {
    await until(`${name} answers`, ended, () => bgpd.bgpctl("show", "summary"));
  } catch (error) {
    await stop();
    throw error;
  }
  return bgpd;
}

/**
 * Tries until it does not throw.
 *
 * @param {string} what
 * @param {Promise<string>} ended
 * @param {() => Promise<unknown>} works
 */
export async function until(what, ended, works) {
  const deadline = Date.now() + PATIENCE;
  /** @type {string | undefined} */
  let words;
  void ended.then((last) => {
    words = last;
  });
  for (;;) {
    try {
      await works();
      return;
    } catch (error) {
      if (words !== undefined) throw new Error(words);
      if (Date.now() > deadline) throw new Error(`${what}: not within 20 s`, { cause: error });
    }
    await setTimeout(50);
  }
}
