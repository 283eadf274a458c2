import { concat, equal, fails, numbers, ok, payload, sameMessage, sleep } from "../check.mjs";

/** Two channels over a pair of identity streams, and the raw ends of a third one. */
function pair(imsg, options) {
  const there = new TransformStream();
  const back = new TransformStream();
  return [
    new imsg.ImsgChannel({ readable: back.readable, writable: there.writable }, options),
    new imsg.ImsgChannel({ readable: there.readable, writable: back.writable }, options),
  ];
}

/** A channel that reads these chunks, and whose output goes nowhere. */
function fed(imsg, chunks, { end = true } = {}) {
  const readable = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      if (end) controller.close();
    },
  });
  return new imsg.ImsgChannel({ readable, writable: new WritableStream() });
}

export const streams = [
  {
    name: "two channels over streams exchange messages both ways and end cleanly",
    async run({ imsg }) {
      const [a, b] = pair(imsg, { pid: 42 });
      const echo = (async () => {
        for await (const message of b) await b.send(message);
        await b.end();
      })();
      const sending = (async () => {
        for (let i = 0; i < 100; i++) {
          await a.send({ type: i, peerid: i * 3, data: payload(i, i * 50) });
        }
        await a.end();
      })();
      for (let i = 0; i < 100; i++) {
        const expected = { type: i, peerid: i * 3, pid: 42, data: payload(i, i * 50) };
        sameMessage(await a.receive(), expected, `message ${i}`);
      }
      equal(await a.receive(), undefined, "the end");
      await Promise.all([echo, sending, a.closed, b.closed]);
      await fails(() => a.send({ type: 1 }), "ERR_IMSG_CLOSED", "send");
    },
  },
  {
    name: "leaving a loop leaves the channel open, and the next loop continues",
    async run({ imsg }) {
      const [a, b] = pair(imsg);
      for (let i = 0; i < 10; i++) await a.send({ type: i });
      await a.end();
      const seen = [];
      for await (const { type } of b) {
        seen.push(type);
        if (type === 4) break;
      }
      for await (const { type } of b) seen.push(type);
      equal(seen.join(), "0,1,2,3,4,5,6,7,8,9", "messages");
    },
  },
  {
    name: "a bad header comes after the messages before it, and for good",
    async run({ imsg }) {
      const good = new imsg.ImsgCodec().encode({ type: 5, data: payload(0, 10) });
      const channel = fed(imsg, [concat([good, numbers(1, 3, 0, 0)])], { end: false });
      sameMessage(await channel.receive(), { type: 5, data: payload(0, 10) });
      await fails(channel.receive(), "ERANGE", "receive");
      await fails(channel.receive(), "ERANGE", "receive again");
      await fails(channel.send({ type: 1 }), "ERANGE", "send");
      await fails(channel.closed, "ERANGE", "closed");
    },
  },
  {
    name: "a stream that ends inside a message is a truncation",
    async run({ imsg }) {
      const bytes = new imsg.ImsgCodec().encode({ type: 5, data: payload(0, 100) });
      const channel = fed(imsg, [bytes.slice(), bytes.slice(0, 50)]);
      sameMessage(await channel.receive(), { type: 5, data: payload(0, 100) });
      await fails(channel.receive(), "ERR_IMSG_TRUNCATED", "receive");
      await fails(channel.closed, "ERR_IMSG_TRUNCATED", "closed");
    },
  },
  {
    name: "a signal aborts both streams with its reason",
    async run({ imsg }) {
      const controller = new AbortController();
      const told = [];
      const readable = new ReadableStream({ cancel: (reason) => void told.push(reason) });
      const writable = new WritableStream({ abort: (reason) => void told.push(reason) });
      const channel = new imsg.ImsgChannel({ readable, writable }, { signal: controller.signal });
      const receiving = channel.receive();
      const reason = new Error("enough");
      controller.abort(reason);
      equal(await fails(receiving), reason, "receive's error");
      equal(await fails(channel.send({ type: 1 })), reason, "send's error");
      equal(await fails(channel.closed), reason, "closed's error");
      await sleep(0);
      ok(told.length === 2 && told.every((each) => each === reason), "both streams got the reason");
    },
  },
  {
    name: "a stalled reader stops the stream: of 100 MB hardly more than the mark is pulled",
    async run({ imsg }) {
      const size = 16000;
      const count = 6250;
      const chunk = new imsg.ImsgCodec().encode({ type: 1, data: payload(0, size) });
      let pulled = 0;
      const readable = new ReadableStream(
        {
          pull(controller) {
            if (pulled === count) controller.close();
            else {
              pulled++;
              controller.enqueue(chunk.slice());
            }
          },
        },
        { highWaterMark: 0 },
      );
      const channel = new imsg.ImsgChannel({ readable, writable: new WritableStream() });
      // as many turns as a stream that does not stop would need to fill memory
      for (let i = 0; i < 50; i++) await sleep(0);
      ok(pulled <= 6, `${pulled} chunks of 16 kB are waiting at a mark of 64 KiB`);
      let received = 0;
      for await (const message of channel) received += message.data.length;
      equal(received, size * count, "bytes received");
    },
  },
  {
    name: "a stalled writer stops the sender: send waits for room",
    async run({ imsg }) {
      let release;
      const gate = new Promise((resolve) => {
        release = resolve;
      });
      let written = 0;
      const writable = new WritableStream({
        async write(chunk) {
          await gate;
          written += chunk.length;
        },
      });
      const readable = new ReadableStream();
      const channel = new imsg.ImsgChannel({ readable, writable });
      const data = payload(0, 16000);
      let sent = 0;
      const sending = (async () => {
        for (let i = 0; i < 500; i++) {
          await channel.send({ type: 1, data });
          sent++;
        }
      })();
      for (let i = 0; i < 50; i++) await sleep(0);
      ok(sent <= 12, `${sent} messages of 16 kB were accepted at a mark of 64 KiB`);
      release();
      await sending;
      await channel.end();
      for (let i = 0; i < 1000 && written < 500 * 16016; i++) await sleep(1);
      equal(written, 500 * 16016, "bytes written");
      await channel.close();
    },
  },
];
