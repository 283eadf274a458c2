import type { ImsgMessage, SendInit } from "../batch/message.ts";
import type { ImsgChannel } from "../channel/channel.ts";
import { handled } from "../channel/handled.ts";
import { fieldsOf, ImsgError } from "../module/error.ts";
import type { Protocol } from "./define.ts";
import { ProtocolError } from "./failure.ts";
import type {
  Answer,
  AskName,
  AskOptions,
  Direction,
  HeaderInit,
  Messages,
  Received,
  SendName,
  SendValue,
  Side,
  ValueAnd,
} from "./types.ts";
import { Limit } from "./wait.ts";

/**
 * The methods that a typed channel calls; an {@link ImsgChannel} has all of them. If the object has no
 * `request`, a request sends its message and receives the next one as the reply. If it has no iterator,
 * a loop calls `receive`.
 */
export interface Conversation extends Pick<ImsgChannel, "send" | "receive" | "close"> {
  /** As {@link ImsgChannel.request}. */
  request?: ImsgChannel["request"] | undefined;
  /** As {@link ImsgChannel.end}. */
  end?: ImsgChannel["end"] | undefined;
  /** The iterator, as that of {@link ImsgChannel}. */
  [Symbol.asyncIterator]?: ImsgChannel[typeof Symbol.asyncIterator] | undefined;
}

/** A message that any side may have received. */
type Any = { name: string | undefined; payload: unknown; message: ImsgMessage };

/** The reason of a listing's limit when its loop is left. */
const LEFT = Symbol("the loop was left");

/**
 * A channel whose messages have names and values; made by {@link Protocol.on}. The channel stays
 * usable beside it. Requests and listings take turns, because a reply does not name the request that it
 * answers. As on the channel, a rejection that the peer, the transport or time causes is never an
 * unhandled rejection.
 */
export class TypedChannel<M extends Messages, S extends Side>
  implements AsyncIterable<Received<M, S>>
{
  /** The protocol. */
  readonly protocol: Protocol<M>;
  /** The channel that carries the typed messages. */
  readonly channel: Conversation;
  readonly #sends: Direction;
  readonly #receives: Direction;
  #turn: Promise<void> = Promise.resolve();
  /** The messages of a loop that reads. */
  #loop: AsyncIterator<ImsgMessage, undefined> | undefined;
  /** Settles when the rest of a listing that was left has been dropped. */
  #skipped: Promise<void> | undefined;

  /** @internal */
  constructor(protocol: Protocol<M>, channel: Conversation, side: S) {
    this.protocol = protocol;
    this.channel = channel;
    this.#sends = side === "client" ? "send" : "receive";
    this.#receives = side === "client" ? "receive" : "send";
  }

  /**
   * Encodes and sends a message, and resolves when the transport has room for it. Rejects as
   * {@link ImsgChannel.send} does, and with EINVAL or ERANGE for a value that does not fit.
   */
  send<K extends SendName<M, S>>(
    name: K,
    ...[value, header]: ValueAnd<SendValue<M, S, K>, HeaderInit>
  ): Promise<void> {
    try {
      // the channel's own promise, which may be left alone: its rejection is handled
      return this.channel.send(this.#init(name, value, header));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * The next message, decoded; undefined at a clean end. Rejects with EBADMSG for a payload of the
   * wrong size: the message is lost then, and the channel stays open. Rejects with EBUSY while a loop
   * reads.
   */
  receive(): Promise<Received<M, S> | undefined> {
    return handled(
      this.channel
        .receive()
        .then((message) => message && this.protocol.decode<S>(message, this.#receives)),
    );
  }

  /**
   * The messages, decoded. Leaving the loop leaves the channel open; a second reader is an error
   * (EBUSY).
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Received<M, S>> {
    const messages: AsyncIterator<ImsgMessage, undefined> =
      this.channel[Symbol.asyncIterator]?.() ?? received(this.channel);
    const leave = async (): Promise<IteratorResult<Received<M, S>, undefined>> => {
      if (this.#loop === messages) this.#loop = undefined;
      await messages.return?.();
      return { done: true, value: undefined };
    };
    const decoded = async (): Promise<IteratorResult<Received<M, S>, undefined>> => {
      await this.#skipped;
      try {
        const next = messages.next();
        this.#loop ??= messages;
        const { done, value } = await next;
        if (done) return await leave();
        return { done: false, value: this.protocol.decode<S>(value, this.#receives) };
      } catch (error) {
        await leave();
        throw error;
      }
    };
    const iterator: AsyncIterableIterator<Received<M, S>> = {
      next: () => handled(decoded()),
      return: leave,
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /**
   * Sends a message and resolves with its reply, which the protocol names. Other messages are
   * received as usual. Rejects with a {@link ProtocolError} if the peer answers with a failure, with
   * ETIMEDOUT, and as {@link send} and {@link receive} do.
   */
  request<K extends AskName<M, S, "reply">>(
    name: K,
    ...[value, options = {}]: ValueAnd<SendValue<M, S, K>, AskOptions>
  ): Promise<Answer<M, S, K, "reply">> {
    try {
      const init = this.#init(name, value, options);
      return handled(this.#request(name, init, new Limit(options, name)));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #request<K extends AskName<M, S, "reply">>(
    name: K,
    init: SendInit,
    limit: Limit,
  ): Promise<Answer<M, S, K, "reply">> {
    const replies = this.#named(name, "reply");
    let done = (): void => {};
    try {
      done = await this.#begin(limit);
      const message = await this.#ask(init, replies, limit);
      const decoded: Any = this.protocol.decode<S>(message, this.#receives);
      if (!replies.has(message.type))
        throw this.#failure(decoded) ?? this.#unexpected(name, decoded);
      const failure = this.#failure(decoded);
      if (failure !== undefined) throw failure;
      return decoded as unknown as Answer<M, S, K, "reply">;
    } finally {
      done();
      limit.end();
    }
  }

  /**
   * Sends a message and yields the messages that answer it, until one of the protocol's `ends`.
   * Leaving the loop, or an error of one item, reads and drops the rest before the next request. A
   * request within the loop waits for the listing's end: await it behind the loop. Throws a
   * {@link ProtocolError} if the peer answers with a failure, ERR_IMSG_CLOSED if the peer ends
   * within the listing, ETIMEDOUT.
   */
  list<K extends AskName<M, S, "lists">>(
    name: K,
    ...[value, options = {}]: ValueAnd<SendValue<M, S, K>, AskOptions>
  ): AsyncGenerator<Answer<M, S, K, "lists">, void, undefined> {
    let limit: Limit | undefined;
    const items = this.#list(name, value, options, () => {
      limit = new Limit(options, name);
      return limit;
    });
    const { next, return: leave } = items;
    items.next = () => handled(next.call(items));
    items.return = (result) => {
      limit?.stop(LEFT); // ends a `next` that waits
      return leave.call(items, result);
    };
    return items;
  }

  async *#list<K extends AskName<M, S, "lists">>(
    name: K,
    value: unknown,
    options: AskOptions,
    begin: () => Limit,
  ): AsyncGenerator<Answer<M, S, K, "lists">, void, undefined> {
    const items = this.#named(name, "lists");
    const init = this.#init(name, value, options);
    const limit = begin();
    let done = (): void => {};
    let isOpen = false; // whether more messages of the listing may come
    let next: Promise<ImsgMessage> | undefined; // the message that the listing waits for
    try {
      done = await this.#begin(limit);
      isOpen = true;
      const sending = this.channel.send(init);
      // a request that was refused is not answered; one that waits for room is
      sending.catch(() => {
        isOpen = false;
      });
      await limit.wait(sending);
      for (let count = 0; ; count++) {
        isOpen = true;
        next = this.#next(name);
        const message = await limit.wait(next);
        limit.pause();
        next = undefined;
        const [isItem, isEnd] = [items.has(message.type), this.#ends(message, items)];
        // another message instead of the first item is the whole answer
        isOpen = !isEnd && (isItem || count > 0);
        const decoded: Any = this.protocol.decode<S>(message, this.#receives);
        if (!isItem) {
          const failure = this.#failure(decoded);
          if (failure !== undefined) throw failure;
          if (!this.protocol.ends.includes(decoded.name ?? ""))
            throw this.#unexpected(name, decoded);
        }
        if (isEnd) return;
        yield decoded as unknown as Answer<M, S, K, "lists">;
        limit.restart();
      }
    } catch (error) {
      if (error !== LEFT) throw error;
    } finally {
      limit.end();
      if (isOpen) {
        this.#skipped = this.#skip(next, items, name).finally(done);
      } else done();
    }
  }

  /** The same as {@link ImsgChannel.end}. */
  end(): Promise<void> {
    return this.channel.end?.() ?? Promise.resolve();
  }

  /** The same as {@link ImsgChannel.close}. */
  close(): Promise<void> {
    return this.channel.close();
  }

  #init(name: string, value: unknown, header: HeaderInit = {}): SendInit {
    const { protocol } = this;
    const { peerid = protocol.peerid, pid, fd } = fieldsOf(header);
    const data = protocol.encode(name, value, this.#sends);
    return {
      type: protocol.messages[name]!.type,
      peerid,
      data,
      ...(pid !== undefined && { pid }),
      ...(fd !== undefined && { fd }),
    };
  }

  /** Sends a request and takes the message that answers it, be it a failure. */
  async #ask(init: SendInit, replies: Set<number>, limit: Limit): Promise<ImsgMessage> {
    if (this.channel.request !== undefined) {
      const match = ({ type }: ImsgMessage): boolean => replies.has(type) || this.#fails(type);
      return this.channel.request(init, { match, signal: limit.signal });
    }
    await limit.wait(this.channel.send(init));
    return limit.wait(this.#next(limit.what));
  }

  #named(name: string, what: "reply" | "lists"): Set<number> {
    const { messages } = this.protocol;
    const names = (typeof name === "string" ? messages[name]?.[what] : undefined) ?? [];
    return new Set([names].flat().map((each) => messages[each as string]!.type));
  }

  #fails(type: number): boolean {
    const name = this.protocol.nameOf(type);
    return name !== undefined && this.protocol.messages[name]?.failure !== undefined;
  }

  #failure({ name, payload, message }: Any): ProtocolError | undefined {
    if (name === undefined) return undefined;
    const text = this.protocol.messages[name]?.failure?.(payload as never, message);
    return text === undefined ? undefined : new ProtocolError(text, name, payload);
  }

  /** Whether a message is the last one of a listing of `items`. */
  #ends(message: ImsgMessage, items: Set<number>): boolean {
    const { type } = message;
    const name = this.protocol.nameOf(type);
    if (name === undefined) return false;
    if (!items.has(type)) return this.protocol.ends.includes(name) || this.#fails(type);
    const last = this.protocol.messages[name]?.last;
    if (last === undefined) return false;
    try {
      const decoded: Any = this.protocol.decode<S>(message, this.#receives);
      return last(decoded.payload as never);
    } catch {
      return false; // an item that cannot be decoded is not the empty last one
    }
  }

  #unexpected(asked: string, { name, message }: Any): ProtocolError {
    const text = `${this.protocol.name} answered ${asked} with a message of type ${message.type}`;
    return new ProtocolError(text, name, message.data);
  }

  async #next(asked: string): Promise<ImsgMessage> {
    const loop = this.#loop;
    const message = loop === undefined ? await this.channel.receive() : (await loop.next()).value;
    if (message !== undefined) return message;
    const detail = `the peer ended within its answer to ${asked}`;
    throw new ImsgError("ERR_IMSG_CLOSED", { detail });
  }

  /** Drops the rest of a listing that is no longer read. */
  async #skip(
    next: Promise<ImsgMessage> | undefined,
    items: Set<number>,
    name: string,
  ): Promise<void> {
    try {
      let message = await (next ?? this.#next(name));
      while (!this.#ends(message, items)) {
        message.dispose();
        message = await this.#next(name);
      }
    } catch {
      // the next request rejects with the channel's error
    }
  }

  /** Waits for the requests before this one; the caller calls back when it has its answer. */
  async #begin(limit: Limit): Promise<() => void> {
    const before = this.#turn;
    let done = (): void => {};
    const own = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#turn = before.then(() => own);
    const { what } = limit;
    limit.what = `the request before ${what}`;
    try {
      await limit.wait(before);
    } catch (error) {
      done();
      throw error;
    }
    limit.what = what;
    return done;
  }
}

/** The messages of a channel that has no iterator. */
function received(channel: Conversation): AsyncIterator<ImsgMessage, undefined> {
  return {
    async next() {
      const value = await channel.receive();
      return value === undefined ? { done: true, value } : { done: false, value };
    },
  };
}
