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
    name: "a port's channel refuses messages that are no bytes",
    async run({ web }) {
      for (const junk of ["text", { type: 1 }, true]) {
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
    name: "a port without a reader makes its sender wait, and everything arrives later",
    async run({ web }) {
      const { port1, port2 } = new MessageChannel();
      const sender = web.fromMessagePort(port1);
      const receiver = web.fromMessagePort(port2);
      const data = payload(0, 16000);
      let sent = 0;
      for (let i = 0; i < 500; i++) {
        sender.send({ type: i, data }).then(
          () => sent++,
          () => {},
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      ok(sent < 50, `${sent} sends were fulfilled`);
      for (let i = 0; i < 500; i++) equal((await receiver.receive()).type, i, "type");
      await sender.close();
      await receiver.close();
      await receiver.closed;
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
