import type { ImsgInstance, Socket } from "../../../ts/c/index.ts";
import { layout } from "../../../ts/module/abi.ts";

/** The value behind a descriptor: a host value with a number that counts up. */
export class Value {
  readonly id: number;

  constructor(id: number) {
    this.id = id;
  }
}

/**
 * The values of one program and their fates, as the library reports them by
 * calls, and as its table and its sockets show them.
 */
export class ValueLog {
  readonly #instance: ImsgInstance;
  readonly #sockets: readonly (Socket | undefined)[];
  /** How often each value was disposed, by its id. */
  readonly #disposals: number[] = [0];
  /** The values that the program has taken out of the table, oldest first. */
  readonly #hand: Value[] = [];
  /** The value that each number stood for when the operation began, or later. */
  readonly #table = new Map<number, number>();
  /** How many pieces each socket had written at the last look. */
  readonly #pieces: number[] = [];
  #highest = 2;
  #progress = 0;
  #alive = 0;
  #closed: string[] = [];
  #gone: number[] = [];

  constructor(instance: ImsgInstance, sockets: readonly (Socket | undefined)[]) {
    this.#instance = instance;
    this.#sockets = sockets;
    this.#progress = instance.engine.exports.kernel_progress();
    instance.onClose = (fd) => this.#closed.push(named(fd, this.#table.get(fd) ?? 0));
  }

  /** A value that is closed by a disposer, by `Symbol.dispose` or by `close`. */
  #make(): Value {
    const id = this.#disposals.push(0) - 1;
    const value = new Value(id);
    if (id % 3 === 1) return Object.assign(value, { close: () => this.#dispose(value) });
    const own = { [Symbol.dispose]: () => this.#dispose(value), close: () => this.#gone.push(-1) };
    return id % 3 === 2 ? Object.assign(value, own) : value;
  }

  #dispose(value: unknown): void {
    const { id } = value as Value;
    this.#disposals[id]!++;
    this.#gone.push(id);
  }

  /** Makes a descriptor, of a new value unless one is given. */
  open(value: Value = this.#make()): number {
    const given = value.id % 3 === 0;
    const fd = this.#instance.descriptors.open(
      value,
      given ? (disposed) => this.#dispose(disposed) : undefined,
    );
    this.highest(fd);
    this.#table.set(fd, this.behind(fd));
    return fd;
  }

  /** Numbers that may be in use go up to this at least. */
  highest(fd: number): void {
    if (fd > this.#highest) this.#highest = fd;
  }

  /** The value behind a number as the library reports it; 0: none. */
  behind(fd: number): number {
    const { exports } = this.#instance.engine;
    return fd < 0 ? 0 : this.#id(exports.kernel_value(fd));
  }

  /** The id of the value that the module knows by a number of its own. */
  #id(registered: number): number {
    if (registered === 0) return 0;
    const value = this.#instance.engine.values.peek(registered)?.value;
    return value instanceof Value ? value.id : -1;
  }

  /** The number with its value, as a transcript has it. */
  show(fd: number): string {
    return named(fd, this.behind(fd));
  }

  /** Notes that the program owns a value now. */
  put(value: unknown): void {
    if (value instanceof Value) this.#hand.push(value);
  }

  /** Removes the oldest value that the program owns. */
  get(): Value | undefined {
    return this.#hand.shift();
  }

  /** The contents of the table, read for every number that may be in use. */
  table(): string {
    let text = "";
    for (const [fd, id] of this.#table) text += ` ${named(fd, id)}`;
    return text;
  }

  /** Notes that all written bytes of a socket were taken. */
  emptied(socket: Socket): void {
    this.#pieces[this.#sockets.indexOf(socket)] = 0;
  }

  /** Returns the moves, closings and releases since the last call, and notes the present state. */
  report(): string {
    const count = this.#instance.descriptors.size;
    let text = list(" moved ", this.#moved()) + list(" closed ", this.#closed);
    text += list(
      " gone ",
      this.#gone.map((id) => `#${id}`),
    );
    if (count !== this.#alive) text += ` alive ${count}`;
    this.#alive = count;
    this.#closed = [];
    this.#gone = [];
    this.#table.clear();
    for (let fd = 3; fd <= this.#highest; fd++) {
      const id = this.behind(fd);
      if (id !== 0) this.#table.set(fd, id);
    }
    return text;
  }

  /** Pieces with a descriptor that were written since the last call. */
  #moved(): string[] {
    const { exports, memory } = this.#instance.engine;
    const progress = exports.kernel_progress();
    if (progress === this.#progress) return [];
    this.#progress = progress;
    const moved: string[] = [];
    for (const [slot, socket] of this.#sockets.entries()) {
      if (socket === undefined || socket.disposed) continue;
      let index = 0;
      let offset = 0;
      let at = exports.kernel_written(socket.fd);
      for (; at !== 0; at = memory.word(at + layout.segment.next)) {
        const len = memory.word(at + layout.segment.len);
        const fd = memory.word(at + layout.segment.fd) | 0;
        if (fd !== -1 && index >= (this.#pieces[slot] ?? 0)) {
          const value = this.#id(memory.word(at + layout.segment.value));
          moved.push(`${named(fd, value)} to ${socket.fd}@${offset}+${len}`);
        }
        index++;
        offset += len;
      }
      this.#pieces[slot] = index;
    }
    return moved;
  }

  /** The values that were not disposed: the program owns them, or they leaked. */
  kept(): string {
    const ids = [...this.#disposals.keys()].filter((id) => id > 0 && this.#disposals[id] === 0);
    return list(
      " kept ",
      ids.map((id) => `#${id}`),
    );
  }

  /** Closes every number that may be in use. */
  closeAll(): void {
    for (let fd = 3; fd <= this.#highest; fd++) this.close(fd);
  }

  /** Closes a number unless it is closed already. */
  close(fd: number): void {
    try {
      this.#instance.descriptors.close(fd);
    } catch {
      // the number is closed already
    }
  }
}

/** A number, with the value behind it if there is one. */
export function named(fd: number, id: number): string {
  return id === 0 ? String(fd) : `${fd}#${id}`;
}

function list(before: string, items: readonly string[]): string {
  return items.length === 0 ? "" : before + items.join(", ");
}
