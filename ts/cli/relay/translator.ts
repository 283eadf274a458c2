import type { ImsgInstance } from "../../entry/c.ts";
import { ImsgCodec, type ImsgMessage, type MessageInit } from "../../entry/index.ts";
import { type Dialect, dialectOptions } from "../dialect.ts";
import { HEADER_SIZE } from "../position.ts";
import type { Buffers } from "./buffers.ts";
import { CloseCode, Closing, closingOf, daemonFailed } from "./closing.ts";
import { isClientPid } from "./pids.ts";

/** What a client may send. */
export interface TranslatorRules {
  maxSize: number;
  dialect?: Dialect;
  allowTypes: ReadonlySet<number> | "all";
}

/** What a slice became: bytes for the other side, and the error behind the last good message. */
export interface Translated {
  bytes?: Buffer;
  /** Call it when nothing reads the bytes any more. */
  release?: () => void;
  failure?: Closing;
}

/** Messages for the other side, and their bytes, headers included. */
class Accepted {
  readonly messages: MessageInit[] = [];
  bytes = 0;

  add(message: MessageInit, { data }: ImsgMessage): void {
    this.messages.push(message);
    this.bytes += HEADER_SIZE + data.length;
  }
}

/** The classic dialect has 16 bits for a length. */
const LONGEST_CLASSIC = 0xffff;
const NOTHING = new Uint8Array(0);

/**
 * Turns the bytes of one side into those for the other: the original C decodes
 * a slice, the messages are checked, and the C encodes them as one piece. Both
 * sides share one instance of the module.
 */
export class Translator {
  readonly #pid: number;
  readonly #rules: TranslatorRules;
  readonly #client: ImsgCodec;
  readonly #daemon: ImsgCodec;
  readonly #buffers: Buffers;
  /** The pid that the client gives itself: that of its first message with one. */
  #clientPid: number | undefined;
  #up = 0;
  #down = 0;
  #dropped = 0;

  constructor(pid: number, instance: ImsgInstance, buffers: Buffers, rules: TranslatorRules) {
    const { maxSize, dialect } = rules;
    this.#pid = pid;
    this.#buffers = buffers;
    this.#rules = rules;
    // for pid 0, C writes the codec's: this process's would tell clients about the relay
    this.#client = new ImsgCodec({ maxSize, instance, pid });
    this.#daemon = new ImsgCodec({ maxSize, instance, pid, ...dialectOptions(dialect) });
  }

  /** Messages from the client that have passed. */
  get up(): number {
    return this.#up;
  }

  /** Messages from the daemon that have passed. */
  get down(): number {
    return this.#down;
  }

  /** Messages from the daemon with the pid of another client. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes of the client, for the daemon. The slice may change after the call. */
  fromClient(slice: Uint8Array): Translated {
    const accepted = new Accepted();
    let failure: Closing | undefined;
    try {
      for (const message of this.#client.push(slice)) {
        failure = this.#refusalOf(message);
        if (failure !== undefined) break;
        const { type, peerid, data } = message;
        accepted.add({ type, peerid, pid: this.#pid, data }, message);
      }
      failure ??= failureOf(this.#client, closingOf);
    } catch (error) {
      failure = closingOf(error);
    }
    this.#up += accepted.messages.length;
    return this.#translated(this.#daemon, accepted, failure);
  }

  /** Bytes of the daemon, for the client. The slice may change after the call. */
  fromDaemon(slice: Uint8Array): Translated {
    const accepted = new Accepted();
    let failure: Closing | undefined;
    try {
      for (const message of this.#daemon.push(slice)) {
        const { type, peerid, pid, data } = message;
        if (pid === this.#pid && this.#clientPid !== undefined) {
          accepted.add({ type, peerid, pid: this.#clientPid, data }, message);
        } else if (pid !== this.#pid && isClientPid(pid)) this.#dropped++;
        else accepted.add(message, message);
      }
      failure = failureOf(this.#daemon, daemonFailed);
    } catch (error) {
      failure = daemonFailed(error);
    }
    this.#down += accepted.messages.length;
    return this.#translated(this.#client, accepted, failure);
  }

  /** Throws if the client has ended inside a message. */
  endClient(): void {
    this.#client.end();
  }

  /** Throws if the daemon has ended inside a message. */
  endDaemon(): void {
    this.#daemon.end();
  }

  /** Frees the codecs. */
  dispose(): void {
    this.#client.dispose();
    this.#daemon.dispose();
  }

  #translated(
    codec: ImsgCodec,
    { messages, bytes: length }: Accepted,
    failure: Closing | undefined,
  ): Translated {
    const translated: Translated = failure === undefined ? {} : { failure };
    if (messages.length === 0) return translated;
    const buffer = this.#buffers.take(length);
    if (buffer === undefined) {
      const { buffer: own, byteOffset } = codec.encodeAll(messages);
      translated.bytes = Buffer.from(own, byteOffset, length);
    } else {
      const { written } = codec.encodeInto(messages, buffer);
      translated.bytes = buffer.subarray(0, written);
      translated.release = () => this.#buffers.giveBack(buffer);
    }
    return translated;
  }

  /** Why a message of the client must not pass. */
  #refusalOf({ type, pid, data }: ImsgMessage): Closing | undefined {
    const { allowTypes, dialect } = this.#rules;
    if (allowTypes !== "all" && !allowTypes.has(type)) {
      return new Closing(CloseCode.notAllowed, `messages of type ${type} are not allowed`);
    }
    const length = HEADER_SIZE + data.length;
    if (dialect === "classic" && length > LONGEST_CLASSIC) {
      const limit = `the daemon's dialect has at most ${LONGEST_CLASSIC}`;
      return new Closing(CloseCode.badData, `a message has ${length} bytes; ${limit}`);
    }
    if (pid === 0) return undefined; // C never sends pid 0: the client has left it out
    this.#clientPid ??= pid;
    if (pid === this.#clientPid) return undefined;
    const own = `this connection's is ${this.#clientPid}`;
    return new Closing(CloseCode.notAllowed, `pid ${pid} is foreign: ${own}`);
  }
}

/** The error that a codec reports after the good messages of a chunk. */
function failureOf(codec: ImsgCodec, explain: (error: unknown) => Closing): Closing | undefined {
  try {
    codec.push(NOTHING);
    return undefined;
  } catch (error) {
    return explain(error);
  }
}
