import type { Passed, TransportSink } from "../../../ts/channel/transport.ts";

/** The calls of a transport, in the order in which they came. */
export type Call = "received" | "ended" | "failed" | "drained" | "sendFailed" | "hungUp";

const AFTER_END: readonly Call[] = ["sendFailed", "hungUp", "drained", "failed"];

/** A channel's side of a transport that records every call and checks their order. */
export class RecordingSink implements TransportSink {
  readonly highWaterMark: number;
  /** Every call but `received`. */
  readonly calls: Call[] = [];
  /** The first breach of the contract, if there was one. */
  breach: string | undefined;
  /** The argument of `failed`. */
  failure: unknown;
  /** The argument of `sendFailed`. */
  sendFailure: unknown;
  /** How many bytes have arrived. */
  length = 0;
  /** The values that have arrived, each with the offsets of its chunk. */
  readonly passed: { readonly from: number; readonly to: number; readonly value: Passed }[] = [];
  /** Called after each call of the transport. */
  onCall: () => void = () => {};
  /** Called with each chunk. */
  onChunk: (chunk: Uint8Array) => void = () => {};
  readonly #chunks: Uint8Array[] = [];
  #entered = false;
  #silent = false;
  #inside: string | undefined;

  constructor(highWaterMark = 65536) {
    this.highWaterMark = highWaterMark;
  }

  /** Runs a method of the transport, which must not call the sink. */
  during<T>(method: string, run: () => T): T {
    const outer = this.#inside;
    this.#inside = method;
    try {
      return run();
    } finally {
      this.#inside = outer;
    }
  }

  /** From now on every call is a breach: the transport was closed or aborted. */
  silence(): void {
    this.#silent = true;
  }

  has(call: Call): boolean {
    return this.calls.includes(call);
  }

  /** Whether the transport has reported that nothing more arrives. */
  get over(): boolean {
    return this.has("ended") || this.has("hungUp") || this.has("failed");
  }

  /** Every byte so far. The chunks were kept as they came: a transport must not reuse them. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  #enter(call: Call, inside: () => void): void {
    const { calls } = this;
    const told = (what: string): void => {
      this.breach ??= `${call} ${what}, after ${calls.join(", ") || "nothing"}`;
    };
    if (this.#entered) told("was called inside another call");
    if (this.#inside !== undefined) told(`was called by ${this.#inside}()`);
    if (this.#silent) told("was called after close or abort");
    if (this.has("failed")) told("was called after failed");
    if (this.has("ended") && !AFTER_END.includes(call)) told("was called after ended");
    if (this.has("hungUp") && (call === "received" || call === "ended" || call === "hungUp")) {
      told("was called after hungUp");
    }
    if (call === "sendFailed" && this.has(call)) told("was called twice");
    if (call !== "received") calls.push(call);
    this.#entered = true;
    inside();
    this.#entered = false;
    this.onCall();
  }

  received(chunk: Uint8Array, passed: readonly Passed[] = []): void {
    this.#enter("received", () => {
      if (chunk.length === 0) this.breach ??= "received was called without bytes";
      const from = this.length;
      for (const value of passed) this.passed.push({ from, to: from + chunk.length, value });
      this.#chunks.push(chunk);
      this.length += chunk.length;
      this.onChunk(chunk);
    });
  }

  ended(): void {
    this.#enter("ended", () => {});
  }

  failed(error: unknown): void {
    this.#enter("failed", () => {
      this.failure = error;
    });
  }

  drained(): void {
    this.#enter("drained", () => {});
  }

  sendFailed(error: unknown): void {
    this.#enter("sendFailed", () => {
      this.sendFailure = error;
    });
  }

  hungUp(): void {
    this.#enter("hungUp", () => {});
  }
}
