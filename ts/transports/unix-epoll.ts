import { checkBytes } from "../module/check.ts";
import { keepTimerAlive } from "./timers.ts";
import { READABLE, type Watch, type Watcher } from "./unix.ts";
import {
  AF_UNIX,
  checkNumber,
  type Foreign,
  MEMORY,
  ROOM,
  ROOM_LENGTH,
  SCRATCH,
  SOCK_STREAM,
  systemError,
  UnixSockets,
} from "./unix-libc.ts";

/** The calls that a runtime needs in addition if it neither connects nor waits itself. */
export interface ForeignSockets extends Foreign {
  socket(domain: number, type: number, protocol: number): number;
  connect(fd: number, address: number, length: number): number;
  bind(fd: number, address: number, length: number): number;
  listen(fd: number, backlog: number): number;
  socketpair(domain: number, type: number, protocol: number, numbers: number): number;
  accept4(fd: number, address: number, length: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: number): number;
  epoll_wait(epoll: number, events: number, count: number, milliseconds: number): number;
  eventfd(value: number, flags: number): number;
  write(fd: number, bytes: number, length: number): number;
  read(fd: number, bytes: number, length: number): number;
  statx(folder: number, path: number, flags: number, mask: number, result: number): number;
  unlink(path: number): number;
  /** epoll_wait without a timeout, in another thread: how many events, -1 if it failed. */
  wait(epoll: number, events: Uint8Array<ArrayBuffer>, count: number): Promise<number>;
}

const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;
const BACKLOG = 511;
const EAGAIN = 11;
const ECONNABORTED = 103;

const ADD = 1;
const DELETE = 2;
const MODIFY = 3;
const ONESHOT = 2 ** 30;
/** Errors and hang-ups, which epoll reports whether or not they are wanted. */
const ALWAYS = 0x18;
const EVENTS = 64;
const EVENT_BYTES = 16 * EVENTS;
/** How often sockets that do not keep the process alive are looked at, in milliseconds. */
const UNREF_INTERVAL = 20;

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const STATX_INO = 0x100;
/** Offsets of stx_ino and of stx_dev_major in struct statx, which is the same everywhere. */
const STX_INO = 32;
const STX_DEV = 136;

/** A listening Unix socket. */
export interface UnixListening {
  /** Accepts no more connections, and removes the file of the socket. */
  close(): void;
  /** Lets the listener keep the process alive, which is the default. */
  ref(): void;
  /** Lets the process exit although the socket listens. */
  unref(): void;
}

/** Unix sockets of a runtime that has only the calls of the C library: opens and awaits them. */
export class EpollSockets extends UnixSockets<ForeignSockets> {
  readonly #epoll: number;
  readonly #wakeUp: number;
  readonly #events = new Uint8Array(EVENT_BYTES);
  /** Bytes of a struct epoll_event, which is packed on x86. */
  readonly #size: number;
  readonly #watched = new Map<number, (conditions: number) => void>();
  #next = 1;
  #armed = 0; // watchers that wait for something
  #holding = 0; // waiting watchers that keep the process alive
  #waiting = false; // whether epoll_wait runs in another thread, which keeps the process alive
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(foreign: ForeignSockets, packed: boolean) {
    super(foreign);
    this.#size = packed ? 12 : 16;
    this.#epoll = foreign.epoll_create1(CLOEXEC);
    this.#wakeUp = foreign.eventfd(0, CLOEXEC | NONBLOCK);
    if (this.#epoll === -1 || this.#wakeUp === -1) {
      throw systemError(foreign.errno(), "epoll_create1");
    }
    this.#control(ADD, this.#wakeUp, READABLE, 0);
  }

  #control(operation: number, fd: number, events: number, id: number): number {
    const { view, foreign } = this;
    view.setUint32(SCRATCH, events, true);
    view.setUint32(SCRATCH + this.#size - 8, id, true);
    view.setUint32(SCRATCH + this.#size - 4, 0, true);
    return foreign.epoll_ctl(this.#epoll, operation, fd, foreign.address + SCRATCH);
  }

  readonly watch: Watch = (fd, ready): Watcher => {
    const id = this.#next++;
    let wanted = 0;
    let added = false;
    let counted = 0; // in #armed
    let held = 0; // in #holding
    let alive = true;
    const count = (): void => {
      const [armed, holding] = [wanted > 0 ? 1 : 0, wanted > 0 && alive ? 1 : 0];
      this.#armed += armed - counted;
      this.#holding += holding - held;
      [counted, held] = [armed, holding];
      this.#run();
    };
    const arm = (): void => {
      if (wanted > 0) {
        const failed = this.#control(added ? MODIFY : ADD, fd, (wanted & ~ALWAYS) + ONESHOT, id);
        if (failed === -1) throw systemError(this.foreign.errno(), "epoll_ctl");
      } else if (added) this.#control(DELETE, fd, 0, id); // epoll reports a hang-up even for no conditions
      added = wanted > 0;
      count();
    };
    this.#watched.set(id, (events) => {
      // an error or a hang-up: the call that the transport makes for any condition returns it
      ready((events & ALWAYS) !== 0 ? wanted : events & wanted);
      if (this.#watched.has(id) && wanted > 0) arm();
    });
    return {
      want: (conditions) => {
        if (conditions === wanted) return;
        wanted = conditions;
        arm();
      },
      close: () => {
        if (!this.#watched.delete(id)) return;
        wanted = 0;
        arm();
      },
      keepAlive: (keep) => {
        alive = keep;
        count();
      },
    };
  };

  /** Waits for the present watchers: in another thread if one keeps the process alive, else by a timer. */
  #run(): void {
    if (this.#holding > 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      if (!this.#waiting) void this.#wait();
    } else if (this.#waiting) {
      // ends the other thread's wait, so that the process may end
      this.view.setBigUint64(SCRATCH, 1n, true);
      this.foreign.write(this.#wakeUp, this.foreign.address + SCRATCH, 8);
    } else if (this.#armed === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#look();
        this.#run();
      }, UNREF_INTERVAL);
      keepTimerAlive(this.#timer, false);
    }
  }

  async #wait(): Promise<void> {
    this.#waiting = true;
    while (this.#holding > 0) {
      const count = await this.foreign.wait(this.#epoll, this.#events, EVENTS);
      this.#dispatch(this.#events, count);
    }
    this.#waiting = false;
    this.#run();
  }

  /** Handles the events of this moment. */
  #look(): void {
    const { foreign, view } = this;
    const count = foreign.epoll_wait(this.#epoll, foreign.address + ROOM, EVENTS, 0);
    this.#dispatch(new Uint8Array(view.buffer, ROOM, EVENT_BYTES).slice(), count);
  }

  #dispatch(bytes: Uint8Array, count: number): void {
    const events = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let i = 0; i < count; i++) {
      const at = i * this.#size;
      const id = events.getUint32(at + this.#size - 8, true);
      if (id === 0) this.foreign.read(this.#wakeUp, this.foreign.address + SCRATCH, 8);
      else this.#watched.get(id)?.(events.getUint32(at, true));
    }
  }

  /** Puts a path into the memory, and returns its address. */
  #path(path: string): number {
    const name = new TextEncoder().encode(`${path}\0`);
    new Uint8Array(this.view.buffer, ROOM, name.length).set(name);
    return this.foreign.address + ROOM;
  }

  /** Device and inode of a file, which distinguish it from another one of the same name. */
  #identity(path: string): string | undefined {
    const { foreign, view } = this;
    const at = ROOM + 256; // behind a path of at most 108 bytes
    const address = this.#path(path);
    const flags = AT_SYMLINK_NOFOLLOW;
    if (foreign.statx(AT_FDCWD, address, flags, STATX_INO, foreign.address + at) === -1) {
      return undefined;
    }
    return `${view.getBigUint64(at + STX_DEV, true)}:${view.getBigUint64(at + STX_INO, true)}`;
  }

  /** Two connected sockets. Throws EMFILE, … */
  pair(): [number, number] {
    const { foreign, view } = this;
    const made = foreign.socketpair(AF_UNIX, SOCK_STREAM | CLOEXEC, 0, foreign.address + SCRATCH);
    if (made === -1) throw systemError(foreign.errno(), "socketpair");
    return [view.getInt32(SCRATCH, true), view.getInt32(SCRATCH + 4, true)];
  }

  /** Closes a descriptor. Throws EINVAL if it is no number of one, EBADF if it is not open. */
  closeTaken(fd: number): void {
    const syscall = "close";
    checkNumber(fd, syscall);
    if (this.foreign.close(fd) === -1) throw systemError(this.foreign.errno(), syscall);
  }

  /** Reads from a descriptor into a buffer: see `UnixChannels.readFd`. */
  read(fd: number, buffer: Uint8Array): number {
    const { foreign, view } = this;
    checkNumber(fd, "read");
    const bytes = checkBytes(buffer, "read");
    const length = Math.min(bytes.length, ROOM_LENGTH);
    const count = foreign.read(fd, foreign.address + ROOM, length);
    if (count === -1) throw systemError(foreign.errno(), "read");
    bytes.set(new Uint8Array(view.buffer, ROOM, count));
    return count;
  }

  #open(path: string, call: "connect" | "bind"): number {
    const { foreign, view } = this;
    const name = new TextEncoder().encode(path);
    const fd = foreign.socket(AF_UNIX, SOCK_STREAM | NONBLOCK | CLOEXEC, 0);
    if (fd === -1) throw systemError(foreign.errno(), "socket");
    const room = new Uint8Array(view.buffer, SCRATCH, 110).fill(0);
    view.setUint16(SCRATCH, AF_UNIX, true);
    room.set(name, 2); // `checkAddress` has made sure that it fits
    // an abstract name, which begins with a NUL, ends where the address does
    const length = name[0] === 0 ? 2 + name.length : 110;
    if (foreign[call](fd, foreign.address + SCRATCH, length) === -1) {
      const errno = foreign.errno();
      this.close(fd);
      throw systemError(errno, call, path);
    }
    return fd;
  }

  /** A connected socket. Throws the errors of connect: ENOENT, ECONNREFUSED, EAGAIN, … */
  connect(path: string): number {
    return this.#open(path, "connect");
  }

  /**
   * Calls back with connected sockets. Closing the listener removes the file of its
   * socket, unless another file has taken its place. Throws the errors of bind and
   * listen: EADDRINUSE, …
   */
  listen(path: string, accepted: (fd: number) => void): UnixListening {
    const { foreign } = this;
    const fd = this.#open(path, "bind");
    if (foreign.listen(fd, BACKLOG) === -1) {
      const errno = foreign.errno();
      this.close(fd);
      throw systemError(errno, "listen", path);
    }
    const file = this.#identity(path);
    let closed = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watcher = this.watch(fd, () => {
      while (!closed) {
        const connection = foreign.accept4(fd, 0, 0, NONBLOCK | CLOEXEC);
        if (connection !== -1) {
          accepted(connection);
          continue;
        }
        const errno = foreign.errno();
        if (errno === ECONNABORTED) continue;
        if (errno === EAGAIN) return;
        // out of descriptors or memory: wait until others have been closed
        watcher.want(0);
        timer = setTimeout(() => watcher.want(READABLE), 100);
        return;
      }
    });
    watcher.want(READABLE);
    return {
      ref: () => watcher.keepAlive(true),
      unref: () => watcher.keepAlive(false),
      close: () => {
        if (closed) return;
        closed = true;
        clearTimeout(timer);
        watcher.close();
        this.close(fd);
        const { foreign } = this;
        if (file !== undefined && file === this.#identity(path)) foreign.unlink(this.#path(path));
      },
    };
  }
}

/** Allocates the memory of a {@link Foreign}. */
export const foreignMemory = (): Uint8Array<ArrayBuffer> => new Uint8Array(MEMORY);
