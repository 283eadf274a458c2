import { type Anatomy, KINDS, type Light, nameOf, shownValue } from "./anatomy.ts";
import { h } from "./dom.ts";
import { Windowed } from "./windowed.ts";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const character = (byte: number): string =>
  byte > 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : byte === 0x20 ? "\u00a0" : ".";

/** Columns of bytes; half as many where there is no room. */
const WIDE = 16;

/** The fewest pixels in which a row of 16 bytes fits. */
const WIDE_PIXELS = 590;

/** The callbacks of a {@link BytesPane}. */
export interface BytesEvents {
  /** The cursor has moved to a byte. */
  cursor(byte: number): void;
  /** The pointer is on a byte, or on none. */
  hover(byte: number | undefined): void;
}

/** A hexdump whose cursor the arrow keys move; one stop for the Tab key. */
export class BytesPane {
  readonly element: HTMLElement;
  readonly #rows: Windowed;
  readonly #id: string;
  readonly #events: BytesEvents;
  #columns = WIDE;
  #anatomy: Anatomy | undefined;
  #cursor = 0;
  #light: Light | undefined;

  /** `id` distinguishes the cells of several panes. */
  constructor(id: string, label: string, events: BytesEvents) {
    this.#id = id;
    this.#events = events;
    this.element = h("div", {
      class: "bytes scroller",
      role: "grid",
      tabindex: 0,
      "aria-label": label,
      onkeydown: (event) => this.#key(event as KeyboardEvent),
      onpointerover: (event) => events.hover(this.#byteOf(event)),
      onpointerleave: () => events.hover(undefined),
      onclick: (event) => {
        const byte = this.#byteOf(event);
        if (byte !== undefined) this.#move(byte);
      },
    });
    this.#rows = new Windowed({
      scroller: this.element,
      role: "rowgroup",
      row: (index) => this.#row(index),
    });
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  /** Shows a message, with the cursor at a byte. */
  show(anatomy: Anatomy | undefined, cursor = 0): void {
    this.#anatomy = anatomy;
    this.#light = undefined;
    this.#cursor = cursor;
    const count = Math.ceil((anatomy?.bytes.length ?? 0) / this.#columns);
    this.element.setAttribute("aria-rowcount", String(count));
    this.#rows.reset(count);
    this.setCursor(cursor);
  }

  /** Moves the cursor without calling back. */
  setCursor(byte: number): void {
    const length = this.#anatomy?.bytes.length ?? 0;
    if (length === 0) {
      this.element.removeAttribute("aria-activedescendant");
      return;
    }
    this.#cell(this.#cursor)?.classList.remove("cursor");
    this.#cursor = Math.max(0, Math.min(byte, length - 1));
    this.#rows.activate(Math.floor(this.#cursor / this.#columns));
    this.#cell(this.#cursor)?.classList.add("cursor");
    this.element.setAttribute("aria-activedescendant", `${this.#id}-${this.#cursor}`);
  }

  /** Lights bytes; `show` scrolls to them. */
  light(light: Light | undefined, show: boolean): void {
    this.#light = light;
    if (show && light !== undefined && light.end > light.start) {
      this.#rows.reveal(Math.floor((light.end - 1) / this.#columns));
      this.#rows.reveal(Math.floor(light.start / this.#columns));
      this.#rows.draw();
    }
    for (const row of this.#rows.rows.values()) {
      for (const cell of row.querySelectorAll<HTMLElement>("[data-at]")) this.#mark(cell);
    }
  }

  #mark(cell: HTMLElement): void {
    const at = Number(cell.dataset.at);
    const light = this.#light;
    const lit = light !== undefined && at >= light.start && at < light.end;
    cell.classList.toggle("lit", lit);
    cell.classList.toggle("point", lit && light.byte === at);
  }

  #fit(): void {
    const columns = this.element.clientWidth < WIDE_PIXELS ? WIDE / 2 : WIDE;
    this.element.classList.toggle("narrow", columns !== WIDE);
    if (columns === this.#columns) return;
    this.#columns = columns;
    const count = Math.ceil((this.#anatomy?.bytes.length ?? 0) / columns);
    this.element.setAttribute("aria-rowcount", String(count));
    this.#rows.refresh(count);
    this.setCursor(this.#cursor);
  }

  #row(index: number): HTMLElement {
    const { bytes, kinds } = this.#anatomy!;
    const from = index * this.#columns;
    const to = Math.min(bytes.length, from + this.#columns);
    const hex = h("span", { class: "hex", role: "none" });
    const text = h("span", { class: "text", "aria-hidden": "true" });
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      const kind = `byte ${KINDS[kinds[at]!]}${byte === 0 ? " zero" : ""}`;
      const cell = h("span", {
        class: kind + (at === this.#cursor ? " cursor" : ""),
        role: "gridcell",
        id: `${this.#id}-${at}`,
        "data-at": at,
        "aria-label": this.#nameOf(at),
      });
      cell.textContent = HEX[byte]!;
      const mark = h("span", { class: kind, "data-at": at });
      mark.textContent = character(byte);
      this.#mark(cell);
      this.#mark(mark);
      hex.append(cell);
      text.append(mark);
    }
    const offset = h(
      "span",
      { class: "at", role: "rowheader" },
      from.toString(16).padStart(4, "0"),
    );
    return h("div", { class: "row", role: "row", "aria-rowindex": index + 1 }, offset, hex, text);
  }

  /** The name of a cell for screen readers. */
  #nameOf(at: number): string {
    const byte = this.#anatomy!.bytes[at]!;
    const shown = byte > 0x20 && byte <= 0x7e ? `, “${String.fromCharCode(byte)}”` : "";
    return `byte ${at}: ${HEX[byte]}${shown}`;
  }

  #cell(at: number): HTMLElement | null {
    return this.element.querySelector(`[id="${this.#id}-${at}"]`);
  }

  #byteOf(event: Event): number | undefined {
    const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-at]");
    return cell === null ? undefined : Number(cell.dataset.at);
  }

  #move(byte: number): void {
    this.setCursor(byte);
    this.#events.cursor(this.#cursor);
  }

  #key(event: KeyboardEvent): void {
    if (this.#anatomy === undefined || event.altKey || event.metaKey) return;
    const columns = this.#columns;
    const last = this.#anatomy.bytes.length - 1;
    const start = this.#cursor - (this.#cursor % columns);
    const to: Record<string, number> = {
      ArrowRight: this.#cursor + 1,
      ArrowLeft: this.#cursor - 1,
      ArrowDown: this.#cursor + columns > last ? this.#cursor : this.#cursor + columns,
      ArrowUp: this.#cursor < columns ? this.#cursor : this.#cursor - columns,
      PageDown: this.#cursor + columns * this.#rows.page,
      PageUp: this.#cursor - columns * this.#rows.page,
      Home: event.ctrlKey ? 0 : start,
      End: event.ctrlKey ? last : start + columns - 1,
    };
    const byte = to[event.key];
    if (byte === undefined) return;
    event.preventDefault();
    this.#move(byte);
  }
}

/** Returns a light in words, for the line below the panes and for screen readers. */
export function lightText({ bytes }: Anatomy, { start, end, byte, path }: Light): string {
  const field = path.at(-1);
  const count = end - start === 1 ? "1 byte" : `${end - start} bytes`;
  const where =
    byte === undefined ? "" : `byte ${byte} (0x${byte.toString(16)}) is ${HEX[bytes[byte]!]}. `;
  if (field === undefined || (byte !== undefined && field.children.length > 0)) {
    return `${where}${field === undefined ? "" : `${nameOf(path)}: `}padding`;
  }
  const text = shownValue(field);
  const value = text === "" ? "" : ` = ${text}`;
  const type = field.type === "" ? "" : `, ${field.type}`;
  return `${where}${nameOf(path)}${value} (${count} at ${start}${type})`;
}
