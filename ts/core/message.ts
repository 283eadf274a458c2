import type { Bytes } from "./check.ts";

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
