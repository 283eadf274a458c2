import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";
import type { ImsgInstance } from "../../entry/c.ts";
import type { Dialect } from "../dialect.ts";
import { messageOf, printable } from "../status.ts";
import type { Target } from "../target.ts";
import type { Buffers } from "./buffers.ts";
import { CloseCode, Closing, clientLeft, closingOf, daemonFailed } from "./closing.ts";
import type { MessageCounts } from "./counters.ts";
import { type DaemonLink, openDaemon } from "./daemon.ts";
import { Life } from "./life.ts";
import { Patience } from "./patience.ts";
import { Pump } from "./pump.ts";
import { Translator } from "./translator.ts";
import { fitting } from "./websocket.ts";
import { webSocketWire } from "./websocket-wire.ts";
import type { Wire } from "./wire.ts";

/** Settings of every connection. */
export interface ConnectionRules {
  target: Target;
  /** Longest message in bytes, header included. */
  maxSize: number;
  /** The dialect of the daemon; the client's is the current one. */
  dialect?: Dialect;
  /** The types that a client may send. */
  allowTypes: ReadonlySet<number> | "all";
  /** Milliseconds between two pings; 0 sends none. */
  ping: number;
  /** Milliseconds without a message after which a connection ends; 0 is never. */
  idleTimeout: number;
  /** Milliseconds until the daemon must have accepted. */
  connectTimeout: number;
}

/** The parts that a connection uses. */
export interface ConnectionMeans {
  /** An instance of the module that no other connection has. */
  instance: ImsgInstance;
  buffers: Buffers;
}

/** How a connection ended. */
export interface ConnectionEnd extends MessageCounts {
  /** The WebSocket's close code. */
  code: number;
  why: string;
  /** The error behind it, which is not sent to the client. */
  cause?: string;
}

/** Milliseconds that the end of one side waits for the other. */
const PATIENCE = 2000;

/**
 * One client and its own connection to the daemon. The original C decodes and
 * encodes both sides, in an instance that no other client shares. Each side
 * waits for the other: the wires' marks bound the bytes between them.
 */
export class Connection {
  /** The pid that this client has on the daemon. */
  readonly pid: number;
  readonly #socket: WebSocket;
  readonly #client: Wire;
  readonly #rules: ConnectionRules;
  readonly #translator: Translator;
  readonly #life: Life;
  readonly #stop = new AbortController();
  /** Aborted when both sides are closed: a pending timer would keep the instance's memory. */
  readonly #over = new AbortController();
  readonly #up: Pump;
  #down: Pump | undefined;
  #link: DaemonLink | undefined;
  /** Whether a side has no room for more bytes. */
  readonly #full = { client: false, daemon: true };
  #patience = PATIENCE;
  #halt!: (closing: Closing) => void;
  readonly #halted: Promise<Closing>;

  constructor(socket: WebSocket, pid: number, means: ConnectionMeans, rules: ConnectionRules) {
    this.#socket = socket;
    this.pid = pid;
    this.#rules = rules;
    this.#client = webSocketWire(socket);
    this.#translator = new Translator(pid, means.instance, means.buffers, rules);
    this.#halted = new Promise((resolve) => {
      this.#halt = resolve;
    });
    this.#up = new Pump({
      from: this.#client,
      // a client that takes no replies sends no more requests
      ready: () => !this.#full.daemon && !this.#full.client,
      pass: (slice) => this.#passUp(slice),
      finish: () => this.#endUp(),
      failed: (error) => this.#halt(closingOf(error)),
    });
    this.#life = new Life(socket, rules, {
      over: (closing) => this.#halt(closing),
      held: () => this.#up.paused && this.#full.daemon,
    });
  }

  /** Ends the connection from outside. Resolved waits take at most `patience` milliseconds each. */
  stop(closing: Closing, patience = PATIENCE): void {
    this.#patience = Math.min(patience, this.#patience);
    this.#halt(closing);
    this.#cutOff();
  }

  /** A peer that does not answer the closing handshake is cut off. */
  #cutOff(): void {
    const { signal } = this.#over;
    void delay(this.#patience, undefined, { ref: false, signal }).then(
      () => this.#client.destroy(),
      () => {},
    );
  }

  /** Relays until one side ends; resolves when both are closed. */
  async run(): Promise<ConnectionEnd> {
    this.#client.start({
      received: (bytes) => this.#up.add(bytes),
      ended: () => this.#up.end(),
      failed: (error) => this.#up.end(error),
      broken: (error) => this.#halt(closingOf(error)),
      drained: () => {
        this.#full.client = false;
        this.#kick();
      },
    });
    void this.#client.closed.then(() => this.#clientClosed());
    const opening = this.#open();
    opening.catch((error) => this.#halt(error));
    const closing = await this.#halted;
    this.#life.stop();
    this.#up.stop();
    this.#down?.stop();
    this.#stop.abort(closing);
    this.#close(closing);
    // bytes that were written before still reach the daemon
    await opening.then((link) => link.dispose(this.#patience)).catch(() => {});
    await this.#client.closed;
    this.#over.abort();
    this.#translator.dispose();
    return this.#endOf(closing);
  }

  #close({ code, message }: Closing): void {
    this.#client.stop();
    // 1006 stands for a missing close frame: none is sent
    if (code === 1006) this.#client.destroy();
    else this.#socket.close(code, code === CloseCode.normal ? undefined : fitting(message));
    this.#cutOff();
  }

  /** Messages so far. */
  get counts(): MessageCounts {
    const { up, down, dropped } = this.#translator;
    return { up, down, dropped };
  }

  #endOf({ code, message: why, cause }: Closing): ConnectionEnd {
    const end = { code, why, ...this.counts };
    return cause === undefined ? end : { ...end, cause: printable(messageOf(cause)) };
  }

  async #open(): Promise<DaemonLink> {
    const { target, connectTimeout } = this.#rules;
    const late = (): void =>
      this.#stop.abort(new Error(`no connection within ${connectTimeout / 1000} s`));
    const patience = new Patience(connectTimeout, late);
    try {
      const link = await openDaemon(target, this.#stop.signal);
      this.#link = link;
      if (!this.#stop.signal.aborted) this.#start(link);
      return link;
    } catch (cause) {
      // paths and addresses of the daemon are for the log, not for the client
      throw new Closing(CloseCode.daemon, "the daemon cannot be reached", { cause });
    } finally {
      patience.stop();
    }
  }

  #start({ wire }: DaemonLink): void {
    const down = new Pump({
      from: wire,
      ready: () => !this.#full.client,
      pass: (slice) => this.#passDown(slice),
      finish: () => {
        this.#translator.endDaemon();
        this.#halt(new Closing(CloseCode.normal, "the daemon has closed"));
      },
      failed: (error) => this.#halt(daemonFailed(error)),
    });
    this.#down = down;
    wire.start({
      received: (bytes) => down.add(bytes),
      ended: () => down.end(),
      failed: (error) => down.end(error),
      broken: (error) => this.#halt(daemonFailed(error)),
      drained: () => {
        this.#full.daemon = false;
        this.#kick();
      },
    });
    this.#full.daemon = false;
    this.#kick();
  }

  #kick(): void {
    this.#down?.kick();
    this.#up.kick();
  }

  #passUp(slice: Buffer<ArrayBuffer>): void {
    const { bytes, release, failure } = this.#translator.fromClient(slice);
    if (bytes !== undefined) {
      this.#life.moved();
      this.#full.daemon = !this.#link!.wire.write(bytes, release);
    }
    if (failure !== undefined) throw failure;
  }

  #passDown(slice: Buffer<ArrayBuffer>): void {
    const { bytes, release, failure } = this.#translator.fromDaemon(slice);
    if (bytes !== undefined) {
      // a client that is gone takes everything; its earlier messages still have to pass
      this.#full.client = !this.#client.write(bytes, release);
      if (!this.#full.client) this.#life.moved();
    }
    if (failure !== undefined) throw failure;
  }

  /** The client's side has ended; it still gets its answers. */
  #endUp(): void {
    this.#translator.endClient();
    this.#link?.wire.end();
    void this.#client.closed.then(() => this.#halt(clientLeft()));
  }

  /** Forwards for a while the messages that the client sent before it left. */
  #clientClosed(): void {
    this.#full.client = false;
    this.#kick();
    new Patience(PATIENCE, () => this.#halt(clientLeft())).until(this.#stop.signal);
  }
}
