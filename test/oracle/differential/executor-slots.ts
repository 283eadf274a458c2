import type { Ibuf, Imsg, Imsgbuf, ImsgInstance, Msgbuf, Socket } from "../../../ts/c/index.ts";
import { type Argument, evaluateBytes, type Operation } from "./program.ts";
import { SIZE_MAX, showBytes, showSize } from "./transcript.ts";
import { Value, ValueLog } from "./value-log.ts";

/** One operation, whose arguments the slots hand out in order. */
export type Run = (slots: Slots) => void;

/** The error that a reader's rule throws, to check that read throws it. */
export class Refusal extends Error {}

/** The objects that a program works on, and the outcome of the operation at hand. */
export class Slots {
  readonly instance: ImsgInstance;
  readonly ibufs: (Ibuf | undefined)[] = [];
  readonly msgbufs: (Msgbuf | undefined)[] = [];
  readonly imsgbufs: (Imsgbuf | undefined)[] = [];
  readonly imsgs: (Imsg | undefined)[] = [];
  readonly sockets: (Socket | undefined)[] = [];
  readonly held: (number | undefined)[] = [];
  readonly values: ValueLog;
  /** The socket of each imsgbuf. */
  readonly socketOf = new WeakMap<Imsgbuf, Socket>();
  line = "";
  /** The number of the allocation that fails in the next operation, or 0. */
  failNext: { allocation: number; operation: string } | undefined;

  #arguments: Operation = ["socket"];
  #next = 1;
  #touched: Ibuf[] = [];
  #queue: { readonly queuelen: number } | undefined;

  constructor(instance: ImsgInstance) {
    this.instance = instance;
    this.values = new ValueLog(instance, this.sockets);
  }

  start(operation: Operation): void {
    this.line = "";
    this.#arguments = operation;
    this.#next = 1;
    this.#touched = [];
    this.#queue = undefined;
  }

  // ---- arguments

  #argument(): Argument {
    return this.#arguments[this.#next++]!;
  }

  text(): string {
    return String(this.#argument());
  }

  number(): number {
    return Number(this.#argument());
  }

  u64(): bigint {
    return BigInt(this.#argument());
  }

  size(): number {
    const argument = this.#argument();
    if (typeof argument === "number") return argument;
    const text = String(argument);
    return text.startsWith("M-") ? SIZE_MAX - Number(text.slice(2)) : Number(text);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return evaluateBytes(this.#argument()) as Uint8Array<ArrayBuffer>;
  }

  /**
   * A descriptor to pass: n is a new one, h a kept one, else a number that is no
   * socket: a socket that is passed through itself would never be freed.
   */
  descriptor(): number {
    const text = this.text();
    if (text === "n") return this.values.open();
    const fd = this.#numberOf(text, false);
    const isSocket = this.sockets.some((socket) => socket?.fd === fd && !socket.disposed);
    return isSocket && !text.startsWith("h") ? -1 : fd;
  }

  /** Any number, also that of a socket; h a kept one, which may stay so. */
  anyNumber(stays: boolean): number {
    return this.#numberOf(this.text(), stays);
  }

  #numberOf(text: string, stays: boolean): number {
    if (!text.startsWith("h")) return Number(text);
    const slot = Number(text.slice(1));
    const fd = this.held[slot];
    if (!stays) this.held[slot] = undefined;
    return fd ?? -1;
  }

  /** Notes the descriptor that C has returned, and keeps it. */
  hold(slot: number, fd: number): void {
    this.line += ` = ${this.values.show(fd)}`;
    const before = this.held[slot];
    if (before !== undefined) this.values.close(before);
    this.held[slot] = fd === -1 ? undefined : fd;
  }

  id(value: unknown): number {
    return value instanceof Value ? value.id : -1;
  }

  // ---- objects: those of a slot, or undefined after the outcome was noted

  have<T>(slots: readonly (T | undefined)[], slot: number): T | undefined {
    const object = slots[slot];
    if (object === undefined) this.skip("none");
    return object;
  }

  ibuf(): Ibuf | undefined {
    return this.have(this.ibufs, this.number());
  }

  msgbuf(): Msgbuf | undefined {
    return this.have(this.msgbufs, this.number());
  }

  imsgbuf(): Imsgbuf | undefined {
    return this.have(this.imsgbufs, this.number());
  }

  imsg(): Imsg | undefined {
    return this.have(this.imsgs, this.number());
  }

  socket(): Socket | undefined {
    return this.have(this.sockets, this.number());
  }

  /** Empties a slot, and disposes of its object. */
  drop<T extends { dispose(): void }>(slots: (T | undefined)[], slot: number): void {
    slots[slot]?.dispose();
    slots[slot] = undefined;
  }

  // ---- outcomes

  ok(): void {
    this.line += " ok";
  }

  result(value: number | bigint): void {
    this.line += ` = ${value}`;
  }

  resultBytes(bytes: Uint8Array): void {
    this.line += ` = ${showBytes(bytes)}`;
  }

  skip(why: string): void {
    this.line += ` ~ ${why}`;
  }

  /** Notes the state of an ibuf when the operation is over, whatever its outcome. */
  observe(...ibufs: Ibuf[]): void {
    this.#touched.push(...ibufs);
  }

  /** The same for the length of a queue. */
  observeQueue(queue: { readonly queuelen: number }): void {
    this.#queue = queue;
  }

  observeTouched(): void {
    for (const ibuf of this.#touched) {
      const data = ibuf.data();
      const sizes = `${showSize(ibuf.size)} ${showSize(ibuf.left)}`;
      this.line += ` [${sizes} ${ibuf.fdAvail ? 1 : 0} ${showBytes(data)}]`;
    }
    if (this.#queue !== undefined) this.line += ` [${this.#queue.queuelen}]`;
  }

  /** Disposes of everything, in the driver's order. */
  end(): void {
    for (const imsg of this.imsgs) imsg?.dispose();
    for (const ibuf of this.ibufs) ibuf?.dispose();
    for (const msgbuf of this.msgbufs) msgbuf?.dispose();
    for (const imsgbuf of this.imsgbufs) imsgbuf?.dispose();
    for (const socket of this.sockets) socket?.dispose();
    this.values.closeAll();
  }
}
