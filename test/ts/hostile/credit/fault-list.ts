import type { Fault } from "../../../helpers/planting.ts";

/** Faults in the credit of ports, data channels, WebSockets and the relay, and in the checks of what arrives. */
const rows: readonly (readonly [file: string, text: string, replacement: string, what: string])[] =
  [
    // --- the library's credit ---
    ["transports/credit", "return this.#left > 0;", "return true;", "a sender needs no credit"],
    ["transports/credit", "this.#left -= bytes;", "", "what is sent costs no credit"],
    ["transports/credit", "this.#left += bytes;", "this.#left = bytes;", "credit does not add up"],
    [
      "transports/credit",
      "if (!valid || this.#left + bytes > MOST) {",
      "if (!valid) {",
      "credit has no limit",
    ],
    [
      "transports/credit",
      "if (!valid || this.#left + bytes > MOST) {",
      "if (this.#left + bytes > MOST) {",
      "credit may be 0, negative or a fraction",
    ],
    ["transports/credit", "if (more > 0) this.#grant(more);", "", "a larger mark is not granted"],
    [
      "transports/credit",
      "Math.min(highWaterMark, MOST) - WINDOW",
      "highWaterMark - WINDOW",
      "a receiver grants more than a sender may hold",
    ],
    [
      "transports/credit",
      "this.#owed += bytes;",
      "this.#owed = bytes;",
      "what was received before is not granted",
    ],
    [
      "transports/credit",
      "if (!this.#paused && this.#owed >= WINDOW / 2)",
      "if (this.#owed >= WINDOW / 2)",
      "a receiver without room grants",
    ],
    [
      "transports/credit",
      "if (!this.#paused && this.#owed >= WINDOW / 2)",
      "if (!this.#paused)",
      "every piece is granted at once",
    ],
    [
      "transports/credit",
      "if (this.#owed > 0) this.#settle();",
      "",
      "a receiver that has room again grants nothing",
    ],
    ["transports/credit", "    this.#owed = 0;\n", "", "the same bytes are granted twice"],
    // --- ports ---
    ["transports/message-port", "credit.spend(length);", "", "a port's sender counts nothing"],
    [
      "transports/message-port",
      "if (!over) credit.consume(length);",
      "",
      "a port's receiver grants nothing",
    ],
    [
      "transports/message-port",
      "sink?.drained();",
      "",
      "a port's sender does not go on when credit comes",
    ],
    [
      "transports/message-port",
      "credit.open(to.highWaterMark);",
      "",
      "a port's receiver does not grant its mark",
    ],
    [
      "transports/message-port",
      "pause: () => credit.pause(),",
      "pause() {},",
      "a port's receiver cannot stop its peer",
    ],
    [
      "transports/message-port",
      'if (peerEnded) throw malformed("EBADMSG", "bytes after the peer\'s end");',
      "",
      "a port's peer sends after its end",
    ],
    [
      "transports/message-port",
      'if (bytes.length === 0) throw malformed("EBADMSG", "a value came without bytes");',
      "",
      "a value without bytes is accepted",
    ],
    [
      "transports/message-port",
      'if (!isTransferable(fd)) throw malformed("EINVAL", "the value is none that is transferred");',
      "",
      "any value is accepted as one that was transferred",
    ],
    [
      "transports/message-port",
      "      dispose(fd);\n      throw error;",
      "      throw error;",
      "the value of a bad parcel stays open",
    ],
    [
      "transports/message-port",
      "else deliver(checked(data));",
      "else deliver(data as never);",
      "anything is taken for bytes",
    ],
    // --- frames ---
    ["transports/frames", "credit?.spend(bytes.length);", "", "a socket's sender counts nothing"],
    [
      "transports/frames",
      "if (!stopped) credit?.consume(length);",
      "",
      "a socket's receiver grants nothing",
    ],
    [
      "transports/frames",
      "credit.earn(Number(text));\n    proceed();",
      "credit.earn(Number(text));",
      "a socket's sender does not go on when credit comes",
    ],
    [
      "transports/frames",
      "const CREDIT = /^[1-9]\\d{0,9}$/;",
      "const CREDIT = /^.*\\d/;",
      "credit may be any text with a number",
    ],
    [
      "transports/frames",
      'if (credit === undefined) throw malformed("EINVAL", "text frames are no messages");',
      "if (credit === undefined) return;",
      "text is ignored without credit",
    ],
    [
      "transports/frames",
      'if (peerEnded) throw malformed("EBADMSG", "a frame after the peer\'s end");',
      "",
      "a socket's peer sends after its end",
    ],
    [
      "transports/frames",
      "const bytes = arrivedBytes(data);",
      "const bytes = data as Uint8Array<ArrayBuffer>;",
      "a frame is not checked",
    ],
    [
      "transports/frames",
      "transport.pause = () => own.pause();",
      "transport.pause = () => {};",
      "a socket's receiver cannot stop its peer",
    ],
    // --- the relay ---
    [
      "cli/relay/credit",
      "const had = this.#books.allowed > 0;",
      "const had = true;",
      "a client may send without credit",
    ],
    ["cli/relay/credit", "books.allowed += bytes;", "", "what a client was granted is forgotten"],
    [
      "cli/relay/credit",
      "if (!NUMBER.test(digits)) {",
      "if (false) {",
      "the relay takes any text for credit",
    ],
    ["cli/relay/websocket-wire", "credit?.consume(bytes.length);", "", "the relay grants nothing"],
    [
      "cli/relay/websocket-wire",
      "credit?.spend(bytes.length);",
      "",
      "the relay sends without credit",
    ],
    ["cli/relay/websocket-wire", "credit?.open(MARK);", "", "the relay does not grant its mark"],
    [
      "cli/relay/websocket-wire",
      "credit.earn(bytes);\n      room.proceed();",
      "credit.earn(bytes);",
      "the relay does not go on when credit comes",
    ],
    [
      "cli/relay/websocket-wire",
      "if (credit === undefined) {",
      "if (false) {",
      "the relay takes text without the protocol",
    ],
    [
      "cli/relay/websocket-wire",
      'else if (over) refuse(new Closing(CloseCode.badData, "bytes came after the end"));',
      "",
      "a client sends after its end",
    ],
  ];

export const faults: readonly Fault[] = rows.map(([file, text, replacement, what]) => ({
  path: `ts/${file}.ts`,
  text,
  replacement,
  what,
}));
