import type { Neighbor } from "../../bgpd/types.ts";
import type { Column } from "./columns.ts";
import { button, definitions, h, number } from "./dom.ts";
import { Pane } from "./pane.ts";
import { Table } from "./table.ts";
import { inQuotes } from "./words.ts";

/** Unknown if the page's server is not on the daemon's machine: its clock is. */
const age = (text: string, seconds: number): string => (Number.isNaN(seconds) ? "–" : text);

const stateOf = (n: Neighbor): string =>
  n.config.template ? "Template" : n.config.down && n.state === "Idle" ? "Down" : n.state;

const nameOf = (n: Neighbor): string => n.description ?? n.group ?? n.remote_addr;

const capabilitiesOf = (n: Neighbor): string => {
  const found = n.session?.capabilities ?? n.config.capabilities;
  if (found === undefined) return "none";
  return [
    ...(found.multiprotocol ?? []),
    ...(found.as4byte ? ["4-byte AS"] : []),
    ...(found.refresh ? ["route refresh"] : []),
    ...(found.graceful_restart ? ["graceful restart"] : []),
    ...(found["add-path"] ? ["add-path"] : []),
  ].join(", ");
};

const columns: Column<Neighbor>[] = [
  {
    key: "description",
    title: "Neighbor",
    text: nameOf,
    order: nameOf,
    width: 16,
    grow: 2,
    rank: 0,
  },
  {
    key: "address",
    title: "Address",
    text: (n) => n.remote_addr,
    width: 12,
    measured: true,
    rank: 0,
  },
  {
    key: "as",
    title: "AS",
    text: (n) => n.remote_as,
    order: (n) => Number(n.remote_as),
    width: 6,
    measured: true,
    rank: 0,
  },
  {
    key: "state",
    title: "State",
    text: stateOf,
    kind: stateOf,
    order: stateOf,
    width: 14,
    rank: 0,
  },
  {
    key: "updown",
    title: "Up/Down",
    description: "Since when the session has been up or down",
    text: (n) => age(n.last_updown, n.last_updown_sec),
    order: (n) => n.last_updown_sec,
    width: 10,
    measured: true,
    rank: 1,
  },
  {
    key: "prefixes",
    title: "Received",
    description: "Prefixes received",
    text: (n) => number(n.stats.prefixes.received),
    order: (n) => n.stats.prefixes.received,
    width: 9,
    measured: true,
    rank: 1,
  },
  {
    key: "announced",
    title: "Sent",
    description: "Prefixes sent",
    text: (n) => number(n.stats.prefixes.sent),
    order: (n) => n.stats.prefixes.sent,
    width: 7,
    measured: true,
    rank: 2,
  },
  {
    key: "received",
    title: "Messages in",
    description: "BGP messages received",
    text: (n) => number(n.stats.message.received.total),
    order: (n) => n.stats.message.received.total,
    width: 14,
    rank: 3,
  },
  {
    key: "sent",
    title: "Messages out",
    description: "BGP messages sent",
    text: (n) => number(n.stats.message.sent.total),
    order: (n) => n.stats.message.sent.total,
    width: 14,
    rank: 3,
  },
];

/** The neighbors and how their sessions are. */
export class NeighborsView {
  readonly element: HTMLElement;
  readonly #note = h("p", { class: "note" });
  readonly #error = h("p", { class: "error", role: "alert", hidden: true });
  readonly #pane: Pane;
  readonly #table: Table<Neighbor>;
  readonly #search: (words: string) => void;

  /**
   * @param live the switch of the repeated requests
   * @param search shows the routes that some words find
   */
  constructor(live: HTMLElement, search: (words: string) => void) {
    this.#search = search;
    this.#pane = new Pane("Selected neighbor", () => {
      this.#table.select(-1);
      this.#table.element.focus();
    });
    this.#table = new Table<Neighbor>({
      label: "Neighbors",
      name: "neighbors-table",
      key: (n) => `${n.remote_addr} ${n.description}`,
      empty: "Nothing is known yet.",
      onSelect: (n) => this.#select(n),
      columns,
    });
    const tools = h("div", { class: "tools" }, live);
    const card = h(
      "div",
      { class: "card list", "data-behind": "" },
      h("header", {}, h("h2", { class: "hidden" }, "Neighbors"), this.#note, tools),
      this.#error,
      h("div", { class: "content" }, this.#table.element),
    );
    this.element = h(
      "section",
      { class: "view", id: "neighbors", "aria-label": "Neighbors" },
      h("div", { class: "split" }, card, this.#pane.element),
    );
  }

  show(neighbors: Neighbor[]): void {
    this.#table.setRows(neighbors);
    this.#table.setEmpty("bgpd has no neighbors.");
    const up = neighbors.filter(({ state }) => state === "Established").length;
    this.#note.textContent = `${up} of ${neighbors.length} established`;
  }

  /** Shows an error, or none. */
  fail(message: string | undefined): void {
    this.#error.hidden = message === undefined;
    this.#error.textContent = message ?? "";
  }

  #select(n: Neighbor | undefined): void {
    if (n === undefined) {
      this.#pane.hide();
      return;
    }
    const { received, sent } = n.stats.update;
    const { session } = n;
    const word = `neighbor:${inQuotes(n.remote_addr)}`;
    const routes = h(
      "p",
      { class: "actions" },
      button("Routes received", () => this.#go(`in ${word}`), { class: "button small" }),
      button("Routes sent", () => this.#go(`out ${word}`), { class: "button small" }),
      button("In the RIB", () => this.#go(word), { class: "button small" }),
    );
    const all = definitions([
      ["Address", n.remote_addr],
      ["AS", n.remote_as],
      ["Router id", n.bgpid ?? "unknown"],
      ["State", stateOf(n)],
      ["Up/Down", age(n.last_updown, n.last_updown_sec)],
      ["Hold time", `${session?.holdtime ?? n.config.holdtime} s`],
      ["Last read", age(n.stats.last_read, n.stats.last_read_sec)],
      ["Last write", age(n.stats.last_write, n.stats.last_write_sec)],
      ["Prefixes received", number(n.stats.prefixes.received)],
      ["Prefixes sent", number(n.stats.prefixes.sent)],
      ["Updates in", `${number(received.updates)} and ${number(received.withdraws)} withdrawn`],
      ["Updates out", `${number(sent.updates)} and ${number(sent.withdraws)} withdrawn`],
      ...(session === undefined
        ? []
        : ([
            ["Local", `${session.local.address} port ${session.local.port}`],
            ["Remote", `${session.remote.address} port ${session.remote.port}`],
          ] as const)),
      ...reasonsOf(n),
      ["Capabilities", capabilitiesOf(n)],
    ]);
    this.#pane.show(nameOf(n), [], ...(n.config.template ? [] : [routes]), all);
  }

  #go(words: string): void {
    this.#table.select(-1);
    this.#search(words);
  }
}

/** The reason why a session is down, if bgpd sends one. */
const reasonsOf = (n: Neighbor): [string, string][] =>
  (
    [
      ["Shut down", n.my_shutdown_reason],
      ["Shut down by the neighbor", n.last_shutdown_reason],
      ["Last error sent", n.last_error_sent],
      ["Last error received", n.last_error_received],
    ] as const
  ).flatMap(([name, text]): [string, string][] => (text === undefined ? [] : [[name, text]]));
