// The servers of the suite, on loopback only: the native peer on a Unix socket,
// the same peer behind TCP and WebSocket relays, and a server of the package's module.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocketServer } from "ws";

const HOST = "127.0.0.1";
/** Bytes that the relay lets a WebSocket buffer before it stops the peer. */
const MARK = 262144;

/** The native peer in serve mode, on a Unix socket of its own. */
export async function startPeer(binary) {
  const folder = mkdtempSync(join(tmpdir(), "imsg-peer-"));
  const path = join(folder, "s");
  const child = spawn(binary, ["--listen", path, "--tied"], { stdio: ["pipe", "pipe", "ignore"] });
  const failed = once(child, "exit").then(() => {
    throw new Error("the native peer has ended");
  });
  failed.catch(() => {});
  await Promise.race([once(child.stdout, "data"), failed]);
  const close = () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  return { path, close };
}

/** Frames to a byte stream and back; an empty frame is the end of a side. */
function bridge(ws, path) {
  const socket = connect({ path, allowHalfOpen: true });
  let ended = 0;
  const end = () => {
    if (++ended === 2) ws.close(1000);
  };
  ws.on("message", (data, binary) => {
    if (!binary) ws.close(1003);
    else if (data.length === 0) {
      socket.end();
      end();
    } else if (!socket.write(data) && !ws.isPaused) {
      ws.pause();
      socket.once("drain", () => ws.resume());
    }
  });
  ws.on("close", () => socket.destroy());
  ws.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    ws.send(chunk, (error) => {
      if (error) socket.destroy();
      else if (ws.bufferedAmount < MARK) socket.resume();
    });
    if (ws.bufferedAmount >= MARK) socket.pause();
  });
  socket.on("end", () => {
    ws.send(new Uint8Array(0));
    end();
  });
  socket.on("error", () => ws.close(1011));
}

/** The relay's other paths, which behave as different peers over a WebSocket. */
function otherPaths() {
  const boxes = new Map();
  const box = (url) => {
    const name = url.searchParams.get("box");
    if (!boxes.has(name)) {
      let deliver;
      const frames = new Promise((resolve) => {
        deliver = resolve;
      });
      boxes.set(name, { frames, deliver });
    }
    return boxes.get(name);
  };
  return {
    "/text": (ws) => ws.send("some text"),
    "/close": (ws, url) => {
      ws.send(new Uint8Array(Uint32Array.of(5, 16, 0, 0).buffer));
      ws.close(Number(url.searchParams.get("code")));
    },
    "/post": (ws, url) => {
      const frames = [];
      ws.on("message", (data) => frames.push(data));
      ws.on("close", () => box(url).deliver(frames));
    },
    "/fetch": async (ws, url) => {
      for (const frame of await box(url).frames) ws.send(frame);
      ws.close(1000);
    },
  };
}

/** A WebSocket relay to the native peer, which also has a file at /imsg.wasm. */
export async function startRelay(path, wasm) {
  const bytes = readFileSync(wasm);
  const headers = { "Content-Type": "application/wasm", "Access-Control-Allow-Origin": "*" };
  const server = createHttpServer(({ url }, response) => {
    if (url === "/imsg.wasm") response.writeHead(200, headers).end(bytes);
    else response.writeHead(404, headers).end();
  });
  const relay = new WebSocketServer({ noServer: true });
  const others = otherPaths();
  server.on("upgrade", (request, socket, head) => {
    const url = new URL(request.url, "http://localhost");
    const act = url.pathname === "/" ? (ws) => bridge(ws, path) : others[url.pathname];
    if (act === undefined) socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    else relay.handleUpgrade(request, socket, head, (ws) => act(ws, url));
  });
  server.listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address();
  const close = () => {
    for (const client of relay.clients) client.terminate();
    server.close();
    server.closeAllConnections();
  };
  return { url: `ws://${HOST}:${port}/`, close };
}

/** A TCP port that leads to the native peer. */
export async function startTcp(path) {
  const sockets = new Set();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const peer = connect({ path, allowHalfOpen: true });
    for (const [from, to] of [
      [client, peer],
      [peer, client],
    ]) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        if (!from.readableEnded) to.destroy();
      });
    }
  });
  server.listen(0, HOST);
  await once(server, "listening");
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { address: `${HOST}:${server.address().port}`, close };
}
