import type { FaultRow } from "./fault-list.ts";

/** Faults to plant in the streams, small calls and options of a channel, and in the fields that console.log prints of it. */
export const callFaults: readonly FaultRow[] = [
  // --- the stream of messages to send ---
  [
    "channel",
    'signal?.addEventListener("abort", () => this.abort(signal.reason));',
    "",
    "aborting the writable waits for the write that waits",
  ],
  ["channel", "this.closed.then(over, over);", "", "the writable stays open at the channel's end"],
  [
    "channel",
    "write: (message) => this.send(message),",
    "write: (message) => void this.send(message),",
    "a write does not wait for room",
  ],
  ["channel", "close: () => this.end(),", "", "closing the writable does not end the side"],
  [
    "channel",
    "close: () => this.end(),",
    "close: () => this.close(),",
    "closing the writable closes the channel",
  ],
  // --- ways to close, and to keep the process alive ---
  ["channel", "void this.close();", "void this.end();", "dispose() only ends the side"],
  ["channel", "this.dispose();", "", "Symbol.dispose does nothing"],
  [
    "channel",
    "[Symbol.asyncDispose](): Promise<void> {\n    return this.close();",
    "[Symbol.asyncDispose](): Promise<void> {\n    return this.end();",
    "Symbol.asyncDispose only ends the side",
  ],
  ["channel", "this.#transport.ref?.();", "", "ref() does nothing"],
  ["channel", "this.#transport.unref?.();", "this.#transport.ref?.();", "unref() does nothing"],
  // --- console.log ---
  [
    "life",
    'return this.#ending === undefined ? "peer end" : "ending";',
    'return "peer end";',
    "a channel that has ended both sides shows one",
  ],
  ["life", 'if (this.#closing !== undefined) return "closing";', "", "closing is not shown"],
  [
    "life",
    "...(error !== undefined && { error }),",
    "",
    "the error that ended the channel is not shown",
  ],
  [
    "life",
    "unsent: (this.#over ?? this.#sendError) ? this.#lost : this.#outbox.backlog",
    "unsent: this.#lost",
    "bytes that wait are not shown",
  ],
  [
    "inspectable",
    "print === undefined ? state :",
    "print === undefined ? state : print(state, options) ??",
    "console.log does not name the class",
  ],
  // --- options ---
  [
    "options",
    'mark: Math.max(1, checkAmount(highWaterMark, "highWaterMark", syscall)),',
    'mark: checkAmount(highWaterMark, "highWaterMark", syscall),',
    "with a mark of 0 nothing may wait",
  ],
  [
    "options",
    'maxQueued: Math.max(1, checkAmount(maxQueued, "maxQueued", syscall)),',
    'maxQueued: checkAmount(maxQueued, "maxQueued", syscall),',
    "with a maxQueued of 0 nothing can be sent",
  ],
  [
    "options",
    "return { engine, maxSize, pid, dialect };",
    'return { engine, maxSize, pid, dialect: "current" };',
    "the classic dialect is ignored",
  ],
];
