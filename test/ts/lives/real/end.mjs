// The peer's end of a connection that is no socket of the kernel. It knows nothing of
// imsg, obeys the commands of peer.c, and counts the same numbers.

/** FNV-1a of 32 bits over more bytes. */
export function fnv(hash, bytes) {
  let value = hash;
  for (let i = 0; i < bytes.length; i++) value = Math.imul(value ^ bytes[i], 16_777_619);
  return value >>> 0;
}
export const FNV = 2_166_136_261;

/**
 * The methods of its connection that an end calls: `write(bytes)`, `end()`, `reset()`, `close()`,
 * `consumed(length)` after bytes were read, and perhaps `hold(stopped)` to stop the other end, and
 * `canWrite()`.
 */
export class End {
  #report;
  #link;
  #queue = [];
  #held = [];
  #ends = false;
  #stopped = false;
  #budget = 0;
  commands = 0;
  connections = 0;
  read = 0;
  fnv = FNV;
  sent = 0;
  ended = 0;
  failed = 0;

  /** @param report gets the numbers after each change */
  constructor(report) {
    this.#report = report;
  }

  /** A connection is there. */
  opened(link) {
    this.#link = link;
    this.connections++;
    this.report();
  }

  /** Bytes have arrived. */
  received(bytes) {
    this.#held.push(bytes);
    this.#readHeld();
  }

  /** The other end has ended its side, behind the bytes. */
  peerEnded() {
    this.#held.push(undefined);
    this.#readHeld();
  }

  /** The connection is gone. */
  gone(failed) {
    this.#link = undefined;
    this.#queue = [];
    if (failed) this.failed = 1;
    else if (this.#held.at(-1) !== undefined || this.#held.length === 0) this.#held.push(undefined);
    this.#readHeld();
  }

  report() {
    const { commands, connections, read, sent, ended, failed } = this;
    const queued = this.#queue.reduce((sum, { length }) => sum + length, 0);
    this.#report([commands, connections, read, this.fnv, sent, queued, ended, failed, 0, 0]);
  }

  /** There is room to write. */
  proceed() {
    while (this.#link !== undefined && this.#queue.length > 0) {
      if (this.#link.canWrite?.() === false) break;
      const bytes = this.#queue.shift();
      this.sent += bytes.length;
      this.#link.write(bytes);
    }
    if (this.#ends && this.#queue.length === 0) {
      this.#ends = false;
      this.#link?.end();
    }
    this.report();
  }

  obey(command, number, bytes) {
    this.commands++;
    if (command === "b" && this.#link !== undefined) this.#queue.push(bytes);
    else if (command === "e") this.#ends = true;
    else if (command === "r" || command === "x") {
      const link = this.#link;
      this.#link = undefined;
      this.#queue = [];
      if (command === "r") link?.reset();
      else link?.close();
    } else if (command === "s" || command === "g") {
      this.#stopped = command === "s";
      this.#budget = 0;
      this.#link?.hold?.(this.#stopped);
    } else if (command === "k") this.#budget += number;
    else if (command === "n") this.#next();
    this.#readHeld();
    this.proceed();
  }

  #next() {
    const link = this.#link;
    this.#link = undefined;
    link?.close();
    this.#queue = [];
    this.#held = [];
    this.#ends = this.#stopped = false;
    this.#budget = this.read = this.sent = this.ended = this.failed = 0;
    this.fnv = FNV;
  }

  #readHeld() {
    while (this.#held.length > 0 && (!this.#stopped || this.#budget > 0)) {
      const bytes = this.#held.shift();
      if (bytes === undefined) {
        this.ended = 1;
        continue;
      }
      if (this.#stopped) this.#budget = Math.max(0, this.#budget - bytes.length);
      this.fnv = fnv(this.fnv, bytes);
      this.read += bytes.length;
      this.#link?.consumed(bytes.length);
    }
    this.report();
  }
}
