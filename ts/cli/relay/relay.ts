import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { type WebSocket, WebSocketServer } from "ws";
import type { ImsgInstance } from "../../entry/c.ts";
import { dialectOptions } from "../dialect.ts";
import { InstancePool } from "../instances.ts";
import { messageOf, printable } from "../status.ts";
import { parseTarget } from "../target.ts";
import { Buffers } from "./buffers.ts";
import {
  type Admission,
  chooseProtocol,
  parseOrigin,
  parsePath,
  parseToken,
  type Refusal,
  refusalOf,
} from "./checks.ts";
import { CloseCode, Closing } from "./closing.ts";
import { Connection, type ConnectionRules } from "./connection.ts";
import { Counters } from "./counters.ts";
import type { RelayEvent } from "./events.ts";
import { dropConnection } from "./garbage.ts";
import { listenAt, type Place } from "./listen.ts";
import { MetricsServer } from "./metrics.ts";
import type { Relay, RelayOptions } from "./options.ts";
import { Pids } from "./pids.ts";
import { addressOf, isLocal, LEAVE, Strangers } from "./strangers.ts";
import { reasonOf } from "./tls.ts";

export type { RelayEvent } from "./events.ts";
export type { Relay, RelayOptions } from "./options.ts";

const CONNECT_TIMEOUT = 10_000;
/** The least limit for a client's frame, in bytes: the library's frames have up to 64 KiB, whatever maxSize is. */
const MIN_PAYLOAD = 65536;
/** The greatest one: ws joins and unmasks a whole frame at once, which takes some 2 ms for this. */
const MAX_PAYLOAD = 1024 * 1024;
/** Milliseconds before a wrong token is answered. */
const GUESS_DELAY = 1000;
/** Milliseconds that each step of a connection's end may take when the relay closes. */
const CLOSE_PATIENCE = 800;

/**
 * Starts a WebSocket relay to a daemon's control socket. Resolves when it
 * listens; rejects with a UsageError for bad options and with the system's error
 * (EADDRINUSE, …). The daemon need not run: each
 * client gets a connection of its own to it.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const relay = new RelayServer(options);
  await relay.listen(options.metrics);
  return relay;
}

class RelayServer implements Relay {
  url = "";
  host = "";
  port = 0;
  metricsUrl = "";
  readonly #place: Place;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #metrics: MetricsServer;
  readonly #admission: Admission;
  readonly #rules: ConnectionRules;
  readonly #limits: { all: number; address: number | undefined };
  readonly #log: (event: RelayEvent) => void;
  readonly #counters = new Counters();
  readonly #instances = new InstancePool();
  readonly #buffers: Buffers;
  readonly #pids = new Pids();
  readonly #strangers = new Strangers();
  /** The clients, with the address that each counts for. */
  readonly #clients = new Map<Connection, string>();
  readonly #running = new Set<Promise<void>>();
  #lastId = 0;
  #closing: Promise<void> | undefined;

  constructor(options: RelayOptions) {
    const { host = "127.0.0.1", port = 0, maxConnections = 64 } = options;
    this.#place = options.listen ?? { kind: "tcp", host, port };
    this.#admission = admissionOf(options, this.#place);
    this.#rules = rulesOf(options);
    this.#buffers = new Buffers(this.#rules.maxSize);
    this.#limits = { all: maxConnections, address: options.maxPerAddress };
    const { log = () => {}, lostLogLines = () => 0 } = options;
    this.#log = (event) => {
      this.#counters.count(event);
      log(event);
    };
    this.#metrics = new MetricsServer(
      () =>
        this.#counters.text({
          live: [...this.#clients.keys()].map(({ counts }) => counts),
          strangers: this.#strangers.size,
          lostLogLines: lostLogLines(),
        }),
      () => this.#closing === undefined,
    );
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: Math.min(Math.max(this.#rules.maxSize, MIN_PAYLOAD), MAX_PAYLOAD),
      handleProtocols: chooseProtocol,
    });
    this.#http = this.#serve(options.tls);
  }

  get connections(): number {
    return this.#clients.size;
  }

  #serve(tls: RelayOptions["tls"]): Server {
    // class Strangers ends slow handshakes: Node would also end those whose bytes came during a standstill
    const times = { headersTimeout: 0, requestTimeout: 0 };
    const http = tls === undefined ? createServer(times) : createTlsServer({ ...times, ...tls });
    http.on("connection", (socket: Socket) => this.#strangers.add(socket));
    http.on("request", (request, response) => {
      const status = 426;
      const why = "this is an imsg relay: connect with a WebSocket";
      response.writeHead(status, { Connection: "close", "Content-Type": "text/plain" });
      response.end(`${why}\n`);
      this.#refused(request, status, why);
    });
    http.on("tlsClientError", (error: NodeJS.ErrnoException, socket: Socket) => {
      // a client may leave within the handshake: that is not logged
      if (!error.code?.startsWith("ERR_SSL_")) return;
      const reason = reasonOf(error);
      const why =
        reason === "http request"
          ? "plain HTTP, and this port speaks TLS: use https: or wss:"
          : `the TLS handshake failed: ${printable(reason)}`;
      this.#log({ event: "refused", from: remoteOf(socket), status: 400, why });
    });
    http.on("upgrade", (request, socket, head) => void this.#upgrade(request, socket, head));
    this.#sockets.on("wsClientError", (error, socket, request) => {
      this.#refuse(request, socket, { status: 400, why: error.message });
    });
    return http;
  }

  async listen(metrics: Place | undefined): Promise<void> {
    await listenAt(this.#http, this.#place);
    this.#http.on("error", () => {}); // such as EMFILE: the relay stays
    const scheme = this.#admission.scheme === "https:" ? "wss" : "ws";
    const path = this.#admission.path ?? "/";
    const bound = this.#http.address();
    // a Unix socket's address is its path; Node knows none for a descriptor
    if (bound === null) this.url = `${scheme}+unix:${path} on the given descriptor`;
    else if (typeof bound === "string") this.url = `${scheme}+unix:${bound}:${path}`;
    else {
      const { address, family, port } = bound;
      // of a descriptor, only its address is known
      this.#admission.host ??= address;
      this.host = address;
      this.port = port;
      this.url = `${scheme}://${family === "IPv6" ? `[${address}]` : address}:${port}${path}`;
    }
    if (metrics !== undefined) {
      try {
        await this.#metrics.listen(metrics);
      } catch (error) {
        this.#http.close();
        throw error;
      }
      this.metricsUrl = this.#metrics.url;
    }
    const at = metrics === undefined ? {} : { metrics: this.metricsUrl };
    this.#log({ event: "listening", url: this.url, ...at });
    const { allowTypes } = this.#rules;
    if (allowTypes !== "all" && allowTypes.size === 0) this.#log({ event: "listen-only" });
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => {}); // until ws has its own listener
    const refusal = refusalOf(request, this.#admission);
    if (refusal?.guess) await delay(GUESS_DELAY);
    if (refusal === undefined) {
      this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#accept(ws, request));
    } else this.#refuse(request, socket, refusal);
  }

  #refuse(request: IncomingMessage, socket: Duplex, { status, why }: Refusal): void {
    const body = `${why}\n`;
    socket.end(
      [
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
        "Connection: close",
        "Content-Type: text/plain",
        `Content-Length: ${Buffer.byteLength(body)}`,
        "",
        body,
      ].join("\r\n"),
      () => socket.destroy(),
    );
    this.#refused(request, status, why);
  }

  #refused(request: IncomingMessage, status: number, why: string): void {
    this.#strangers.refuse(request.socket);
    const { host, origin } = request.headers;
    this.#log({
      event: "refused",
      from: remoteOf(request.socket),
      status,
      why,
      ...(host === undefined ? {} : { host: printable(host) }),
      ...(origin === undefined ? {} : { origin: printable(origin) }),
    });
  }

  /** Accepts a client that may connect, if there is room; if not, the page can read why. */
  #accept(ws: WebSocket, request: IncomingMessage): void {
    const address = addressOf(request.socket);
    const why = this.#fullness(address);
    if (why !== undefined) {
      this.#turnAway(ws, request, why);
      return;
    }
    let instance: ImsgInstance | undefined;
    try {
      instance = this.#instances.take();
      this.#start(ws, request, instance, address);
    } catch (error) {
      if (instance !== undefined) this.#instances.giveBack(instance);
      this.#turnAway(ws, request, "the relay has no memory", messageOf(error));
    }
  }

  /** The reason why there is no place for another client of an address. */
  #fullness(address: string): string | undefined {
    if (this.#closing !== undefined) return "the relay is closing";
    const { all, address: given } = this.#limits;
    // clients that are being closed count: they hold memory
    if (this.#clients.size >= all) return `there are ${all} connections already`;
    const most = given ?? (isLocal(address) ? all : Math.ceil(all / 2));
    const own = [...this.#clients.values()].filter((other) => other === address).length;
    if (own < most) return undefined;
    return `there are ${most} connections from this address already`;
  }

  /** Closes a WebSocket that becomes no client. It stays a stranger, for LEAVE milliseconds. */
  #turnAway(ws: WebSocket, request: IncomingMessage, why: string, cause?: string): void {
    ws.on("error", () => {});
    ws.close(CloseCode.tryLater, why);
    // TLS: the stranger is the socket below, which ends with this one
    void delay(LEAVE, undefined, { ref: false }).then(() => ws.terminate());
    this.#refused(request, CloseCode.tryLater, cause === undefined ? why : `${why} (${cause})`);
  }

  #start(ws: WebSocket, request: IncomingMessage, instance: ImsgInstance, address: string): void {
    const pid = this.#pids.take();
    const means = { instance, buffers: this.#buffers };
    const connection = new Connection(ws, pid, means, this.#rules);
    const id = ++this.#lastId;
    const from = remoteOf(request.socket);
    const { origin } = request.headers;
    this.#strangers.admit(request.socket);
    this.#clients.set(connection, address);
    const shown = origin === undefined ? {} : { origin: printable(origin) };
    this.#log({ event: "opened", id, from, pid, ...shown });
    const running = connection.run().then((end) => {
      this.#clients.delete(connection);
      this.#running.delete(running);
      this.#pids.giveBack(pid);
      const memory = this.#instances.giveBack(instance);
      // while the relay closes, skip the collection: it takes time, and the process frees all at its end
      if (this.#closing === undefined) dropConnection(memory);
      this.#log({ event: "closed", id, from, pid, ...end });
    });
    this.#running.add(running);
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      const closed = new Promise((resolve) => this.#http.close(resolve));
      this.#strangers.destroy();
      for (const connection of this.#clients.keys()) {
        const closing = new Closing(CloseCode.goingAway, "the relay is closing");
        connection.stop(closing, CLOSE_PATIENCE);
      }
      await Promise.all(this.#running);
      this.#http.closeAllConnections();
      await closed;
      this.#metrics.close();
      this.#log({ event: "stopped" });
    })();
    return this.#closing;
  }
}

function admissionOf(options: RelayOptions, place: Place): Admission {
  const { allowOrigins = [], path, tls, token } = options;
  return {
    host: place.kind === "tcp" ? place.host : undefined,
    scheme: tls === undefined ? "http:" : "https:",
    allowOrigins: allowOrigins.map(parseOrigin),
    ...(path === undefined ? {} : { path: parsePath(path) }),
    ...(token === undefined ? {} : { token: parseToken(token) }),
  };
}

function rulesOf(options: RelayOptions): ConnectionRules {
  const { to, allowTypes = [], maxSize = 16384, ping = 30_000, idleTimeout = 0 } = options;
  const { dialect } = options;
  dialectOptions(dialect); // refuses one that is not supported
  return {
    target: typeof to === "string" ? parseTarget(to) : to,
    maxSize,
    ping,
    idleTimeout,
    connectTimeout: CONNECT_TIMEOUT,
    allowTypes: allowTypes === "all" ? "all" : new Set(allowTypes),
    ...(dialect === undefined ? {} : { dialect }),
  };
}

function remoteOf(socket: Socket): string {
  const { remoteAddress, remotePort = 0 } = socket;
  if (remoteAddress === undefined) return "unix";
  return remoteAddress.includes(":")
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}
