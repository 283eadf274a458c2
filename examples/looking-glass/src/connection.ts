import { fromWebSocket } from "imsg-wasm/web";
import { MAX_SIZE } from "../../bgpd/requests.mjs";
import { BgpdError, BgpdSession } from "../../bgpd/session.mjs";
import { logged, type MessageLog } from "./log.ts";

/** The state of the connection. */
export type State =
  | { name: "connecting" }
  | { name: "connected" }
  /** The relay or bgpd refuses the page. Without `retryAt`, only the user can change that. */
  | { name: "refused"; why: string; wantsToken: boolean; retryAt?: number }
  | { name: "lost"; why: string; retryAt: number }
  | { name: "reconnecting" };

/** Options of the connection. */
export interface ConnectionOptions {
  /** The relay's address, with http: or https:. */
  relay: URL;
  log: MessageLog;
  token: string | undefined;
  /** Called with every new state. */
  onState: (state: State) => void;
  /** Called when bgpd has answered, to send the page's requests. The signal aborts with the connection. */
  onSession: (session: BgpdSession, signal: AbortSignal) => void;
}

const RETRY = { first: 500, last: 30_000 };
/** How long a request may go without any message of its reply. */
const PATIENCE = 15_000;
/** How long a connection must last for the next loss to be the first again. */
const STABLE = 10_000;
/** The pid of our messages. The relay replaces it by a pid of the connection's own on bgpd. */
const pidOfThisPage = 1 + Math.floor(Math.random() * 0x3ffffffe);

/** The relay's close codes that are a refusal. */
const NOT_ALLOWED = 1008;
const TRY_LATER = 1013;

const wordsFor: Record<number, string> = {
  1001: "the relay was stopped",
  1006: "the connection was cut off",
  4408: "the connection was idle for too long",
};

/** Keeps one connection to bgpd: connects again when it is lost. */
export class Connection {
  readonly #options: ConnectionOptions;
  #token: string | undefined;
  #failures = 0;
  #everConnected = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#token = options.token;
    window.addEventListener("online", () => this.retry());
  }

  /** Connects. */
  start(): void {
    this.#options.onState({ name: this.#everConnected ? "reconnecting" : "connecting" });
    void this.#connect().then(({ state, lasted }) => {
      if (lasted > STABLE) this.#failures = 0;
      this.#failures++;
      this.#options.onState(state);
      const { retryAt } = state as { retryAt?: number };
      if (retryAt !== undefined) this.#wait(retryAt - Date.now());
      else this.#timer = undefined;
    });
  }

  /** Connects now, if the connection only waits. */
  retry(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.start();
  }

  /** Tries another token. */
  useToken(token: string): void {
    this.#token = token;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#failures = 0;
    this.start();
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.start();
    }, milliseconds);
  }

  /** Returns when to try again: later each time, and at a random moment, so that pages do not return together. */
  #retryAt(): number {
    const delay = Math.min(RETRY.last, RETRY.first * 2 ** this.#failures);
    return Date.now() + delay * (0.75 + Math.random() / 2);
  }

  /** Resolves with the next state when the connection has ended. */
  async #connect(): Promise<{ state: State; lasted: number }> {
    const { relay, log, onState, onSession } = this.#options;
    const address = new URL(relay);
    address.protocol = relay.protocol === "https:" ? "wss:" : "ws:";
    let socket: WebSocket;
    try {
      const token = this.#token === undefined ? [] : [`imsg.token.${this.#token}`];
      socket = new WebSocket(address, ["imsg", ...token]);
    } catch {
      const why = "This is no token: it has characters that none can have.";
      return { state: { name: "refused", why, wantsToken: true }, lasted: 0 };
    }
    const ended = new AbortController();
    let answered = 0;
    let open = false;
    const answer = new Promise<void>((resolve) => {
      socket.addEventListener("open", () => {
        open = true;
        resolve();
      });
      socket.addEventListener("close", () => resolve());
    });
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
    const channel = fromWebSocket(socket, { maxSize: MAX_SIZE, pid: pidOfThisPage });
    const watched = watch(logged(channel, pidOfThisPage, log), ended.signal);
    const clock = await daemonClock(relay);
    // a message that cannot be sent is not shown as sent
    await answer;
    if (open) {
      const session = new BgpdSession(watched.conversation, pidOfThisPage, clock);
      // the relay may refuse after the handshake: only bgpd's answer proves the connection
      session.ribMemory().then(
        () => {
          answered = performance.now();
          this.#everConnected = true;
          onState({ name: "connected" });
          onSession(session, ended.signal);
        },
        (error) => {
          if (error instanceof BgpdError) watched.failure = error.message;
          channel.abort(error);
        },
      );
    }
    const { code, reason } = await closed;
    ended.abort();
    const lasted = answered === 0 ? 0 : performance.now() - answered;
    const why = watched.failure ?? (reason || wordsFor[code] || `closed with code ${code}`);
    if (code === TRY_LATER) {
      const state: State = { name: "refused", why, wantsToken: false, retryAt: this.#retryAt() };
      return { state, lasted };
    }
    if (code === NOT_ALLOWED) return { state: { name: "refused", why, wantsToken: false }, lasted };
    if (!open && (await relayIsThere(relay))) {
      const words = this.#token === undefined ? "It wants a token." : "It did not take the token.";
      return { state: { name: "refused", why: words, wantsToken: true }, lasted };
    }
    const unreachable = open ? why : "the relay cannot be reached";
    return { state: { name: "lost", why: unreachable, retryAt: this.#retryAt() }, lasted };
  }
}

/**
 * Browsers do not report why a WebSocket was refused. A relay that runs answers an ordinary
 * request with 426, Upgrade Required: then the relay itself has refused.
 */
async function relayIsThere(relay: URL): Promise<boolean> {
  try {
    const { status } = await fetch(relay, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    return status === 426;
  } catch {
    return false;
  }
}

/**
 * bgpd's times are those of its machine's monotonic clock, which the server of this page returns if
 * it runs there; otherwise ages are unknown.
 */
async function daemonClock(relay: URL): Promise<() => number> {
  try {
    const response = await fetch(new URL("clock", relay), {
      cache: "no-store",
      signal: AbortSignal.timeout(5000),
    });
    const now = response.ok ? Number(await response.text()) : Number.NaN;
    const offset = now - performance.now() / 1000;
    return () => Math.floor(offset + performance.now() / 1000);
  } catch {
    return () => Number.NaN;
  }
}

/** Aborts a channel whose request gets no reply in time. */
function watch(conversation: ReturnType<typeof logged>, signal: AbortSignal) {
  let waiting = 0;
  let last = 0;
  const watched = {
    failure: undefined as string | undefined,
    conversation: {
      ...conversation,
      async receive() {
        last = performance.now();
        waiting++;
        try {
          return await conversation.receive();
        } finally {
          waiting--;
        }
      },
    },
  };
  const timer = setInterval(() => {
    if (waiting === 0 || performance.now() - last < PATIENCE) return;
    watched.failure = `bgpd did not answer within ${PATIENCE / 1000} s`;
    conversation.abort(new Error(watched.failure));
  }, 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
  return watched;
}
