// Routes by request: a page of them at a time, on a connection that a listing has for itself.

import { bgpd } from "imsg-wasm/protocols/bgpd";
import { ribRequest } from "../../bgpd/requests.mjs";
import { BgpdError } from "../../bgpd/session.mjs";
import type { RibEntry } from "../../bgpd/types.ts";
import type { Query } from "./query.ts";
import { keyOf, RouteRow } from "./route.ts";
import type { Link } from "./socket.ts";

/** How long bgpd may take for the next message, in milliseconds. */
const PATIENCE = 15_000;
/** How long a listing that is not read on may hold up bgpd, in milliseconds. */
const HELD = 60_000;

/** Bytes of routes that the relay may send ahead: about a page of them, or enough to keep all ends busy. */
const AHEAD = { page: 256 * 1024, whole: 4 * 1024 * 1024 };

const { messages } = bgpd;
const ROUTE = messages.SHOW_RIB.type;
const PARTS: readonly number[] = [messages.SHOW_RIB_COMMUNITIES.type, messages.SHOW_RIB_ATTR.type];
const END = messages.END.type;
const RESULT = messages.RESULT.type;

/** How far a listing is read. */
export interface Limits {
  /** Routes that match. */
  rows: number;
  /** Routes that bgpd has sent. */
  scanned: number;
}

/** The answer to a query, of which the first routes are known. */
export class Listing {
  readonly query: Query;
  readonly rows: RouteRow[] = [];
  /** Routes that bgpd has sent, also those that do not match. */
  scanned = 0;
  isComplete = false;
  /** When bgpd was asked, in milliseconds since 1970. */
  readonly askedAt = Date.now();
  readonly #open: () => Promise<Link>;
  readonly #done: (link: Link | undefined) => void;
  #link: Link | undefined;
  #current: RouteRow | undefined;
  #filter = 0;
  #isAsked = false;
  #isCancelled = false;
  #failure: Error | undefined;
  #held: ReturnType<typeof setTimeout> | undefined;
  /** The routes of the requests before: a route that answers two requests counts once. */
  readonly #known = new Set<string>();

  /**
   * @param open opens a connection, or returns the one that is free
   * @param done called with the connection when it is free again; with undefined when it was closed
   */
  constructor(query: Query, open: () => Promise<Link>, done: (link: Link | undefined) => void) {
    this.query = query;
    this.#open = open;
    this.#done = done;
  }

  /** Whether it can be read on. A listing that held up bgpd for long, or was cancelled, cannot. */
  get isOpen(): boolean {
    return !this.isComplete && !this.#isCancelled && this.#failure === undefined;
  }

  /** Closes its connection if bgpd has not sent everything: bgpd stops then. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    clearTimeout(this.#held);
    if (this.isComplete) return;
    this.#link?.channel.abort(new Error("the page asks for something else"));
    if (this.#link !== undefined) this.#done(undefined);
  }

  /**
   * Reads until so many routes are known, or the listing is complete. Rejects with a BgpdError if bgpd
   * refuses the request, and with the connection's error.
   *
   * @param limits checked before each message; they may grow meanwhile
   * @param grown called after each route that matches
   */
  async read(limits: Limits, grown: () => void): Promise<void> {
    clearTimeout(this.#held);
    let last = performance.now();
    const timer = setInterval(() => {
      if (performance.now() - last < PATIENCE) return;
      this.#fail(new Error(`bgpd did not answer within ${PATIENCE / 1000} s`));
    }, 1000);
    try {
      while (!this.isComplete && this.rows.length < limits.rows && this.scanned < limits.scanned) {
        await this.#step(grown);
        last = performance.now();
      }
      if (!this.isComplete) this.#held = setTimeout(() => this.cancel(), HELD);
    } catch (error) {
      if (this.#isCancelled) return;
      const why = error instanceof BgpdError ? undefined : await reasonOf(this.#link);
      if (this.#isCancelled) return;
      this.#failure ??= why ?? (error instanceof Error ? error : new Error(String(error)));
      if (this.#failure instanceof BgpdError) this.#done(this.#link);
      else this.#fail(this.#failure);
      throw this.#failure;
    } finally {
      clearInterval(timer);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#link?.channel.abort(error);
    this.#done(undefined);
  }

  async #step(grown: () => void): Promise<void> {
    this.#link ??= await this.#open();
    if (this.#isCancelled) {
      this.#done(this.#link);
      throw new Error("cancelled");
    }
    const { channel } = this.#link;
    if (!this.#isAsked) {
      const filter = this.query.filters[this.#filter]!;
      const name = filter.prefix === undefined ? "SHOW_RIB" : "SHOW_RIB_PREFIX";
      this.#isAsked = true;
      const data = bgpd.encode(name, ribRequest(filter));
      await channel.send({ type: messages[name].type, data });
    }
    const message = await channel.receive();
    if (message === undefined) throw new Error("the connection was closed within the listing");
    const { type } = message;
    if (PARTS.includes(type)) {
      this.#current?.add(message);
      return;
    }
    // only now the route before is whole
    this.#finish(grown);
    if (type === ROUTE) {
      this.#current = new RouteRow(message);
      this.scanned++;
    } else if (type === END || type === RESULT) {
      if (type === RESULT) throwRefusal(message);
      this.#isAsked = false;
      this.isComplete = ++this.#filter === this.query.filters.length;
      if (this.isComplete) this.#done(this.#link);
    } else throw new Error(`bgpd answered with a message of type ${type}`);
  }

  #finish(grown: () => void): void {
    const row = this.#current;
    this.#current = undefined;
    if (row === undefined || !this.#matches(row)) return;
    this.rows.push(row);
    grown();
  }

  #matches(row: RouteRow): boolean {
    const { tests, filters } = this.query;
    if (tests.length === 0 && filters.length === 1) return true;
    const { entry } = row.decode();
    if (!tests.every((test) => test(entry))) return false;
    return filters.length === 1 || this.#isNew(entry);
  }

  #isNew(entry: RibEntry): boolean {
    const key = keyOf(entry);
    const isNew = !this.#known.has(key);
    // the last request's routes are compared with those before, not with each other
    if (this.#filter < this.query.filters.length - 1) this.#known.add(key);
    return isNew;
  }
}

/** Why the relay has closed a connection, if it has. */
async function reasonOf(link: Link | undefined): Promise<Error | undefined> {
  const soon = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 300));
  const event = await Promise.race([link?.closed, soon]);
  return event?.reason ? new Error(event.reason) : undefined;
}

function throwRefusal(message: Parameters<typeof bgpd.decode>[0]): void {
  const { name, payload } = bgpd.decode(message);
  if (name !== "RESULT") return;
  const text = messages.RESULT.failure(payload as Parameters<typeof messages.RESULT.failure>[0]);
  if (text !== undefined) throw new BgpdError(text, 0);
}

/** Asks one query after the other. */
export class Asker {
  readonly #connect: (ahead: number) => Promise<Link>;
  #free: Link | undefined;
  /** How many bytes the relay may send ahead on the free connection. */
  #ahead = 0;
  #listing: Listing | undefined;

  /** @param connect opens another connection to bgpd, on which so many bytes may come before they are read */
  constructor(connect: (ahead: number) => Promise<Link>) {
    this.#connect = connect;
  }

  /**
   * Asks a query. The one before is cancelled; its routes stay usable.
   *
   * @param isWhole whether all routes are wanted: then more of them may come ahead
   */
  ask(query: Query, isWhole: boolean): Listing {
    const ahead = isWhole ? AHEAD.whole : AHEAD.page;
    this.#listing?.cancel();
    this.#listing = new Listing(
      query,
      async () => {
        const free = this.#ahead === ahead ? this.#free : undefined;
        if (free === undefined) this.#free?.channel.abort(new Error("another window is wanted"));
        this.#free = undefined;
        if (free === undefined) this.#ahead = ahead;
        return free ?? this.#connect(ahead);
      },
      (link) => {
        this.#free = link;
        void link?.closed.then(() => {
          if (this.#free === link) this.#free = undefined;
        });
      },
    );
    return this.#listing;
  }

  /** Forgets the connection: the main one is gone, and so are all. */
  reset(): void {
    this.#listing?.cancel();
    this.#free?.channel.abort(new Error("the connection is lost"));
    this.#free = undefined;
  }
}
