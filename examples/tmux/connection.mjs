// One command of a tmux client: tmux's own client makes a connection for each, too.

import { setImmediate, setTimeout } from "node:timers/promises";
import { connect } from "imsg-wasm/node";
import { tmux } from "imsg-wasm/protocols/tmux";

/** @import { TypedChannel } from "imsg-wasm/protocol" */
/** @import { CommandOptions, TmuxResult } from "./types.ts" */
/** @typedef {TypedChannel<typeof tmux.messages, "client">} Client */

/** Every header's pid: the server ignores it. */
const NO_PID = 0xffffffff;
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
/** Linux's EPERM and EBADF, which tmux turns into its error text. */
const EPERM = 1;
const EBADF = 9;
/** How much data fits a message behind its header and the number of the stream. */
const PIECE = tmux.maxSize - 16 - 4;

const encoder = new TextEncoder();

/** How long the server may be silent before it is asked whether it is there, in milliseconds. */
const PATIENCE = 10_000;
/** The time limit for a server of another version to send its own version. */
const VERSION_WAIT = 1000;

const otherVersion = (/** @type {number} */ version) =>
  new Error(`the tmux server speaks protocol version ${version}, this client ${tmux.peerid}`);

/** @param {string} path @param {AbortSignal | undefined} signal */
function open(path, signal) {
  return connect({ path }, { maxSize: tmux.maxSize, pid: NO_PID, ...(signal && { signal }) });
}

/**
 * Asks a server for its protocol version; undefined if it closes without naming one. A foreign server
 * names its version after the first message and closes. Further messages could reset the connection
 * before the answer is read: so this sends one message only.
 *
 * @param {string} path
 */
async function foreignVersion(path) {
  const channel = await open(path, undefined);
  try {
    const answer = channel.receive({ signal: AbortSignal.timeout(VERSION_WAIT) });
    answer.catch(() => {});
    // receives messages that the server sent unasked before it sends any
    await setImmediate();
    await tmux
      .on(channel)
      .send("IDENTIFY_LONGFLAGS", { flags: ["UTF8"] })
      .catch(() => {});
    const message = await answer;
    return message?.type === tmux.messages.VERSION.type ? message.peerid & 0xff : undefined;
  } finally {
    await channel.close().catch(() => {});
  }
}

/**
 * Rejects if the server does not answer a question of its own; resolves when the work is over.
 *
 * @param {string} path
 * @param {number} patience
 * @param {AbortSignal} over
 */
async function watchServer(path, patience, over) {
  while (!over.aborted) {
    await setTimeout(patience, undefined, { signal: over, ref: false }).catch(() => {});
    if (over.aborted) return;
    const limit = AbortSignal.timeout(patience);
    const signal = AbortSignal.any([limit, over]);
    await once(path, ["display-message", "-p", ""], { signal }).catch((error) => {
      if (error !== limit.reason) return; // the command itself fails, too
      throw new Error(`the tmux server has not answered for ${patience} ms`);
    });
  }
}

/**
 * Has a tmux server run a command. Resolves with the command's output and status. However long
 * the command takes, the server must answer in the meantime.
 *
 * @param {string} path
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 * @returns {Promise<TmuxResult>}
 */
export async function execute(path, args, { patience = PATIENCE, signal, ...options }) {
  if (args.length === 0) throw new TypeError("a tmux command has at least its name");
  if (args.some((arg) => arg.includes("\0"))) throw new TypeError("an argument contains a NUL");
  const over = new AbortController();
  const dead = new AbortController();
  const watching = watchServer(path, patience, over.signal).catch((error) => dead.abort(error));
  try {
    const either = signal ? AbortSignal.any([signal, dead.signal]) : dead.signal;
    return await once(path, args, { ...options, signal: either });
  } catch (error) {
    signal?.throwIfAborted();
    dead.signal.throwIfAborted();
    const version = await foreignVersion(path).catch(() => undefined);
    throw version === undefined ? error : otherVersion(version);
  } finally {
    over.abort();
    await watching;
  }
}

/**
 * One command on a connection of its own.
 *
 * @param {string} path
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 * @returns {Promise<TmuxResult>}
 */
async function once(path, args, { stdin, cwd = process.cwd(), signal }) {
  const channel = await open(path, signal);
  const client = tmux.on(channel);
  try {
    // the reading begins with the sending: a server of another version answers and closes
    const conversation = converse(
      client,
      typeof stdin === "string" ? encoder.encode(stdin) : stdin,
    );
    conversation.catch(() => {});
    await request(client, args, cwd).catch(async (error) => {
      // the server's words before it closed matter more than the failed send
      await conversation;
      throw error;
    });
    return await conversation;
  } finally {
    await channel.close();
  }
}

/**
 * Sends the client's identity and its command. Only a client with UTF8 gets more than
 * underscores for what is not ASCII.
 *
 * @param {Client} client
 * @param {readonly string[]} argv
 * @param {string} cwd
 */
async function request(client, argv, cwd) {
  await client.send("IDENTIFY_LONGFLAGS", { flags: ["UTF8"] });
  await client.send("IDENTIFY_TTYNAME", "");
  await client.send("IDENTIFY_CWD", cwd);
  await client.send("IDENTIFY_DONE");
  await client.send("COMMAND", { argc: argv.length, argv });
}

/**
 * Answers the server's requests until it reports how the command ended.
 *
 * @param {Client} client
 * @param {Uint8Array | undefined} stdin
 * @returns {Promise<TmuxResult>}
 */
async function converse(client, stdin) {
  /** @type {Map<number, Uint8Array[]>} */
  const written = new Map([
    [STDOUT, []],
    [STDERR, []],
  ]);
  /** Which of ours each of the server's streams is. */
  const streams = new Map();
  let status = 1;

  const feed = async (/** @type {number} */ stream, /** @type {number} */ fd) => {
    const data = fd === STDIN ? stdin : undefined;
    for (let at = 0; data !== undefined && at < data.length; at += PIECE) {
      await client.send("READ", { stream, data: data.subarray(at, at + PIECE) });
    }
    // the server may name a file, which this client does not read for it
    const error = fd < 0 ? EPERM : data === undefined ? EBADF : 0;
    await client.send("READ_DONE", { stream, error });
  };

  for await (const { name, payload, peerid } of client) {
    switch (name) {
      case "WRITE_OPEN": {
        const { stream, fd } = payload;
        const ours = written.has(fd);
        if (ours) streams.set(stream, fd);
        await client.send("WRITE_READY", { stream, error: ours ? 0 : EPERM });
        break;
      }
      case "WRITE":
        written.get(streams.get(payload.stream))?.push(payload.data);
        break;
      case "WRITE_CLOSE":
        streams.delete(payload.stream);
        break;
      case "READ_OPEN":
        // not awaited: the server may end the command before it has read everything
        feed(payload.stream, payload.fd).catch(() => {});
        break;
      case "EXIT":
        status = payload.status;
        await client.send("EXITING");
        break;
      case "SHUTDOWN":
        await client.send("EXITING");
        break;
      case "EXITED": {
        const stderr = new TextDecoder().decode(joined(written.get(STDERR)));
        return { status, stdout: joined(written.get(STDOUT)), stderr };
      }
      case "VERSION":
        throw otherVersion(peerid & 0xff);
    }
  }
  throw new Error("the tmux server closed the connection before the command had ended");
}

function joined(/** @type {readonly Uint8Array[]} */ pieces = []) {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
