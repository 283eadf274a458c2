/**
 * Exchanges messages between the module and the native peer over real sockets, in sessions of
 * different kinds, until enough bytes have passed each way. Every message that comes back is compared
 * with the sent one, and at the end of a session the counts and checksums of both ends are compared.
 */
import { spawnSync } from "node:child_process";
import type { Duplex } from "node:stream";
import type { ImsgMessage } from "../../../ts/batch/message.ts";
import { ImsgChannel } from "../../../ts/channel/channel.ts";
import { connect, fromDuplex, spawn } from "../../../ts/entry/node.ts";
import { duplexTransport } from "../../../ts/transports/node.ts";
import { listenPeer, PeerType, pairPeer, peerArguments, peerBinary } from "../../helpers/peer.ts";
import { Fnv } from "./fnv.ts";
import { Random } from "./random.ts";
import { splitting } from "./split.ts";

export interface SoakOptions {
  /** The least number of bytes each way, headers included. */
  bytes: number;
  seed: number;
  /** Names of the kinds of sessions, in turn; all if absent. */
  kinds?: readonly string[];
  /** Changes received chunks of the sessions that cut, so that a test can check that the soak notices. */
  damage?: (chunk: Uint8Array) => void;
  /** Called after each session. */
  progress?: (totals: SoakTotals) => void;
}

export interface SoakTotals {
  sessions: number;
  sent: { messages: number; bytes: number };
  received: { messages: number; bytes: number };
}

/** A difference from the expected message or count. The first one ends the soak. */
export class Mismatch extends Error {}

const OUR_PID = 4242;
const PEER_PID = 7777;
const HEADER = 16;
/** Messages that may be under way: the peer queues its replies without limit. */
const WINDOW = 2 * 1024 * 1024;

interface Session {
  channel: ImsgChannel;
  stop(): Promise<void>;
}

interface Kind {
  name: string;
  /** Bytes each way. */
  bytes: number;
  maxSize: number;
  open(args: string[], random: Random, damage?: SoakOptions["damage"]): Promise<Session>;
}

const options = (maxSize: number) => ({ maxSize, pid: OUR_PID });

/** A pair of sockets whose bytes are cut into pieces up to `longest`. */
const cutPair =
  (maxSize: number, longest: number, slow: boolean) =>
  async (args: string[], random: Random, damage: SoakOptions["damage"]): Promise<Session> => {
    const peer = pairPeer(...args);
    const inner = duplexTransport(peer.socket as Duplex);
    const transport = splitting(inner, random, longest, slow, damage);
    return { channel: new ImsgChannel(transport, options(maxSize)), stop: () => peer.stop() };
  };

const MIB = 1024 * 1024;
/** The slow ones first, so that a short soak has them all. */
const KINDS: readonly Kind[] = [
  {
    name: "byte by byte",
    bytes: 96 * 1024,
    maxSize: 4096,
    open: cutPair(4096, 1, true),
  },
  {
    name: "short pieces",
    bytes: 2 * MIB,
    maxSize: 16384,
    open: cutPair(16384, 40, false),
  },
  {
    name: "random pieces",
    bytes: 12 * MIB,
    maxSize: 65535,
    open: cutPair(65535, 5000, false),
  },
  {
    name: "socket pair, large messages",
    bytes: 24 * MIB,
    maxSize: 1048576,
    async open(args) {
      const peer = pairPeer(...args);
      return {
        channel: fromDuplex(peer.socket, options(this.maxSize)),
        stop: () => peer.stop(),
      };
    },
  },
  {
    name: "connect, small socket buffer",
    bytes: 16 * MIB,
    maxSize: 131072,
    async open(args) {
      const peer = await listenPeer("--sndbuf", "4608", ...args);
      const channel = await connect({ path: peer.path }, options(this.maxSize));
      return { channel, stop: () => peer.stop() };
    },
  },
  {
    name: "spawn",
    bytes: 24 * MIB,
    maxSize: 16384,
    async open(args) {
      const { child, channel } = await spawn(
        peerBinary(),
        ["--fd", "3", ...args],
        options(this.maxSize),
      );
      const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      return {
        channel,
        async stop() {
          child.kill();
          await exited;
        },
      };
    },
  },
];

/** Mostly short, now and then up to the largest. */
function size(random: Random, maxSize: number): number {
  const limit = maxSize - HEADER;
  switch (random.below(8)) {
    case 0:
      return random.below(limit + 1);
    case 1:
      return limit - random.below(20);
    case 2:
      return random.below(Math.min(5000, limit + 1));
    case 3:
      return random.below(20);
    default:
      return random.below(Math.min(600, limit + 1));
  }
}

/** The expected next message: an echo, or a message by the peer's formula. */
type Expected =
  | { kind: "echo"; type: number; peerid: number; data: Buffer }
  | { kind: "formula"; count: number; size: number; next: number }
  | { kind: "sum" };

const POOL = (() => {
  const random = new Random(20241126);
  const pool = Buffer.alloc(4 * MIB);
  for (let i = 0; i < pool.length; i += 4) pool.writeUInt32LE(random.next(), i);
  return pool;
})();

function check(condition: boolean, what: () => string): asserts condition {
  if (!condition) throw new Mismatch(what());
}

function checkFormula(data: Uint8Array, i: number): void {
  for (let j = 0; j < data.length; j++) {
    if (data[j] !== ((i * 31 + j * 7 + (j >>> 8)) & 0xff)) {
      throw new Mismatch(`byte ${j} of the peer's message ${i} is wrong`);
    }
  }
}

class Exchange {
  readonly #channel: ImsgChannel;
  readonly #random: Random;
  readonly #kind: Kind;
  readonly #totals: SoakTotals;
  readonly #queue: Expected[] = [];
  readonly #sent = new Fnv();
  readonly #received = new Fnv();
  #echoes = 0;
  #echoBytes = 0;
  #underWay = 0;
  #wake: (() => void) | undefined;

  constructor(channel: ImsgChannel, random: Random, kind: Kind, totals: SoakTotals) {
    this.#channel = channel;
    this.#random = random;
    this.#kind = kind;
    this.#totals = totals;
  }

  async run(): Promise<void> {
    const receiving = this.#receive();
    // a failure of the other direction ends this wait
    const failed = receiving.catch((error: unknown) => {
      void this.#channel.abort(error);
      this.#wake?.();
      throw error;
    });
    failed.catch(() => {});
    try {
      await this.#send();
    } catch (error) {
      await receiving;
      throw error;
    }
    await receiving;
  }

  async #send(): Promise<void> {
    const random = this.#random;
    const { bytes, maxSize } = this.#kind;
    for (let sent = 0; sent < bytes; ) {
      if (random.below(50) === 0) {
        const count = 1 + random.below(40);
        const each = random.below(Math.min(3000, maxSize - HEADER + 1));
        this.#queue.push({ kind: "formula", count, size: each, next: 0 });
        this.#underWay += count * (each + HEADER);
        await this.#one(PeerType.send, 0, peerArguments(count, each));
      } else {
        const length = size(random, maxSize);
        const at = random.below(POOL.length - length);
        const data = POOL.subarray(at, at + length);
        const peerid = random.next();
        this.#sent.add(data);
        this.#echoes++;
        this.#echoBytes += length;
        this.#queue.push({ kind: "echo", type: PeerType.echo, peerid, data });
        this.#underWay += length + HEADER;
        sent += length + HEADER;
        await this.#one(PeerType.echo, peerid, data);
      }
      while (this.#underWay > WINDOW) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
    this.#queue.push({ kind: "sum" });
    await this.#one(PeerType.sum, 1, new Uint8Array(0));
  }

  async #one(type: number, peerid: number, data: Uint8Array): Promise<void> {
    this.#totals.sent.messages++;
    this.#totals.sent.bytes += data.length + HEADER;
    await this.#channel.send({ type, peerid, data });
  }

  async #receive(): Promise<void> {
    for await (const message of this.#channel) {
      this.#totals.received.messages++;
      this.#totals.received.bytes += message.data.length + HEADER;
      if (this.#take(message)) return;
    }
    throw new Mismatch("the peer ended the session");
  }

  /** True for the last one. */
  #take(message: ImsgMessage): boolean {
    const expected = this.#queue[0];
    const what = () =>
      `type ${message.type}, peerid ${message.peerid}, ${message.data.length} bytes`;
    check(expected !== undefined, () => `nothing more was expected: ${what()}`);
    this.#underWay -= message.data.length + HEADER;
    if (this.#underWay <= WINDOW) {
      this.#wake?.();
      this.#wake = undefined;
    }
    if (expected.kind === "formula") {
      const i = expected.next++;
      check(message.type === PeerType.data && message.peerid === i, () => `not ${i}: ${what()}`);
      check(message.pid === PEER_PID, () => `pid ${message.pid}, not the peer's`);
      check(message.data.length === expected.size, () => `not ${expected.size} bytes: ${what()}`);
      checkFormula(message.data, i);
      if (expected.next === expected.count) this.#queue.shift();
      return false;
    }
    this.#queue.shift();
    if (expected.kind === "sum") {
      this.#underWay += message.data.length + HEADER;
      this.#checkSum(message);
      return true;
    }
    check(
      message.type === expected.type && message.peerid === expected.peerid,
      () => `not the echo of peerid ${expected.peerid}: ${what()}`,
    );
    check(message.pid === OUR_PID, () => `pid ${message.pid}, not ours`);
    check(
      expected.data.equals(message.data),
      () => `the echo of ${expected.data.length} bytes differs: ${what()}`,
    );
    this.#received.add(message.data);
    return false;
  }

  #checkSum(message: ImsgMessage): void {
    check(message.type === PeerType.sum && message.data.length === 24, () => "no sum");
    const view = new DataView(message.data.buffer, message.data.byteOffset, 24);
    const [count, bytes, fnv] = [0, 8, 16].map((at) => view.getBigUint64(at, true));
    check(count === BigInt(this.#echoes), () => `the peer counts ${count}, not ${this.#echoes}`);
    check(bytes === BigInt(this.#echoBytes), () => `the peer has ${bytes} bytes`);
    check(fnv === this.#sent.value, () => "the peer's checksum is not that of what was sent");
    check(fnv === this.#received.value, () => "the checksum of what came back differs");
  }
}

/** Runs sessions until enough bytes have gone each way. Throws {@link Mismatch}. */
export async function soak(given: SoakOptions): Promise<SoakTotals> {
  const { bytes, seed, damage, progress } = given;
  const kinds = KINDS.filter(({ name }) => given.kinds?.includes(name) ?? true);
  const random = new Random(seed);
  const totals: SoakTotals = {
    sessions: 0,
    sent: { messages: 0, bytes: 0 },
    received: { messages: 0, bytes: 0 },
  };
  while (totals.sent.bytes < bytes || totals.received.bytes < bytes) {
    const kind = kinds[totals.sessions % kinds.length]!;
    const left = bytes - Math.min(totals.sent.bytes, totals.received.bytes);
    const args = ["--pid", `${PEER_PID}`, "--maxsize", `${kind.maxSize}`];
    const session = await kind.open(args, random, damage);
    try {
      const part = { ...kind, bytes: Math.min(kind.bytes, Math.max(left, 65536)) };
      await new Exchange(session.channel, random, part, totals).run();
      await session.channel.close();
    } catch (error) {
      if (error instanceof Error) error.message = `${kind.name}: ${error.message}`;
      throw error;
    } finally {
      await session.stop();
    }
    totals.sessions++;
    progress?.(totals);
  }
  return totals;
}

/** Builds the native peer if it is not there. */
export function ensurePeer(): void {
  try {
    peerBinary();
  } catch {
    const make = ["-s", "-f", "test/oracle/native/native.mk", "build/native/peer"];
    const { status, stderr } = spawnSync("make", make, { encoding: "utf8" });
    if (status !== 0) throw new Error(`the native peer cannot be built: ${stderr}`);
  }
}
