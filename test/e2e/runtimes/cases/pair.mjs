// Cases of two channels at the ends of one transport.

import { equal, fails, ok, payload, sameMessage } from "../check.mjs";

async function sendMany(channel, count, size) {
  for (let i = 0; i < count; i++) await channel.send({ type: i, data: payload(i, size) });
}

async function receiveMany(channel, count, size) {
  for (let i = 0; i < count; i++) {
    sameMessage(await channel.receive(), { type: i, data: payload(i, size) }, `message ${i}`);
  }
}

export const pair = [
  {
    name: "exchange messages in both directions at once and end",
    async run({ pair }) {
      const [a, b] = await pair();
      await Promise.all([
        sendMany(a, 300, 3000),
        sendMany(b, 300, 3000),
        receiveMany(a, 300, 3000),
        receiveMany(b, 300, 3000),
      ]);
      await Promise.all([a.end(), b.end()]);
      equal(await a.receive(), undefined, "the end");
      equal(await b.receive(), undefined, "the end");
      await Promise.all([a.closed, b.closed]);
    },
  },
  {
    name: "half-close: the other side still sends",
    async run({ pair }) {
      const [a, b] = await pair();
      await a.send({ type: 0 });
      await a.end();
      await receiveMany(b, 1, 0);
      equal(await b.receive(), undefined, "the end");
      await Promise.all([sendMany(b, 200, 5000).then(() => b.end()), receiveMany(a, 200, 5000)]);
      equal(await a.receive(), undefined, "the end");
      await Promise.all([a.closed, b.closed]);
    },
  },
  {
    name: "close sends all queued messages, however many there are",
    async run({ pair }) {
      const [a, b] = await pair();
      // on sockets, close() waits for the peer's end
      const receiving = receiveMany(b, 200, 4000)
        .then(() => b.receive())
        .finally(() => b.close());
      for (let i = 0; i < 200; i++) void a.send({ type: i, data: payload(i, 4000) });
      await a.close();
      await a.closed;
      equal(await receiving, undefined, "the end");
      await fails(a.send({ type: 1 }), "ERR_IMSG_CLOSED", "send");
      await b.close();
    },
  },
  {
    name: "breaking off ends both sides",
    async run({ pair, tells }) {
      const [a, b] = await pair();
      await a.send({ type: 0 });
      await receiveMany(b, 1, 0);
      const receiving = b.receive();
      const reason = new Error("enough");
      a.abort(reason);
      equal(await fails(a.closed), reason, "the reason");
      // the other end of a socket sees an abort as an ordinary end
      if (tells) {
        await fails(receiving, "ECONNRESET", "receive");
        await fails(b.closed, "ECONNRESET", "closed");
      } else {
        const message = await receiving.catch(() => undefined);
        equal(message, undefined, "a message");
        await b.close();
      }
    },
  },
  {
    name: "received data is the receiver's: neighbours do not share memory",
    async run({ pair }) {
      const [a, b] = await pair();
      for (const type of [0, 1, 2]) void a.send({ type, data: payload(type, 100) });
      await a.end();
      const first = await b.receive();
      const second = await b.receive();
      const moved = structuredClone(first.data.buffer, { transfer: [first.data.buffer] });
      equal(first.data.length, 0, "bytes left after a transfer");
      ok(moved.byteLength >= 100, "the transferred bytes");
      sameMessage(second, { type: 1, data: payload(1, 100) });
      sameMessage(await b.receive(), { type: 2, data: payload(2, 100) });
      equal(await b.receive(), undefined, "the end");
      await b.end();
      await Promise.all([a.closed, b.closed]);
    },
  },
];
