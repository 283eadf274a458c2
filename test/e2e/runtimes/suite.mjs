// The conformance suite: written once, run by every runtime. A case is a name
// and a function of the environment; the runtime's main module registers it.

import { codec } from "./cases/codec.mjs";
import { ibuf } from "./cases/ibuf.mjs";
import { compiling, importing } from "./cases/loading.mjs";
import { pair } from "./cases/pair.mjs";
import { peer } from "./cases/peer.mjs";
import { ports, worker } from "./cases/ports.mjs";
import { streams } from "./cases/streams.mjs";
import { values, workerValues } from "./cases/values.mjs";
import { websocket } from "./cases/websocket.mjs";

const TIMEOUT = 60_000;

function bounded(name, action) {
  return async () => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${name}: no end after ${TIMEOUT} ms`)), TIMEOUT);
    });
    try {
      await Promise.race([Promise.resolve().then(action), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Where the relay has the package's module. */
export const wasmOf = (relay) => new URL("/imsg.wasm", relay.replace(/^ws/, "http"));

/** A channel over a new WebSocket, which is closed if there can be none. */
export async function openWebSocket(web, url, options) {
  const socket = new WebSocket(url);
  try {
    return web.fromWebSocket(socket, options);
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Two channels over a MessageChannel, which every runtime here has. */
function portPair({ web }) {
  return {
    name: "MessagePort",
    tells: true,
    open: (options) => {
      const { port1, port2 } = new MessageChannel();
      return [web.fromMessagePort(port1, options), web.fromMessagePort(port2, options)];
    },
  };
}

function streamPair({ imsg }) {
  return {
    name: "streams",
    tells: false,
    open: (options) => {
      const there = new TransformStream();
      const back = new TransformStream();
      return [
        new imsg.ImsgChannel({ readable: back.readable, writable: there.writable }, options),
        new imsg.ImsgChannel({ readable: there.readable, writable: back.writable }, options),
      ];
    },
  };
}

/**
 * All cases that an environment can run, as { name, run }.
 *
 * imsg, web: the package's modules. wasm: a URL of its WebAssembly; module: the same
 * imported, in runtimes that do not compile. peers: ways to the native peer, each
 * { name, open(options), pausable: whether a reader can stop it, counts: whether
 * its sender sees how many bytes wait, halfCloses: false if it cannot }. pairs: transports
 * with two ends of ours, each { name, open(options), tells: whether one end sees
 * an abort of the other }. worker(): starts a worker that echoes. relay: the URL of the
 * relay, for runtimes with a WebSocket.
 */
export function suite(env) {
  const cases = [];
  const add = (group, list, extra = {}) => {
    for (const { name, run, needs } of list) {
      if (extra[needs] === false) continue;
      const title = `${group}: ${name}`;
      cases.push({ name: title, run: bounded(title, () => run({ ...env, ...extra })) });
    }
  };
  add("loading", env.module === undefined ? compiling : importing);
  add("codec", codec);
  add("ibuf", ibuf);
  add("channel", streams);
  for (const { name, open, tells } of [streamPair(env), portPair(env), ...(env.pairs ?? [])]) {
    add(`pair over ${name}`, pair, { pair: open, tells });
  }
  add("ports", ports);
  add("values over a port", values);
  if (env.worker !== undefined) {
    add("worker", worker);
    add("values over a worker's port", workerValues);
  }
  for (const { name, ...way } of env.peers ?? []) {
    add(`native peer by ${name}`, peer, way);
  }
  if (env.relay !== undefined) add("websocket", websocket);
  return cases;
}
