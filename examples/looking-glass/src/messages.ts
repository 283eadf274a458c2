import { card, pane } from "./card.ts";
import { debounced, eachFrame, h, number } from "./dom.ts";
import { HEADER_SIZE, hexdump, type Logged, type MessageLog, typeName, wireBytes } from "./log.ts";
import { Table } from "./table.ts";

const clockTime = ({ time }: Logged): string => {
  const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => pad(part));
  return `${parts.join(":")}.${pad(time.getMilliseconds(), 3)}`;
};

const direction = ({ sent }: Logged): string => (sent ? "sent" : "received");

/** Bytes of a message that are shown before one asks for more. */
const SHOWN = 2048;

/** The raw messages as they come and go, and the bytes of the selected one. */
export class MessagesView {
  readonly card = card("messages", "Messages");
  readonly #log: MessageLog;
  readonly #pane = pane("Selected message");
  readonly #search: HTMLInputElement;
  readonly #follow: HTMLButtonElement;
  readonly #table: Table<Logged>;

  constructor(log: MessageLog) {
    this.#log = log;
    this.#table = new Table<Logged>({
      label: "Messages",
      name: "messages-table",
      key: ({ n }) => String(n),
      empty: "No messages.",
      onSelect: (message) => this.#select(message),
      columns: [
        { key: "n", title: "#", description: "Number", text: ({ n }) => String(n) },
        { key: "time", title: "Time", text: clockTime },
        {
          key: "direction",
          title: "Direction",
          text: (m) => (m.sent ? "→ sent" : "← received"),
          kind: direction,
        },
        { key: "type", title: "Type", text: ({ type }) => typeName(type) },
        {
          key: "number",
          title: "No.",
          description: "Type, as number",
          text: (m) => String(m.type),
        },
        {
          key: "length",
          title: "Length",
          description: "Bytes, with the header",
          text: ({ data }) => String(HEADER_SIZE + data.length),
        },
        { key: "peerid", title: "peerid", text: ({ peerid }) => String(peerid) },
        {
          key: "pid",
          title: "pid",
          description: "The pid in the header; the relay maps it to one that only this page has",
          text: ({ pid }) => String(pid),
        },
      ],
    });
    this.#search = h("input", {
      type: "search",
      placeholder: "Type, sent, pid…",
      "aria-label": "Filter the messages",
      autocomplete: "off",
      spellcheck: "false",
      oninput: debounced(() => this.#show(), 120),
    });
    this.#follow = h(
      "button",
      { type: "button", class: "button", onclick: () => this.#setFollowing(!this.#following) },
      "Follow",
    );
    this.card.tools.append(
      this.#search,
      this.#follow,
      h("button", { type: "button", class: "button", onclick: () => log.clear() }, "Clear"),
    );
    this.card.content.append(this.#table.element, this.#pane.element);
    log.changed = eachFrame(() => this.#show());
    this.#setFollowing(true);
  }

  #following = false;

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
    this.card.note.textContent =
      length === count ? number(count) : `${number(length)} of ${number(count)}`;
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
    this.#pane.show(
      `#${message.n} ${typeName(message.type)}`,
      h(
        "p",
        { class: "fields" },
        field("type", String(message.type)),
        field("len", String(wire.length)),
        field("peerid", String(message.peerid)),
        field("pid", String(message.pid)),
      ),
      h(
        "pre",
        { class: "hexdump", tabindex: 0, "aria-label": "Bytes of the message" },
        h("span", { class: "header" }, hexdump(wire, 0, HEADER_SIZE)),
        hexdump(wire, HEADER_SIZE, end),
      ),
      ...(rest === 0
        ? []
        : [
            h(
              "button",
              {
                type: "button",
                class: "button",
                onclick: () => this.#showBytes(message, wire.length),
              },
              `Show the other ${number(rest)} bytes`,
            ),
          ]),
    );
  }
}
