import type { ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import { handled } from "../channel/handled.ts";
import { makeInspectable } from "../channel/inspectable.ts";
import { checkChannelOptions, signalOf } from "../channel/options.ts";
import { show } from "../module/check.ts";
import { fieldsOf, ImsgError } from "../module/error.ts";

/**
 * Takes a channel of a server. If it returns a promise, the channel ends with it:
 * it is closed when the promise is fulfilled, and aborted when it is rejected. A
 * handler that returns no promise looks after the channel itself.
 */
export type ChannelHandler = (channel: ImsgChannel<number>) => unknown;

/** Options of a server: those of its channels, and its own. */
export interface ServerOptions extends ChannelOptions {
  /**
   * Is called with every error of a connection: with the error that its handler
   * rejected or threw, or with the reason why no channel could be made of it (the
   * channel is undefined then). Without it, an error that the peer can cause
   * ({@link ImsgError.fromPeer}) is dropped, and any other one, which is a mistake
   * of the handler, is an unhandled rejection.
   */
  onError?: ((error: unknown, channel: ImsgChannel<number> | undefined) => void) | undefined;
  /** The permissions of the file of a Unix socket, such as 0o600; the process's umask decides if absent. */
  mode?: number | undefined;
  /** On TCP: whether probes find out that a peer has vanished. True if absent. */
  keepAlive?: boolean | undefined;
  /** On TCP: whether small messages leave at once. True if absent. */
  noDelay?: boolean | undefined;
}

/**
 * Where a server listens: a Unix socket, or a TCP port. `Port` is undefined for a
 * Unix socket, number for a TCP port, and both if either is possible.
 */
export type ServerAddress<Port extends number | undefined = number | undefined> =
  Port extends number
    ? {
        /** The address of the host. */
        readonly host: string;
        /** The TCP port. */
        readonly port: number;
      }
    : {
        /** The path of a Unix socket. */
        readonly path: string;
      };

/** How a runtime listens. */
export interface Listening {
  readonly address: ServerAddress;
  /** Accepts no more connections, and removes the file of a Unix socket. */
  stop(): unknown;
  ref?(): void;
  unref?(): void;
}

/** How {@link ImsgServer.close} ends the channels. */
export interface ServerCloseOptions {
  /** Aborts every channel now: with this reason, or, if true, with ERR_IMSG_CLOSED. */
  abort?: unknown;
  /** Aborts the channels that are left when it aborts, with its reason. */
  signal?: AbortSignal | undefined;
}

const isPromise = (value: unknown): value is PromiseLike<unknown> =>
  typeof (value as PromiseLike<unknown> | null)?.then === "function";

const isGenerator = (handler: unknown): boolean =>
  /Generator/.test(Object.prototype.toString.call(handler));

/** Errors of accepting for lack of descriptors or memory, which other connections hold. */
const SHORT = ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"];

/** Checks the handler and the options of `listen`, before anything is opened. Throws EINVAL. */
export function checkServer(handler: unknown, options: ServerOptions): void {
  const refuse = (detail: string): never => {
    throw new ImsgError("EINVAL", { syscall: "listen", detail });
  };
  if (typeof fieldsOf(handler) !== "function" || isGenerator(handler)) {
    refuse("a handler is needed: a function that takes a channel, and no generator");
  }
  checkChannelOptions(options);
  const { onError, mode } = options;
  if (onError !== undefined && typeof fieldsOf(onError) !== "function")
    refuse("onError must be a function");
  for (const name of ["keepAlive", "noDelay"] as const) {
    const { [name]: flag } = options;
    if (flag !== undefined && typeof flag !== "boolean")
      refuse(`${name} must be true or false, not ${show(flag)}`);
  }
  if (mode !== undefined && !(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777)) {
    refuse(`mode must be permissions such as 0o600, not ${show(mode)}`);
  }
}

/**
 * A server of channels, made by the function `listen` of an entry. A bad peer
 * ends its own channel only, and never the server.
 */
export class ImsgServer<Port extends number | undefined = number | undefined> {
  readonly #channels = new Set<ImsgChannel<number>>();
  readonly #handler: ChannelHandler;
  readonly #options: ServerOptions;
  readonly #channelOptions: ChannelOptions;
  #listening: Listening | undefined;
  #stopped: Promise<unknown> | undefined;
  /** The reasons of the server's own aborts, with which handlers reject later. */
  readonly #reasons = new Set<unknown>();
  #closed: Promise<void>;
  #conclude!: () => void;
  #unlisten = (): void => {};

  /** @internal */
  constructor(handler: ChannelHandler, options: ServerOptions) {
    checkServer(handler, options);
    makeInspectable(ImsgServer.prototype, "ImsgServer", ImsgServer.#describe);
    const { onError: _, mode: __, keepAlive: ___, noDelay: ____, signal, ...channel } = options;
    this.#handler = handler;
    this.#options = options;
    this.#channelOptions = channel;
    this.#closed = new Promise((resolve) => {
      this.#conclude = resolve;
    });
    if (signal !== undefined) {
      const abort = (): void => void handled(this.close({ signal }));
      signal.addEventListener("abort", abort, { once: true });
      this.#unlisten = () => signal.removeEventListener("abort", abort);
    }
  }

  /** Returns the properties that inspecting a server shows. */
  static #describe(server: ImsgServer): object {
    return {
      state: server.#stopped === undefined ? "listening" : "closed",
      address: server.#listening?.address,
      channels: server.#channels.size,
    };
  }

  /** Begins, with a listener that is open. @internal */
  started(listening: Listening): this {
    this.#listening = listening;
    if (this.#stopped !== undefined) this.#stopped = Promise.resolve(listening.stop());
    return this;
  }

  /** Where the server listens. */
  get address(): ServerAddress<Port> {
    return this.#listening!.address as ServerAddress<Port>;
  }

  /** The TCP port; undefined for a Unix socket. */
  get port(): Port {
    const { address } = this.#listening!;
    return ("port" in address ? address.port : undefined) as Port;
  }

  /** The channels that have not ended. */
  get channels(): ReadonlySet<ImsgChannel<number>> {
    return this.#channels;
  }

  /** Fulfilled when the server accepts no more connections and every channel has ended. Never rejected. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /**
   * Accepts no more connections, and resolves when every channel has ended: by
   * itself, or by the options. Idempotent; a later call can still abort. Rejects
   * with EINVAL for bad options.
   */
  async close(options: ServerCloseOptions = {}): Promise<void> {
    const signal = signalOf(options, "close");
    const { abort } = options;
    this.#unlisten();
    this.#stopped ??= Promise.resolve(this.#listening?.stop());
    const abortAll = (reason: unknown): void => {
      const error =
        reason === true
          ? new ImsgError("ERR_IMSG_CLOSED", { detail: "the server closes" })
          : reason;
      this.#reasons.add(error);
      for (const channel of this.#channels) channel.abort(error);
    };
    const late = (): void => abortAll(signal!.reason);
    if (abort !== undefined && abort !== false) abortAll(abort);
    else if (signal?.aborted) late();
    else signal?.addEventListener("abort", late, { once: true });
    try {
      // the channels end although the listener has failed to close
      await Promise.allSettled([this.#stopped]);
      while (this.#channels.size > 0) {
        await Promise.allSettled([...this.#channels].map((channel) => channel.closed));
      }
    } finally {
      signal?.removeEventListener("abort", late);
    }
    this.#conclude();
    await this.#stopped;
  }

  /** The same as {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Lets the server keep the process alive, which is the default. Its channels have a ref of their own. */
  ref(): this {
    this.#listening?.ref?.();
    return this;
  }

  /** Lets the process exit although the server listens. */
  unref(): this {
    this.#listening?.unref?.();
    return this;
  }

  /**
   * Makes a channel of a connection, and hands it to the handler. `drop` closes
   * the connection if no channel can be made of it.
   * @internal
   */
  accept(make: (options: ChannelOptions) => ImsgChannel<number>, drop: () => void): void {
    let channel: ImsgChannel<number>;
    try {
      if (this.#stopped !== undefined) {
        drop();
        return;
      }
      channel = make(this.#channelOptions);
    } catch (error) {
      drop();
      if (this.#options.onError !== undefined) this.#report(error, undefined);
      else if (!SHORT.includes(String((error as { code?: unknown } | null)?.code))) {
        this.#report(error, undefined);
      }
      return;
    }
    this.#channels.add(channel);
    const ended = (): void => void this.#channels.delete(channel);
    channel.closed.then(ended, ended);
    this.#run(channel);
  }

  #run(channel: ImsgChannel<number>): void {
    const failed = (error: unknown): void => {
      channel.abort(error);
      this.#report(error, channel);
    };
    let running: Promise<unknown>;
    try {
      const returned = this.#handler(channel);
      if (!isPromise(returned)) return;
      running = Promise.resolve(returned); // a promise of another kind may throw
    } catch (error) {
      failed(error);
      return;
    }
    running.then(() => {
      channel.close().catch((error) => this.#report(error, channel));
    }, failed);
  }

  #report(error: unknown, channel: ImsgChannel<number> | undefined): void {
    const { onError } = this.#options;
    // a mistake must be seen, as an unhandled rejection: a throw would end the accept loop
    if (onError === undefined) {
      if (!this.#isExpected(error)) void Promise.reject(error);
      return;
    }
    try {
      onError(error, channel);
    } catch (mistake) {
      void Promise.reject(mistake);
    }
  }

  /** Whether the peer can cause an error, or this server has. */
  #isExpected(error: unknown): boolean {
    if (this.#reasons.has(error)) return true;
    // ERR_IMSG_CLOSED: a handler cannot know beforehand that its channel has ended;
    // ENOMEM: peers that do not read can fill the memory
    if (error instanceof ImsgError && ["ERR_IMSG_CLOSED", "ENOMEM"].includes(error.code))
      return true;
    return (Object(error) as Partial<ImsgError>).fromPeer === true; // ProtocolError has it, too
  }
}
