import type { Bytes } from "../module/check.ts";
import type { Engine } from "../module/engine.ts";
import { ImsgError } from "../module/error.ts";

/**
 * A received message. `data` is never memory of the module: it is a buffer of
 * its own, or an alias of the chunk that was received, as the codec or channel
 * that gave the message says.
 */
export class ImsgMessage {
  /** What kind of message it is; the protocol's own number, a uint32. */
  readonly type: number;
  /** An id that the protocol gives a meaning, a uint32. */
  readonly peerid: number;
  /** The sender's process id, a uint32. */
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

  /**
   * Whether a descriptor came with the message that nobody has taken yet, and
   * that has not been closed.
   */
  get hasFd(): boolean {
    return false;
  }

  /**
   * Takes the value that came with the message: a MessagePort, the number of a
   * descriptor of the operating system, whatever the transport passes. It is the
   * caller's then, who has to close it. Undefined if there is none, or it has
   * been taken or closed. `imsg_get_fd`.
   */
  takeFd(): unknown {
    return undefined;
  }

  /** Closes the descriptor, if it has not been taken. `imsg_free`. Idempotent. */
  dispose(): void {}

  /** The same as {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Tells somebody when the descriptor is taken or closed.
   * @internal
   */
  watch(_ended: (message: ImsgMessage) => void): void {}
}

/** One that came with a descriptor. They are few, and the others are lighter for it. */
export class PassedMessage extends ImsgMessage {
  #passed: Passed | undefined;

  /** @internal */
  constructor(message: ImsgMessage, engine: Engine, fd: number) {
    super(message.type, message.peerid, message.pid, message.data);
    this.#passed = { engine, fd, ended: undefined };
  }

  override get hasFd(): boolean {
    return this.#passed !== undefined;
  }

  override takeFd(): unknown {
    const passed = this.#end();
    if (passed === undefined) return undefined;
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

interface Passed {
  readonly engine: Engine;
  readonly fd: number;
  ended: ((message: ImsgMessage) => void) | undefined;
}

/** A message to send. */
export interface MessageInit {
  /** What kind of message it is; a uint32. */
  type: number;
  /** A uint32; 0 if absent. */
  peerid?: number;
  /** A uint32; 0 or absent means the sender's own. */
  pid?: number;
  /** The payload, in one piece or several; copied before the call returns. */
  data?: Bytes | readonly Bytes[];
}

/** A message to send on a channel. */
export interface SendInit extends MessageInit {
  /**
   * A value to send along, on a channel with `allowFdPass`: what the transport
   * can pass. It moves: it is the transport's once the message is queued.
   */
  fd?: unknown;
}

/** Refuses what is no object, before its fields are read. */
export function checkMessage<T extends MessageInit>(message: T): T {
  if (typeof message === "object" && message !== null) return message;
  throw new ImsgError("EINVAL", {
    syscall: "imsg_compose",
    detail: "a message is an object with a type",
  });
}
