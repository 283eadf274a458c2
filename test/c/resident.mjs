// Prints by how much the resident memory of this process grows while peers announce long messages
// and after they have left: node resident.mjs SCENARIO COUNT LENGTH... (run by resident.test.ts).
// A length is that of the whole message.
import { readFileSync } from "node:fs";

const [scenario, count, ...lengths] = process.argv.slice(2);
const { ImsgChannel, ImsgCodec } = await import("../../dist/index.js");
const { createInstance } = await import("../../dist/c.js");

const ARRIVED = 116; // bytes of each message, with its header
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

/** Resident bytes of anonymous memory: linear memory is, the program's files are not. */
function resident() {
  globalThis.gc?.();
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/RssAnon:\s+(\d+) kB/.exec(status)[1]) * 1024;
}

/** The start of a message that announces its length. */
function announcement(length) {
  const bytes = new Uint8Array(Math.min(ARRIVED, length - 1)).fill(0x5a);
  new Uint32Array(bytes.buffer, 0, 4).set([1, length, 0, 0]);
  return bytes;
}

const options = { maxSize: Math.max(...lengths.map(Number)) };

/** Opens a codec that has read an announcement; returns a function that closes it. */
function codec(instance, length) {
  const opened = new ImsgCodec({ ...options, instance });
  opened.push(announcement(length));
  return () => opened[Symbol.dispose]();
}

/** The same with a channel over streams. */
async function channel(instance, length) {
  const { readable, writable } = new TransformStream();
  const opened = new ImsgChannel(
    { readable, writable: new WritableStream() },
    { ...options, instance },
  );
  opened.closed.catch((error) => {
    if (error.message !== "the peer has left") throw error;
  });
  const writer = writable.getWriter();
  await writer.write(announcement(length));
  return async () => opened.abort(new Error("the peer has left"));
}

/** The same with an imsgbuf of the 1:1 API. */
function imsgbuf(instance, length) {
  const socket = new instance.Socket();
  const opened = instance.Imsgbuf.init(socket);
  opened.setMaxsize(options.maxSize);
  socket.deliver(announcement(length));
  opened.read();
  return () => {
    opened.clear();
    socket.close();
  };
}

/** Whether a codec of each length still decodes a whole message. */
async function everybody() {
  for (const length of new Set(lengths.map(Number))) {
    const codec = new ImsgCodec({ ...options, instance });
    const message = announcement(length);
    codec.push(message);
    const rest = new Uint8Array(length - message.length);
    if (codec.push(rest).length !== 1) return false;
    codec.dispose();
  }
  return true;
}

const open = { codec, channel, imsgbuf }[scenario];
/** An instance of its own, which has served one connection of each kind before the measurement. */
const instance = createInstance(readFileSync(new URL("../../dist/imsg.wasm", import.meta.url)));
for (let i = 0; i < 20; i++) await (await open(instance, Math.min(1000, options.maxSize)))();
await settle();
const before = resident();
const opened = [];
for (let i = 0; i < Number(count); i++) {
  opened.push(await open(instance, Number(lengths[i % lengths.length])));
}
await settle();
const during = resident();
const linear = instance.stats().memoryBytes;
for (const close of opened) await close();
await settle();
const after = resident();
const serves = await everybody();
console.log(JSON.stringify({ during: during - before, after: after - before, linear, serves }));
