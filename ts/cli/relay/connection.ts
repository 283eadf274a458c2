import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";
import type { ImsgInstance } from "../../entry/c.ts";
import { ImsgChannel, ImsgError, type ImsgMessage } from "../../entry/index.ts";
import { type Dialect, dialectOptions } from "../dialect.ts";
import { messageOf, printable } from "../status.ts";
import { type OpenTarget, openTarget, type Target } from "../target.ts";
import { Closing, webSocketTransport } from "./websocket.ts";

/** What the relay does to every connection. */
export interface ConnectionRules {
  target: Target;
  maxSize: number;
  /** The dialect of the daemon; the client's is the current one. */
  dialect?: Dialect;
  /** The types a client may send; all if absent. */
  allowTypes?: ReadonlySet<number>;
  /** Milliseconds without a message after which a connection ends; 0 is never. */
  idleTimeout: number;
  /** Milliseconds until the daemon must have accepted. */
  connectTimeout: number;
}

/** How a connection ended. */
export interface ConnectionEnd {
  /** The WebSocket's close code. */
  code: number;
  why: string;
  /** What is behind it, in words that are not for the client. */
  cause?: string;
  /** Messages that the client sent and the daemon was given. */
  up: number;
  /** Messages that the daemon sent and the client was given. */
  down: number;
}

/** Close codes of the relay: RFC 6455's, and one of the range for applications. */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  unsupported: 1003,
  badData: 1007,
  notAllowed: 1008,
  daemon: 1011,
  tryLater: 1013,
  idle: 4408,
} as const;

/** How long, in milliseconds, the end of one side waits for the other. */
const PATIENCE = 2000;

/**
 * One client and its own connection to the daemon. Both sides are decoded and
 * encoded by the original C, in an instance that no other client shares, and
 * each waits for the other: what is in between is bounded by the channels'
 * high-water marks.
 */
export class Connection {
  /** The pid that this client has on the daemon. */
  readonly pid: number;
  readonly #socket: WebSocket;
  readonly #client: ImsgChannel;
  readonly #instance: ImsgInstance;
  readonly #rules: ConnectionRules;
  readonly #isForeign: (pid: number) => boolean;
  readonly #stop = new AbortController();
  #opening: Promise<OpenTarget> | undefined;
  /** The pid that the client gives itself: that of its first message with one. */
  #clientPid: number | undefined;
  #replying: Promise<void> = Promise.resolve();
  #idle: ReturnType<typeof setTimeout> | undefined;
  #up = 0;
  #down = 0;
  #halt!: (closing: Closing) => void;
  readonly #halted: Promise<Closing>;

  /** @param isForeign whether a pid is that of another connection */
  constructor(
    socket: WebSocket,
    pid: number,
    instance: ImsgInstance,
    rules: ConnectionRules,
    isForeign: (pid: number) => boolean,
  ) {
    this.#socket = socket;
    this.pid = pid;
    this.#instance = instance;
    this.#rules = rules;
    this.#isForeign = isForeign;
    this.#halted = new Promise((resolve) => {
      this.#halt = resolve;
    });
    const { maxSize } = rules;
    // C writes its own pid for 0: never this process's, which is nobody's business
    this.#client = new ImsgChannel(
      webSocketTransport(socket, (reason) => closingOf(reason)),
      { maxSize, instance, pid },
    );
  }

  /** Ends the connection from outside. */
  stop(closing: Closing): void {
    this.#halt(closing);
    this.#cutOff();
  }

  /** ws is patient with closing handshakes; not everybody is worth it. */
  #cutOff(): void {
    void delay(PATIENCE, undefined, { ref: false }).then(() => this.#socket.terminate());
  }

  /** Relays until one side ends; resolves when both are closed. */
  async run(): Promise<ConnectionEnd> {
    const closed = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    const { signal } = this.#stop;
    this.#touch();
    this.#opening = this.#open();
    this.#opening.catch(() => {});
    const closing = await Promise.race([
      this.#upstream(closed).catch(closingOf),
      this.#downstream().catch(closingOf),
      // a client that has left waits for nothing, but what it sent may have to
      closed.then(() => delay(PATIENCE, clientLeft(), { signal })).catch(clientLeft),
      this.#halted,
    ]);
    clearTimeout(this.#idle);
    this.#stop.abort(closing);
    // what the client sent before still goes out
    const daemon = this.#opening.then((open) => open.dispose()).catch(() => {});
    if (closing.code === CloseCode.normal) await this.#client.close();
    else {
      await this.#client.abort(closing);
      this.#cutOff();
    }
    await Promise.all([closed, daemon]);
    const { code, message: why, cause } = closing;
    const end = { code, why, up: this.#up, down: this.#down };
    return cause === undefined ? end : { ...end, cause: printable(messageOf(cause)) };
  }

  async #open(): Promise<OpenTarget> {
    const { target, maxSize, dialect, connectTimeout } = this.#rules;
    const timer = setTimeout(
      () => this.#stop.abort(new Error(`no connection within ${connectTimeout / 1000} s`)),
      connectTimeout,
    );
    try {
      return await openTarget(target, {
        maxSize,
        instance: this.#instance,
        pid: this.pid,
        signal: this.#stop.signal,
        ...dialectOptions(dialect),
      });
    } catch (error) {
      // paths and addresses of the daemon are for the log, not for the client
      throw new Closing(CloseCode.daemon, "the daemon cannot be reached", { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async #upstream(closed: Promise<void>): Promise<Closing> {
    for await (const message of this.#client) {
      this.#check(message);
      const { channel } = await this.#opening!;
      // a client that takes no replies gets no more of them
      await this.#replying.catch(() => {});
      this.#touch();
      const { type, peerid, data } = message;
      this.#up++;
      await channel.send({ type, peerid, pid: this.pid, data }).catch(daemonFailed);
    }
    const { channel } = await this.#opening!;
    await channel.end().catch(daemonFailed);
    // a client that has only ended its side still gets its answers
    await closed;
    return clientLeft();
  }

  /** Throws what is wrong with a client's message, before anything of it goes on. */
  #check({ type, pid }: ImsgMessage): void {
    const { allowTypes } = this.#rules;
    if (allowTypes !== undefined && !allowTypes.has(type)) {
      throw new Closing(CloseCode.notAllowed, `messages of type ${type} are not allowed`);
    }
    if (pid === 0) return; // nobody's: C never sends it
    this.#clientPid ??= pid;
    if (pid !== this.#clientPid) {
      const own = `this connection's is ${this.#clientPid}`;
      throw new Closing(CloseCode.notAllowed, `pid ${pid} is foreign: ${own}`);
    }
  }

  async #downstream(): Promise<Closing> {
    const { channel } = await this.#opening!;
    for (;;) {
      const message = await channel.receive().catch(daemonFailed);
      if (message === undefined) return new Closing(CloseCode.normal, "the daemon has closed");
      const { type, peerid, data } = message;
      let { pid } = message;
      if (pid === this.pid) pid = this.#clientPid ?? pid;
      else if (this.#isForeign(pid)) continue;
      this.#down++;
      this.#replying = this.#client.send({ type, peerid, pid, data });
      try {
        await this.#replying;
      } catch {
        return new Promise(() => {}); // upstream knows what happened to the client
      }
      this.#touch();
    }
  }

  /** Something has moved. */
  #touch(): void {
    const { idleTimeout } = this.#rules;
    if (idleTimeout === 0) return;
    if (this.#idle === undefined) {
      const why = `nothing was sent or taken for ${idleTimeout / 1000} s`;
      this.#idle = setTimeout(() => this.#halt(new Closing(CloseCode.idle, why)), idleTimeout);
    } else this.#idle.refresh();
  }
}

const clientLeft = (): Closing => new Closing(CloseCode.normal, "the client has closed");

const daemonFailed = (error: unknown): never => {
  throw new Closing(CloseCode.daemon, "the daemon's side failed", { cause: error });
};

/** The close code and the words for what ended a client's side. */
function closingOf(reason: unknown): Closing {
  if (reason instanceof Closing) return reason;
  if (reason instanceof ImsgError && reason.code === "ERANGE") {
    const header = reason.message.replace(/^.*?imsgbuf_read(: )?/, "");
    return new Closing(CloseCode.badData, `bad length of a message (ERANGE): ${header}`, {
      cause: reason,
    });
  }
  if (reason instanceof ImsgError && reason.code === "ERR_IMSG_TRUNCATED") {
    return new Closing(CloseCode.badData, "the last message was cut", { cause: reason });
  }
  const { code } = (reason ?? {}) as { code?: unknown };
  if (code === "EPIPE") return clientLeft(); // it was gone when we replied
  // the library ws has sent a close frame of its own by now
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH")
    return new Closing(1009, "the frame is too long");
  return new Closing(CloseCode.badData, printable(messageOf(reason)), { cause: reason });
}
