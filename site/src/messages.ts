import type { Entry } from "./analysis.ts";
import { h, number } from "./dom.ts";
import { Windowed } from "./windowed.ts";

interface Column {
  readonly key: string;
  readonly title: string;
  /** For screen readers, and as a tooltip. */
  readonly description?: string;
  text(entry: Entry, nameOf: NameOf): string;
}

type NameOf = (type: number) => string | undefined;

/** A time of day in UTC with microseconds, as recordings have it. */
function clock(seconds: number): string {
  const microseconds = Math.round(seconds * 1e6);
  const whole = Math.floor(microseconds / 1e6);
  const fraction = String(microseconds - whole * 1e6).padStart(6, "0");
  return `${new Date(whole * 1000).toISOString().slice(11, 19)}.${fraction}`;
}

const WAYS = { send: "→ client", receive: "← daemon" } as const;

const COLUMNS: readonly Column[] = [
  { key: "n", title: "#", description: "Number", text: ({ n }) => number(n) },
  {
    key: "time",
    title: "Time",
    description: "Time of day, UTC",
    text: ({ time }) => (time === undefined ? "" : clock(time)),
  },
  {
    key: "way",
    title: "From",
    description: "Who sent it, and the number of its connection",
    text: ({ direction, connection = 1 }) =>
      `${direction === undefined ? "" : WAYS[direction]}${connection > 1 ? ` ${connection}` : ""}`,
  },
  {
    key: "offset",
    title: "Offset",
    description: "Bytes from the start of the stream",
    text: ({ offset }) => (offset === undefined ? "" : number(offset)),
  },
  { key: "type", title: "Type", text: ({ type }, nameOf) => nameOf(type) ?? String(type) },
  {
    key: "number",
    title: "No.",
    description: "Type, as a number",
    text: ({ type }) => String(type),
  },
  {
    key: "length",
    title: "Len",
    description: "Bytes, with the header",
    text: ({ length }) => number(length),
  },
  { key: "peerid", title: "peerid", text: ({ peerid }) => String(peerid) },
  { key: "pid", title: "pid", text: ({ pid }) => String(pid) },
  {
    key: "fd",
    title: "fd",
    description: "Whether a descriptor came with it",
    text: ({ hasFd }) => (hasFd ? "fd" : ""),
  },
];

/** The list of messages: one stop for the Tab key, and a selected row that the arrows move. */
export class MessageList {
  readonly element: HTMLElement;
  readonly #rows: Windowed;
  #entries: readonly Entry[] = [];
  #nameOf: NameOf = () => undefined;
  #selected = -1;
  readonly #select: (entry: Entry | undefined) => void;

  /** Calls `select` when another row is selected. */
  constructor(select: (entry: Entry | undefined) => void) {
    this.#select = select;
    const head = h(
      "div",
      { class: "head", role: "rowgroup" },
      h(
        "div",
        { class: "row", role: "row", "aria-rowindex": 1 },
        ...COLUMNS.map(({ key, title, description }) =>
          h("span", { role: "columnheader", "data-column": key, title: description }, title),
        ),
      ),
    );
    this.element = h(
      "div",
      {
        class: "messages scroller",
        role: "grid",
        tabindex: 0,
        "aria-label": "Messages",
        onkeydown: (event) => this.#key(event as KeyboardEvent),
        onclick: (event) => this.#click(event),
      },
      head,
    );
    this.#rows = new Windowed({
      scroller: this.element,
      role: "rowgroup",
      row: (index) => this.#row(index),
    });
  }

  /** The selected message. */
  get selected(): Entry | undefined {
    return this.#entries[this.#selected];
  }

  /** Shows the messages of another input. The array may grow: see {@link grown}. */
  show(entries: readonly Entry[], kind: "stream" | "recording"): void {
    this.#entries = entries;
    this.#selected = -1;
    this.element.dataset.kind = kind;
    this.element.removeAttribute("aria-activedescendant");
    this.#rows.reset(0);
    this.grown();
  }

  /** Shows the messages that have been added. */
  grown(): void {
    this.element.setAttribute("aria-rowcount", String(this.#entries.length + 1));
    this.#rows.extend(this.#entries.length);
  }

  /** Names the types. */
  names(nameOf: NameOf): void {
    this.#nameOf = nameOf;
    this.#rows.refresh(this.#entries.length);
  }

  /** Selects a message, shows it, and calls back. */
  select(index: number): void {
    const at = Math.min(index, this.#entries.length - 1);
    if (at < 0) return;
    const before = this.#rows.rows.get(this.#selected);
    before?.setAttribute("aria-selected", "false");
    this.#selected = at;
    this.#rows.extend(this.#entries.length);
    const row = this.#rows.activate(at);
    row?.setAttribute("aria-selected", "true");
    if (row !== undefined) this.element.setAttribute("aria-activedescendant", row.id);
    this.#select(this.selected);
  }

  #row(index: number): HTMLElement {
    const entry = this.#entries[index]!;
    const cells = COLUMNS.map(({ key, text }) =>
      h("span", { role: "gridcell", "data-column": key }, text(entry, this.#nameOf)),
    );
    const attributes = {
      class: "row",
      role: "row",
      id: `message-${index}`,
      "data-index": index,
      "aria-rowindex": index + 2,
      "aria-selected": String(index === this.#selected),
    };
    return h("div", attributes, ...cells);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey || event.ctrlKey) return;
    const to: Record<string, number> = {
      ArrowDown: this.#selected + 1,
      ArrowUp: Math.max(0, this.#selected - 1),
      PageDown: this.#selected + this.#rows.page,
      PageUp: Math.max(0, this.#selected - this.#rows.page),
      Home: 0,
      End: this.#entries.length - 1,
    };
    const index = to[event.key];
    if (index === undefined) return;
    event.preventDefault();
    this.select(index);
  }

  #click(event: Event): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    if (row !== null) this.select(Number(row.dataset.index));
  }
}
