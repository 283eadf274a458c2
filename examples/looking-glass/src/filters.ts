// Controls that change the words of the search: the words are the only state.

import type { Neighbor } from "../../bgpd/types.ts";
import { button, h, phone } from "./dom.ts";
import type { Query } from "./query.ts";
import { inQuotes, type Kind, type Word, withWords } from "./words.ts";

type Option = readonly [words: string, label: string];

interface Choice {
  readonly name: string;
  readonly kinds: readonly Kind[];
  readonly options: readonly Option[];
}

const CHOICES: readonly Choice[] = [
  {
    name: "Match",
    kinds: ["include"],
    options: [
      ["", "Best match"],
      ["exact", "Exact"],
      ["or-longer", "More specific"],
      ["or-shorter", "Less specific"],
    ],
  },
  {
    name: "RIB",
    kinds: ["direction", "table"],
    options: [
      ["", "Loc-RIB"],
      ["in", "Received (in)"],
      ["out", "Sent (out)"],
    ],
  },
  { name: "Neighbor", kinds: ["neighbor", "group"], options: [["", "All"]] },
  {
    name: "RPKI",
    kinds: ["ovs"],
    options: [
      ["", "Any"],
      ["rpki:valid", "Valid"],
      ["rpki:invalid", "Invalid"],
      ["rpki:not-found", "Not found"],
    ],
  },
  {
    name: "ASPA",
    kinds: ["avs"],
    options: [
      ["", "Any"],
      ["aspa:valid", "Valid"],
      ["aspa:invalid", "Invalid"],
      ["aspa:unknown", "Unknown"],
    ],
  },
  {
    name: "Family",
    kinds: ["family"],
    options: [
      ["", "All"],
      ["inet", "IPv4"],
      ["inet6", "IPv6"],
      ["vpnv4", "VPNv4"],
      ["vpnv6", "VPNv6"],
    ],
  },
];

/** How a control writes the words of its kinds. */
function writtenAs({ kind, name, value }: Word): string {
  if (kind === "ovs") return `rpki:${value}`;
  if (kind === "avs") return `aspa:${value}`;
  if (kind === "neighbor" || kind === "group" || kind === "table")
    return `${kind}:${inQuotes(value)}`;
  const other: Readonly<Record<string, string>> = {
    "longer-prefixes": "or-longer",
    all: "or-longer",
    ipv4: "inet",
    ipv6: "inet6",
  };
  return other[name] ?? name;
}

/** The filters: a menu for each kind of words, and a switch for the best routes only. */
export class Filters {
  readonly element: HTMLDetailsElement;
  readonly #menus = new Map<string, { choice: Choice; select: HTMLSelectElement }>();
  readonly #best: HTMLButtonElement;
  readonly #clear: HTMLButtonElement;
  readonly #count = h("span", { class: "count-of-filters" });
  readonly #change: (search: string) => void;
  #search = "";
  #words: readonly Word[] = [];
  #neighbors: readonly Option[] = [];

  /** @param change called with the search that a control makes */
  constructor(change: (search: string) => void) {
    this.#change = change;
    const labels = CHOICES.map((choice) => {
      const id = `filter-${choice.name.toLowerCase()}`;
      const select = h("select", { id, onchange: () => this.#set(choice, select.value) });
      this.#menus.set(choice.name, { choice, select });
      return h("div", { class: "menu" }, h("label", { for: id }, choice.name), select);
    });
    this.#best = button("Best only", () => this.#toggleBest(), { "aria-pressed": "false" });
    this.#clear = button("Clear filters", () => this.#clearAll(), { class: "link" });
    this.element = h(
      "details",
      { class: "filters" },
      h("summary", {}, "Filters", this.#count),
      h("div", { class: "menus" }, ...labels, this.#best, this.#clear),
    );
    const unfold = (): void => {
      this.element.open = !phone.matches;
    };
    phone.addEventListener("change", unfold);
    unfold();
  }

  /** The neighbors that can be chosen. */
  setNeighbors(neighbors: readonly Neighbor[]): void {
    const options = neighbors
      .filter(({ config }) => !config.template)
      .map((n): Option => {
        const label = n.description ?? n.remote_addr;
        return [`neighbor:${inQuotes(n.remote_addr)}`, `${label} (AS ${n.remote_as})`];
      });
    if (JSON.stringify(options) === JSON.stringify(this.#neighbors)) return;
    this.#neighbors = options;
    // an open menu must not change under the finger
    const { select } = this.#menus.get("Neighbor")!;
    if (document.activeElement !== select) this.show(this.#search, { words: this.#words });
  }

  /** Shows the choices that the words of a search make. */
  show(search: string, { words }: Pick<Query, "words">): void {
    this.#search = search;
    this.#words = words;
    let active = 0;
    for (const { choice, select } of this.#menus.values()) {
      const own = words.filter(({ kind }) => choice.kinds.includes(kind)).map(writtenAs);
      const value = own.join(" ");
      if (value !== "") active++;
      const known =
        choice.name === "Neighbor" ? [...choice.options, ...this.#neighbors] : choice.options;
      // the search may hold a value that the menu has no option for
      const options = known.some(([each]) => each === value)
        ? known
        : [...known, [value, value] as const];
      select.replaceChildren(
        ...options.map(([words, label]) => h("option", { value: words }, label)),
      );
      select.value = value;
      select.classList.toggle("chosen", value !== "");
    }
    const isBest = words.some(({ kind }) => kind === "best");
    if (isBest) active++;
    this.#best.setAttribute("aria-pressed", String(isBest));
    this.#count.textContent = active === 0 ? "" : String(active);
    this.#clear.hidden = active === 0;
  }

  #set({ kinds }: Choice, words: string): void {
    this.#change(withWords(this.#search, kinds, words));
  }

  #toggleBest(): void {
    const isBest = this.#best.getAttribute("aria-pressed") === "true";
    this.#change(withWords(this.#search, ["best"], isBest ? "" : "best"));
  }

  #clearAll(): void {
    const kinds: Kind[] = CHOICES.flatMap((choice) => choice.kinds);
    this.#change(withWords(this.#search, [...kinds, "best"], ""));
  }
}
