// Serves the example and the built package on a port of this machine.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = fileURLToPath(new URL("../../dist", import.meta.url));
/** @type {Record<string, string>} */
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url ?? "/", "http://host").pathname);
  const file = path.startsWith("/dist/") ? join(dist, path.slice(6)) : join(here, path);
  try {
    const body = await readFile(path === "/" ? join(here, "page.html") : file);
    response.writeHead(200, {
      "Content-Type": TYPES[extname(path) || ".html"] ?? "application/octet-stream",
      // the frame has an opaque origin, so its own scripts come from another origin
      "Access-Control-Allow-Origin": "*",
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  console.log(`http://127.0.0.1:${address.port}/`);
});
