import { eachFrame, h } from "./dom.ts";

/** A column of a {@link Table}. */
export interface Column<T> {
  key: string;
  title: string;
  /** For screen readers and as a tooltip, if the title is short. */
  description?: string;
  /** What the cell shows. */
  text: (row: T) => string;
  /** More about the cell, for style only. */
  kind?: (row: T) => string;
  /** What it is sorted by; columns without it cannot be sorted by. */
  order?: (row: T) => string | number;
}

export interface TableOptions<T> {
  label: string;
  /** The class that sets the widths of the columns. */
  name: string;
  columns: readonly Column<T>[];
  /** Returns the key by which a row is recognised when new rows replace the old ones. */
  key: (row: T) => string;
  onSelect: (row: T | undefined) => void;
  /** What is shown when there are no rows. */
  empty: string;
}

/** Rows above and below those that can be seen. */
const MARGIN = 6;

interface Shown {
  element: HTMLElement;
  cells: HTMLElement[];
  /** What it shows. */
  row: unknown;
}

/**
 * A grid of any number of rows, of which only those exist that can be seen. One stop for the Tab
 * key; arrows, Page Up and Down, Home and End move the selected row.
 */
export class Table<T> {
  readonly element: HTMLElement;
  readonly #options: TableOptions<T>;
  readonly #body: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #heads = new Map<string, HTMLElement>();
  readonly #shown = new Map<number, Shown>();
  #spare: Shown[] = [];
  #rows: readonly T[] = [];
  #sorted: readonly T[] = [];
  #sort: { column: Column<T>; down: boolean } | undefined;
  #selected = -1;
  /** Whether the view stays at the last row. */
  #following = false;
  readonly #render = eachFrame(() => this.#draw());

  constructor(options: TableOptions<T>) {
    this.#options = options;
    const { columns, label, name, empty } = options;
    this.#body = h("div", { class: "body", role: "rowgroup" });
    this.#empty = h("p", { class: "empty" }, empty);
    const head = h(
      "div",
      { class: "head", role: "rowgroup" },
      h(
        "div",
        { class: "row", role: "row", "aria-rowindex": 1 },
        ...columns.map((c) => this.#head(c)),
      ),
    );
    this.element = h(
      "div",
      {
        class: `table ${name}`,
        role: "grid",
        "aria-label": label,
        "aria-colcount": columns.length,
        tabindex: 0,
        onkeydown: (event) => this.#key(event as KeyboardEvent),
        onscroll: () => this.#render(),
        onclick: (event) => this.#click(event),
      },
      head,
      this.#body,
      this.#empty,
    );
    new ResizeObserver(() => this.#render()).observe(this.element);
  }

  /** The rows, in the order in which they are shown. */
  get rows(): readonly T[] {
    return this.#sorted;
  }

  get selected(): T | undefined {
    return this.#sorted[this.#selected];
  }

  /** Keeps the view at the end when rows come. */
  set following(follow: boolean) {
    this.#following = follow;
    this.#render();
  }

  setRows(rows: readonly T[]): void {
    const before = this.selected;
    this.#rows = rows;
    this.#arrange();
    this.#reselect(before);
    this.#render();
  }

  /** Draws the rows that can be seen again: their text depends on the time. */
  refresh(): void {
    for (const shown of this.#shown.values()) shown.row = undefined;
    this.#render();
  }

  setEmpty(text: string): void {
    this.#empty.textContent = text;
  }

  /** Selects a row and shows it. */
  select(index: number): void {
    const at = Math.max(-1, Math.min(index, this.#sorted.length - 1));
    if (at !== this.#selected) {
      this.#selected = at;
      this.#options.onSelect(this.selected);
    }
    this.#reveal();
    this.#draw();
  }

  #head(column: Column<T>): HTMLElement {
    const { key, title, description, order } = column;
    const content =
      order === undefined
        ? h("span", {}, title)
        : h("button", { type: "button", onclick: () => this.#sortBy(column) }, title);
    const cell = h(
      "div",
      { class: "cell", role: "columnheader", "data-column": key, title: description },
      content,
    );
    this.#heads.set(key, cell);
    return cell;
  }

  #sortBy(column: Column<T>): void {
    const before = this.selected;
    if (this.#sort?.column !== column) this.#sort = { column, down: false };
    else this.#sort = this.#sort.down ? undefined : { column, down: true };
    for (const [key, cell] of this.#heads) {
      if (key !== this.#sort?.column.key) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", this.#sort.down ? "descending" : "ascending");
    }
    this.#arrange();
    this.#reselect(before);
    this.#draw();
  }

  #arrange(): void {
    const { order } = this.#sort?.column ?? {};
    if (order === undefined) {
      this.#sorted = this.#rows;
      return;
    }
    const sign = this.#sort!.down ? -1 : 1;
    const keyed = this.#rows.map((row, at) => ({ row, at, by: order(row) }));
    keyed.sort((a, b) => (a.by < b.by ? -sign : a.by > b.by ? sign : a.at - b.at));
    this.#sorted = keyed.map(({ row }) => row);
  }

  /** The same row is selected wherever it is now. */
  #reselect(before: T | undefined): void {
    if (before === undefined) return;
    const { key, onSelect } = this.#options;
    const wanted = key(before);
    this.#selected = this.#sorted.findIndex((row) => key(row) === wanted);
    if (this.selected !== before) onSelect(this.selected);
  }

  #key(event: KeyboardEvent): void {
    if (event.target !== this.element || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.#room() / this.#rowHeight()) - 1);
    const last = this.#sorted.length - 1;
    const to: Record<string, number> = {
      ArrowDown: this.#selected + 1,
      ArrowUp: Math.max(0, this.#selected - 1),
      PageDown: this.#selected + page,
      PageUp: Math.max(0, this.#selected - page),
      Home: 0,
      End: last,
      Escape: -1,
    };
    const index = to[event.key];
    if (index === undefined) return;
    event.preventDefault();
    this.select(index);
  }

  #click(event: Event): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>(".body .row");
    if (row?.dataset.index !== undefined) this.select(Number(row.dataset.index));
  }

  #rowHeight(): number {
    return Number.parseFloat(getComputedStyle(this.element).getPropertyValue("--row")) || 32;
  }

  #headHeight(): number {
    return (this.element.firstElementChild as HTMLElement).offsetHeight;
  }

  /** How much of the view is for rows. */
  #room(): number {
    return Math.max(0, this.element.clientHeight - this.#headHeight());
  }

  #reveal(): void {
    if (this.#selected === -1) return;
    const height = this.#rowHeight();
    const top = this.#selected * height;
    const { scrollTop } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + height > scrollTop + this.#room()) {
      this.#body.style.height = `${this.#sorted.length * height}px`;
      this.element.scrollTop = top + height - this.#room();
    }
  }

  #draw(): void {
    const height = this.#rowHeight();
    const count = this.#sorted.length;
    this.element.setAttribute("aria-rowcount", String(count + 1));
    this.#body.style.height = `${count * height}px`;
    this.#empty.hidden = count > 0;
    if (this.#following) this.element.scrollTop = this.element.scrollHeight;
    const first = Math.max(0, Math.floor(this.element.scrollTop / height) - MARGIN);
    const last = Math.min(
      count,
      Math.ceil((this.element.scrollTop + this.#room()) / height) + MARGIN,
    );
    // the selected row is always in the document, because aria-activedescendant refers to it
    const wanted = (index: number): boolean =>
      (index >= first && index < last) || (index === this.#selected && index < count);
    for (const [index, shown] of this.#shown) {
      if (wanted(index)) continue;
      this.#shown.delete(index);
      this.#spare.push(shown);
    }
    for (let index = first; index < last; index++) this.#show(index, height);
    if (this.#selected >= 0 && this.#selected < count) this.#show(this.#selected, height);
    for (const { element } of this.#spare) element.remove();
    this.#spare = [];
    const active = this.#shown.get(this.#selected)?.element.id;
    if (active === undefined) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", active);
  }

  #show(index: number, height: number): void {
    const { name, columns } = this.#options;
    let shown = this.#shown.get(index);
    if (shown === undefined) {
      shown = this.#spare.pop() ?? this.#newRow();
      this.#shown.set(index, shown);
      shown.element.id = `${name}-${index}`;
      shown.element.dataset.index = String(index);
      shown.element.setAttribute("aria-rowindex", String(index + 2));
      shown.row = undefined;
    }
    const { element, cells } = shown;
    element.style.transform = `translateY(${index * height}px)`;
    element.classList.toggle("odd", index % 2 === 1);
    element.setAttribute("aria-selected", String(index === this.#selected));
    const row = this.#sorted[index];
    if (shown.row === row) return;
    shown.row = row;
    for (const [i, { text, kind }] of columns.entries()) {
      const words = text(row);
      cells[i].firstElementChild!.textContent = words;
      cells[i].title = words;
      if (kind !== undefined) cells[i].dataset.kind = kind(row);
    }
  }

  #newRow(): Shown {
    const cells = this.#options.columns.map(({ key }) =>
      h("div", { class: "cell", role: "gridcell", "data-column": key }, h("span")),
    );
    const element = h("div", { class: "row", role: "row" }, ...cells);
    this.#body.append(element);
    return { element, cells, row: undefined };
  }
}
