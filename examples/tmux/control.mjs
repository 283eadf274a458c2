// Control mode: commands go through one pipe, and notifications come through another.

import { execFileSync } from "node:child_process";
import { constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "imsg-wasm/node";
import { tmux } from "imsg-wasm/protocols/tmux";

/** @import { ControlClient, Notification } from "./types.ts" */

/** Every header's pid: the server ignores it. */
const NO_PID = 0xffffffff;
/** How long the server may take to answer, in milliseconds. */
const LIMIT = 10_000;

/** Both ends of a pipe: Node makes none, but opens a FIFO. */
function pipe() {
  const folder = mkdtempSync(join(tmpdir(), "imsg-tmux-"));
  try {
    const path = join(folder, "fifo");
    execFileSync("mkfifo", ["-m", "600", path]);
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return { reader, writer: openSync(path, constants.O_WRONLY) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A queue that one loop reads. @template T */
class Queue {
  /** @type {T[]} */
  #waiting = [];
  #wake = () => {};
  #over = false;

  push(/** @type {T} */ item) {
    this.#waiting.push(item);
    this.#wake();
  }

  end() {
    this.#over = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      const item = this.#waiting.shift();
      if (item !== undefined) yield item;
      else if (this.#over) return;
      else
        await new Promise((resolve) => {
          this.#wake = () => resolve(undefined);
        });
    }
  }
}

/** Notifications that a closing pane may cause. */
const MAY_CLOSE = ["window-close", "unlinked-window-close", "layout-change"];
const BACKSLASH = 0x5c;

/** The bytes of %output, in which tmux writes some as a backslash and three octal digits. */
function unescaped(/** @type {Uint8Array} */ bytes) {
  const plain = new Uint8Array(bytes.length);
  let length = 0;
  let skipped = 0;
  for (const [at, byte] of bytes.entries()) {
    if (skipped > 0) {
      skipped--;
      continue;
    }
    const digits =
      byte === BACKSLASH ? Buffer.from(bytes.subarray(at + 1, at + 4)).toString("latin1") : "";
    const isEscape = /^[0-3][0-7]{2}$/.test(digits);
    plain[length++] = isEscape ? Number.parseInt(digits, 8) : byte;
    if (isEscape) skipped = 3;
  }
  return plain.subarray(0, length);
}

/** Cuts the bytes of a pipe into lines. */
async function* linesOf(/** @type {AsyncIterable<Buffer>} */ stream) {
  /** @type {Buffer[]} */
  let begun = [];
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)]);
      begun = [];
      from = end + 1;
    }
    begun.push(chunk.subarray(from));
  }
}

/** @implements {ControlClient} */
class Control {
  #commands;
  #channel;
  /** @type {{ resolve: (text: string) => void, reject: (error: Error) => void }[]} */
  #asked = [];
  /** @type {Set<Queue<Notification>>} */
  #listeners = new Set();
  /** @type {Map<string, Set<Queue<Uint8Array>>>} */
  #panes = new Map();
  #reading;

  /**
   * @param {import("imsg-wasm/protocol").TypedChannel<typeof tmux.messages, "client">} channel
   * @param {Socket} commands
   * @param {Socket} answers
   */
  constructor(channel, commands, answers) {
    this.#channel = channel;
    this.#commands = commands;
    commands.on("error", () => {}); // the reading ends, too
    this.#reading = this.#read(answers).catch(() => {});
  }

  async #read(/** @type {Socket} */ answers) {
    try {
      /** @type {string[] | undefined} */
      let block;
      for await (const line of linesOf(answers)) {
        const text = line.toString("utf8");
        const [, word] = /^%(begin|end|error) \d+ \d+ \d+$/.exec(text) ?? [];
        if (word === "begin") block = [];
        else if (block === undefined) this.#notify(line, text);
        else if (word === undefined) block.push(text);
        else {
          this.#answer(block, word === "error", text.endsWith(" 1"));
          block = undefined;
        }
      }
    } finally {
      const gone = new Error("the tmux server has closed the control client");
      for (const { reject } of this.#asked.splice(0)) reject(gone);
      for (const queue of [
        ...this.#listeners,
        ...[...this.#panes.values()].flatMap((all) => [...all]),
      ]) {
        queue.end();
      }
    }
  }

  /**
   * @param {string[]} lines
   * @param {boolean} failed
   * @param {boolean} mine whether the command came from this client
   */
  #answer(lines, failed, mine) {
    const asked = mine ? this.#asked.shift() : undefined;
    const text = lines.map((line) => `${line}\n`).join("");
    if (failed) asked?.reject(new Error(`tmux: ${text.trim()}`));
    else asked?.resolve(text);
  }

  /** @param {Buffer} line @param {string} text */
  #notify(line, text) {
    const [, pane] = /^%output (%\d+) /.exec(text) ?? [];
    if (pane !== undefined) {
      const bytes = unescaped(line.subarray(`%output ${pane} `.length));
      for (const queue of this.#panes.get(pane) ?? []) queue.push(bytes);
      return;
    }
    const [, name, rest = ""] = /^%(\S+) ?(.*)$/.exec(text) ?? [];
    if (name === undefined) return;
    for (const queue of this.#listeners) queue.push({ name, text: rest });
    if (MAY_CLOSE.includes(name)) void this.#checkPanes();
  }

  /** Ends the output of panes that have closed: tmux notifies of windows only. */
  async #checkPanes() {
    if (this.#panes.size === 0) return;
    const all = await this.command("list-panes -a -F '#{pane_id}'").catch(() => undefined);
    const open = all?.split("\n") ?? [];
    for (const [pane, queues] of this.#panes) {
      if (all !== undefined && !open.includes(pane)) for (const queue of queues) queue.end();
    }
  }

  async command(/** @type {string} */ line) {
    if (line === "" || line.includes("\n")) throw new TypeError("a command is one line");
    const answer = new Promise((resolve, reject) => this.#asked.push({ resolve, reject }));
    const late = AbortSignal.timeout(LIMIT);
    const ended = new Promise((_, reject) => {
      late.addEventListener("abort", () =>
        reject(new Error(`the tmux server has not answered for ${LIMIT} ms`)),
      );
    });
    this.#commands.write(`${line}\n`);
    return /** @type {string} */ (await Promise.race([answer, ended]));
  }

  /**
   * @template T
   * @param {Set<Queue<T>>} queues
   */
  async *#listen(queues) {
    /** @type {Queue<T>} */
    const queue = new Queue();
    queues.add(queue);
    try {
      yield* queue;
    } finally {
      queues.delete(queue);
    }
  }

  notifications() {
    return this.#listen(this.#listeners);
  }

  output(/** @type {string} */ pane) {
    const queues = this.#panes.get(pane) ?? new Set();
    this.#panes.set(pane, queues);
    return this.#listen(queues);
  }

  async close() {
    // an empty line detaches
    this.#commands.write("\n");
    const late = AbortSignal.timeout(LIMIT);
    try {
      for (;;) {
        const message = await this.#channel.channel.receive({ signal: late });
        if (message === undefined || message.type === tmux.messages.EXITED.type) break;
        // the server waits for an acknowledgement of DETACH and EXIT
        await this.#channel.send("EXITING");
      }
    } catch {
      // The server has gone, or does not answer: the connection is closed all the same.
    }
    this.#commands.destroy();
    await this.#channel.close().catch(() => {});
    await this.#reading;
  }
}

/**
 * Attaches a client in control mode, which does not change the size of windows.
 *
 * @param {string} path
 * @param {string} target a session
 * @returns {Promise<ControlClient>}
 */
export async function openControl(path, target) {
  const options = { ...tmux.options, pid: NO_PID, allowFdPass: true };
  const channel = tmux.on(await connect({ path }, options));
  const [commands, answers] = [pipe(), pipe()];
  await channel.send("IDENTIFY_LONGFLAGS", { flags: ["CONTROL", "UTF8"] });
  await channel.send("IDENTIFY_TERM", "dumb");
  await channel.send("IDENTIFY_TTYNAME", "");
  await channel.send("IDENTIFY_CWD", process.cwd());
  // the channel owns these ends, and closes them when they are sent
  await channel.send("IDENTIFY_STDIN", undefined, { fd: commands.reader });
  await channel.send("IDENTIFY_STDOUT", undefined, { fd: answers.writer });
  await channel.send("IDENTIFY_DONE");
  const argv = ["attach-session", "-f", "ignore-size", "-t", target];
  await channel.send("COMMAND", { argc: argv.length, argv });
  const control = new Control(
    channel,
    new Socket({ fd: commands.writer, readable: false, writable: true }),
    new Socket({ fd: answers.reader, readable: true, writable: false }),
  );
  // the session is attached when the client may ask something
  await control.command("display-message -p ''");
  return control;
}
