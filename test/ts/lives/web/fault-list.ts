import type { TransportFault } from "../real/fault-list.ts";

/** Faults to plant in the transports that only lives in a browser have to find, or where they run otherwise. */
export const webFaults: readonly TransportFault[] = [
  // --- data channels ---
  [
    "transports/datachannel",
    'peerEnded ? undefined : "the data channel was closed without an end"',
    "undefined",
    "a data channel that is reset looks like one that was closed",
    "datachannel",
  ],
  [
    "transports/datachannel",
    "breakOff: () => channel.close(),",
    "breakOff: () => {},",
    "an aborted data channel stays open",
    "datachannel",
  ],
  [
    "transports/datachannel",
    'const STATES = ["connecting", "open", "closing", "closed"];',
    'const STATES = ["connecting", "open", "closed", "closing"];',
    "a data channel that is closed counts as closing",
    "datachannel",
  ],
  [
    "transports/frames",
    "const END = new Uint8Array(0);",
    "const END = new Uint8Array(1);",
    "the end of a side is a byte",
    "datachannel",
  ],
  // --- WebSockets, which have no callbacks in a browser ---
  [
    "transports/frames",
    "timer = setTimeout(() => {\n      timer = undefined;",
    "timer = setTimeout(() => {",
    "a full socket is asked for room only once",
    "websocket",
  ],
  [
    "transports/frames",
    "socket.removeEventListener(type, listener);",
    "",
    "a socket that is closed keeps its listeners",
    "websocket",
  ],
  [
    "transports/websocket",
    "if (CLEAN.includes(code)) return undefined;",
    "return undefined;",
    "a connection that is cut looks like one that was closed",
    "websocket",
  ],
  // --- ports ---
  [
    "transports/message-port",
    "unlisten();\n    if (port.start",
    "if (port.start",
    "a port that is closed keeps its listeners",
    "port",
  ],
  [
    "transports/message-port",
    "if (port.start !== undefined) port.close?.();",
    "",
    "a port stays open",
    "port",
  ],
  ["transports/message-port", "port.start?.();", "", "a port is never started", "port"],
  // --- streams ---
  [
    "channel/streams",
    "reader.cancel().catch(ignore);\n      reader.releaseLock();",
    "reader.cancel().catch(ignore);",
    "streams of a closed channel stay locked",
    "streams",
  ],
  // --- the end of a turn, by a port ---
  [
    "channel/turn",
    "waiting = [];\n    for",
    "for",
    "the end of a turn is called back again",
    "streams",
  ],
  [
    "channel/turn",
    "if (waiting.length === 1) port2.postMessage(0);",
    "if (waiting.length === 2) port2.postMessage(0);",
    "the end of a turn never comes",
    "streams",
  ],
];
