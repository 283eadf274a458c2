import { networkOf } from "../../bgpd/addresses.mjs";
import type { RibEntry } from "../../bgpd/types.ts";
import { card, pane } from "./card.ts";
import { debounced, definitions, eachFrame, h, number } from "./dom.ts";
import { type Filter, filterOf, type Route, routeOf } from "./search.ts";
import { Table } from "./table.ts";

/** How long the search waits for the next key. */
const DEBOUNCE = 120;

const rankOf = ({ entry }: Route): string => {
  if (entry.best) return "best";
  if (entry.filtered) return "filtered";
  if (entry.stale) return "stale";
  return entry.valid ? "valid" : "invalid";
};

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

/** The RIB: a table with a search, and everything about the selected route. */
export class RoutesView {
  readonly card = card("routes", "Routes");
  readonly #pane = pane("Selected route");
  readonly #search: HTMLInputElement;
  readonly #progress = h("div", { class: "progress", hidden: true });
  readonly #table: Table<Route>;
  #routes: Route[] = [];
  #loading: Route[] | undefined;
  #filter: Filter = filterOf("");
  readonly #countWhileLoading = eachFrame(() => this.#count());

  constructor(refresh: () => void) {
    this.#table = new Table<Route>({
      label: "Routes",
      name: "routes-table",
      key: ({ entry }) => `${entry.prefix} ${entry.neighbor.remote_addr} ${entry.path_id}`,
      empty: "Nothing is known yet.",
      onSelect: (route) => this.#select(route),
      columns: [
        { key: "flags", title: "", description: "bgpctl’s flags", text: flagsOf, kind: rankOf },
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
          text: ({ entry }) => entry.last_update,
          order: ({ entry }) => entry.last_update_sec,
        },
      ],
    });
    const searched = debounced(() => this.#searched(), DEBOUNCE);
    this.#search = h("input", {
      id: "search",
      type: "search",
      placeholder: "Prefix, address, AS64500…",
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
      h("button", { type: "button", class: "button", onclick: refresh }, "Reload"),
      h(
        "span",
        { id: "search-help", class: "hidden" },
        "Words are all searched for. An address finds the routes that cover it, AS and a number the paths with that AS. Arrow down goes to the table.",
      ),
    );
    this.card.content.append(this.#progress, this.#table.element, this.#pane.element);
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
    this.#loading?.push(routeOf(entry, networkOf(entry.prefix)));
    this.#countWhileLoading();
  }

  /** The listing is complete, or broken off: then what was known before stays. */
  end(complete: boolean): void {
    if (complete && this.#loading !== undefined) this.#routes = this.#loading;
    this.#loading = undefined;
    this.#progress.hidden = true;
    this.card.element.removeAttribute("aria-busy");
    this.#searched();
  }

  #searched(): void {
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
    if (loading !== undefined && length === 0) this.#table.setRows(loading.slice(0, 200));
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
    this.#pane.show(
      entry.prefix,
      definitions([
        ["Flags", `${flagsOf(route)} ${rankOf(route)}, ${entry.source}`.trim()],
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
        ["Age", entry.last_update],
      ]),
    );
  }
}
