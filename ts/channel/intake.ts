import type { Batch, Sharing } from "../batch/batch.ts";
import type { ImsgMessage } from "../batch/message.ts";
import { BLOCK, BREAK, MESSAGE_COST } from "./limits.ts";
import { Queue } from "./queue.ts";
import type { ReceivedFds } from "./received-fds.ts";
import type { Passed } from "./transport.ts";
import { afterTurn } from "./turn.ts";

interface Arrived {
  chunk: Uint8Array;
  /** How many bytes of the chunk are decoded. */
  from: number;
  passed: readonly Passed[];
}

/** The receiver of the decoded messages. */
export interface IntakeReceiver {
  /** Whether messages may be decoded now. */
  hasRoom(): boolean;
  /** Takes the messages of a window, and the array. */
  deliver(messages: ImsgMessage[]): void;
  /** The break is over: {@link Intake.run} is to be called again. */
  refill(): void;
}

/** The methods of its channel that the intake calls. */
export interface IntakeOwner {
  /** Decoding has failed; the messages before the error have been delivered. */
  failed(error: unknown): void;
  /** Everything that arrived has been decoded. */
  emptied(): void;
}

/**
 * The chunks that have arrived and are not decoded yet. It decodes a window at
 * a time while there is room, so that a large chunk never becomes more messages
 * than may wait, and never keeps the event loop for long.
 */
export class Intake {
  readonly #batch: Batch;
  readonly #fds: ReceivedFds;
  readonly #sharing: Sharing;
  readonly #receiver: IntakeReceiver;
  readonly #owner: IntakeOwner;
  readonly #chunks = new Queue<Arrived>();
  /** Values that wait with their chunks. */
  values = 0;
  #bytes = 0;
  #decoded = 0;
  #resting = false;
  #running = false;

  constructor(
    batch: Batch,
    fds: ReceivedFds,
    sharing: Sharing,
    receiver: IntakeReceiver,
    owner: IntakeOwner,
  ) {
    this.#batch = batch;
    this.#fds = fds;
    this.#sharing = sharing;
    this.#receiver = receiver;
    this.#owner = owner;
  }

  /** Bytes that wait to be decoded. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether nothing waits to be decoded. */
  get empty(): boolean {
    return this.#chunks.length === 0;
  }

  /** Adds a chunk with its values; {@link run} decodes it. */
  add(chunk: Uint8Array, passed: readonly Passed[]): void {
    const { length } = chunk;
    this.#bytes += length;
    // the runtime has used up this turn for a large chunk: decode it from the next turn on
    if (length > BREAK) this.#decoded = BREAK;
    this.values += passed.length;
    const { last } = this.#chunks;
    // messages may alias a chunk that has been decoded in part
    if (last?.from === 0 && passed.length + last.passed.length === 0) {
      const { chunk: before } = last;
      if (before.length + length <= BLOCK) {
        last.chunk = new Uint8Array(before.length + length);
        last.chunk.set(before);
        last.chunk.set(chunk, before.length);
        return;
      }
    }
    this.#chunks.push({ chunk, from: 0, passed });
  }

  /** Decodes as much as there is room for. */
  run(): void {
    // a matcher of a request may call the channel while messages are delivered
    if (this.#running || this.#resting) return;
    this.#running = true;
    try {
      while (this.#chunks.length > 0 && this.#receiver.hasRoom()) {
        if (this.#decoded >= BREAK) {
          this.#rest();
          return;
        }
        this.#decodeWindow();
      }
    } finally {
      this.#running = false;
    }
    if (this.#chunks.length === 0) this.#owner.emptied();
  }

  #rest(): void {
    this.#resting = true;
    afterTurn(() => {
      this.#resting = false;
      this.#decoded = 0;
      this.#receiver.refill();
    });
  }

  /** Decodes one window of the first chunk. */
  #decodeWindow(): void {
    const arrived = this.#chunks.peek()!;
    const { chunk, from, passed } = arrived;
    const messages: ImsgMessage[] = [];
    let error: unknown;
    try {
      const fd = from > 0 || passed.length === 0 ? -1 : this.#fds.open(passed);
      arrived.from = this.#batch.decodeSome(chunk, from, this.#sharing, messages, fd);
      error = this.#batch.failed;
    } catch (thrown) {
      error = thrown;
    }
    if (from === 0) this.values -= passed.length;
    const count = arrived.from - from;
    this.#bytes -= count;
    this.#decoded += count + messages.length * MESSAGE_COST;
    if (arrived.from >= arrived.chunk.length) this.#chunks.shift();
    this.#receiver.deliver(messages);
    if (error === undefined) return;
    this.drop();
    this.#owner.failed(error);
  }

  /** Closes the values of the chunks that wait. Their messages come without them. */
  dropValues(): void {
    this.#chunks.forEach((arrived) => {
      if (arrived.from === 0) this.#fds.discard(arrived.passed);
      arrived.passed = [];
    });
    this.values = 0;
  }

  /** Drops the chunks that wait, and closes the values that came with them. */
  drop(): void {
    this.dropValues();
    while (this.#chunks.length > 0) this.#chunks.shift();
    this.#bytes = 0;
  }
}
