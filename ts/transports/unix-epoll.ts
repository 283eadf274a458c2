import type { Watch, Watcher } from "./unix.ts";
import {
  AF_UNIX,
  type Foreign,
  MEMORY,
  SCRATCH,
  SOCK_STREAM,
  systemError,
  UnixSockets,
} from "./unix-libc.ts";

/** What is needed besides where the runtime itself neither connects nor waits. */
export interface ForeignSockets extends Foreign {
  socket(domain: number, type: number, protocol: number): number;
  connect(fd: number, address: number, length: number): number;
  bind(fd: number, address: number, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: number, length: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: number): number;
  eventfd(value: number, flags: number): number;
  write(fd: number, bytes: number, length: number): number;
  read(fd: number, bytes: number, length: number): number;
  /** epoll_wait without a timeout and off this thread: how many events, -1 if none. */
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
const IN = 1;
const OUT = 4;
const ONESHOT = 2 ** 30;
const EVENTS = 64;

/** Unix sockets where all there is are the C library's calls: their opening, and waiting for them. */
export class EpollSockets extends UnixSockets<ForeignSockets> {
  readonly #epoll: number;
  readonly #wake: number;
  readonly #events: DataView<ArrayBuffer>;
  /** Bytes of a struct epoll_event, which x86 packs. */
  readonly #size: number;
  readonly #ready = new Map<number, (events: number) => void>();
  #next = 1;
  #armed = 0;
  #waiting = false;

  constructor(foreign: ForeignSockets, packed: boolean) {
    super(foreign);
    this.#size = packed ? 12 : 16;
    this.#events = new DataView(new ArrayBuffer(EVENTS * 16));
    this.#epoll = foreign.epoll_create1(CLOEXEC);
    this.#wake = foreign.eventfd(0, CLOEXEC | NONBLOCK);
    if (this.#epoll === -1 || this.#wake === -1) {
      throw systemError(foreign.errno(), "epoll_create1");
    }
    this.#control(ADD, this.#wake, IN, 0);
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
    let armed = false;
    const arm = (): void => {
      if (armed !== wanted > 0) this.#armed += armed ? -1 : 1;
      armed = wanted > 0;
      if (armed) {
        const failed = this.#control(added ? MODIFY : ADD, fd, wanted + ONESHOT, id) === -1;
        if (failed) throw systemError(this.foreign.errno(), "epoll_ctl");
        if (!this.#waiting) void this.#loop();
      } else if (added) this.#control(DELETE, fd, 0, id); // a hang-up would be told even so
      added = armed;
      if (this.#armed === 0 && this.#waiting) this.#stir();
    };
    this.#ready.set(id, (events) => {
      const rest = events & ~(IN | OUT); // an error or a hang-up: reads and writes tell why
      const now = wanted;
      ready(
        (now & IN) !== 0 && (events & IN || rest) !== 0,
        (now & OUT) !== 0 && (events & OUT || rest) !== 0,
      );
      if (this.#ready.has(id) && wanted > 0) arm();
    });
    return {
      want: (readable, writable) => {
        const events = (readable ? IN : 0) | (writable ? OUT : 0);
        if (events === wanted) return;
        wanted = events;
        arm();
      },
      close: () => {
        if (!this.#ready.delete(id)) return;
        wanted = 0;
        arm();
      },
    };
  };

  /** Ends a wait that nobody needs any more, so that the process may end. */
  #stir(): void {
    this.view.setBigUint64(SCRATCH, 1n, true);
    this.foreign.write(this.#wake, this.foreign.address + SCRATCH, 8);
  }

  async #loop(): Promise<void> {
    this.#waiting = true;
    const bytes = new Uint8Array(this.#events.buffer);
    while (this.#armed > 0) {
      const count = await this.foreign.wait(this.#epoll, bytes, EVENTS);
      for (let i = 0; i < count; i++) {
        const at = i * this.#size;
        const id = this.#events.getUint32(at + this.#size - 8, true);
        if (id === 0) this.foreign.read(this.#wake, this.foreign.address + SCRATCH, 8);
        else this.#ready.get(id)?.(this.#events.getUint32(at, true));
      }
    }
    this.#waiting = false;
  }

  #open(path: string, call: "connect" | "bind"): number {
    const { foreign, view } = this;
    const name = new TextEncoder().encode(path);
    const fd = foreign.socket(AF_UNIX, SOCK_STREAM | NONBLOCK | CLOEXEC, 0);
    if (fd === -1) throw systemError(foreign.errno(), "socket");
    const room = new Uint8Array(view.buffer, SCRATCH, 110).fill(0);
    view.setUint16(SCRATCH, AF_UNIX, true);
    const fits = name.length > 0 && name.length < 108 && !name.includes(0);
    if (fits) room.set(name, 2);
    if (!fits || foreign[call](fd, foreign.address + SCRATCH, 110) === -1) {
      const errno = fits ? foreign.errno() : 22; // EINVAL
      this.close(fd);
      throw systemError(errno, call, path);
    }
    return fd;
  }

  /** A connected socket. Throws what the system says: ENOENT, ECONNREFUSED, EAGAIN, … */
  connect(path: string): number {
    return this.#open(path, "connect");
  }

  /** Calls back with connected sockets. Throws what the system says: EADDRINUSE, … */
  listen(path: string, accepted: (fd: number) => void): { close(): void } {
    const { foreign } = this;
    const fd = this.#open(path, "bind");
    if (foreign.listen(fd, BACKLOG) === -1) {
      const errno = foreign.errno();
      this.close(fd);
      throw systemError(errno, "listen", path);
    }
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
        // no descriptor is left, or no memory: others have to close some first
        watcher.want(false, false);
        timer = setTimeout(() => watcher.want(true, false), 100);
        return;
      }
    });
    watcher.want(true, false);
    return {
      close: () => {
        if (closed) return;
        closed = true;
        clearTimeout(timer);
        watcher.close();
        this.close(fd);
      },
    };
  }
}

/** The memory of a {@link Foreign}. */
export const foreignMemory = (): Uint8Array<ArrayBuffer> => new Uint8Array(MEMORY);
