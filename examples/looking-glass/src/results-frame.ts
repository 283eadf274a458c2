// The parts around the routes: search, filters, the equivalent command, the count, and the offer of more.

import { button, copyButton, debounced, h } from "./dom.ts";
import { Filters } from "./filters.ts";
import { legend } from "./legend.ts";
import type { Query } from "./query.ts";
import type { Format } from "./save.ts";

/** How long the search waits for the next key. */
const DEBOUNCE = 150;

const HELP =
  "All words must match. An address finds the route it takes; a prefix the ones inside it and around it; AS64500, ^64500, _64510_ and 64510$ paths; 65001:100 a community; rpki:invalid, best or neighbor:NAME the routes in that state. Arrow down goes to the table.";

/** The values that the frame shows, and the functions that it calls. */
export interface FrameOptions {
  table: HTMLElement;
  pane: HTMLElement;
  /** The words of the search have changed. */
  searched: () => void;
  /** The keyboard goes from the search to the table. */
  intoTable: () => void;
  reload: () => void;
  more: () => void;
  all: () => void;
  save: (format: Format) => void;
}

/** The button below a table that is not complete. */
export interface Offer {
  words: string;
  /** Empty if there is no more. */
  more: string;
  all: string | undefined;
}

/** Everything around the table of routes. */
export class ResultsFrame {
  readonly element: HTMLElement;
  readonly filters: Filters;
  readonly #options: FrameOptions;
  readonly #input: HTMLInputElement;
  readonly #problems = h("p", { class: "problems", role: "alert", hidden: true });
  readonly #commands = h("div", { class: "commands" });
  readonly #count = h("p", { class: "note", role: "status" });
  readonly #asOf = h("p", { class: "as-of" });
  readonly #progress = h("div", { class: "progress", hidden: true });
  readonly #error = h("p", { class: "error", role: "alert", hidden: true });
  readonly #offer = h("div", { class: "offer", hidden: true });
  readonly #list: HTMLElement;

  constructor(options: FrameOptions) {
    this.#options = options;
    const { table, pane, searched, reload } = options;
    this.#input = this.#searchField();
    this.filters = new Filters((search) => {
      this.#input.value = search;
      searched();
    });
    const help = legend();
    const link = copyButton("Copy a link to this page", () => location.href, {}, "Link");
    const tools = h(
      "div",
      { class: "tools" },
      button("Reload", reload),
      button("CSV", () => options.save("csv"), { "aria-label": "Save as CSV" }),
      button("JSON", () => options.save("json"), { "aria-label": "Save as JSON" }),
      link,
      help.button,
    );
    this.#list = h(
      "div",
      { class: "card list", "data-behind": "" },
      h("header", {}, h("h2", { class: "hidden" }, "Routes"), this.#count, this.#asOf, tools),
      this.#error,
      h("div", { class: "content" }, this.#progress, table),
      this.#offer,
    );
    this.element = h(
      "section",
      { class: "view", id: "routes", "aria-label": "Routes" },
      this.#searchForm(),
      h("div", { class: "split" }, this.#list, pane),
      help.dialog,
    );
  }

  get search(): string {
    return this.#input.value.trim();
  }

  set search(words: string) {
    this.#input.value = words;
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  /** Explains the search: its filters, the commands of bgpctl, its mistakes. */
  showQuery(query: Query, commands: readonly string[]): void {
    const { problems } = query;
    this.filters.show(this.search, query);
    this.#problems.hidden = problems.length === 0;
    this.#problems.textContent = problems.join(". ");
    this.#input.setAttribute("aria-invalid", String(problems.length > 0));
    const tested = query.tests.length === 0 ? [] : [h("small", {}, "and the rest in this page")];
    this.#commands.replaceChildren(
      ...commands.map((command) => h("code", {}, command)),
      copyButton("Copy the command", () => commands.join("\n")),
      ...tested,
    );
  }

  begin(): void {
    this.#progress.hidden = false;
    this.#error.hidden = true;
    this.#list.setAttribute("aria-busy", "true");
  }

  /** The listing has ended, with an error or without. */
  end(failure: string | undefined): void {
    this.#progress.hidden = true;
    this.#list.removeAttribute("aria-busy");
    this.#error.hidden = failure === undefined;
    this.#error.textContent = failure ?? "";
  }

  count(words: string): void {
    if (this.#count.textContent !== words) this.#count.textContent = words;
  }

  asOf(words: string, isOld: boolean): void {
    if (this.#asOf.textContent !== words) this.#asOf.textContent = words;
    this.#asOf.classList.toggle("old", isOld);
  }

  /** Offers more routes; undefined if all are shown. */
  offer(offer: Offer | undefined): void {
    this.#offer.hidden = offer === undefined;
    if (offer === undefined) return;
    const { words, more, all } = offer;
    this.#offer.replaceChildren(
      h("p", {}, words),
      ...(more === "" ? [] : [button(more, this.#options.more, { class: "button primary" })]),
      ...(all === undefined ? [] : [button(all, this.#options.all)]),
    );
  }

  #searchField(): HTMLInputElement {
    return h("input", {
      id: "search",
      type: "search",
      placeholder: "Address, prefix, AS64500, 65001:100, rpki:invalid …",
      "aria-label": "Search the routes",
      "aria-describedby": "search-help",
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
      oninput: debounced(this.#options.searched, DEBOUNCE),
      onkeydown: (event) => {
        if ((event as KeyboardEvent).key !== "ArrowDown") return;
        event.preventDefault();
        this.#options.intoTable();
      },
    });
  }

  #searchForm(): HTMLElement {
    return h(
      "form",
      {
        class: "search",
        role: "search",
        "data-behind": "",
        onsubmit: (event) => {
          event.preventDefault();
          this.#options.searched();
        },
      },
      h("div", { class: "field" }, this.#input, h("kbd", { "aria-hidden": "true" }, "/")),
      h("span", { id: "search-help", class: "hidden" }, HELP),
      this.filters.element,
      this.#problems,
      this.#commands,
    );
  }
}
