// Cases of a channel to the native C peer, over any transport.
// test/oracle/native/peer.c describes the peer's commands.

import { equal, fails, numbers, ok, payload, sameBytes, sameMessage, sleep } from "../check.mjs";

const ECHO = 1;
const SUM = 2;
const SEND = 3;
const DIE = 4;
const BAD = 5;
const QUIT = 6;
const STALL = 7;
const DATA = 16;
const COUNTED = 20;

const MASK = (1n << 64n) - 1n;
const fnv = (hash, bytes) => {
  let result = hash;
  for (const byte of bytes) result = ((result ^ BigInt(byte)) * 0x100000001b3n) & MASK;
  return result;
};

const memory = () => globalThis.process?.memoryUsage?.().rss;

export const peer = [
  {
    name: "echoes messages of all sizes unchanged",
    async run({ open }) {
      const channel = await open({ pid: 4242 });
      for (const [i, size] of [0, 1, 16, 4095, 4096, 16368].entries()) {
        await channel.send({ type: ECHO, peerid: i, data: payload(i, size) });
        const expected = { type: ECHO, peerid: i, pid: 4242, data: payload(i, size) };
        sameMessage(await channel.receive(), expected, `${size} bytes`);
      }
      await channel.send({ type: ECHO, data: [payload(1, 10), payload(2, 20).buffer] });
      equal((await channel.receive()).data.length, 30, "bytes of a message in pieces");
      await channel.close();
      await channel.closed;
    },
  },
  {
    name: "receives the messages that the peer makes, in order",
    async run({ open }) {
      const channel = await open();
      await channel.send({ type: SEND, data: numbers(500, 1000) });
      let i = 0;
      for await (const message of channel) {
        sameMessage(message, { type: DATA, peerid: i, data: payload(i, 1000) }, `message ${i}`);
        if (++i === 500) break;
      }
      await channel.close();
    },
  },
  {
    name: "sends messages that the peer counts and sums up",
    async run({ open }) {
      const channel = await open();
      let hash = 0xcbf29ce484222325n;
      for (let i = 0; i < 100; i++) {
        const data = payload(i, 1 + i * 20);
        hash = fnv(hash, data);
        await channel.send({ type: COUNTED, data });
      }
      const { data } = await channel.request({ type: SUM, peerid: 7 });
      const view = new DataView(data.buffer, data.byteOffset, data.length);
      equal(view.getBigUint64(0, true), 100n, "messages");
      equal(view.getBigUint64(8, true), 99100n, "bytes");
      equal(view.getBigUint64(16, true), hash, "FNV-1a");
      await channel.close();
    },
  },
  {
    name: "matches the replies of concurrent requests",
    async run({ open }) {
      const channel = await open();
      const ids = Array.from({ length: 50 }, (_, i) => i + 1);
      const replies = await Promise.all(
        ids.map((id) => channel.request({ type: ECHO, peerid: id, data: payload(id, id) })),
      );
      for (const id of ids) sameBytes(replies[id - 1].data, payload(id, id), `reply ${id}`);
      await channel.close();
    },
  },
  {
    name: "half-closes: the replies still come, then the end",
    needs: "halfCloses",
    async run({ open }) {
      const channel = await open();
      for (let i = 0; i < 3; i++) await channel.send({ type: ECHO, peerid: i });
      await channel.end();
      await fails(channel.send({ type: ECHO }), "ERR_IMSG_CLOSED", "send");
      for (let i = 0; i < 3; i++) equal((await channel.receive()).peerid, i, "peerid");
      equal(await channel.receive(), undefined, "the end");
      await channel.closed;
    },
  },
  {
    name: "gives undefined when the peer ends cleanly",
    async run({ open }) {
      const channel = await open();
      await channel.send({ type: ECHO, data: payload(0, 5) });
      await channel.send({ type: QUIT });
      sameMessage(await channel.receive(), { type: ECHO, data: payload(0, 5) });
      equal(await channel.receive(), undefined, "the end");
      equal(await channel.receive(), undefined, "the end again");
      await channel.end();
      await channel.closed;
    },
  },
  {
    name: "delivers the messages before a bad header, then ERANGE for good",
    async run({ open }) {
      const channel = await open();
      await channel.send({ type: SEND, data: numbers(2, 10) });
      await channel.send({ type: BAD, data: numbers(5) });
      for (let i = 0; i < 2; i++) sameMessage(await channel.receive(), { data: payload(i, 10) });
      const error = await fails(channel.receive(), "ERANGE", "receive");
      equal(error.syscall, "imsgbuf_read", "syscall");
      await fails(channel.receive(), "ERANGE", "receive again");
      await fails(channel.send({ type: ECHO }), "ERANGE", "send");
      await fails(channel.closed, "ERANGE", "closed");
    },
  },
  {
    name: "reports that the peer died inside a message",
    async run({ open }) {
      for (const cut of [7, 40]) {
        const channel = await open();
        await channel.send({ type: ECHO });
        await channel.send({ type: DIE, data: numbers(64, cut) });
        sameMessage(await channel.receive(), { type: ECHO });
        await fails(channel.receive(), "ERR_IMSG_TRUNCATED", "receive");
        await fails(channel.closed, "ERR_IMSG_TRUNCATED", "closed");
      }
    },
  },
  {
    name: "closes in the middle of a flood without waiting for the peer",
    async run({ open }) {
      const channel = await open();
      await channel.send({ type: SEND, data: numbers(20000, 1000) });
      for (let i = 0; i < 5; i++) equal((await channel.receive()).peerid, i, "peerid");
      await channel.close();
      await channel.closed;
      await fails(channel.send({ type: ECHO }), "ERR_IMSG_CLOSED", "send");
      const other = await open(); // the peer has survived
      equal((await other.request({ type: ECHO, peerid: 3 })).peerid, 3, "peerid");
      await other.close();
    },
  },
  {
    name: "is aborted by its signal, in the middle of a flood",
    async run({ open }) {
      const controller = new AbortController();
      const channel = await open({ signal: controller.signal });
      await channel.send({ type: SEND, data: numbers(3, 1000) });
      for (let i = 0; i < 3; i++) await channel.receive();
      const receiving = channel.receive();
      await channel.send({ type: STALL, data: numbers(0) });
      const reason = new Error("enough");
      ok((await receiving).type === STALL, "the reply to the stall");
      const pending = channel.receive();
      controller.abort(reason);
      equal(await fails(pending), reason, "receive's error");
      equal(await fails(channel.send({ type: ECHO })), reason, "send's error");
      equal(await fails(channel.closed), reason, "closed's error");
    },
  },
  {
    name: "refuses an aborted signal",
    async run({ open }) {
      const reason = new Error("too late");
      equal(await fails(() => open({ signal: AbortSignal.abort(reason) })), reason, "the error");
    },
  },
  {
    name: "keeps memory bounded while 100 MB wait for a stalled reader",
    async run({ open, pausable }) {
      const size = 16000;
      const count = 6250;
      const channel = await open();
      await channel.send({ type: SEND, data: numbers(count, size) });
      await channel.receive();
      const before = memory();
      if (!pausable) {
        await fails(channel.closed, "ERR_IMSG_OVERFLOW", "closed");
        let waiting = 0;
        const error = await fails(async () => {
          for await (const message of channel) waiting += message.data.length;
        });
        equal(error.code, "ERR_IMSG_OVERFLOW", "the error after the messages before it");
        ok(waiting < 2 ** 21, `${waiting} bytes were kept`);
        return;
      }
      await sleep(400);
      const grown = before === undefined ? 0 : memory() - before;
      ok(grown < 40e6, `the process grew by ${grown} bytes`);
      let i = 1;
      for await (const message of channel) {
        equal(message.peerid, i, "peerid");
        equal(message.data.length, size, "bytes");
        if (++i === count) break;
      }
      await channel.close();
    },
  },
  {
    name: "receives 10 MB once a reader takes them",
    async run({ open }) {
      // Deno delivers a WebSocket's events faster than a loop takes messages, and none can stop it
      const channel = await open({ highWaterMark: 1 << 20 });
      await channel.send({ type: SEND, data: numbers(2000, 5000) });
      let i = 0;
      for await (const message of channel) {
        equal(message.peerid, i, "peerid");
        equal(message.data.length, 5000, "bytes");
        if (++i === 2000) break;
      }
      await channel.close();
    },
  },
  {
    name: "makes the sender wait while the peer stalls",
    async run({ open, counts }) {
      const total = 2000;
      const channel = await open();
      const data = payload(1, 16000);
      let sent = 0;
      let sentWhenOver;
      void channel.request({ type: STALL, peerid: 1, data: numbers(500) }).then(() => {
        sentWhenOver = sent;
      });
      for (; sent < total; sent++) await channel.send({ type: COUNTED, data });
      const reply = await channel.request({ type: SUM, peerid: 2 });
      const view = new DataView(reply.data.buffer, reply.data.byteOffset, reply.data.length);
      equal(view.getBigUint64(0, true), BigInt(total), "messages");
      equal(view.getBigUint64(8, true), BigInt(total * 16000), "bytes");
      // the sockets in between hold far less than the 32 MB
      if (counts) ok(sentWhenOver < total, "sending waited for the peer");
      await channel.close();
    },
  },
  {
    name: "has as much wait as the mark says while the peer stalls",
    // WebKitGTK's WebSockets do not count the bytes in its network process, which takes all
    needs: "pausable",
    async run({ open }) {
      const data = payload(1, 16000);
      const waiting = async (highWaterMark) => {
        const channel = await open({ highWaterMark });
        let sent = 0;
        const sending = (async () => {
          await channel.send({ type: STALL, data: numbers(5000) });
          for (; ; sent++) await channel.send({ type: COUNTED, data });
        })();
        sending.catch(() => {});
        // still for 600 ms, since a busy machine may hold up a send for longer than one look
        for (let last = -1, still = 0; still < 3; last = sent) {
          await sleep(200);
          still = sent > 0 && last === sent ? still + 1 : 0;
        }
        channel.abort(new Error("enough"));
        return sent * 16016;
      };
      const least = await waiting(1);
      const most = await waiting(16e6);
      // Linux lets the send buffer of a socket grow to 4 MiB, in one run and not in another
      ok(most - least > 10e6, `${most - least} bytes more wait at a mark of 16 MB`);
    },
  },
];
