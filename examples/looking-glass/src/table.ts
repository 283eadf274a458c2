import { type Column, type Fit, fitColumns, oneLineEach } from "./columns.ts";
import { eachFrame, h } from "./dom.ts";
import { gridKeys } from "./keys.ts";
import { areFew, sortFew, sortMany } from "./sort.ts";

export type { Column } from "./columns.ts";

export interface TableOptions<T> {
  label: string;
  /** The class of the table, for style. */
  name: string;
  columns: readonly Column<T>[];
  /** Returns the key by which a row is recognised when new rows replace the old ones. */
  key: (row: T) => string;
  onSelect: (row: T | undefined) => void;
  /** Called when the order has changed, with the column's key and - behind it for descending. */
  onSort?: (order: string) => void;
  /** The text in place of rows when there are none. */
  empty: string;
}

/** Rows above and below those that can be seen. */
const MARGIN = 6;
/** Below this width, in pixels, a row is a card of a few lines, which the style sheet lays out. */
const CARDS = "(width <= 720px)";
/** Pixels beside a row. */
const INSET = 28;

interface Shown {
  element: HTMLElement;
  cells: HTMLElement[];
  /** What it shows. */
  row: unknown;
}

/**
 * A grid of any number of rows, of which only those exist that can be seen. It is one stop for the Tab
 * key: arrows, Page Up and Down, Home and End move the selected row; above the first row are the
 * headings, by which Enter sorts.
 */
export class Table<T> {
  readonly element: HTMLElement;
  readonly #options: TableOptions<T>;
  readonly #body: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #probe = h("span", { class: "probe", "aria-hidden": "true" }, "0".repeat(10));
  readonly #heads = new Map<string, HTMLElement>();
  readonly #shown = new Map<number, Shown>();
  readonly #cards = matchMedia(CARDS);
  #spare: Shown[] = [];
  #rows: readonly T[] = [];
  #sorted: readonly T[] = [];
  #sort: { column: Column<T>; down: boolean } | undefined;
  #selected = -1;
  /** The heading that the keyboard is at. */
  #heading: string | undefined;
  /** Whether the view stays at the last row. */
  #following = false;
  #fit: Fit | undefined;
  #longest = new Map<string, number>();
  #sorting = 0;
  #sizes: { row: number; character: number } | undefined;
  readonly #render = eachFrame(() => this.#draw());

  constructor(options: TableOptions<T>) {
    this.#options = options;
    const { columns, label, name, empty } = options;
    this.#body = h("div", { class: "body", role: "rowgroup" });
    this.#empty = h("p", { class: "empty" }, empty);
    const titles = columns.map((column) => this.#head(column));
    const head = h(
      "div",
      { class: "head", role: "rowgroup" },
      h("div", { class: "row", role: "row", "aria-rowindex": 1 }, ...titles),
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
        onblur: () => this.#at(undefined),
        onscroll: () => this.#render(),
        onclick: (event) => this.#click(event),
      },
      this.#probe,
      head,
      this.#body,
      this.#empty,
    );
    new ResizeObserver(() => {
      this.#fit = undefined;
      this.#sizes = undefined;
      this.#render();
    }).observe(this.element);
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

  /**
   * Shows other rows.
   *
   * @param isNew whether they have nothing to do with those before: the view begins at the top
   */
  setRows(rows: readonly T[], isNew = false): void {
    this.#rows = rows;
    if (isNew) {
      this.#longest = new Map();
      this.#fit = undefined;
      this.element.scrollTop = 0;
    }
    this.#arrange();
  }

  /** Draws the rows that can be seen again: their text depends on the time. */
  refresh(): void {
    for (const shown of this.#shown.values()) shown.row = undefined;
    this.#render();
  }

  setEmpty(...content: (Node | string)[]): void {
    this.#empty.replaceChildren(...content);
  }

  /** Selects a row and shows it. */
  select(index: number): void {
    const at = Math.max(-1, Math.min(index, this.#sorted.length - 1));
    this.#at(undefined);
    if (at !== this.#selected) {
      this.#selected = at;
      this.#options.onSelect(this.selected);
    }
    this.#reveal();
    this.#draw();
  }

  /** The order, as given to `onSort`. */
  get order(): string {
    return this.#sort === undefined ? "" : `${this.#sort.column.key}${this.#sort.down ? "-" : ""}`;
  }

  /** Sorts by a column's key, with - behind it for descending; an empty text for the rows' own order. */
  set order(order: string) {
    const column = this.#options.columns.find(({ key }) => key === order.replace(/-$/, ""));
    this.#sort = column?.order === undefined ? undefined : { column, down: order.endsWith("-") };
    for (const [key, cell] of this.#heads) {
      if (key !== this.#sort?.column.key) cell.removeAttribute("aria-sort");
      else cell.setAttribute("aria-sort", this.#sort.down ? "descending" : "ascending");
    }
    this.#arrange();
  }

  #head(column: Column<T>): HTMLElement {
    const { key, title, description, order } = column;
    const content =
      order === undefined
        ? h("span", {}, title)
        : h("button", { type: "button", tabindex: -1, onclick: () => this.#sortBy(column) }, title);
    const id = `${this.#options.name}-head-${key}`;
    const cell = h(
      "div",
      { class: "cell", role: "columnheader", id, "data-column": key, title: description },
      content,
    );
    this.#heads.set(key, cell);
    return cell;
  }

  #sortBy({ key }: Column<T>): void {
    const before = this.order;
    this.order = before === key ? `${key}-` : before === `${key}-` ? "" : key;
    this.#options.onSort?.(this.order);
  }

  #arrange(): void {
    const wanted = ++this.#sorting;
    const { column, down } = this.#sort ?? {};
    const order = column?.order;
    if (order === undefined) this.#settle(this.#rows);
    else if (areFew(this.#rows)) this.#settle(sortFew(this.#rows, order, down ?? false));
    else {
      this.element.setAttribute("aria-busy", "true");
      void sortMany(this.#rows, order, down ?? false, () => wanted === this.#sorting).then(
        (sorted) => sorted !== undefined && this.#settle(sorted),
      );
    }
  }

  /** The same row is selected wherever it is now. */
  #settle(sorted: readonly T[]): void {
    const before = this.selected;
    this.element.removeAttribute("aria-busy");
    this.#sorted = sorted;
    if (before !== undefined && sorted[this.#selected] !== before) {
      const { key, onSelect } = this.#options;
      this.#selected = sorted.indexOf(before);
      if (this.#selected === -1) {
        const wanted = key(before);
        this.#selected = sorted.findIndex((row) => key(row) === wanted);
        onSelect(this.selected);
      }
    }
    this.#render();
  }

  /** Moves the keyboard to a heading, or back to the rows. */
  #at(heading: string | undefined): void {
    if (this.#heading === heading) return;
    this.#heading = heading;
    for (const [key, cell] of this.#heads) cell.classList.toggle("active", key === heading);
    this.#describeActive();
  }

  #key(event: KeyboardEvent): void {
    if (event.target !== this.element || event.altKey || event.metaKey || event.ctrlKey) return;
    const { columns } = this.#options;
    const sortable = columns.filter(({ key, order }) => order && this.#isShown(key));
    const found = gridKeys({
      key: event.key,
      selected: this.#selected,
      count: this.#sorted.length,
      page: Math.max(1, Math.floor(this.#room() / this.#rowHeight()) - 1),
      heading: sortable.findIndex(({ key }) => key === this.#heading),
      headings: this.#cards.matches ? 0 : sortable.length,
    });
    if (found === undefined) return;
    event.preventDefault();
    if (found.sort !== undefined) this.#sortBy(sortable[found.sort]!);
    else if (found.heading !== undefined) this.#at(sortable[found.heading]!.key);
    else this.select(found.row);
  }

  #click(event: Event): void {
    const row = (event.target as HTMLElement).closest<HTMLElement>(".body .row");
    if (row?.dataset.index !== undefined) this.select(Number(row.dataset.index));
  }

  #isShown = (key: string): boolean => this.#fit?.shown.has(key) ?? true;

  /** The height of a row and the width of a character, in pixels: known until the table is resized. */
  get #measures(): { row: number; character: number } {
    this.#sizes ??= {
      row: Number.parseFloat(getComputedStyle(this.element).getPropertyValue("--row")) || 34,
      character: this.#probe.getBoundingClientRect().width / 10 || 8,
    };
    return this.#sizes;
  }

  #rowHeight(): number {
    return this.#measures.row;
  }

  #headHeight(): number {
    return this.#body.offsetTop;
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

  /** Chooses the columns anew, if the room or the longest text has changed. */
  #arrangeColumns(): void {
    if (this.#fit !== undefined) return;
    const { character } = this.#measures;
    const { columns } = this.#options;
    const room = this.element.clientWidth - INSET;
    if (room <= 0) return;
    this.#fit = this.#cards.matches
      ? oneLineEach(columns, Math.floor(room / character))
      : fitColumns(columns, room, character, this.#longest);
    const { template, width } = this.#fit;
    this.element.style.setProperty("--columns", template);
    this.element.style.setProperty("--width", width === 0 ? "auto" : `${width + INSET}px`);
    for (const [key, cell] of this.#heads) cell.hidden = !this.#isShown(key);
    for (const shown of [...this.#shown.values(), ...this.#spare]) {
      shown.row = undefined;
      for (const [i, { key }] of columns.entries()) shown.cells[i]!.hidden = !this.#isShown(key);
    }
  }

  #draw(): void {
    this.#arrangeColumns();
    const height = this.#rowHeight();
    const count = this.#sorted.length;
    this.element.setAttribute("aria-rowcount", String(count + 1));
    this.#body.style.height = `${count * height}px`;
    this.#empty.hidden = count > 0;
    if (this.#following) this.element.scrollTop = this.element.scrollHeight;
    const { scrollTop } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / height) - MARGIN);
    const last = Math.min(count, Math.ceil((scrollTop + this.#room()) / height) + MARGIN);
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
    this.#describeActive();
    // a longer text than before: all columns move
    if (this.#fit === undefined) this.#render();
  }

  #describeActive(): void {
    const heading = this.#heading === undefined ? undefined : this.#heads.get(this.#heading);
    const active = heading?.id ?? this.#shown.get(this.#selected)?.element.id;
    if (active === undefined) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", active);
  }

  #show(index: number, height: number): void {
    const { name } = this.#options;
    let shown = this.#shown.get(index);
    if (shown === undefined) {
      shown = this.#spare.pop() ?? this.#newRow();
      this.#shown.set(index, shown);
      shown.element.id = `${name}-${index}`;
      shown.element.dataset.index = String(index);
      shown.element.setAttribute("aria-rowindex", String(index + 2));
      shown.row = undefined;
    }
    const { element } = shown;
    element.style.transform = `translateY(${index * height}px)`;
    element.setAttribute("aria-selected", String(index === this.#selected));
    const row = this.#sorted[index]!;
    if (shown.row === row) return;
    shown.row = row;
    this.#fill(shown.cells, row);
  }

  #fill(cells: readonly HTMLElement[], row: T): void {
    for (const [i, column] of this.#options.columns.entries()) {
      const { key, text, whole, kind, measured, width } = column;
      if (!this.#isShown(key)) continue;
      const cell = cells[i]!;
      const words = text(row, this.#fit?.room.get(key) ?? width);
      cell.firstElementChild!.textContent = words;
      const all = whole?.(row) ?? words;
      cell.title = all;
      if (kind !== undefined) cell.dataset.kind = kind(row);
      if (!measured || all.length <= Math.max(width, this.#longest.get(key) ?? 0)) continue;
      this.#longest.set(key, all.length);
      this.#fit = undefined;
    }
  }

  #newRow(): Shown {
    const cells = this.#options.columns.map(({ key }) => {
      const cell = h("div", { class: "cell", role: "gridcell", "data-column": key }, h("span"));
      cell.hidden = !this.#isShown(key);
      return cell;
    });
    const element = h("div", { class: "row", role: "row" }, ...cells);
    this.#body.append(element);
    return { element, cells, row: undefined };
  }
}
