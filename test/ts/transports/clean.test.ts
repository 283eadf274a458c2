import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { program, RUNTIMES } from "./programs.ts";

const clean = program("clean");

/** A relay that connects the two WebSockets with the same path to each other. */
let relay: WebSocketServer;
beforeAll(async () => {
  relay = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    handleProtocols: (all) => [...all][0]!,
  });
  await once(relay, "listening");
  const waiting = new Map<string, WebSocket>();
  relay.on("connection", (socket, { url }) => {
    const other = waiting.get(url!);
    socket.on("error", () => {});
    if (other === undefined) {
      socket.pause();
      waiting.set(url!, socket);
      return;
    }
    waiting.delete(url!);
    for (const [from, to] of [
      [socket, other],
      [other, socket],
    ] as const) {
      from.on("message", (data, binary) => to.send(data, { binary }));
      from.on("close", (code) => to.close(code === 1006 || code === 1005 ? 1000 : code));
    }
    other.resume();
  });
});
afterAll(() => relay.close());

const KINDS = [
  "TCP",
  "a Unix socket",
  "descriptor mode",
  "a MessagePort",
  "streams",
  "a WebSocket",
];
const GC: Readonly<Record<string, string[]>> = {
  node: ["--expose-gc"],
  deno: ["run", "-A", "--v8-flags=--expose-gc"],
  bun: ["--expose-gc"],
};

describe.each(RUNTIMES)("in $name, channels that have ended", (runtime) => {
  const collecting = { ...runtime, args: GC[runtime.name]! };
  const run = (kind: string) => {
    const { port } = relay.address() as AddressInfo;
    return clean.run(collecting, kind, clean.folder, `ws://127.0.0.1:${port}`);
  };

  // Node 20 has no WebSocket; websocket.test.ts has the library ws
  it.each(KINDS.filter((kind) => runtime.name !== "node" || kind !== "a WebSocket"))(
    "over %s leave no listener, descriptor, handle, timer or object behind, and the process exits",
    async (kind) => {
      expect(await run(kind)).toEqual({
        left: [],
        descriptors: 0,
        resources: [],
        alive: 0,
        of: 40,
      });
    },
  );
});
