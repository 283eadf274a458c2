/** Parts that the relay tests share: a relay with its log, clients, a daemon that records messages. */
import { mkdtemp, rm } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import type { Relay, RelayEvent, RelayOptions } from "../../../ts/cli/relay/relay.ts";
import {
  concat,
  encode,
  ReferenceDecoder,
  type ReferenceInput,
  type ReferenceMessage,
} from "../../oracle/reference/codec.ts";

/** The relay as it is packed: the bundle may differ from the source, and users run the bundle. */
export const { startRelay }: typeof import("../../../ts/cli/relay/relay.ts") = await import(
  new URL("../../../dist/relay.js", import.meta.url).href
);

export interface LoggedRelay extends Relay {
  events: RelayEvent[];
  /** The first event of a kind, waited for. */
  event<K extends RelayEvent["event"]>(kind: K): Promise<Extract<RelayEvent, { event: K }>>;
}

/** Ends the connections that each daemon of the running test has. */
const daemonsOfTest = new Set<() => void>();

/** A relay that ends with the test. By default its clients may send all types. */
export async function relayTo(
  to: RelayOptions["to"],
  options: Omit<RelayOptions, "to" | "log"> = {},
): Promise<LoggedRelay> {
  const events: RelayEvent[] = [];
  let wake = (): void => {};
  const log = (event: RelayEvent): void => {
    events.push(event);
    wake();
  };
  const relay = await startRelay({ to, allowTypes: "all", ...options, log });
  onTestFinished(() => {
    // the relay would wait two seconds for a daemon that does not end its side
    for (const leave of daemonsOfTest) leave();
    return relay.close();
  });
  return Object.assign(relay, {
    events,
    async event<K extends RelayEvent["event"]>(kind: K) {
      for (;;) {
        const found = events.find(({ event }) => event === kind);
        if (found !== undefined) return found as Extract<RelayEvent, { event: K }>;
        await new Promise<void>((resolve) => {
          const before = wake;
          wake = () => {
            before();
            resolve();
          };
        });
      }
    },
  });
}

/** A client that looks at the bytes itself. */
class RelayClient {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #decoder = new ReferenceDecoder({ maxSize: 0x7fffffff });
  readonly #messages: ReferenceMessage[] = [];
  #over = false;
  #wake = (): void => {};

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      this.#messages.push(...this.#decoder.push(data));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      socket.once("close", (code, reason) => {
        this.#over = true;
        this.#wake();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  send(...messages: ReferenceInput[]): void {
    this.socket.send(concat(messages.map((message) => encode(message))));
  }

  /** The next message; undefined when the relay has closed. */
  async receive(): Promise<ReferenceMessage | undefined> {
    while (this.#messages.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift();
  }

  async receiveAll(count: number): Promise<ReferenceMessage[]> {
    const all: ReferenceMessage[] = [];
    while (all.length < count) {
      const message = await this.receive();
      if (message === undefined) throw new Error(`closed after ${all.length} of ${count} messages`);
      all.push(message);
    }
    return all;
  }
}

/** A connected client, cut off at the end of the test. */
export async function clientOf(
  relay: Relay,
  options: ClientOptions = {},
  protocols: string[] = ["imsg"],
): Promise<RelayClient> {
  const socket = new WebSocket(relay.url, protocols, { perMessageDeflate: false, ...options });
  onTestFinished(() => socket.terminate());
  const client = new RelayClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  socket.on("error", () => {});
  return client;
}

/** The response to a request for a WebSocket. */
export function handshake(
  relay: Relay,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: string; protocol: string | undefined }> {
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = request({
      host: relay.host,
      port: relay.port,
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        ...headers,
      },
    });
    asked.once("error", reject);
    asked.once("upgrade", (response, socket) => {
      socket.destroy();
      const protocol = response.headers["sec-websocket-protocol"];
      resolve({ status: response.statusCode!, body: "", protocol });
    });
    asked.once("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.once("end", () =>
        resolve({ status: response.statusCode!, body, protocol: undefined }),
      );
    });
    asked.end();
  });
}

/** A connection that the daemon of a test accepted. */
export interface DaemonSide {
  socket: Socket;
  received: ReferenceMessage[];
  bytes(): number;
  send(message: ReferenceInput): void;
  ended: Promise<void>;
  /** Resolves when so many messages have come. */
  has(count: number): Promise<ReferenceMessage[]>;
}

export interface Daemon {
  target: string;
  connections: DaemonSide[];
  /** The n-th connection, waited for. */
  connection(n: number): Promise<DaemonSide>;
}

/**
 * A daemon on a Unix socket that remembers every byte it gets. It ends its side of a connection
 * when the relay has ended its own, unless it `lingers`.
 */
export async function rememberingDaemon({ lingers = false } = {}): Promise<Daemon> {
  const folder = await mkdtemp(join(tmpdir(), "imsg-relay-"));
  const path = join(folder, "s");
  const connections: DaemonSide[] = [];
  let wake: (() => void)[] = [];
  const changed = (): void => {
    for (const resolve of wake.splice(0)) resolve();
  };
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wake.push(resolve);
    });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const decoder = new ReferenceDecoder({ maxSize: 0x7fffffff });
    const received: ReferenceMessage[] = [];
    let bytes = 0;
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      received.push(...decoder.push(chunk));
      changed();
    });
    socket.on("error", () => {});
    // a daemon that kept its side open would cost each test the relay's two seconds of patience
    if (!lingers) socket.once("end", () => socket.end());
    connections.push({
      socket,
      received,
      bytes: () => bytes,
      send: (message) => void socket.write(encode(message)),
      ended: new Promise((resolve) => socket.once("end", resolve)),
      async has(count) {
        while (received.length < count) await change();
        return received;
      },
    });
    changed();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const leave = (): void => {
    for (const { socket } of connections) socket.resume().end();
  };
  daemonsOfTest.add(leave);
  onTestFinished(async () => {
    daemonsOfTest.delete(leave);
    wake = [];
    for (const { socket } of connections) socket.destroy();
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    target: `unix:${path}`,
    connections,
    async connection(n) {
      while (connections.length <= n) await change();
      return connections[n]!;
    },
  };
}
