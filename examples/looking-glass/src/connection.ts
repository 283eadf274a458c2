import { BgpdSession, BgpdVersionError } from "../../bgpd/session.mjs";
import type { MessageLog } from "./log.ts";
import { type Link, type LinkOptions, openLink } from "./socket.ts";
import { onWake } from "./wake.ts";

/** The state of the connection. */
export type State =
  | { name: "connecting" }
  | { name: "connected" }
  /** bgpd has not answered for some seconds, and is still waited for. */
  | { name: "silent"; since: number }
  /** The relay or bgpd refuses the page. Without `retryAt`, only the user can change that. */
  | { name: "refused"; why: string; wantsToken: boolean; retryAt?: number }
  /** bgpd is of a version whose structures the page does not know. */
  | { name: "foreign"; why: string }
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

/**
 * Milliseconds until the next try: with the time of the request and at random up to a quarter more, a
 * page shows a daemon's return within 5 s. A hidden page has more time.
 */
const RETRY = { first: 400, last: 2_800, hidden: 30_000 };
/** Milliseconds without a message of its reply after which a request fails. */
const PATIENCE = 15_000;
/** Milliseconds without a message of its reply after which the page reports that bgpd is silent. */
const SILENCE = 3_500;
/** How long bgpd may take for an answer after the computer has slept. */
const PROBE = 2_500;
/** A pause of the page that a connection may not have outlived. */
const LONG = 6_000;
/** How long a connection must last for the next loss to be the first again. */
const STABLE = 10_000;

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
  #link: Link | undefined;
  /** All connections that are open. */
  readonly #links = new Set<Link>();
  #session: BgpdSession | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#token = options.token;
    window.addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.retry();
    });
    // a page with a connection is not kept in the back-forward cache
    window.addEventListener("pagehide", () => this.#leave());
    onWake((pause, isCut) => this.#woken(pause, isCut));
  }

  /** Connects. */
  start(): void {
    this.#options.onState({ name: this.#everConnected ? "reconnecting" : "connecting" });
    void this.#connect().then(({ state, lasted }) => {
      if (lasted > STABLE) this.#failures = 0;
      this.#failures++;
      this.#link = undefined;
      this.#session = undefined;
      this.#options.onState(state);
      const { retryAt } = state as { retryAt?: number };
      if (retryAt !== undefined) this.#wait(retryAt - Date.now());
      else this.#timer = undefined;
    });
  }

  /** Opens another connection to bgpd beside this one. Rejects if the relay refuses it. */
  async another(highWaterMark: number): Promise<Link> {
    const { relay, log } = this.#options;
    const link = this.#open({ relay, log, token: this.#token, highWaterMark });
    if (await link.opened) return link;
    const { code, reason } = await link.closed;
    throw new Error(reason || wordsFor[code] || `the relay closed with code ${code}`);
  }

  #open(options: LinkOptions): Link {
    const link = openLink(options);
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
    return link;
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

  #leave(): void {
    for (const link of this.#links) link.channel.abort(new Error("the page is left"));
  }

  /** A connection that slept with the computer may be dead without having been closed. */
  #woken(pause: number, isCut: boolean): void {
    this.retry();
    const link = this.#link;
    if (link === undefined || this.#session === undefined) return;
    const slept = `the page slept for ${Math.round(pause / 1000)} s`;
    if (isCut) link.channel.abort(new Error(slept));
    if (isCut || pause < LONG) return;
    const timer = setTimeout(() => link.channel.abort(new Error(slept)), PROBE);
    this.#session.ribMemory().then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    );
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.start();
    }, milliseconds);
  }

  /** Returns when to try again: later each time, and at a random moment, so that pages do not return together. */
  #retryAt(): number {
    const most = document.hidden ? RETRY.hidden : RETRY.last;
    const delay = Math.min(most, RETRY.first * 2 ** this.#failures);
    return Date.now() + delay * (0.75 + Math.random() / 2);
  }

  /** Resolves with the next state when the connection has ended. */
  async #connect(): Promise<{ state: State; lasted: number }> {
    const { relay, log, onState, onSession } = this.#options;
    let link: Link;
    try {
      link = this.#open({ relay, log, token: this.#token });
    } catch {
      const why = "This is no token: it has characters that none can have.";
      return { state: { name: "refused", why, wantsToken: true }, lasted: 0 };
    }
    this.#link = link;
    const ended = new AbortController();
    let answered = 0;
    let foreign: string | undefined;
    const watched = watch(link, ended.signal, (since) => {
      if (answered === 0) return;
      onState(since === undefined ? { name: "connected" } : { name: "silent", since });
    });
    const clock = await daemonClock(relay);
    // a message that cannot be sent is not shown as sent
    const open = await link.opened;
    if (open) {
      const session = new BgpdSession(watched.conversation, link.pid, clock);
      // the relay may refuse after the handshake: only bgpd's answers prove the connection
      session.checkVersion().then(
        () => {
          answered = performance.now();
          this.#everConnected = true;
          this.#session = session;
          onState({ name: "connected" });
          onSession(session, ended.signal);
        },
        (error) => {
          if (error instanceof BgpdVersionError) foreign = error.message;
          else if (/did not answer/.test(error.message)) watched.failure = error.message;
          link.channel.abort(error);
        },
      );
    }
    const { code, reason } = await link.closed;
    ended.abort();
    if (foreign !== undefined) return { state: { name: "foreign", why: foreign }, lasted: 0 };
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

/**
 * Reports a request that gets no reply for some seconds, and aborts the channel of one that gets none
 * in time.
 */
function watch(
  { channel }: Link,
  signal: AbortSignal,
  silent: (since: number | undefined) => void,
) {
  let waiting = 0;
  let last = 0;
  let isSilent = false;
  const watched = {
    failure: undefined as string | undefined,
    conversation: {
      ...channel,
      async receive(options?: Parameters<typeof channel.receive>[0]) {
        if (waiting++ === 0) last = performance.now();
        try {
          return await channel.receive(options);
        } finally {
          waiting--;
          last = performance.now();
          if (isSilent) silent(undefined);
          isSilent = false;
        }
      },
    },
  };
  const timer = setInterval(() => {
    const waited = performance.now() - last;
    if (waiting === 0 || waited < SILENCE) return;
    if (!isSilent) silent(Date.now() - waited);
    isSilent = true;
    if (waited < PATIENCE) return;
    watched.failure = `bgpd did not answer within ${PATIENCE / 1000} s`;
    channel.abort(new Error(watched.failure));
  }, 500);
  signal.addEventListener("abort", () => clearInterval(timer));
  return watched;
}
