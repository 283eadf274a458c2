import type { Neighbor } from "../../bgpd/types.ts";
import { card, pane } from "./card.ts";
import { definitions, number } from "./dom.ts";
import { Table } from "./table.ts";

/** Unknown if the page's server is not on the daemon's machine: its clock is. */
const age = (text: string, seconds: number): string => (Number.isNaN(seconds) ? "–" : text);

const stateOf = (n: Neighbor): string =>
  n.config.template ? "Template" : n.config.down && n.state === "Idle" ? "Down" : n.state;

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

/** The neighbors and how their sessions are. */
export class NeighborsView {
  readonly card = card("neighbors", "Neighbors");
  readonly #pane = pane("Selected neighbor");
  readonly #table: Table<Neighbor>;

  constructor() {
    this.#table = new Table<Neighbor>({
      label: "Neighbors",
      name: "neighbors-table",
      key: (n) => `${n.remote_addr} ${n.description}`,
      empty: "Nothing is known yet.",
      onSelect: (n) => this.#select(n),
      columns: [
        {
          key: "description",
          title: "Neighbor",
          text: (n) => n.description ?? n.group ?? n.remote_addr,
        },
        { key: "address", title: "Address", text: (n) => n.remote_addr },
        { key: "as", title: "AS", text: (n) => n.remote_as },
        { key: "state", title: "State", text: (n) => stateOf(n), kind: (n) => stateOf(n) },
        {
          key: "updown",
          title: "Up/Down",
          description: "Since when the session has been up or down",
          text: (n) => age(n.last_updown, n.last_updown_sec),
        },
        {
          key: "received",
          title: "Msgs in",
          description: "BGP messages received",
          text: (n) => number(n.stats.message.received.total),
        },
        {
          key: "sent",
          title: "Msgs out",
          description: "BGP messages sent",
          text: (n) => number(n.stats.message.sent.total),
        },
        {
          key: "prefixes",
          title: "Prefixes in",
          description: "Prefixes received",
          text: (n) => number(n.stats.prefixes.received),
        },
        {
          key: "announced",
          title: "Out",
          description: "Prefixes sent",
          text: (n) => number(n.stats.prefixes.sent),
        },
      ],
    });
    this.card.content.append(this.#table.element, this.#pane.element);
  }

  show(neighbors: Neighbor[]): void {
    this.#table.setRows(neighbors);
    this.#table.setEmpty("bgpd has no neighbors.");
    const { style } = this.#table.element;
    style.setProperty("--rows", String(Math.max(1, neighbors.length)));
    // addresses and AS numbers are never cut
    const longest = (of: (n: Neighbor) => string): string =>
      `${Math.max(...neighbors.map((n) => of(n).length), 0) + 1}ch`;
    style.setProperty(
      "--address",
      longest((n) => n.remote_addr),
    );
    style.setProperty(
      "--as",
      longest((n) => n.remote_as),
    );
    this.card.note.textContent = String(neighbors.length);
  }

  #select(n: Neighbor | undefined): void {
    if (n === undefined) {
      this.#pane.hide();
      return;
    }
    const { received, sent } = n.stats.update;
    const session = n.session;
    this.#pane.show(
      n.description ?? n.remote_addr,
      definitions([
        ["Address", n.remote_addr],
        ["Router id", n.bgpid ?? "unknown"],
        ["State", n.state],
        ["Hold time", `${session?.holdtime ?? n.config.holdtime} s`],
        ["Last read", age(n.stats.last_read, n.stats.last_read_sec)],
        ["Last write", age(n.stats.last_write, n.stats.last_write_sec)],
        ["Updates in", `${number(received.updates)} and ${number(received.withdraws)} withdrawn`],
        ["Updates out", `${number(sent.updates)} and ${number(sent.withdraws)} withdrawn`],
        ...(session === undefined
          ? []
          : ([
              ["Local", `${session.local.address} port ${session.local.port}`],
              ["Remote", `${session.remote.address} port ${session.remote.port}`],
            ] as const)),
        ["Capabilities", capabilitiesOf(n)],
        ...(n.my_shutdown_reason === undefined
          ? []
          : ([["Shut down", n.my_shutdown_reason]] as const)),
      ]),
    );
  }
}
