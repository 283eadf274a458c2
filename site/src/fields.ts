import type { FieldNode } from "../../ts/inspect/tree.ts";
import { type Anatomy, isPlainArray, type Light, shownValue } from "./anatomy.ts";
import { h } from "./dom.ts";
import { Windowed } from "./windowed.ts";

/** A row of the tree: a field with the fields around it. */
interface Row {
  /** From the outermost field to this one. */
  readonly path: readonly FieldNode[];
  /** Its place among its siblings, from 1 on, and how many they are. */
  readonly position: number;
  readonly siblings: number;
}

/** The callbacks of a {@link FieldsPane}. */
export interface FieldsEvents {
  /** The cursor has moved to a field. */
  cursor(path: readonly FieldNode[]): void;
  /** The pointer is on a field, or on none. */
  hover(path: readonly FieldNode[] | undefined): void;
}

const isZero = ({ value, children }: FieldNode): boolean =>
  children.length > 0 ? children.every(isZero) : /^(0*|false|0(\.0)*|::|[0 ]*)$/.test(value ?? "");

const fieldOf = ({ path }: Row): FieldNode => path.at(-1)!;

/** The fields of a message as a tree; one stop for the Tab key. */
export class FieldsPane {
  readonly element: HTMLElement;
  readonly #windowed: Windowed;
  readonly #events: FieldsEvents;
  #fields: readonly FieldNode[] = [];
  #rows: Row[] = [];
  /** Groups that are not as they are at first: plain arrays are closed then, all others open. */
  readonly #toggled = new Set<FieldNode>();
  #zeros = true;
  #active = -1;
  #lit = -1;

  constructor(events: FieldsEvents) {
    this.#events = events;
    this.element = h("div", {
      class: "fields scroller",
      role: "tree",
      tabindex: 0,
      "aria-label": "Fields",
      onkeydown: (event) => this.#key(event as KeyboardEvent),
      onpointerover: (event) => {
        const index = this.#indexOf(event);
        events.hover(index === undefined ? undefined : this.#rows[index]?.path);
      },
      onpointerleave: () => events.hover(undefined),
      onclick: (event) => this.#click(event),
    });
    this.#windowed = new Windowed({
      scroller: this.element,
      role: "none",
      row: (index) => this.#row(index),
    });
  }

  /** Shows the fields of a message. */
  show(anatomy: Anatomy | undefined): void {
    this.#fields = anatomy?.fields ?? [];
    this.#toggled.clear();
    this.#active = -1;
    this.#lit = -1;
    this.element.removeAttribute("aria-activedescendant");
    this.#list();
    this.#windowed.reset(this.#rows.length);
  }

  /** Shows or hides fields that are zero. */
  set zeros(shown: boolean) {
    this.#zeros = shown;
    this.#again();
  }

  /** Lights the row of a light's field, or of the open field around it; `show` scrolls to it. */
  light(light: Light | undefined, show: boolean): void {
    const before = this.#windowed.rows.get(this.#lit);
    before?.classList.remove("lit");
    this.#lit = light === undefined ? -1 : this.#rowOf(light.path);
    if (this.#lit === -1) return;
    if (show) {
      this.#windowed.reveal(this.#lit);
      this.#windowed.draw();
    }
    this.#windowed.rows.get(this.#lit)?.classList.add("lit");
  }

  /** Makes the field of a light the active one, without calling back. */
  setCursor(light: Light): void {
    this.#activate(this.#rowOf(light.path));
  }

  #list(): void {
    this.#rows = [];
    const add = (fields: readonly FieldNode[], around: readonly FieldNode[]): void => {
      const shown = fields.filter((field) => this.#zeros || !isZero(field));
      for (const [i, field] of shown.entries()) {
        const path = [...around, field];
        this.#rows.push({ path, position: i + 1, siblings: shown.length });
        if (this.#isOpen(field)) add(field.children, path);
      }
    };
    add(this.#fields, []);
  }

  #isOpen(field: FieldNode): boolean {
    return isPlainArray(field) === this.#toggled.has(field);
  }

  /** Lists the rows again, with the same active field. */
  #again(): void {
    const active = this.#rows[this.#active]?.path;
    this.#list();
    this.#lit = -1;
    this.#windowed.refresh(this.#rows.length);
    if (active !== undefined) this.#activate(this.#rowOf(active));
  }

  /** The row of a field, or of the innermost field around it that has one. */
  #rowOf(path: readonly FieldNode[]): number {
    for (let depth = path.length; depth > 0; depth--) {
      const row = this.#rows.findIndex((each) => fieldOf(each) === path[depth - 1]);
      if (row !== -1) return row;
    }
    return -1;
  }

  #activate(index: number): void {
    this.#windowed.rows.get(this.#active)?.setAttribute("aria-selected", "false");
    this.#active = index;
    const row = index === -1 ? undefined : this.#windowed.activate(index);
    row?.setAttribute("aria-selected", "true");
    if (row === undefined) this.element.removeAttribute("aria-activedescendant");
    else this.element.setAttribute("aria-activedescendant", row.id);
  }

  #row(index: number): HTMLElement {
    const row = this.#rows[index]!;
    const { name, type, offset, size, children } = fieldOf(row);
    const value = shownValue(fieldOf(row));
    const depth = row.path.length;
    const group = children.length > 0;
    const element = h(
      "div",
      {
        class: `row depth${Math.min(depth, 6)}${group ? " group" : ""}${isZero(fieldOf(row)) ? " zero" : ""}`,
        role: "treeitem",
        id: `field-${index}`,
        "data-index": index,
        "aria-level": depth,
        "aria-posinset": row.position,
        "aria-setsize": row.siblings,
        "aria-expanded": group ? String(this.#isOpen(fieldOf(row))) : undefined,
        "aria-selected": String(index === this.#active),
      },
      h("span", { class: "name" }, name),
      h("span", { class: "value", title: value }, value),
      h("span", { class: "kind" }, type),
      h("span", { class: "where", "aria-hidden": "true" }, `${offset}+${size}`),
    );
    element.classList.toggle("lit", index === this.#lit);
    return element;
  }

  #indexOf(event: Event): number | undefined {
    const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
    return row === null ? undefined : Number(row.dataset.index);
  }

  #click(event: Event): void {
    const index = this.#indexOf(event);
    if (index === undefined) return;
    const row = this.#rows[index]!;
    const { left } = (event.target as HTMLElement).closest(".row")!.getBoundingClientRect();
    const indent = 16 * row.path.length + 12;
    const onMark = (event as MouseEvent).clientX - left < indent;
    if (fieldOf(row).children.length > 0 && onMark) this.#toggle(index);
    this.#move(index);
  }

  #toggle(index: number, open?: boolean): void {
    const field = fieldOf(this.#rows[index]!);
    if (open === this.#isOpen(field)) return;
    if (!this.#toggled.delete(field)) this.#toggled.add(field);
    this.#again();
  }

  #move(index: number): void {
    const at = Math.max(0, Math.min(index, this.#rows.length - 1));
    if (this.#rows.length === 0) return;
    this.#activate(at);
    this.#events.cursor(this.#rows[at]!.path);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey || event.ctrlKey || this.#rows.length === 0) return;
    const act = this.#actions()[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  #actions(): Record<string, () => void> {
    const at = Math.max(0, this.#active);
    const row = this.#rows[at]!;
    const group = fieldOf(row).children.length > 0;
    const open = group && this.#isOpen(fieldOf(row));
    const around = this.#rowOf(row.path.slice(0, -1));
    return {
      ArrowDown: () => this.#move(this.#active + 1),
      ArrowUp: () => this.#move(at - 1),
      PageDown: () => this.#move(at + this.#windowed.page),
      PageUp: () => this.#move(at - this.#windowed.page),
      Home: () => this.#move(0),
      End: () => this.#move(this.#rows.length - 1),
      ArrowRight: () => (group && !open ? this.#toggle(at, true) : this.#move(group ? at + 1 : at)),
      ArrowLeft: () => (open ? this.#toggle(at, false) : this.#move(around === -1 ? at : around)),
      Enter: () => (group ? this.#toggle(at) : this.#move(at)),
    };
  }
}
