// Runs the suite under node --test, deno test and bun test. The results are
// appended to the file that IMSG_REPORT names, one JSON object a line.

import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as channels from "imsg-wasm";
import * as c from "imsg-wasm/c";
import * as node from "imsg-wasm/node";
import * as web from "imsg-wasm/web";
import { openWebSocket, suite, wasmOf } from "./suite.mjs";

const {
  IMSG_PEER: path,
  IMSG_PEER_BINARY: binary,
  IMSG_RELAY: relay,
  IMSG_REPORT: report,
} = process.env;
const folder = mkdtempSync(join(tmpdir(), "imsg-runtimes-"));
let sockets = 0;

/** Two channels by a listener of ours. */
async function byListener(listen, connect) {
  const address = join(folder, `s${sockets++}`);
  let accept;
  const accepted = new Promise((resolve) => {
    accept = resolve;
  });
  const stop = await listen(address, accept);
  const a = await connect(address);
  const b = await accepted;
  await stop();
  return [a, b];
}

const stream = { pausable: true, counts: true };
const peers = [
  { name: "imsg-wasm/node", ...stream, open: (options) => node.connect({ path }, options) },
  {
    name: "imsg-wasm/node's spawn",
    ...stream,
    open: async (options) => (await node.spawn(binary, ["--fd", "3"], options)).channel,
  },
];
const pairs = [
  {
    name: "imsg-wasm/node",
    tells: false,
    open: (options) =>
      byListener(
        async (address, accept) => {
          const server = await node.listen({ path: address }, accept, options);
          return () => void server.close();
        },
        (address) => node.connect({ path: address }, options),
      ),
  },
];

if (globalThis.Deno !== undefined) {
  const deno = await import("imsg-wasm/deno");
  peers.push({
    name: "imsg-wasm/deno",
    ...stream,
    open: (options) => deno.connect({ path }, options),
  });
  peers.push({
    name: "Deno's streams",
    ...stream,
    halfCloses: false, // closing the one stream closes the connection
    open: async (options) =>
      new channels.ImsgChannel(await Deno.connect({ transport: "unix", path }), options),
  });
  pairs.push({
    name: "imsg-wasm/deno",
    tells: false,
    open: (options) =>
      byListener(
        async (address, accept) => {
          const server = await deno.listen({ path: address }, accept, options);
          return () => void server.close();
        },
        (address) => deno.connect({ path: address }, options),
      ),
  });
}

if (globalThis.Bun !== undefined) {
  const bun = await import("imsg-wasm/bun");
  peers.push({
    name: "imsg-wasm/bun",
    ...stream,
    open: (options) => bun.connect({ unix: path }, options),
  });
  pairs.push({
    name: "imsg-wasm/bun",
    tells: false,
    open: (options) =>
      byListener(
        async (address, accept) => {
          const server = await bun.listen({ unix: address }, accept, options);
          return () => void server.close();
        },
        (address) => bun.connect({ unix: address }, options),
      ),
  });
}

const hasWebSocket = typeof WebSocket === "function";
if (hasWebSocket) {
  peers.push({
    name: "WebSocket",
    pausable: false,
    counts: true,
    open: (options) => openWebSocket(web, relay, options),
  });
}

async function worker() {
  const url = new URL("./echo-worker.mjs", import.meta.url);
  if (typeof Worker === "function") {
    const port = new Worker(url, { type: "module" });
    return { port, stop: () => port.terminate() };
  }
  const { Worker: NodeWorker } = await import("node:worker_threads");
  const port = new NodeWorker(url);
  return { port, stop: () => port.terminate() };
}

const wasm = wasmOf(relay);
const imsg = { ...channels, ...c };
const env = { imsg, web, wasm, peers, pairs, worker, ...(hasWebSocket ? { relay } : {}) };
const cases = suite(env);
const note = (line) => appendFileSync(report, `${JSON.stringify(line)}\n`);
note({ planned: cases.length, absent: hasWebSocket ? [] : ["WebSocket"] });

let left = cases.length;
for (const { name, run } of cases) {
  test(name, async () => {
    try {
      await run();
      note({ name, ok: true });
    } catch (error) {
      note({ name, ok: false, error: String(error?.stack ?? error) });
      throw error;
    } finally {
      if (--left === 0) rmSync(folder, { recursive: true, force: true });
    }
  });
}
