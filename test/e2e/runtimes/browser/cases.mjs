// The suite's cases on a page or in a worker of one.
import * as channels from "imsg-wasm";
import * as c from "imsg-wasm/c";
import * as web from "imsg-wasm/web";
import { openWebSocket, suite, wasmOf } from "../suite.mjs";

function startWorker() {
  const port = new Worker(new URL("../echo-worker.mjs", import.meta.url), { type: "module" });
  return { port, stop: () => port.terminate() };
}

const onceOpen = (channel) =>
  new Promise((resolve, reject) => {
    channel.onopen = () => resolve(channel);
    channel.onerror = reject;
  });

/** Two data channels that are connected to each other. */
async function connectRtc() {
  const a = new RTCPeerConnection();
  const b = new RTCPeerConnection();
  a.onicecandidate = ({ candidate }) => candidate && b.addIceCandidate(candidate);
  b.onicecandidate = ({ candidate }) => candidate && a.addIceCandidate(candidate);
  const accepted = new Promise((resolve) => {
    b.ondatachannel = ({ channel }) => resolve(channel);
  });
  const offered = a.createDataChannel("imsg");
  await a.setLocalDescription(await a.createOffer());
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription(await b.createAnswer());
  await a.setRemoteDescription(b.localDescription);
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the data channels do not connect")), 10_000);
  });
  await Promise.race([onceOpen(offered), late]);
  return [offered, await Promise.race([accepted, late])];
}

/** The cases, and the features that this browser lacks for others. */
export function casesHere(relay) {
  const absent = [];
  const pairs = [];
  if (typeof RTCPeerConnection === "function") {
    pairs.push({
      name: "RTCDataChannel",
      tells: true,
      open: async (options) =>
        (await connectRtc()).map((channel) => web.fromRTCDataChannel(channel, options)),
    });
  } else absent.push("RTCPeerConnection");
  const peers = [
    {
      name: "WebSocket",
      pausable: false,
      counts: true,
      open: (options) => openWebSocket(web, relay, options),
    },
  ];
  const worker = typeof Worker === "function" ? startWorker : undefined;
  if (worker === undefined) absent.push("Worker");
  const wasm = wasmOf(relay);
  const cases = suite({
    imsg: { ...channels, ...c },
    web,
    wasm,
    peers,
    pairs,
    relay,
    ...(worker ? { worker } : {}),
  });
  return { cases, absent };
}
