import { equal, fails, ok, payload, sameMessage } from "../check.mjs";

export const ports = [
  {
    name: "a port's channel posts buffers of its own, and null for the end",
    async run({ web }) {
      const { port1, port2 } = new MessageChannel();
      const seen = [];
      const done = new Promise((resolve) => {
        port2.onmessage = ({ data }) => {
          seen.push(data);
          if (data === null) resolve();
        };
      });
      const channel = web.fromMessagePort(port1);
      await channel.send({ type: 1, data: payload(0, 84) });
      await channel.end();
      await done;
      equal(seen.length, 2, "messages");
      ok(seen[0] instanceof ArrayBuffer, "an ArrayBuffer");
      equal(seen[0].byteLength, 100, "bytes");
      port2.postMessage(null);
      equal(await channel.receive(), undefined, "the end");
      await channel.closed;
      port2.close();
    },
  },
  {
    name: "a port's channel refuses what is no bytes",
    async run({ web }) {
      for (const junk of ["text", { type: 1 }, 5]) {
        const { port1, port2 } = new MessageChannel();
        const channel = web.fromMessagePort(port1);
        port2.postMessage(junk);
        await fails(channel.receive(), "EINVAL", "receive");
        await fails(channel.closed, "EINVAL", "closed");
        port2.close();
      }
    },
  },
  {
    name: "a port that nobody reads from overflows, after the messages before",
    async run({ web }) {
      const { port1, port2 } = new MessageChannel();
      const sender = web.fromMessagePort(port1);
      const stalled = web.fromMessagePort(port2);
      const data = payload(0, 16000);
      for (let i = 0; i < 6250; i++) {
        await sender.send({ type: 1, data }).catch(() => {});
        if (i % 64 === 0) await new Promise((resolve) => setTimeout(resolve));
      }
      await fails(stalled.closed, "ERR_IMSG_OVERFLOW", "closed");
      let waiting = 0;
      await fails(async () => {
        for await (const { data } of stalled) waiting += data.length;
      }, "ERR_IMSG_OVERFLOW");
      ok(waiting > 2 ** 20 - 70000 && waiting < 2 ** 21, `${waiting} bytes were kept`);
      await fails(sender.closed, "ECONNRESET", "the sender's closed");
    },
  },
];

export const worker = [
  {
    name: "a worker is spoken to through its global scope",
    async run({ web, worker }) {
      const { port, stop } = await worker();
      const channel = web.fromMessagePort(port, { pid: 7 });
      try {
        for (let i = 0; i < 50; i++) {
          await channel.send({ type: i, data: payload(i, i * 300) });
          const expected = { type: i, pid: 7, data: payload(i, i * 300) };
          sameMessage(await channel.receive(), expected, `echo ${i}`);
        }
        await channel.end();
        equal(await channel.receive(), undefined, "the end");
        await channel.closed;
      } finally {
        await stop();
      }
    },
  },
];
