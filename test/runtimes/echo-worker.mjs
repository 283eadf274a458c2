// Echoes every message that comes through the worker's own port.
import { fromMessagePort } from "imsg-wasm/web";

// the web's workers are their own port; Node's have one
const port =
  typeof globalThis.postMessage === "function"
    ? globalThis
    : (await import("node:worker_threads")).parentPort;

const channel = fromMessagePort(port);
for await (const message of channel) await channel.send(message);
await channel.end();
