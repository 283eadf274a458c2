import { bgpd } from "imsg-wasm/protocols/bgpd";
import { fieldsBy } from "../../../ts/inspect/fields.ts";
import { type FieldNode, fieldTree } from "../../../ts/inspect/tree.ts";
import type { Column } from "./columns.ts";
import { button, debounced, eachFrame, h, number } from "./dom.ts";
import { HEADER_SIZE, hexdump, type Logged, type MessageLog, typeName, wireBytes } from "./log.ts";
import { Pane } from "./pane.ts";
import { Table } from "./table.ts";

const clockTime = ({ time: at }: Logged): string => {
  const time = new Date(at);
  const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => pad(part));
  return `${parts.join(":")}.${pad(time.getMilliseconds(), 3)}`;
};

const direction = ({ sent }: Logged): string => (sent ? "sent" : "received");

/** How many bytes of a message are shown before the user unfolds it. */
const SHOWN = 2048;

const read = fieldsBy(bgpd);

const columns: Column<Logged>[] = [
  {
    key: "n",
    title: "#",
    description: "Number",
    text: ({ n }) => String(n),
    width: 4,
    measured: true,
    rank: 0,
  },
  { key: "time", title: "Time", text: clockTime, width: 13, rank: 1 },
  {
    key: "direction",
    title: "Direction",
    text: (m) => (m.sent ? "→ sent" : "← received"),
    kind: direction,
    width: 11,
    rank: 0,
  },
  { key: "type", title: "Type", text: ({ type }) => typeName(type), width: 21, grow: 1, rank: 0 },
  {
    key: "number",
    title: "No.",
    description: "Type, as number",
    text: (m) => String(m.type),
    width: 4,
    rank: 3,
  },
  {
    key: "length",
    title: "Length",
    description: "Bytes, with the header",
    text: ({ data }) => String(HEADER_SIZE + data.length),
    width: 7,
    rank: 0,
  },
  { key: "peerid", title: "peerid", text: ({ peerid }) => String(peerid), width: 7, rank: 3 },
  {
    key: "pid",
    title: "pid",
    description: "The pid in the header; the relay maps it to one that only this page has",
    text: ({ pid }) => String(pid),
    width: 11,
    rank: 2,
  },
];

/** The fields of a payload, as a list in lists. */
function fieldList(fields: readonly FieldNode[]): HTMLElement {
  const items = fields.map((field) => {
    const { name, type, value, children, offset, size } = field;
    const where = `bytes ${offset} to ${offset + Math.max(size, 1) - 1} of the payload`;
    const text = h(
      "span",
      { class: "field-line", title: `${type} ${where}`.trim() },
      h("b", {}, name),
    );
    if (value !== undefined) text.append(" ", h("span", {}, value === "" ? "–" : value));
    if (children.length === 0) return h("li", {}, text);
    return h("li", {}, h("details", {}, h("summary", {}, text), fieldList(children)));
  });
  return h("ul", { class: "fields-of" }, ...items);
}

/** The names and values of a payload's fields, or why there are none. */
function fieldsOf(message: Logged): HTMLElement {
  const { type, data, sent } = message;
  const found = read({ type, data, direction: sent ? "send" : "receive" });
  if (data.length === 0) return h("p", { class: "none" }, "no payload");
  if (found === undefined) return h("p", { class: "none" }, "no description of this type");
  if ("problem" in found) return h("p", { class: "error" }, found.problem);
  const fields = fieldTree(found.payload, found.by, data.length);
  return fields.length === 0 ? h("p", { class: "none" }, "no fields") : fieldList(fields);
}

/** The raw messages as they come and go, and the fields and bytes of the selected one. */
export class MessagesView {
  readonly element: HTMLElement;
  readonly #log: MessageLog;
  readonly #note = h("p", { class: "note" });
  readonly #pane: Pane;
  readonly #search: HTMLInputElement;
  readonly #follow: HTMLButtonElement;
  readonly #table: Table<Logged>;

  constructor(log: MessageLog) {
    this.#log = log;
    this.#pane = new Pane("Selected message", () => {
      this.#table.select(-1);
      this.#table.element.focus();
    });
    this.#table = new Table<Logged>({
      label: "Messages",
      name: "messages-table",
      key: ({ n }) => String(n),
      empty: "No messages.",
      onSelect: (message) => this.#select(message),
      columns,
    });
    this.#search = h("input", {
      type: "search",
      placeholder: "Type, sent, pid…",
      "aria-label": "Filter the messages",
      autocomplete: "off",
      spellcheck: "false",
      oninput: debounced(() => this.#show(), 120),
    });
    this.#follow = button("Follow", () => this.#setFollowing(!this.#following));
    const tools = h(
      "div",
      { class: "tools" },
      this.#search,
      this.#follow,
      button("Clear", () => log.clear()),
    );
    const card = h(
      "div",
      { class: "card list", "data-behind": "" },
      h("header", {}, h("h2", { class: "hidden" }, "Messages"), this.#note, tools),
      h("div", { class: "content" }, this.#table.element),
    );
    this.element = h(
      "section",
      { class: "view", id: "messages", "aria-label": "Messages" },
      h("div", { class: "split" }, card, this.#pane.element),
    );
    log.changed = eachFrame(() => {
      // do not update a table that is hidden
      if (!this.element.hidden) this.#show();
    });
    this.#setFollowing(true);
  }

  #following = false;

  /** Shows the present messages: the view has become visible. */
  shown(): void {
    this.#show();
  }

  #setFollowing(follow: boolean): void {
    this.#following = follow;
    this.#follow.setAttribute("aria-pressed", String(follow));
    this.#table.following = follow;
  }

  #show(): void {
    const words = this.#search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const { entries } = this.#log;
    const matches = (m: Logged): boolean => {
      const all = [direction(m), typeName(m.type).toLowerCase(), m.type, m.peerid, m.pid].join(" ");
      return words.every((word) => all.includes(word));
    };
    this.#table.setRows(words.length === 0 ? entries.slice() : entries.filter(matches));
    const { length } = this.#table.rows;
    const count = this.#log.sent + this.#log.received;
    const counted = length === count ? number(count) : `${number(length)} of ${number(count)}`;
    this.#note.textContent = `${counted} messages`;
  }

  #select(message: Logged | undefined): void {
    if (message === undefined) {
      this.#pane.hide();
      return;
    }
    // a selected message must stay visible
    this.#setFollowing(false);
    this.#showBytes(message, SHOWN);
  }

  #showBytes(message: Logged, limit: number): void {
    const wire = wireBytes(message);
    const end = Math.min(wire.length, limit);
    const rest = wire.length - end;
    const field = (name: string, value: string): HTMLElement =>
      h("span", { class: "field" }, h("b", {}, name), ` ${value}`);
    const header = h(
      "p",
      { class: "fields" },
      field("type", String(message.type)),
      field("len", String(wire.length)),
      field("peerid", String(message.peerid)),
      field("pid", String(message.pid)),
    );
    const dump = h(
      "pre",
      { class: "hexdump", tabindex: 0, "aria-label": "Bytes of the message" },
      h("span", { class: "header" }, hexdump(wire, 0, HEADER_SIZE)),
      hexdump(wire, HEADER_SIZE, end),
    );
    const more =
      rest === 0
        ? []
        : [
            button(`Show the other ${number(rest)} bytes`, () =>
              this.#showBytes(message, wire.length),
            ),
          ];
    const title = `#${message.n} ${typeName(message.type)}`;
    const fields = h("section", { class: "part" }, h("h4", {}, "Fields"), fieldsOf(message));
    const bytes = h("section", { class: "part" }, h("h4", {}, "Bytes"), dump, ...more);
    this.#pane.show(title, [], header, fields, bytes);
  }
}
