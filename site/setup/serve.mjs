// Serves the built site on the loopback interface.

import { createServer } from "node:http";
import { filesOf } from "../../examples/looking-glass/setup/server.mjs";

/**
 * @param {string} folder of the built site
 * @param {number} [port] 0 or absent: a free one
 * @returns {Promise<{ port: number, close: () => Promise<void> }>}
 */
export async function serveSite(folder, port = 0) {
  const files = await filesOf(folder);
  const server = createServer((request, response) => {
    let path = (request.url ?? "").replace(/[?#].*$/s, "");
    if (path.endsWith("/")) path += "index.html";
    const file = files.get(path);
    const isRead = request.method === "GET" || request.method === "HEAD";
    const [status, type, body] = !isRead
      ? [405, "text/plain", "GET and HEAD only\n"]
      : file === undefined
        ? [404, "text/plain", "there is no such file\n"]
        : [200, file.type, file.body];
    const headers = { "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache" };
    response.writeHead(status, { ...headers, "Content-Type": type });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(undefined));
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
