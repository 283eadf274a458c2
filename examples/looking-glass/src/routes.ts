import { span } from "../../bgpd/times.mjs";
import type { RibEntry } from "../../bgpd/types.ts";
import { card, pane } from "./card.ts";
import { debounced, definitions, eachFrame, h, number } from "./dom.ts";
import { type Filter, filterOf, type Route, rankOf, routeOf } from "./search.ts";
import { Table } from "./table.ts";

/** How long the search waits for the next key. */
const DEBOUNCE = 120;

/** bgpctl's letters for it. */
const flagsOf = ({ entry }: Route): string =>
  [
    entry.filtered ? "F" : "",
    entry.announced ? "A" : "",
    entry.source === "internal" ? "I" : "",
    entry.stale ? "S" : "",
    entry.valid ? "*" : "",
    entry.best ? ">" : "",
  ].join("");

const neighborOf = ({ entry }: Route): string =>
  entry.announced ? "this router" : (entry.neighbor.description ?? entry.neighbor.remote_addr);

/** Without an address, bgpctl has question marks. */
const known = (address: string): string => (address === "???" ? "–" : address);

const communitiesOf = (entry: RibEntry): string =>
  [entry.communities, entry.large_communities, entry.extended_communities]
    .flatMap((list) => list ?? [])
    .join(", ");

/** What the view asks the page for. */
export interface RoutesRequests {
  /** The whole listing again. */
  reload: () => void;
  /** The routes of a prefix with their communities, which the listing leaves out. */
  detail: (prefix: string) => Promise<RibEntry[]>;
  /** Called with the words of the search, for the address of the page. */
  searched: (words: string) => void;
}

const clock = (time: number): string => new Date(time).toTimeString().slice(0, 8);

/** The RIB: a table with a search, and everything about the selected route. */
export class RoutesView {
  readonly card = card("routes", "Routes");
  readonly #pane = pane("Selected route");
  readonly #search: HTMLInputElement;
  readonly #progress = h("div", { class: "progress", hidden: true });
  readonly #table: Table<Route>;
  readonly #asOf = h("span", { class: "as-of" });
  readonly #requests: RoutesRequests;
  #routes: Route[] = [];
  /** When the listing was complete, in ms since 1970; ages count from there. */
  #loadedAt = 0;
  #isOld = false;
  #loading: Route[] | undefined;
  #filter: Filter = filterOf("");
  readonly #countWhileLoading = eachFrame(() => this.#count());

  constructor(requests: RoutesRequests) {
    this.#requests = requests;
    this.#table = new Table<Route>({
      label: "Routes",
      name: "routes-table",
      key: ({ entry }) => `${entry.prefix} ${entry.neighbor.remote_addr} ${entry.path_id}`,
      empty: "Nothing is known yet.",
      onSelect: (route) => this.#select(route),
      columns: [
        {
          key: "flags",
          title: "",
          description: "bgpctl’s flags",
          text: flagsOf,
          kind: ({ entry }) => rankOf(entry),
        },
        {
          key: "prefix",
          title: "Prefix",
          text: ({ entry }) => entry.prefix,
          order: ({ order }) => order,
        },
        {
          key: "nexthop",
          title: "Next hop",
          text: ({ entry }) => known(entry.exit_nexthop),
          order: ({ entry }) => entry.exit_nexthop,
        },
        { key: "neighbor", title: "From", text: neighborOf, order: neighborOf },
        {
          key: "path",
          title: "AS path",
          text: ({ entry }) => entry.aspath || "–",
          order: ({ hops }) => hops,
        },
        { key: "origin", title: "Origin", text: ({ entry }) => entry.origin },
        {
          key: "rpki",
          title: "RPKI",
          description: "Origin validation",
          text: ({ entry }) => entry.ovs,
          kind: ({ entry }) => entry.ovs,
          order: ({ entry }) => entry.ovs,
        },
        {
          key: "aspa",
          title: "ASPA",
          description: "Path validation",
          text: ({ entry }) => entry.avs,
          kind: ({ entry }) => entry.avs,
          order: ({ entry }) => entry.avs,
        },
        {
          key: "localpref",
          title: "Pref",
          description: "Local preference",
          text: ({ entry }) => String(entry.localpref),
          order: ({ entry }) => entry.localpref,
        },
        {
          key: "med",
          title: "MED",
          text: ({ entry }) => String(entry.metric),
          order: ({ entry }) => entry.metric,
        },
        {
          key: "age",
          title: "Age",
          text: ({ entry }) => this.#ageOf(entry),
          order: ({ entry }) => entry.last_update_sec,
        },
      ],
    });
    const searched = debounced(() => this.#searched(), DEBOUNCE);
    this.#search = h("input", {
      id: "search",
      type: "search",
      placeholder: "Prefix, address, AS64500, rpki:invalid…",
      "aria-label": "Search the routes",
      "aria-describedby": "search-help",
      autocomplete: "off",
      spellcheck: "false",
      oninput: searched,
      onkeydown: (event) => {
        if ((event as KeyboardEvent).key !== "ArrowDown") return;
        event.preventDefault();
        this.#table.element.focus();
        if (this.#table.selected === undefined) this.#table.select(0);
      },
    });
    this.card.note.setAttribute("role", "status");
    this.card.tools.append(
      this.#search,
      this.#asOf,
      h("button", { type: "button", class: "button", onclick: requests.reload }, "Reload"),
      h(
        "span",
        { id: "search-help", class: "hidden" },
        "Words are all searched for. An address finds the routes that cover it; a prefix those that cover it or that it covers; AS and a number the paths with that AS, ^64500 and 64510$ those that begin or end with it; best, stale, announced, rpki:invalid or aspa:valid the routes in that state. Arrow down goes to the table.",
      ),
    );
    this.card.content.append(this.#progress, this.#table.element, this.#pane.element);
    setInterval(() => this.#tick(), 1000);
  }

  /** Searches for words, as if they were typed. */
  search(words: string): void {
    this.#search.value = words;
    this.#searched();
  }

  /** How many routes are known. */
  get count(): number {
    return this.#routes.length;
  }

  /** Says whether the neighbors have changed since the listing. */
  set isOld(isOld: boolean) {
    this.#isOld = isOld;
    this.#tick();
  }

  #tick(): void {
    if (this.#loadedAt === 0) return;
    const old = this.#isOld ? ", and the neighbors have changed since" : "";
    const words = `as of ${clock(this.#loadedAt)}${old}`;
    if (this.#asOf.textContent !== words) this.#asOf.textContent = words;
    this.#table.refresh();
  }

  /** The age now: bgpd's at the time of the listing, and what has passed since. */
  #ageOf({ last_update, last_update_sec }: RibEntry): string {
    if (Number.isNaN(last_update_sec) || this.#loadedAt === 0) return last_update;
    return span(last_update_sec + Math.floor((Date.now() - this.#loadedAt) / 1000));
  }

  /** A listing begins: shown as it comes if there was none before. */
  begin(): void {
    this.#loading = [];
    this.#progress.hidden = false;
    this.card.element.setAttribute("aria-busy", "true");
    if (this.#routes.length === 0) this.#table.setEmpty("Loading…");
    this.#count();
  }

  add(entry: RibEntry): void {
    this.#loading?.push(routeOf(entry));
    this.#countWhileLoading();
  }

  /** The listing is complete, or broken off: then what was known before stays. */
  end(complete: boolean): void {
    if (complete && this.#loading !== undefined) {
      this.#routes = this.#loading;
      this.#loadedAt = Date.now();
      this.#isOld = false;
    }
    this.#loading = undefined;
    this.#progress.hidden = true;
    this.card.element.removeAttribute("aria-busy");
    this.#searched();
    this.#tick();
  }

  #searched(): void {
    this.#requests.searched(this.#search.value.trim());
    this.#filter = filterOf(this.#search.value);
    const shown = this.#filter.all ? this.#routes : this.#routes.filter(this.#filter.matches);
    this.#table.setEmpty(
      this.#routes.length === 0 ? "bgpd has no routes." : "No route matches the search.",
    );
    this.#table.setRows(shown);
    this.#count();
  }

  #count(): void {
    const { length } = this.#routes;
    const loading = this.#loading;
    if (loading !== undefined && length === 0) {
      const known = this.#filter.all ? loading : loading.filter(this.#filter.matches);
      this.#table.setRows(known.slice(0, 200));
    }
    this.card.note.textContent =
      loading !== undefined
        ? `${number(loading.length)} so far`
        : this.#filter.all
          ? number(length)
          : `${number(this.#table.rows.length)} of ${number(length)}`;
  }

  #select(route: Route | undefined): void {
    if (route === undefined) {
      this.#pane.hide();
      return;
    }
    const { entry } = route;
    this.#show(route, "asking…");
    this.#requests.detail(entry.prefix).then(
      (details) => {
        if (this.#table.selected !== route) return;
        const same = (other: RibEntry): boolean =>
          other.prefix === entry.prefix &&
          other.neighbor.remote_addr === entry.neighbor.remote_addr &&
          other.path_id === entry.path_id;
        const detail = details.find(same);
        const gone = "the route is gone";
        this.#show(route, detail === undefined ? gone : communitiesOf(detail) || "none");
      },
      () => this.#table.selected === route && this.#show(route, "unknown"),
    );
  }

  #show(route: Route, communities: string): void {
    const { entry } = route;
    this.#pane.show(
      entry.prefix,
      definitions([
        ["Flags", `${flagsOf(route)} ${rankOf(entry)}, ${entry.source}`.trim()],
        ["Communities", communities],
        ["AS path", entry.aspath || "empty: this AS’s own"],
        ["Next hop", known(entry.exit_nexthop)],
        ["True next hop", known(entry.true_nexthop)],
        ["From", `${neighborOf(route)}, ${entry.neighbor.remote_addr}`],
        ["Router id", entry.neighbor.bgp_id],
        ["Origin", entry.origin],
        ["Local preference", number(entry.localpref)],
        ["MED", number(entry.metric)],
        ["Weight", number(entry.weight)],
        ["RPKI origin", entry.ovs],
        ["ASPA", entry.avs],
        ["Age", this.#ageOf(entry)],
        ["With bgpctl", `bgpctl show rib detail ${entry.prefix}`],
      ]),
    );
  }
}
