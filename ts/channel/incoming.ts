import type { Batch } from "../batch/batch.ts";
import type { ImsgMessage } from "../batch/message.ts";
import { HEADER_SIZE } from "../module/abi.ts";
import { failure, type ImsgError } from "../module/error.ts";
import { Inbox } from "./inbox.ts";
import { Intake, type IntakeOwner, type IntakeReceiver } from "./intake.ts";
import { FD_MARK, UNREAD, WINDOW } from "./limits.ts";
import type { ResolvedChannelOptions } from "./options.ts";
import { ReceivedFds } from "./received-fds.ts";
import type { Requests } from "./requests.ts";
import type { Passed, Transport } from "./transport.ts";
import { afterTurn } from "./turn.ts";

/** The methods of its channel that an {@link Incoming} calls. */
export interface IncomingOwner extends IntakeOwner {
  /** As much as there is room for has been decoded. */
  refilled(): void;
}

/**
 * The receiving side of a channel: chunks that wait to be decoded, messages that
 * wait to be received, and how much of both there may be.
 */
export class Incoming<Fd = unknown> implements IntakeReceiver {
  readonly inbox = new Inbox<Fd>();
  readonly #fds: ReceivedFds;
  readonly #intake: Intake;
  readonly #transport: Transport;
  readonly #options: ResolvedChannelOptions;
  readonly #requests: Requests;
  readonly #owner: IncomingOwner;
  #paused = false;
  /** Whether a loop, a stream or a receiver is reading. */
  reading = false;
  /** Whether the channel has ended. */
  isOver = false;
  /** Whether arriving bytes are discarded, so that the transport must not be stopped. */
  discards = false;

  constructor(
    batch: Batch,
    transport: Transport,
    options: ResolvedChannelOptions,
    requests: Requests,
    owner: IncomingOwner,
  ) {
    this.#transport = transport;
    this.#options = options;
    this.#requests = requests;
    this.#owner = owner;
    this.#fds = new ReceivedFds(batch.engine);
    this.#intake = new Intake(batch, this.#fds, options.copy ? "none" : "chunk", this, owner);
  }

  // --- for readers -----------------------------------------------------------------

  /** Takes the next message if there is one. */
  take(): ImsgMessage<Fd> | undefined {
    const message = this.inbox.take();
    this.#taken();
    return message ?? this.inbox.take();
  }

  /** Takes all messages that are there, or undefined if there are none. */
  takeAll(): ImsgMessage<Fd>[] | undefined {
    const all = this.inbox.takeAll();
    this.#taken();
    return all ?? this.inbox.takeAll();
  }

  #taken(): void {
    if (!this.#intake.empty || this.#paused) this.refill();
    else this.#owner.refilled();
  }

  /** Waits for a message. The reader has finished with the messages before it. */
  wait(signal?: AbortSignal): Promise<ImsgMessage<Fd> | undefined> {
    if (this.isOver && this.inbox.finished) this.#fds.close();
    return this.inbox.wait(signal);
  }

  /** Ends the waiting of a loop that is left. */
  stopWaiting(): void {
    this.inbox.release();
    if (this.isOver) this.#closeFds();
  }

  // --- for the channel ----------------------------------------------------------------

  /** Takes a chunk of the peer's. */
  add(chunk: Uint8Array, passed: readonly Passed[]): void {
    const stopped = this.#paused || this.#transport.pause === undefined;
    this.#intake.add(chunk, passed);
    this.refill();
    if (stopped && !this.isOver) this.#checkOverflow();
  }

  /** Closes values that came with bytes that are discarded. */
  discard(passed: readonly Passed[]): void {
    this.#fds.discard(passed);
  }

  /** Decodes more if there is room, and stops or restarts the transport. */
  refill(): void {
    this.#intake.run();
    if (this.isOver) return;
    if (this.#requests.waiting) {
      const unread = this.unread();
      if (unread !== undefined) this.#requests.finish(unread);
    }
    this.flow();
    this.#owner.refilled();
  }

  /** Stops or restarts the transport. */
  flow(): void {
    const open = this.discards || (this.#intake.empty && this.hasRoom());
    if (open === !this.#paused || this.isOver) return;
    if (open) {
      this.#paused = false;
      this.#transport.resume?.();
    } else if (this.#transport.pause !== undefined) {
      this.#paused = true;
      this.#transport.pause();
    }
  }

  /** Returns the error of a request whose reply cannot be decoded, since too much waits before it. */
  unread(): ImsgError | undefined {
    const { cost, length, receivers, fds } = this.inbox;
    if (receivers > 0 || this.#roomFor(UNREAD)) return undefined;
    const bytes = this.inbox.bytes + this.#intake.bytes;
    const detail =
      `${bytes} bytes in ${length} messages wait, and take ${cost} bytes of memory; ` +
      `${this.#options.mark * UNREAD} may (${UNREAD} times highWaterMark). ` +
      `${fds} of ${FD_MARK * 2} descriptors wait. Read them with receive() or a loop`;
    return failure("ERR_IMSG_UNREAD", "request", detail);
  }

  /** Drops the bytes that are not decoded. */
  drop(): void {
    this.#intake.drop();
  }

  /** Drops the bytes that are not decoded, and closes the descriptors that wait. */
  letGo(): void {
    this.#intake.drop();
    this.#fds.close();
  }

  /** The channel has failed: decodes what there is room for, and closes descriptors that no reader gets. */
  close(): void {
    this.#intake.run();
    this.#closeUnread();
    // a loop still gets the descriptors of the messages that wait; a receive has got its own by then
    if (this.reading) afterTurn(() => this.#closeUnread());
  }

  #closeUnread(): void {
    if (!this.reading) this.#closeFds();
  }

  /** The channel has ended cleanly: closes the descriptors of messages that were received. */
  settle(): void {
    // a message that was received a moment ago can still be read
    if (this.#fds.any) {
      afterTurn(() => {
        if (!this.reading && this.inbox.length === 0) this.#fds.close();
      });
    }
  }

  #closeFds(): void {
    this.#fds.close();
    this.#intake.dropValues();
  }

  // --- room ------------------------------------------------------------------------------

  #roomFor(marks: number): boolean {
    const { cost, fds } = this.inbox;
    return cost < this.#options.mark * marks && fds < FD_MARK * Math.min(marks, 2);
  }

  /** Whether messages may be decoded now. */
  hasRoom(): boolean {
    return this.inbox.receivers > 0 || this.#roomFor(this.#requests.waiting ? UNREAD : 1);
  }

  /** Ends the channel if the peer has sent more than may wait, although it was asked to stop or cannot be asked. */
  #checkOverflow(): void {
    if (this.#intake.empty) return;
    const { mark, maxSize, maxQueued } = this.#options;
    const pauses = this.#transport.pause !== undefined;
    const { bytes, values } = this.#intake;
    const waiting = bytes + (pauses ? 0 : this.inbox.cost);
    // an honest peer may have a window of credit under way, and then hands over all it has queued
    const honest = Math.max(maxQueued, WINDOW) + WINDOW + maxSize;
    const limit = pauses ? honest : Math.max(mark * UNREAD, mark + maxSize);
    // each value of an honest peer came with a message, for which it had credit
    const most = (mark + WINDOW) / HEADER_SIZE;
    if (waiting <= limit && values <= most) return;
    const rule = pauses
      ? `maxQueued, at least ${WINDOW}, and ${WINDOW}, and maxSize`
      : `${UNREAD} times highWaterMark, at least highWaterMark and maxSize`;
    const detail =
      waiting > limit
        ? `${waiting} bytes wait, at most ${limit} may (${rule})`
        : `${values} values wait, at most ${most} may`;
    this.#owner.failed(failure("ERR_IMSG_OVERFLOW", "imsgbuf_read", detail));
  }

  /** Takes the messages of a window, and the array. */
  deliver(messages: ImsgMessage[]): void {
    for (const message of messages) if (message.hasFd) this.#fds.add(message);
    const all = messages as ImsgMessage<Fd>[];
    if (!this.#requests.interested) this.inbox.put(all);
    else for (const message of all) if (!this.#requests.settle(message)) this.inbox.put([message]);
  }
}
