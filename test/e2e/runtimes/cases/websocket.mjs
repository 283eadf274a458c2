// The relay's other paths; its root is covered by the cases of peer.mjs.

import { equal, fails, payload, sameMessage } from "../check.mjs";

const open = (socket) =>
  new Promise((resolve, reject) => {
    socket.addEventListener("open", () => resolve(socket));
    socket.addEventListener("error", reject);
  });

export const websocket = [
  {
    name: "a WebSocket carries a channel, open already or not yet",
    async run({ web, relay }) {
      for (const wait of [true, false]) {
        const socket = new WebSocket(relay);
        if (wait) await open(socket);
        const channel = web.fromWebSocket(socket);
        const message = { type: 1, peerid: 3, data: payload(3, 16368) };
        sameMessage(await channel.request(message), message);
        await channel.close();
        await channel.closed;
      }
    },
  },
  {
    name: "messages that are sent before the WebSocket opens arrive, also after close",
    async run({ web, relay }) {
      const name = Math.random().toString(36).slice(2);
      const sender = web.fromWebSocket(new WebSocket(new URL(`/post?box=${name}`, relay)));
      for (let i = 0; i < 5; i++) void sender.send({ type: i, data: payload(i, 2000) });
      await sender.close();
      const receiver = web.fromWebSocket(new WebSocket(new URL(`/fetch?box=${name}`, relay)));
      for (let i = 0; i < 5; i++) {
        sameMessage(await receiver.receive(), { type: i, data: payload(i, 2000) });
      }
      equal(await receiver.receive(), undefined, "the end");
      await receiver.close();
    },
  },
  {
    name: "a text frame is an error",
    async run({ web, relay }) {
      const channel = web.fromWebSocket(new WebSocket(new URL("/text", relay)));
      await fails(channel.receive(), "EINVAL", "receive");
      await fails(channel.closed, "EINVAL", "closed");
    },
  },
  {
    name: "close code 1000 is a clean end, any other an error",
    async run({ web, relay }) {
      for (const code of [1000, 1001, 1011, 4001]) {
        const url = new URL(`/close?code=${code}`, relay);
        const channel = web.fromWebSocket(new WebSocket(url));
        equal((await channel.receive()).type, 5, "type");
        if (code === 1000) {
          equal(await channel.receive(), undefined, "the end");
          await channel.end();
          await channel.closed;
        } else {
          await fails(channel.receive(), "ECONNRESET", `receive after code ${code}`);
          await fails(channel.closed, "ECONNRESET", `closed after code ${code}`);
        }
      }
    },
  },
  {
    name: "a WebSocket that was closed before is refused",
    async run({ web, relay }) {
      const socket = await open(new WebSocket(relay));
      socket.close(1000);
      const channel = web.fromWebSocket(socket);
      await fails(channel.receive(), "ENOTCONN", "receive");
      await fails(channel.closed, "ENOTCONN", "closed");
    },
  },
  {
    name: "a WebSocket that cannot connect ends the channel",
    async run({ web, relay }) {
      const channel = web.fromWebSocket(new WebSocket(new URL("/refuse", relay)));
      await fails(channel.receive(), "ECONNRESET", "receive");
      await fails(channel.closed, "ECONNRESET", "closed");
    },
  },
];
