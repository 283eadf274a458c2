// One command of a tmux client: tmux's own client makes a connection for each, too.

import { connect } from "imsg-wasm/node";

/** @import { ImsgChannel, ImsgMessage } from "imsg-wasm" */
/** @import { CommandOptions, TmuxResult } from "./types.ts" */

/** Message types of protocol version 8. */
const Type = {
  VERSION: 12,
  IDENTIFY_TTYNAME: 102,
  IDENTIFY_DONE: 106,
  IDENTIFY_CWD: 108,
  IDENTIFY_LONGFLAGS: 111,
  COMMAND: 200,
  EXIT: 203,
  EXITED: 204,
  EXITING: 205,
  SHUTDOWN: 210,
  READ_OPEN: 300,
  READ: 301,
  READ_DONE: 302,
  WRITE_OPEN: 303,
  WRITE: 304,
  WRITE_READY: 305,
  WRITE_CLOSE: 306,
};

/** The low byte of every header's peerid. */
const VERSION = 8;
const NO_PID = 0xffffffff;
/** A client that can read UTF-8; others get underscores. */
const UTF8 = 0x10000n;
const STDIN = 0;
const STDERR = 2;
/** Linux's EPERM and EBADF, which tmux turns into its error text. */
const EPERM = 1;
const EBADF = 9;
/** What fits a message of 16,384 bytes behind its header and the number of the stream. */
const PIECE = 16384 - 16 - 4;

const encoder = new TextEncoder();
const terminated = (/** @type {string} */ text) => encoder.encode(`${text}\0`);
const int32 = (/** @type {number[]} */ ...values) => {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setInt32(i * 4, value, true);
  return bytes;
};

/** The number at a place of a message. */
function number(/** @type {ImsgMessage} */ { type, data }, /** @type {number} */ at) {
  if (data.length < at + 4) throw new Error(`a tmux message of type ${type} is too short`);
  return new DataView(data.buffer, data.byteOffset).getInt32(at, true);
}

/**
 * Lets a tmux server carry out a command, and gives back what it wrote and how it ended.
 *
 * @param {string} path
 * @param {readonly string[]} args
 * @param {CommandOptions} options
 * @returns {Promise<TmuxResult>}
 */
export async function execute(path, args, { stdin, cwd = process.cwd(), signal }) {
  if (args.length === 0) throw new TypeError("a tmux command has at least its name");
  if (args.some((arg) => arg.includes("\0"))) throw new TypeError("an argument contains a NUL");
  const channel = await connect({ path }, { pid: NO_PID, ...(signal && { signal }) });
  const send = (/** @type {number} */ type, /** @type {Uint8Array[]} */ ...data) =>
    channel.send({ type, peerid: VERSION, pid: NO_PID, data });
  try {
    const flags = new Uint8Array(8);
    new DataView(flags.buffer).setBigUint64(0, UTF8, true);
    await send(Type.IDENTIFY_LONGFLAGS, flags);
    await send(Type.IDENTIFY_TTYNAME, terminated(""));
    await send(Type.IDENTIFY_CWD, terminated(cwd));
    await send(Type.IDENTIFY_DONE);
    await send(Type.COMMAND, int32(args.length), ...args.map(terminated));
    return await converse(channel, send, typeof stdin === "string" ? encoder.encode(stdin) : stdin);
  } finally {
    await channel.close();
  }
}

/**
 * Does what the server asks for until it has said how the command ended.
 *
 * @param {ImsgChannel} channel
 * @param {(type: number, ...data: Uint8Array[]) => Promise<void>} send
 * @param {Uint8Array | undefined} stdin
 * @returns {Promise<TmuxResult>}
 */
async function converse(channel, send, stdin) {
  /** @type {Map<number, Uint8Array[]>} */
  const written = new Map([
    [1, []],
    [STDERR, []],
  ]);
  /** Which of ours each of the server's streams is. */
  const streams = new Map();
  let status = 1;

  const feed = async (/** @type {number} */ stream, /** @type {number} */ fd) => {
    const data = fd === STDIN ? stdin : undefined;
    for (let at = 0; data !== undefined && at < data.length; at += PIECE) {
      await send(Type.READ, int32(stream), data.subarray(at, at + PIECE));
    }
    // the server may name a file: reading it for a server is not this client's business
    const error = fd < 0 ? EPERM : data === undefined ? EBADF : 0;
    await send(Type.READ_DONE, int32(stream, error));
  };

  for await (const message of channel) {
    switch (message.type) {
      case Type.WRITE_OPEN: {
        const [stream, fd] = [number(message, 0), number(message, 4)];
        const ours = written.has(fd);
        if (ours) streams.set(stream, fd);
        await send(Type.WRITE_READY, int32(stream, ours ? 0 : EPERM));
        break;
      }
      case Type.WRITE:
        written.get(streams.get(number(message, 0)))?.push(message.data.subarray(4));
        break;
      case Type.WRITE_CLOSE:
        streams.delete(number(message, 0));
        break;
      case Type.READ_OPEN:
        // not awaited: the server may end the command before it has read everything
        feed(number(message, 0), number(message, 4)).catch(() => {});
        break;
      case Type.EXIT:
        // a status only if there is room for one
        status = message.data.length >= 4 ? number(message, 0) : 0;
        await send(Type.EXITING);
        break;
      case Type.SHUTDOWN:
        await send(Type.EXITING);
        break;
      case Type.EXITED: {
        const [stdout, stderr] = [...written.values()].map(joined);
        return { status, stdout, stderr: new TextDecoder().decode(stderr) };
      }
      case Type.VERSION:
        throw new Error(
          `the tmux server speaks protocol version ${message.peerid & 0xff}, this client ${VERSION}`,
        );
    }
  }
  throw new Error("the tmux server closed the connection before the command had ended");
}

/** @param {Uint8Array[]} pieces */
function joined(pieces) {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
