import { eachFrame, h } from "./dom.ts";

/** Rows above and below those that can be seen. */
const MARGIN = 4;

/** How a {@link Windowed} shows its rows. */
export interface WindowedOptions {
  /** The element that scrolls; it holds the rows' parent. */
  readonly scroller: HTMLElement;
  /** The role of the rows' parent. */
  readonly role: string;
  /** Makes the element of a row. */
  row(index: number): HTMLElement;
}

/**
 * Rows of one height in an element that scrolls. Only the rows that can be seen exist, and the
 * active one, so that assistive technology finds it.
 */
export class Windowed {
  readonly #options: WindowedOptions;
  readonly #parent: HTMLElement;
  readonly #rows = new Map<number, HTMLElement>();
  #count = 0;
  #active = -1;
  readonly #soon = eachFrame(() => this.draw());

  constructor(options: WindowedOptions) {
    this.#options = options;
    const { scroller, role } = options;
    this.#parent = h("div", { class: "rows", role });
    scroller.append(this.#parent);
    scroller.addEventListener("scroll", this.#soon);
    new ResizeObserver(this.#soon).observe(scroller);
  }

  /** The rows that exist, by their indices. */
  get rows(): ReadonlyMap<number, HTMLElement> {
    return this.#rows;
  }

  /** Pixels of a row, which the style decides. */
  get rowHeight(): number {
    const { scroller } = this.#options;
    return Number.parseFloat(getComputedStyle(scroller).getPropertyValue("--row")) || 24;
  }

  /** How many whole rows can be seen. */
  get page(): number {
    return Math.max(1, Math.floor(this.#room() / this.rowHeight) - 1);
  }

  /** Shows other rows, from the first one on. */
  reset(count: number): void {
    this.#clear();
    this.#active = -1;
    this.#options.scroller.scrollTop = 0;
    this.#count = count;
    this.draw();
  }

  /** Makes the rows new, at the same place. */
  refresh(count = this.#count): void {
    this.#clear();
    this.#count = count;
    this.draw();
  }

  /** Shows more rows behind those that there are. */
  extend(count: number): void {
    this.#count = count;
    this.#soon();
  }

  /** Makes a row the active one, which always exists, and scrolls to it if asked to. */
  activate(index: number, show = true): HTMLElement | undefined {
    this.#active = index;
    if (show) this.reveal(index);
    this.draw();
    const row = this.#rows.get(index);
    return row;
  }

  /** Scrolls as far as is needed to see a row. */
  reveal(index: number): void {
    if (index < 0 || index >= this.#count) return;
    const { scroller } = this.#options;
    this.#parent.style.height = `${this.#count * this.rowHeight}px`;
    const top = index * this.rowHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + this.rowHeight > scroller.scrollTop + this.#room()) {
      scroller.scrollTop = top + this.rowHeight - this.#room();
    }
  }

  #clear(): void {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
  }

  #room(): number {
    return Math.max(0, this.#options.scroller.clientHeight - this.#parent.offsetTop);
  }

  /** Makes the rows that can be seen, and removes the others. */
  draw(): void {
    const { scroller } = this.#options;
    const height = this.rowHeight;
    this.#parent.style.height = `${this.#count * height}px`;
    const first = Math.max(0, Math.floor(scroller.scrollTop / height) - MARGIN);
    const last = Math.min(
      this.#count,
      Math.ceil((scroller.scrollTop + this.#room()) / height) + MARGIN,
    );
    for (const [index, row] of this.#rows) {
      if ((index >= first && index < last) || (index === this.#active && index < this.#count))
        continue;
      row.remove();
      this.#rows.delete(index);
    }
    for (let index = first; index < last; index++) this.#show(index, height);
    if (this.#active >= 0 && this.#active < this.#count) this.#show(this.#active, height);
  }

  #show(index: number, height: number): void {
    if (this.#rows.has(index)) return;
    const row = this.#options.row(index);
    row.style.transform = `translateY(${index * height}px)`;
    this.#rows.set(index, row);
    this.#parent.append(row);
  }
}
