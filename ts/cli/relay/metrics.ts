import { createServer, type Server } from "node:http";
import { listenAt, type Place } from "./listen.ts";

/** The HTTP server of --metrics: `/metrics` for Prometheus, `/health` for a supervisor. */
export class MetricsServer {
  /** The URL of the server, with a slash at the end; empty for a Unix socket. */
  url = "";
  readonly #server: Server;

  /** @param text the metrics @param healthy whether the relay accepts clients */
  constructor(text: () => string, healthy: () => boolean) {
    this.#server = createServer(
      { headersTimeout: 2000, requestTimeout: 2000, connectionsCheckingInterval: 1000 },
      (request, response) => {
        const [status, body] = answerTo(request.method, pathOf(request.url), text, healthy());
        response.writeHead(status, {
          Connection: "close",
          "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
        });
        response.end(request.method === "HEAD" ? undefined : body);
      },
    );
    this.#server.maxConnections = 32;
  }

  /** Listens. Rejects with the system's error. */
  async listen(place: Place): Promise<void> {
    await listenAt(this.#server, place);
    this.#server.on("error", () => {}); // such as EMFILE: the server stays
    const bound = this.#server.address();
    if (bound === null || typeof bound === "string") return;
    const { address, family, port } = bound;
    this.url = `http://${family === "IPv6" ? `[${address}]` : address}:${port}/`;
  }

  /** Ends the server and its connections. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const pathOf = (url = ""): string => url.replace(/\?.*$/s, "");

function answerTo(
  method: string | undefined,
  path: string,
  text: () => string,
  healthy: boolean,
): [status: number, body: string] {
  if (method !== "GET" && method !== "HEAD") return [405, "GET or HEAD\n"];
  if (path === "/metrics") return [200, text()];
  if (path === "/health") return healthy ? [200, "ok\n"] : [503, "closing\n"];
  return [404, "/metrics or /health\n"];
}
