import { readlinkSync } from "node:fs";

const linkOf = (fd: number): string | undefined => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
};

/** A real descriptor that travels. */
export class FdThing {
  /** Whether the program has it: it was never sent, or was taken from a message. */
  ours = true;
  #fd: number | undefined;
  #link: string | undefined;

  /**
   * @param inode that of the file; 0 if it is the peer's
   * @param fd its number here; undefined until it arrives
   */
  constructor(
    readonly name: string,
    readonly inode = 0,
    fd?: number,
  ) {
    if (fd !== undefined) this.#has(fd);
  }

  #has(fd: number): void {
    this.#fd = fd;
    this.#link = linkOf(fd);
  }

  /** It has arrived, and is the channel's. */
  arrived(fd: number): void {
    this.#has(fd);
    this.ours = false;
  }

  get value(): unknown {
    return this.#fd;
  }

  /** 1 if it was here, and is closed. A number may stand for another file then. */
  get closed(): number {
    return this.#fd === undefined || linkOf(this.#fd) === this.#link ? 0 : 1;
  }

  /** Whether it is here. */
  get isOpen(): boolean {
    return this.#fd !== undefined && this.closed === 0;
  }

  /** Whether it has ever been here. */
  get wasHere(): boolean {
    return this.#fd !== undefined;
  }
}
