// The same C twice: OpenBSD's imsg compiled to WebAssembly, in this process, and compiled by the
// system's compiler, in a process of its own. They talk over a Unix socket. Every message that
// arrives is compared, byte for byte, with the message that the other side must have sent.
//
//   node examples/demo/demo.mjs build/native/peer     (make demo builds both and runs this)

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Duplex } from "node:stream";
import { ImsgChannel } from "imsg-wasm";
import { connect } from "imsg-wasm/node";
import { ECHO, originated, SEND, SUM, startPeer, sumOf } from "./peer.mjs";
import { compare, Difference, printMessages, printTitle, totals } from "./table.mjs";

const LARGEST = 16384 - 16; // the longest payload: 16,384 bytes less the header

const text = (string) => new TextEncoder().encode(string);
const bytes = (length, seed) => Uint8Array.from({ length }, (_, i) => (i * seed + (i >> 8)) & 255);
const repeat = (count, make) => Array.from({ length: count }, (_, i) => make(i));

/** A command of the peer's with numbers for arguments. */
const command = (type, peerid, ...numbers) => ({ type, peerid, data: new Uint32Array(numbers) });

/** Sends messages without waiting in between, and checks that the expected ones come back. */
async function exchange(channel, title, messages, expected) {
  printTitle(title);
  const sending = messages.map((message) => channel.send(message));
  printMessages("→", messages);
  await Promise.all(sending);
  const received = [];
  for (const message of expected) {
    const got = await channel.receive();
    compare(message, got);
    received.push(got);
  }
  printMessages("←", received);
}

/** Sends messages, and expects the same messages back. */
const echo = (channel, title, messages) => exchange(channel, title, messages, messages);

async function overSocket(path, peer) {
  const channel = await connect({ path });

  await echo(channel, "an empty message, one byte, a text", [
    { type: ECHO },
    { type: ECHO, peerid: 1, data: text("!") },
    { type: ECHO, peerid: 0xffffffff, pid: 4711, data: text("Hello, original C!") },
  ]);
  await echo(channel, "exactly the largest message", [
    { type: ECHO, peerid: 2, data: bytes(LARGEST, 7) },
  ]);
  await echo(
    channel,
    "many small messages in one chunk",
    repeat(1000, (i) => ({ type: ECHO, peerid: i, data: text(`number ${i}`) })),
  );

  // The peer answers no other type. One SEND requests as many messages as were sent, itself included.
  const quiet = repeat(199, (i) => ({ type: 1000 + i, peerid: i, data: bytes(i * 80, 3) }));
  await exchange(
    channel,
    "other types and sizes, and as many messages that the native side makes up",
    [...quiet, command(SEND, 5, 150, 33), command(SEND, 6, 51, LARGEST)],
    [...originated(150, 33, peer.pid), ...originated(51, LARGEST, peer.pid)],
  );

  const payloads = [
    new Uint8Array(0),
    text("!"),
    text("Hello, original C!"),
    bytes(LARGEST, 7),
    ...repeat(1000, (i) => text(`number ${i}`)),
    ...quiet.map(({ data }) => data),
  ];
  await exchange(
    channel,
    `the native side's checksum of those ${payloads.length} payloads`,
    [{ type: SUM, peerid: 7 }],
    [{ type: SUM, peerid: 7, pid: peer.pid, data: sumOf(payloads) }],
  );
  await finish(channel);
}

/** The same over web streams that cut the bytes into chunks of seven, both ways. */
async function overTornStreams(path, peer) {
  const socket = connectSocket({ path });
  await once(socket, "connect");
  const { readable, writable } = Duplex.toWeb(socket);
  const outgoing = tear(7);
  const sent = outgoing.readable.pipeTo(writable);
  sent.catch(() => {}); // the channel reports the error
  const channel = new ImsgChannel({
    readable: readable.pipeThrough(tear(7)),
    writable: outgoing.writable,
  });

  const messages = [
    { type: ECHO, peerid: 8, data: bytes(LARGEST, 11) },
    { type: ECHO, peerid: 9 },
    { type: ECHO, peerid: 10, data: text("in pieces") },
  ];
  await echo(channel, "messages split over many chunks", messages);
  await exchange(
    channel,
    "and their checksum",
    [{ type: SUM, peerid: 11 }],
    [
      {
        type: SUM,
        peerid: 11,
        pid: peer.pid,
        data: sumOf(messages.map(({ data }) => data ?? new Uint8Array(0))),
      },
    ],
  );
  await finish(channel);
}

function tear(length) {
  return new TransformStream({
    transform(chunk, controller) {
      for (let at = 0; at < chunk.length; at += length) {
        controller.enqueue(chunk.slice(at, at + length));
      }
    },
  });
}

/** Ends our side, and expects that the peer then ends its side without another message. */
async function finish(channel) {
  await channel.end();
  compare(undefined, await channel.receive());
  await channel.closed;
}

/** Rejects when the time is up, so that a demo that hangs ends with an error. */
function deadline(seconds) {
  let timer;
  const promise = new Promise((_, reject) => {
    const error = new Difference(`not finished after ${seconds} seconds, in the step above`);
    timer = setTimeout(() => reject(error), seconds * 1000);
  });
  return { promise, stop: () => clearTimeout(timer) };
}

async function main(binary, seconds) {
  const folder = await mkdtemp(join(tmpdir(), "imsg-demo-"));
  const path = join(folder, "socket");
  const late = deadline(seconds);
  let peer;
  const talk = async () => {
    peer = await startPeer(binary, path);
    await overSocket(path, peer);
    await overTornStreams(path, peer);
  };
  try {
    await Promise.race([talk(), late.promise]);
  } finally {
    late.stop();
    peer?.stop();
    await rm(folder, { recursive: true, force: true });
  }
  const { sent, received, bytes } = totals;
  if (sent !== received) throw new Difference(`${sent} messages sent, ${received} received`);
  console.log(`\ndemo: ${sent} messages each way, ${bytes} bytes, native and WASM agree`);
}

const [binary, seconds = 30] = process.argv.slice(2);
if (binary === undefined) {
  console.error("usage: node examples/demo/demo.mjs PEER [SECONDS]   (make demo does it all)");
  process.exit(2);
}
main(binary, Number(seconds)).catch((error) => {
  const expected = error instanceof Difference || error.code !== undefined;
  console.error(`\ndemo: ${expected ? error.message : error.stack}`);
  process.exit(1);
});
