/**
 * Faults to plant in the transports: the file in ts, a text that occurs once in it, what to
 * put in its place, what the fault is, and the transport whose lives have to find it.
 */
export type TransportFault = readonly [
  file: string,
  text: string,
  replacement: string,
  what: string,
  transport: string,
];

export const transportFaults: readonly TransportFault[] = [
  // --- sockets of Node ---
  ["transports/node", "sink.drained();", "", "a drain is dropped", "tcp"],
  ["transports/node", "unsent -= length;", "", "written bytes stay unsent", "tcp"],
  ["transports/node", "sink?.ended();", "", "the peer's end is swallowed", "tcp"],
  ["transports/node", 'duplex.on("end", end);', "", "nobody listens for the end", "tcp"],
  [
    "transports/node",
    'to?.failed(transportError(error, "read", OPENING));',
    "",
    "a reset is swallowed",
    "tcp",
  ],
  [
    "transports/node",
    "lingers: socket !== undefined,",
    "lingers: false,",
    "a socket does not linger",
    "tcp",
  ],
  [
    "transports/node",
    "resume: () => void duplex.resume(),",
    "resume: () => {},",
    "a socket never resumes",
    "tcp",
  ],
  ["transports/node", "to?.hungUp();", "", "a peer that is gone is not reported", "unix"],
  [
    "transports/node",
    "// a write may fail before `send` returns, where the channel does not expect a call\n    queueMicrotask(() => {",
    "[0].forEach(() => {",
    "a write that fails at once is reported inside send",
    "unix",
  ],
  // --- what sockets share ---
  // a dropped drain shows in one run of three: the contract of transports finds it each time
  [
    "transports/write-queue",
    "else piece.bytes = piece.bytes.subarray(count);",
    "",
    "a partial write is repeated",
    "fd",
  ],
  [
    "transports/write-queue",
    "discard(piece.passed); // a copy of it is on its way",
    "",
    "a descriptor that was sent stays open",
    "fd",
  ],
  ["transports/write-queue", "this.#unsent -= count;", "", "written bytes stay unsent", "fd"],
  // --- descriptor mode ---
  [
    "transports/unix",
    "if (hangUp) sink.hungUp();\n    else if",
    "if",
    "a hang-up looks like an end",
    "fd",
  ],
  ["transports/unix", "reading = true;\n      bytesWait = false;", "", "resume is forgotten", "fd"],
  // --- frames ---
  ["transports/frames", "sink.drained();", "", "a drain is dropped", "websocket"],
  ["transports/frames", "sink.ended();", "", "the peer's end is swallowed", "websocket"],
  ["transports/frames", "credit.earn(Number(text));", "", "credit is not counted", "websocket"],
  [
    "transports/frames",
    "if (!stopped) credit?.consume(length);",
    "",
    "credit is not returned",
    "websocket",
  ],
  ["transports/frames", "inSocket -= bytes;", "", "sent bytes stay unsent", "websocket"],
  [
    "transports/frames",
    "if (localEnded && isOpen() && empty()) {",
    "if (localEnded && isOpen()) {",
    "end() does not wait until everything has left",
    "websocket",
  ],
  // --- ports ---
  [
    "transports/message-port",
    "full = false;\n    sink?.drained();",
    "",
    "a drain is dropped",
    "port",
  ],
  [
    "transports/message-port",
    "if (!over) credit.consume(length);",
    "",
    "credit is not returned",
    "port",
  ],
  ["transports/message-port", "sink?.ended();", "", "the peer's end is swallowed", "port"],
  ["transports/message-port", "tell(ABORT);", "", "an abort is not told", "port"],
  // the laws of credit find the faults of counting: test/ts/hostile/credit
  ["transports/credit", "if (this.#owed > 0) this.#settle();", "", "resume grants nothing", "port"],
  // --- streams ---
  ["channel/streams", "sink.drained();", "", "a drain is dropped", "streams"],
  ["channel/streams", "writing -= length;", "", "written bytes stay unsent", "streams"],
  ["channel/streams", "else sink.ended();", "", "the peer's end is swallowed", "streams"],
  ["channel/streams", "sink.failed(error);", "", "a stream that fails is not reported", "streams"],
];
