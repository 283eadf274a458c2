import { DROP, Forwarder, STOP } from "../../batch/forward.ts";
import type { ImsgInstance } from "../../entry/c.ts";
import { HEADER_SIZE } from "../../inspect/position.ts";
import { type Dialect, dialectOptions } from "../dialect.ts";
import type { Buffers } from "./buffers.ts";
import { CloseCode, Closing, closingOf, daemonFailed } from "./closing.ts";
import { isClientPid } from "./pids.ts";

/** The messages that a client may send. */
export interface TranslatorRules {
  maxSize: number;
  dialect?: Dialect;
  allowTypes: ReadonlySet<number> | "all";
}

/** The result of a slice: bytes for the other side, and the error behind the last good message. */
export interface Translated {
  bytes?: Buffer;
  /** Call it when nothing reads the bytes any more. */
  release?: () => void;
  failure?: Closing;
}

/** The classic dialect has 16 bits for a length. */
const LONGEST_CLASSIC = 0xffff;

/**
 * Turns the bytes of one side into those for the other: the original C decodes
 * a slice, the messages are checked, and the C encodes them as one piece. Both
 * sides share one instance of the module.
 */
export class Translator {
  readonly #pid: number;
  readonly #rules: TranslatorRules;
  readonly #buffers: Buffers;
  readonly #client: Forwarder;
  readonly #daemon: Forwarder;
  /** The client's own pid: that of its first message with a pid. */
  #clientPid: number | undefined;
  /** Why the message that was judged last must not pass. */
  #refusal: Closing | undefined;
  #up = 0;
  #down = 0;
  #dropped = 0;

  constructor(pid: number, instance: ImsgInstance, buffers: Buffers, rules: TranslatorRules) {
    const { maxSize, dialect } = rules;
    this.#pid = pid;
    this.#buffers = buffers;
    this.#rules = rules;
    // for pid 0, C writes the imsgbuf's pid: that of this process would be disclosed to clients
    this.#client = new Forwarder(instance, { maxSize, pid });
    this.#daemon = new Forwarder(instance, { maxSize, pid, ...dialectOptions(dialect) });
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
  fromClient(slice: Uint8Array<ArrayBuffer>): Translated {
    const translated: Translated = {};
    const room = (bytes: number): Buffer => this.#room(bytes, translated);
    const forwarded = this.#client.forward(slice, this.#daemon, this.#judgeUp, room);
    this.#up += forwarded.count;
    const { error } = forwarded;
    const failure = this.#refusal ?? (error === undefined ? undefined : closingOf(error));
    return failure === undefined ? translated : { ...translated, failure };
  }

  /** Bytes of the daemon, for the client. The slice may change after the call. */
  fromDaemon(slice: Uint8Array<ArrayBuffer>): Translated {
    const translated: Translated = {};
    const room = (bytes: number): Buffer => this.#room(bytes, translated);
    const forwarded = this.#daemon.forward(slice, this.#client, this.#judgeDown, room);
    this.#down += forwarded.count;
    const { error } = forwarded;
    return error === undefined ? translated : { ...translated, failure: daemonFailed(error) };
  }

  readonly #judgeUp = (type: number, pid: number, size: number): number => {
    this.#refusal = this.#refusalOf(type, pid, size);
    return this.#refusal === undefined ? this.#pid : STOP;
  };

  readonly #judgeDown = (_type: number, pid: number): number => {
    if (pid === this.#pid) return this.#clientPid ?? pid;
    if (!isClientPid(pid)) return pid;
    this.#dropped++;
    return DROP;
  };

  /** Returns a buffer of so many bytes, and notes it in the result. */
  #room(length: number, translated: Translated): Buffer {
    const buffer = this.#buffers.take(length);
    const bytes = buffer?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    translated.bytes = bytes;
    if (buffer !== undefined) translated.release = () => this.#buffers.giveBack(buffer);
    return bytes;
  }

  /** Throws if the client has ended inside a message. */
  endClient(): void {
    this.#client.end();
  }

  /** Throws if the daemon has ended inside a message. */
  endDaemon(): void {
    this.#daemon.end();
  }

  /** Frees the memory of C. */
  dispose(): void {
    this.#client.dispose();
    this.#daemon.dispose();
  }

  /** The reason why a message of the client must not pass. */
  #refusalOf(type: number, pid: number, size: number): Closing | undefined {
    const { allowTypes, dialect } = this.#rules;
    if (allowTypes !== "all" && !allowTypes.has(type)) {
      return new Closing(CloseCode.notAllowed, `messages of type ${type} are not allowed`);
    }
    const length = HEADER_SIZE + size;
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
