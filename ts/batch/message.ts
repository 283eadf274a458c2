import { type Bytes, checkBytes } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { fieldsOf } from "../module/error.ts";

/**
 * A received message. Its `data` never aliases memory of the module: it has a
 * buffer of its own, or aliases the chunk that was received, as the
 * documentation of the codec or channel says.
 *
 * `Fd` is the type of the value that the message may have come with: a number on
 * channels of `imsg-wasm/node`, `/deno` and `/bun`.
 */
export class ImsgMessage<Fd = unknown> {
  /** The type, a uint32 whose meaning the protocol defines. */
  readonly type: number;
  /** A uint32 whose meaning the protocol defines; often it pairs a reply with its request. */
  readonly peerid: number;
  /** The process id of the sender, a uint32. */
  readonly pid: number;
  /** The payload. */
  readonly data: Uint8Array<ArrayBuffer>;

  /** @internal */
  constructor(type: number, peerid: number, pid: number, data: Uint8Array<ArrayBuffer>) {
    this.type = type;
    this.peerid = peerid;
    this.pid = pid;
    this.data = data;
  }

  /** Whether the message has a descriptor that has been neither taken nor closed. */
  get hasFd(): boolean {
    return false;
  }

  /**
   * Whether the peer sent the message with a descriptor that nothing can take any
   * more: it did not arrive (the channel has no `allowFdPass`, a codec or stream
   * decoded the message, the process may open no more descriptors), or it was
   * closed without being taken.
   */
  get fdDropped(): boolean {
    return false;
  }

  /**
   * Takes the value that came with the message: a MessagePort, the number of a
   * descriptor of the operating system, or whatever else the transport passes.
   * The caller owns it from then on and has to close it. Returns undefined if
   * the message has none, or if it was taken or closed before. `imsg_get_fd`.
   */
  takeFd(): Fd | undefined {
    return undefined;
  }

  /** Closes the descriptor unless it was taken. `imsg_free`. Idempotent. */
  dispose(): void {}

  /** The same as {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Calls a function when the descriptor is taken or closed.
   * @internal
   */
  watch(_ended: (message: ImsgMessage) => void): void {}
}

/**
 * A message that is marked as having a descriptor. The descriptor may not have come
 * along. Few messages are marked, so the other class saves the fields.
 */
export class PassedMessage extends ImsgMessage {
  #passed: Passed | undefined;
  #taken = false;

  /** @internal */
  constructor({ type, peerid, pid, data }: ImsgMessage, passed?: Passed) {
    super(type, peerid, pid, data);
    this.#passed = passed;
  }

  override get hasFd(): boolean {
    return this.#passed !== undefined;
  }

  override get fdDropped(): boolean {
    return !this.hasFd && !this.#taken;
  }

  override takeFd(): unknown {
    const passed = this.#end();
    if (passed === undefined) return undefined;
    this.#taken = true;
    const { engine, fd } = passed;
    return engine.values.take(engine.call.kernel_take(fd))?.value;
  }

  override dispose(): void {
    const passed = this.#end();
    if (passed === undefined || passed.engine.trapped !== undefined) return;
    passed.engine.call.kernel_close(passed.fd);
  }

  #end(): Passed | undefined {
    const passed = this.#passed;
    this.#passed = undefined;
    passed?.ended?.(this);
    return passed;
  }

  override watch(ended: (message: ImsgMessage) => void): void {
    if (this.#passed !== undefined) this.#passed.ended = ended;
  }
}

/** The descriptor that came with a message. */
interface Passed {
  readonly engine: Engine;
  readonly fd: number;
  /** Is called when the descriptor is taken or closed. */
  ended?: ((message: ImsgMessage) => void) | undefined;
}

/** A message to send. */
export interface MessageInit {
  /** The type, a uint32 whose meaning the protocol defines. */
  type: number;
  /** A uint32 whose meaning the protocol defines; 0 if absent. */
  peerid?: number | undefined;
  /** A uint32; 0 or absent: the pid of the codec or channel. */
  pid?: number | undefined;
  /** The payload, in one piece or several, which is copied before the call returns; empty if absent. */
  data?: Bytes | readonly Bytes[] | undefined;
}

/** A message to send on a channel. */
export interface SendInit extends MessageInit {
  /**
   * A value to send along, of a kind that the transport can pass, on a channel
   * with `allowFdPass`. It moves: the transport owns it once the message is
   * queued, and closes it when it has been sent.
   */
  fd?: unknown;
}

/**
 * Reads the fields of a message once. Its data become plain views, so that no code
 * of the caller runs when the result is read. Throws EINVAL if the data are no bytes.
 */
export function readMessage({ type, peerid, pid, data }: MessageInit): MessageInit {
  return { type, peerid, pid, data: readData(data) } as MessageInit;
}

/** Makes plain views of the pieces of a payload. Throws EINVAL if they are no bytes. */
export function readData(data: MessageInit["data"]): Uint8Array<ArrayBuffer>[] {
  if (data === undefined) return [];
  // the whole list first: its iterator is code of the caller, which could detach a piece
  const list = Array.isArray(fieldsOf(data))
    ? Array.from(data as readonly Bytes[])
    : [data as Bytes];
  return list.map((piece) => checkBytes(piece, "imsg_compose"));
}
