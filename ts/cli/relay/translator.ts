import type { ImsgInstance } from "../../entry/c.ts";
import { ImsgCodec, type ImsgMessage, type MessageInit } from "../../entry/index.ts";
import { HEADER_SIZE } from "../../inspect/position.ts";
import { type Dialect, dialectOptions } from "../dialect.ts";
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
  bytes?: Uint8Array;
  failure?: Closing;
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
  /** The pid that the client gives itself: that of its first message with one. */
  #clientPid: number | undefined;
  #up = 0;
  #down = 0;
  #dropped = 0;

  constructor(pid: number, instance: ImsgInstance, rules: TranslatorRules) {
    const { maxSize, dialect } = rules;
    this.#pid = pid;
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

  /** Bytes of the client, for the daemon. */
  fromClient(slice: Uint8Array): Translated {
    const accepted: MessageInit[] = [];
    let failure: Closing | undefined;
    try {
      for (const message of this.#client.push(slice)) {
        failure = this.#refusalOf(message);
        if (failure !== undefined) break;
        const { type, peerid, data } = message;
        accepted.push({ type, peerid, pid: this.#pid, data });
      }
      failure ??= failureOf(this.#client, closingOf);
    } catch (error) {
      failure = closingOf(error);
    }
    this.#up += accepted.length;
    return translated(this.#daemon, accepted, failure);
  }

  /** Bytes of the daemon, for the client. */
  fromDaemon(slice: Uint8Array): Translated {
    const accepted: MessageInit[] = [];
    let failure: Closing | undefined;
    try {
      for (const { type, peerid, pid, data } of this.#daemon.push(slice)) {
        if (pid === this.#pid) {
          accepted.push({ type, peerid, pid: this.#clientPid ?? pid, data });
        } else if (isClientPid(pid)) this.#dropped++;
        else accepted.push({ type, peerid, pid, data });
      }
      failure = failureOf(this.#daemon, daemonFailed);
    } catch (error) {
      failure = daemonFailed(error);
    }
    this.#down += accepted.length;
    return translated(this.#client, accepted, failure);
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

function translated(
  codec: ImsgCodec,
  messages: readonly MessageInit[],
  failure: Closing | undefined,
): Translated {
  return {
    ...(messages.length === 0 ? {} : { bytes: codec.encodeAll(messages) }),
    ...(failure === undefined ? {} : { failure }),
  };
}
