// Echoes every message that comes through the worker's own port, with the value that it brings.
import { fromMessagePort } from "imsg-wasm/web";

// the web's workers are their own port; Node's have one
const port =
  typeof globalThis.postMessage === "function"
    ? globalThis
    : (await import("node:worker_threads")).parentPort;

const channel = fromMessagePort(port, { allowFdPass: true });
for await (const message of channel) {
  const { type, peerid, pid, data } = message;
  await channel.send({ type, peerid, pid, data, fd: message.takeFd() });
}
await channel.end();
