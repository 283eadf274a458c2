// The routes: a search, whose words become requests, and the answer, a page at a time.

import { ribCommand } from "../../bgpd/rib-command.mjs";
import { BgpdError } from "../../bgpd/session.mjs";
import type { Neighbor } from "../../bgpd/types.ts";
import type { Asker, Listing } from "./asker.ts";
import { detailOf } from "./detail.ts";
import { clock, eachFrame, number } from "./dom.ts";
import { Pane } from "./pane.ts";
import { readPlace, writePlace } from "./place.ts";
import { type Query, queryOf } from "./query.ts";
import { ResultsFrame } from "./results-frame.ts";
import { keyOf, type RouteRow } from "./route.ts";
import { routeColumns } from "./route-columns.ts";
import { save } from "./save.ts";
import { filterMany } from "./sort.ts";
import { Table } from "./table.ts";

/** Routes of a page. */
const PAGE = 250;
/** Routes that bgpd sends before the page asks whether to look at more, if it is the page that tests them. */
const SCAN = 50_000;
/** The whole table is loaded by itself if bgpd has at most so many prefixes. */
export const SMALL = 25_000;
/** A whole table with fewer routes is asked for again rather than searched in the page. */
const MANY = 5_000;
/** More routes than this are never loaded: each takes about 450 bytes of the browser's memory. */
const MOST = 300_000;

/** The routes on the page, and the time when they were received. */
interface Shown {
  /** The words that were searched for. */
  readonly search: string;
  readonly query: Query;
  readonly rows: readonly RouteRow[];
  readonly askedAt: number;
  readonly isComplete: boolean;
}

/** The part of the page with the routes. */
export class Results {
  readonly element: HTMLElement;
  readonly #frame: ResultsFrame;
  readonly #table: Table<RouteRow>;
  readonly #pane: Pane;
  #asker: Asker | undefined;
  #listing: Listing | undefined;
  #shown: Shown | undefined;
  #wantsSmall = false;
  #isOld = false;
  #lostAt: number | undefined;
  /** The route of the address, until it has been selected. */
  #wanted = readPlace().route;
  #task = 0;

  constructor() {
    this.#table = new Table<RouteRow>({
      label: "Routes",
      name: "routes-table",
      key: ({ entry }) => keyOf(entry),
      empty: "Nothing is known yet.",
      onSelect: (row) => this.#select(row),
      onSort: (order) => writePlace({ sort: order }),
      columns: routeColumns(() => this.#shown?.askedAt ?? Date.now()),
    });
    this.#pane = new Pane("Selected route", () => {
      this.#table.select(-1);
      this.#table.element.focus();
    });
    this.#frame = new ResultsFrame({
      table: this.#table.element,
      pane: this.#pane.element,
      searched: () => void this.#ask(true),
      intoTable: () => this.#intoTable(),
      reload: () => void this.#ask(false),
      more: () => void this.#more(PAGE),
      all: () => void this.#more(MOST),
      save: (format) => void save(this.#table.rows, format),
    });
    this.element = this.#frame.element;
    this.#table.order = readPlace().sort;
    this.#frame.search = readPlace().q;
    setInterval(() => this.#tick(), 1000);
  }

  /** bgpd can be asked: the routes are listed again. `isSmall`: the whole table may be loaded. */
  connected(asker: Asker, isSmall: boolean): void {
    this.#asker = asker;
    this.#lostAt = undefined;
    this.#wantsSmall = isSmall;
    void this.#ask(this.#shown?.search !== this.#frame.search);
  }

  /** Keeps the routes that are shown, with their time. */
  disconnected(): void {
    if (this.#asker === undefined) return;
    this.#asker = undefined;
    this.#lostAt = Date.now();
    this.#tick();
  }

  /** Searches for words, as if they were typed. */
  search(words: string): void {
    this.#frame.search = words;
    void this.#ask(true);
  }

  setNeighbors(neighbors: readonly Neighbor[]): void {
    this.#frame.filters.setNeighbors(neighbors);
  }

  focus(): void {
    this.#frame.focus();
  }

  /** The neighbors have changed since the listing, and are quiet again if `isQuiet`. */
  changed(isQuiet: boolean): void {
    this.#isOld = true;
    this.#tick();
    const few = (this.#shown?.rows.length ?? 0) <= SMALL;
    if (isQuiet && few && this.#listing === undefined) void this.#ask(false);
  }

  #intoTable(): void {
    this.#table.element.focus();
    if (this.#table.selected === undefined) this.#table.select(0);
  }

  /** How far a listing is read at first. */
  #limits(isNew: boolean): { rows: number; scanned: number } {
    const known = isNew ? 0 : (this.#shown?.rows.length ?? 0);
    const rows = this.#wantsSmall ? 3 * SMALL : PAGE;
    return { rows: Math.max(rows, known), scanned: Math.max(SCAN, rows) };
  }

  /** Requests the routes of the search. `isNew`: the words have changed. */
  async #ask(isNew: boolean): Promise<void> {
    const { search } = this.#frame;
    const query = queryOf(search);
    writePlace({ q: search });
    this.#frame.showQuery(query, query.filters.map(ribCommand));
    if (query.problems.length > 0) return;
    const task = ++this.#task;
    if (isNew && (await this.#narrow(query, task))) return;
    if (this.#asker === undefined || task !== this.#task) return;
    const listing = this.#asker.ask(query, this.#wantsSmall);
    await this.#read(listing, { search, ...this.#limits(isNew) }, isNew, task);
  }

  /** Searches the routes that are shown, if bgpd would send no others. */
  async #narrow(query: Query, task: number): Promise<boolean> {
    const whole = this.#whole;
    if (whole === undefined || this.#isOld) return false;
    if (JSON.stringify(whole.query.filters) !== JSON.stringify(query.filters)) return false;
    const matches = (row: RouteRow): boolean => {
      const { entry } = row.decode();
      return query.tests.every((test) => test(entry));
    };
    const rows = await filterMany(whole.rows, matches, () => task === this.#task);
    if (rows !== undefined) this.#show({ ...whole, search: this.#frame.search, query, rows }, true);
    return true;
  }

  /** The last complete answer to requests whose routes were not tested. */
  #whole: Shown | undefined;

  async #read(
    listing: Listing,
    { search, ...limits }: { search: string; rows: number; scanned: number },
    isNew: boolean,
    task: number,
  ): Promise<void> {
    this.#listing = listing;
    this.#frame.begin();
    const { query, rows, askedAt } = listing;
    let isFirst = isNew;
    let isReading = true;
    // an answer to the same words replaces the one before when it is whole
    const showSome = eachFrame(() => {
      if (!isReading || task !== this.#task) return;
      this.#frame.count(`${number(rows.length)} so far`);
      if (!isNew && this.#shown !== undefined && this.#shown.rows !== rows) return;
      this.#shown = { search, query, rows, askedAt, isComplete: false };
      this.#table.setRows(rows, isFirst);
      isFirst = false;
    });
    let failure: string | undefined;
    try {
      await listing.read(limits, showSome);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      if (!(error instanceof BgpdError)) failure = `The listing broke off: ${failure}`;
    }
    isReading = false;
    if (task !== this.#task || this.#listing !== listing) return;
    this.#listing = listing.isOpen ? listing : undefined;
    this.#frame.end(this.#asker === undefined ? undefined : failure);
    if (failure !== undefined && !isNew) return;
    const { isComplete } = listing;
    const shown = { search, query, rows, askedAt, isComplete };
    if (isComplete && query.tests.length === 0 && rows.length >= MANY) this.#whole = shown;
    this.#isOld = false;
    this.#show(shown, isFirst);
  }

  async #more(count: number): Promise<void> {
    if (this.#shown === undefined || this.#asker === undefined) return;
    const { search, query, rows } = this.#shown;
    const before = this.#listing;
    const isWhole = count === MOST;
    const isOpen = before?.isOpen === true && before.query === query && !isWhole;
    const listing = isOpen ? before : this.#asker.ask(query, isWhole);
    const wanted = Math.min(MOST, rows.length + count);
    const further = Math.max((before?.scanned ?? 0) + SCAN, wanted);
    const scanned = isWhole ? Number.POSITIVE_INFINITY : further;
    await this.#read(listing, { search, rows: wanted, scanned }, false, ++this.#task);
  }

  #show(shown: Shown, isFirst: boolean): void {
    this.#shown = shown;
    const { rows, isComplete } = shown;
    this.#table.setEmpty(
      shown.query.words.length === 0 ? "bgpd has no routes." : "No route matches the search.",
    );
    this.#table.setRows(rows, isFirst);
    const what = rows.length === 1 ? "route" : "routes";
    this.#frame.count(`${isComplete ? "" : "first "}${number(rows.length)} ${what}`);
    this.#frame.offer(isComplete ? undefined : this.#moreWords(shown));
    this.#selectWanted();
    this.#tick();
  }

  #moreWords({ rows, query }: Shown): { words: string; more: string; all: string | undefined } {
    const scanned = this.#listing?.scanned ?? rows.length;
    if (rows.length >= MOST) {
      return { words: `The page loads no more than ${number(MOST)}.`, more: "", all: undefined };
    }
    if (query.tests.length === 0) {
      return {
        words: "bgpd has more.",
        more: `${PAGE} more`,
        all: `All, up to ${number(MOST)}`,
      };
    }
    const words = `${number(rows.length)} of the first ${number(scanned)} routes match.`;
    return { words, more: "Look further", all: "Look at all" };
  }

  #selectWanted(): void {
    if (this.#wanted === "") return;
    const at = this.#table.rows.findIndex(({ entry }) => keyOf(entry) === this.#wanted);
    this.#wanted = "";
    if (at !== -1) this.#table.select(at);
  }

  #tick(): void {
    const { askedAt } = this.#shown ?? {};
    if (askedAt === undefined) return;
    const old = this.#isOld ? ", and the neighbors have changed since" : "";
    const seconds = Math.round((Date.now() - askedAt) / 1000);
    const lost = this.#lostAt === undefined ? "" : `, ${number(seconds)} s ago`;
    this.#frame.asOf(`as of ${clock(askedAt)}${lost}${old}`, old !== "" || lost !== "");
    this.#table.refresh();
  }

  #select(row: RouteRow | undefined): void {
    if (row === undefined || this.#shown === undefined) {
      this.#pane.hide();
      if (this.#shown?.isComplete) writePlace({ route: "" });
      return;
    }
    const { askedAt, query } = this.#shown;
    writePlace({ route: keyOf(row.entry) });
    const { title, tools, content } = detailOf(row, {
      askedAt,
      filter: query.filters[0] ?? {},
      search: (words) => {
        this.#table.select(-1);
        this.search(words);
      },
    });
    this.#pane.show(title, tools, ...content);
  }
}
