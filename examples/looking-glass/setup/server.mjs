// The server of the page: its files, the clock of this machine, and the way to the relay, so that
// page and relay have one origin and the page's policy can forbid every other.

import { statSync } from "node:fs";
import { chmod, readdir, readFile, unlink } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { extname, join, sep } from "node:path";

/** @import { Server } from "node:http" */

const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".svg", "image/svg+xml"],
  [".png", "image/png"],
  [".txt", "text/plain; charset=utf-8"],
]);

const HEADERS = {
  "Content-Security-Policy": [
    "default-src 'self'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; "),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-cache",
};

/** The files of a folder by their path in the address: no other file can be asked for. */
export async function filesOf(/** @type {string} */ folder) {
  /** @type {Map<string, { type: string, body: Buffer }>} */
  const files = new Map();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const path = file.slice(folder.length).split(sep).join("/");
    const type = TYPES.get(extname(file)) ?? "application/octet-stream";
    const found = { type, body: await readFile(file) };
    files.set(path, found);
    if (path === "/index.html") files.set("/", found);
  }
  return files;
}

/**
 * Where the server listens.
 *
 * @typedef {{ host: string, port: number } | { path: string, mode: number }} Place
 *
 * @typedef {object} Options
 * @property {string} folder of the built page
 * @property {() => number} relayPort where the relay is on 127.0.0.1
 * @property {Place} [place] 127.0.0.1 and a free port if absent; port 0 is a free one
 *
 * @param {Options} options
 * @returns {Promise<{ port: number, origins: string[], close: () => Promise<void> }>} port 0 of a Unix socket, which has no origin either
 */
export async function startServer({ folder, relayPort, place = { host: "127.0.0.1", port: 0 } }) {
  const files = await filesOf(folder);
  /** @type {Set<import("node:stream").Duplex>} */
  const tunnels = new Set();

  const server = createServer((request, response) => {
    const path = (request.url ?? "").replace(/[?#].*$/s, "");
    /** @type {(status: number, type: string, body: string | Buffer) => void} */
    const answer = (status, type, body) => {
      response.writeHead(status, { ...HEADERS, "Content-Type": type });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    if (request.method !== "GET" && request.method !== "HEAD") {
      answer(405, "text/plain", "GET and HEAD only\n");
    } else if (path === "/relay") {
      const headers = { host: request.headers.host };
      httpRequest({ host: "127.0.0.1", port: relayPort(), headers }, (relayed) => {
        relayed.resume();
        answer(relayed.statusCode ?? 502, "text/plain", "the relay, for WebSockets\n");
      })
        .once("error", () => answer(502, "text/plain", "the relay cannot be reached\n"))
        .end();
    } else if (path === "/clock") {
      answer(200, "text/plain", `${Number(process.hrtime.bigint()) / 1e9}\n`);
    } else {
      const file = files.get(path);
      if (file === undefined) answer(404, "text/plain", "there is no such file\n");
      else answer(200, file.type, file.body);
    }
  });

  // the relay itself looks at Host, Origin and token
  server.on("upgrade", (request, socket, head) => {
    if (request.url !== "/relay") {
      socket.destroy();
      return;
    }
    const lines = ["GET / HTTP/1.1"];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
    }
    const relay = connect(relayPort(), "127.0.0.1", () => {
      relay.write(`${lines.join("\r\n")}\r\n\r\n`);
      relay.write(head);
      relay.pipe(socket).pipe(relay);
    });
    for (const end of [socket, relay]) {
      const other = end === socket ? relay : socket;
      tunnels.add(end);
      end.on("error", () => other.destroy());
      end.once("close", () => {
        tunnels.delete(end);
        other.destroy();
      });
    }
  });

  await listenAt(server, place);
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    origins: originsOf(place, port),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const tunnel of tunnels) tunnel.destroy();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** @param {Place} place @param {number} port that the server has got */
function originsOf(place, port) {
  if ("path" in place) return [];
  const host = place.host.includes(":") ? `[${place.host}]` : place.host;
  const isLoopback = /^(127\..*|::1|localhost)$/.test(place.host);
  const hosts = isLoopback ? [host, "localhost"] : [host];
  return [...new Set(hosts)].map((each) => `http://${each}:${port}`);
}

/**
 * Listens. The file of a Unix socket that no process listens on is replaced. Rejects with the system's
 * error.
 *
 * @param {Server} server
 * @param {Place} place
 */
async function listenAt(server, place) {
  try {
    await listening(server, place);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== "EADDRINUSE" || !("path" in place) || !(await isStale(place.path))) throw error;
    await unlink(place.path);
    await listening(server, place);
  }
  if ("path" in place) await chmod(place.path, place.mode);
}

/** @param {Server} server @param {Place} place */
function listening(server, place) {
  const where = "path" in place ? { path: place.path } : { host: place.host, port: place.port };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve(undefined);
    });
  });
}

/** Whether a socket's file is left over from a process that has ended. */
function isStale(/** @type {string} */ path) {
  return new Promise((resolve) => {
    const socket = connect({ path }, () => resolve(false));
    socket.once("error", (error) => {
      resolve("code" in error && error.code === "ECONNREFUSED" && statSync(path).isSocket());
    });
    socket.once("connect", () => socket.destroy());
  });
}
