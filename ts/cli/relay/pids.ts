import { randomInt } from "node:crypto";

/** Pids of clients lie in [FIRST, LAST]: above the pids of processes on every system, and positive as pid_t. */
const FIRST = 0x40000000;
const LAST = 0x7fffffff;

/** Whether a pid lies in the range of which relays take their clients' pids. */
export function isClientPid(pid: number): boolean {
  return pid >= FIRST && pid <= LAST;
}

/**
 * The pids that clients have on the daemon. They are given in order from a
 * random start: a pid is used again only after all the 2^30 others, so that a
 * late reply to a client that has left reaches no other.
 */
export class Pids {
  readonly #live = new Set<number>();
  #next: number;

  constructor(start: number = randomInt(FIRST, LAST)) {
    this.#next = start;
  }

  /** A pid that no client has. */
  take(): number {
    for (;;) {
      const pid = this.#next;
      this.#next = pid === LAST ? FIRST : pid + 1;
      if (this.#live.has(pid)) continue;
      this.#live.add(pid);
      return pid;
    }
  }

  /** Ends the use of a pid. */
  giveBack(pid: number): void {
    this.#live.delete(pid);
  }
}
