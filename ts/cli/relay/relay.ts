import { randomInt } from "node:crypto";
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { ImsgInstance } from "../../entry/c.ts";
import { type Dialect, dialectOptions } from "../dialect.ts";
import { InstancePool } from "../instances.ts";
import { messageOf, printable } from "../status.ts";
import { parseTarget, type Target } from "../target.ts";
import {
  type Admission,
  chooseProtocol,
  parseOrigin,
  parseToken,
  type Refusal,
  refusalOf,
} from "./checks.ts";
import { CloseCode, Connection, type ConnectionRules } from "./connection.ts";
import { Closing } from "./websocket.ts";

/** What the relay tells of. Text of clients in it is safe to print. */
export type RelayEvent =
  | { event: "listening"; url: string }
  /** A request did not become a connection. */
  | { event: "refused"; from: string; status: number; why: string; host?: string; origin?: string }
  | { event: "opened"; id: number; from: string; pid: number; origin?: string }
  /** `code` is the WebSocket's close code; `up` and `down` count messages. */
  | {
      event: "closed";
      id: number;
      from: string;
      pid: number;
      code: number;
      why: string;
      cause?: string;
      up: number;
      down: number;
    }
  | { event: "stopped" };

/** Options of {@link startRelay}. */
export interface RelayOptions {
  /** Where connections go: a target as the command takes it, or a parsed one. */
  to: string | Target;
  /** Where to listen; 127.0.0.1 if absent. */
  host?: string;
  /** 0 or absent: any free port. */
  port?: number;
  /** Origins of pages that may connect, besides the relay's own; their hosts are allowed as Host. */
  allowOrigins?: readonly string[];
  /** What clients must offer as the subprotocol `imsg.token.TOKEN`. */
  token?: string;
  /** The message types that clients may send; all if absent. */
  allowTypes?: Iterable<number>;
  /** Connections at once; 64 if absent. */
  maxConnections?: number;
  /** The longest message in bytes, header included, both ways; 16,384 if absent. */
  maxSize?: number;
  /** Milliseconds without a message after which a connection is closed: 300,000 if absent, 0 is never. */
  idleTimeout?: number;
  /** The dialect of the daemon; clients speak the current one. */
  dialect?: Dialect;
  /** Told of everything that happens. */
  log?: (event: RelayEvent) => void;
}

/** A running relay. */
export interface Relay {
  /** What clients connect to. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** How many connections there are. */
  readonly connections: number;
  /** Closes all connections and resolves when they are closed. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT = 10_000;
/** Frames may be longer than messages: the library's are up to 64 KiB. */
const MIN_PAYLOAD = 65536;
// above what any system gives a process, so that no other client of the daemon has it
const FIRST_PID = 0x40000000;
const LAST_PID = 0x7fffffff;

/**
 * Starts a WebSocket relay to a daemon's control socket. Resolves when it
 * listens; rejects with a UsageError for bad options and with what the system
 * says (EADDRINUSE, …). Needs no daemon to be there: connections do.
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const relay = new RelayServer(options);
  await relay.listen(options.host ?? "127.0.0.1", options.port ?? 0);
  return relay;
}

class RelayServer implements Relay {
  url = "";
  host = "";
  port = 0;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #admission: Admission;
  readonly #rules: ConnectionRules;
  readonly #maxConnections: number;
  readonly #log: (event: RelayEvent) => void;
  readonly #instances = new InstancePool();
  readonly #connections = new Map<number, Connection>();
  readonly #running = new Set<Promise<void>>();
  #lastId = 0;
  #closing: Promise<void> | undefined;

  constructor(options: RelayOptions) {
    const { to, token, allowTypes, maxSize = 16384, idleTimeout = 300_000, dialect } = options;
    this.#admission = {
      host: options.host ?? "127.0.0.1",
      allowOrigins: (options.allowOrigins ?? []).map(parseOrigin),
      ...(token === undefined ? {} : { token: parseToken(token) }),
    };
    dialectOptions(dialect); // refuses one that is not supported
    this.#rules = {
      target: typeof to === "string" ? parseTarget(to) : to,
      maxSize,
      idleTimeout,
      connectTimeout: CONNECT_TIMEOUT,
      ...(allowTypes === undefined ? {} : { allowTypes: new Set(allowTypes) }),
      ...(dialect === undefined ? {} : { dialect }),
    };
    this.#maxConnections = options.maxConnections ?? 64;
    this.#log = options.log ?? (() => {});
    this.#http = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 });
    // requests that are no WebSockets take no more than a few places
    this.#http.maxConnections = this.#maxConnections + 64;
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: Math.max(maxSize, MIN_PAYLOAD),
      handleProtocols: chooseProtocol,
    });
    this.#http.on("request", (request, response) => {
      const status = 426;
      const why = "this is an imsg relay: connect with a WebSocket";
      response.writeHead(status, { Connection: "close", "Content-Type": "text/plain" });
      response.end(`${why}\n`);
      this.#refused(request, status, why);
    });
    this.#http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    this.#sockets.on("wsClientError", (error, socket, request) => {
      this.#refuse(request, socket, { status: 400, why: error.message });
    });
  }

  get connections(): number {
    return this.#connections.size;
  }

  listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen({ host, port }, () => {
        this.#http.off("error", reject);
        // such as EMFILE: the relay goes on
        this.#http.on("error", () => {});
        const address = this.#http.address() as AddressInfo;
        this.host = address.address;
        this.port = address.port;
        const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
        this.url = `ws://${shown}:${address.port}/`;
        this.#log({ event: "listening", url: this.url });
        resolve();
      });
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => {}); // until ws has its own listener
    const refusal = refusalOf(request, this.#admission);
    if (refusal !== undefined) {
      this.#refuse(request, socket, refusal);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#accept(ws, request));
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
    const { host, origin } = request.headers;
    this.#log({
      event: "refused",
      from: remoteOf(request),
      status,
      why,
      ...(host === undefined ? {} : { host: printable(host) }),
      ...(origin === undefined ? {} : { origin: printable(origin) }),
    });
  }

  /** Takes a client that may connect, if there is room; says so to the page if not. */
  #accept(ws: WebSocket, request: IncomingMessage): void {
    // those that are still being closed count: they hold memory
    const full = this.#connections.size >= this.#maxConnections;
    if (full || this.#closing !== undefined) {
      const connections = `there are ${this.#maxConnections} connections already`;
      this.#turnAway(ws, request, full ? connections : "the relay is closing");
      return;
    }
    let instance: ImsgInstance | undefined;
    try {
      instance = this.#instances.take();
      this.#start(ws, request, instance);
    } catch (error) {
      if (instance !== undefined) this.#instances.giveBack(instance);
      this.#turnAway(ws, request, "the relay has no memory", messageOf(error));
    }
  }

  #turnAway(ws: WebSocket, request: IncomingMessage, why: string, cause?: string): void {
    ws.on("error", () => {});
    ws.close(CloseCode.tryLater, why);
    this.#refused(request, CloseCode.tryLater, cause === undefined ? why : `${why} (${cause})`);
  }

  #start(ws: WebSocket, request: IncomingMessage, instance: ImsgInstance): void {
    const pid = this.#newPid();
    const isForeign = (other: number): boolean => this.#connections.has(other);
    const connection = new Connection(ws, pid, instance, this.#rules, isForeign);
    const id = ++this.#lastId;
    const from = remoteOf(request);
    const { origin } = request.headers;
    this.#connections.set(pid, connection);
    this.#log({ event: "opened", id, from, pid, ...(origin === undefined ? {} : { origin }) });
    const running = connection.run().then((end) => {
      this.#connections.delete(pid);
      this.#running.delete(running);
      this.#instances.giveBack(instance);
      this.#log({ event: "closed", id, from, pid, ...end });
    });
    this.#running.add(running);
  }

  /** A pid that no other client of this daemon has, the relay's or not. */
  #newPid(): number {
    for (;;) {
      const pid = randomInt(FIRST_PID, LAST_PID);
      if (!this.#connections.has(pid)) return pid;
    }
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      const closed = new Promise((resolve) => this.#http.close(resolve));
      for (const connection of this.#connections.values()) {
        connection.stop(new Closing(CloseCode.goingAway, "the relay is closing"));
      }
      await Promise.all(this.#running);
      this.#http.closeAllConnections();
      await closed;
      this.#log({ event: "stopped" });
    })();
    return this.#closing;
  }
}

function remoteOf({ socket }: IncomingMessage): string {
  const { remoteAddress = "?", remotePort = 0 } = socket;
  return remoteAddress.includes(":")
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`;
}
