import type { FaultRow } from "./fault-list.ts";

/** Faults to plant in the ways of messages: out, in, to requests and to readers. */
export const messageFaults: readonly FaultRow[] = [
  // --- outbox ---
  [
    "outbox",
    "while (!this.#full && this.#waiting.length > 0) this.#waiting.next(undefined);",
    "",
    "a drain settles no send that waits",
  ],
  [
    "outbox",
    "this.#full = false;\n    this.flush();",
    "this.#full = false;",
    "a drain flushes nothing",
  ],
  [
    "outbox",
    "if (!this.#transport.send(piece.data, piece.passed)) this.#full = true;",
    "this.#transport.send(piece.data, piece.passed);",
    "a full transport makes no send wait",
  ],
  ["outbox", "this.#queued -= length;", "", "bytes that were handed over count as queued"],
  [
    "outbox",
    "if (this.#queued < maxQueued && (!this.#full || this.backlog < maxQueued)) return undefined;",
    "if (this.#queued < maxQueued) return undefined;",
    "bytes of the transport do not count for maxQueued",
  ],
  ["outbox", "this.#waitingBytes -= bytes;", "", "bytes of a settled send count as waiting"],
  ["outbox", "this.#waitingBytes += bytes;", "", "bytes of sends that wait count as promised"],
  ["outbox", "claimed?.release?.();", "", "a send that fails keeps its value"],
  [
    "outbox",
    "this.#waiting.finish(error);",
    "this.#waiting.finish();",
    "sends that wait are fulfilled after a failure",
  ],
  [
    "outbox",
    "this.#scheduled = false;\n    this.flush();",
    "this.#scheduled = false;",
    "the end of a turn flushes nothing",
  ],
  [
    "outbox",
    "this.#scheduled = false;\n    this.flush();",
    "this.flush();",
    "only the first turn has an end",
  ],
  [
    "outbox",
    "if (signal?.aborted) return rejected(signal.reason);\n    const full",
    "const full",
    "a send is queued although its signal has aborted",
  ],
  [
    "outbox",
    "if (bytes > 0) this.#schedule();",
    "",
    "messages before a refused one stay in the queue",
  ],
  [
    "outbox",
    "} catch (error) {\n      this.#fail(error);\n    }",
    "} catch {}",
    "a send that throws is ignored",
  ],
  ["outbox", "(all || !this.#full)", "!this.#full", "the end overtakes what is queued"],
  // --- inbox ---
  [
    "inbox",
    "this.#receivers.next(messages.shift());",
    "this.#receivers.next(messages[0]);",
    "a message that was waited for is delivered twice",
  ],
  ["inbox", "this.#bytes -= message.data.length;", "", "messages that were taken count as waiting"],
  [
    "inbox",
    "this.#receivers.finish(error);",
    "this.#receivers.finish();",
    "a receiver that waits gets the end for an error",
  ],
  [
    "waiters",
    "forget();",
    "",
    "a receiver that got a message, or a send that waited, leaves its listener",
  ],
  ["waiters", "this.#queue.remove(waiter);", "", "a receiver whose signal aborted takes a message"],
  ["inbox", "this.#withFd?.delete(message);", "", "descriptors that were taken count as waiting"],
  [
    "inbox",
    "return error === undefined ? Promise.resolve(undefined) : rejected(error);",
    "return Promise.resolve(undefined);",
    "a receiver after an error gets the end",
  ],
  // --- intake ---
  ["intake", "this.#bytes -= count;", "", "bytes that were decoded count as waiting"],
  [
    "intake",
    "this.#owner.deliver(messages);",
    "if (error === undefined) this.#owner.deliver(messages);",
    "an error overtakes the messages before it",
  ],
  ["intake", "this.#owner.failed(error);", "", "a bad header is ignored"],
  [
    "intake",
    "if (arrived.from === 0) this.#fds.discard(arrived.passed);",
    "",
    "values of chunks that are dropped stay open",
  ],
  [
    "intake",
    "if (this.#chunks.length === 0) this.#owner.emptied();",
    "",
    "the end is not seen behind the last chunk",
  ],
  // --- requests ---
  ["requests", "clearTimeout(timer);", "", "a request that has its reply leaves its timer"],
  ["requests", "forget();", "", "a request that has its reply leaves its listener"],
  [
    "requests",
    "if (pending.peerid) this.#remember(pending.peerid);",
    "",
    "a late reply is received like every message",
  ],
  ["requests", "return this.#next;", "return 1;", "all requests have the same peerid"],
  [
    "requests",
    "let matches: boolean;",
    "if (pending !== [...this.#pending!].at(-1)) continue;\n      let matches: boolean;",
    "only the newest request gets a reply",
  ],
  ["requests", "this.late++;", "", "late replies are not counted"],
  [
    "life",
    "if (signal?.aborted) return rejected(signal.reason);",
    "",
    "a request is sent although its signal has aborted",
  ],
  // --- reader ---
  [
    "reader",
    'if (this.#receives > 0) return busy("a call of receive that waits");',
    "",
    "a loop takes messages from a receiver",
  ],
  [
    "reader",
    "if (this.#holder !== undefined) return Promise.reject(busy(this.#holder));",
    "",
    "a receiver takes messages from a loop",
  ],
  ["reader", "this.incoming.stopWaiting();", "", "a loop that is left keeps waiting"],
  [
    "reader",
    "if (last !== undefined) passed(last);",
    "",
    "a loop keeps the descriptors that it has passed",
  ],
  [
    "reader",
    "[message, ...(this.incoming.takeAll() ?? [])]",
    "[...(this.incoming.takeAll() ?? []), message]",
    "the first message comes last",
  ],
  [
    "reader",
    "stop();\n    throw error;",
    "throw error;",
    "a loop that has failed remains the reader",
  ],
  ["reader", "this.#receives--;", "", "a receiver that has its message remains the reader"],
  // --- the others ---
  [
    "received-fds",
    "for (const message of this.#messages ?? []) message.dispose();",
    "",
    "descriptors that nobody takes stay open",
  ],
  ["lost", ", lostBytes: bytes", "", "the number of lost bytes is not told"],
  ["queue", "if (at !== -1) this.#items.splice(at, 1);", "", "nothing is removed from a queue"],
];
