// A peer that is no library: connects to a port or a path, does one thing, and prints
// what it saw as JSON. Run by Node, whatever runtime is at the other end.
import { connect } from "node:net";

const [, , where, thing, count = "0"] = process.argv;
const socket = connect({
  ...(/^\d+$/.test(where) ? { port: Number(where), host: "127.0.0.1" } : { path: where }),
  allowHalfOpen: true,
  noDelay: true,
});

/** A message of the type 1 with so many bytes of payload. */
function message(length) {
  const bytes = new Uint8Array(16 + length);
  bytes.set(new Uint8Array(Uint32Array.of(1, 16 + length, 0, 1).buffer));
  return bytes;
}
const seen = { bytes: 0, ended: false, error: null };
const done = () => {
  console.log(JSON.stringify(seen));
  process.exit();
};
socket.on("error", ({ code }) => {
  seen.error = code;
});
socket.on("close", done);

/** Counts what arrives until the end, then ends the connection. */
function countBytes(each = () => {}) {
  socket.on("data", (chunk) => {
    seen.bytes += chunk.length;
    each();
  });
  socket.on("end", () => {
    seen.ended = true;
    socket.end();
  });
}

/** Breaks the connection off after a time in ms: TCP by a reset. */
function breakOff(delay) {
  setTimeout(() => (where.includes("/") ? socket.destroy() : socket.resetAndDestroy()), delay);
}

const things = {
  /** Half-closes at once, and reads to the end. */
  halfCloses() {
    socket.end();
    countBytes();
  },
  /** Sends messages, reads nothing, and closes. */
  sendsAndCloses() {
    for (let i = 0; i < Number(count); i++) socket.write(message(984));
    socket.pause();
    socket.end(() => setTimeout(() => socket.destroy(), 50));
  },
  /** Asks, and then reads slowly. */
  readsSlowly() {
    socket.write(message(0));
    countBytes(() => {
      socket.pause();
      setTimeout(() => socket.resume(), 20);
    });
  },
  /** Sends a message, and then neither reads nor sends, until it is killed. */
  stalls() {
    setInterval(() => {}, 1000); // a paused socket does not keep the process alive
    socket.pause();
    socket.write(message(0));
  },
  /** Sends a message, and reads to the end or the error. */
  reads() {
    socket.write(message(0));
    countBytes();
  },
  /** Sends messages, and breaks off behind them. */
  sendsAndResets() {
    for (let i = 0; i < Number(count); i++) socket.write(message(984));
    breakOff(20);
  },
  /** Sends a message, and breaks off with something unread once that has arrived. */
  resets() {
    socket.write(message(0));
    socket.pause();
    breakOff(100);
  },
};
socket.on("connect", () => things[thing]());
