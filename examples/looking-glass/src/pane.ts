import { button, h, phone } from "./dom.ts";

/**
 * The details of a table's selected row: beside the table on wide screens, below it on others, and above the
 * whole page on a phone, where the browser's Back closes it.
 */
export class Pane {
  readonly element: HTMLElement;
  readonly #title = h("h3", { tabindex: -1 });
  readonly #tools = h("div", { class: "pane-tools" });
  readonly #content = h("div", { class: "pane-content" });
  #wasOpenedBy: Element | null = null;

  /**
   * @param label names the region
   * @param close called when the user closes the pane
   */
  constructor(label: string, close: () => void) {
    const closing = button("Close", close, { class: "button close" });
    this.element = h(
      "section",
      { class: "pane", "aria-label": label, hidden: true },
      h("header", {}, this.#title, this.#tools, closing),
      this.#content,
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
    });
    window.addEventListener("popstate", () => {
      if (!this.element.hidden && phone.matches) close();
    });
    phone.addEventListener("change", () => this.#cover(!this.element.hidden));
  }

  /** Shows content under a title, with tools beside it. */
  show(title: string, tools: readonly Node[], ...content: readonly Node[]): void {
    const isNew = this.element.hidden;
    const { scrollTop } = this.#content;
    const isSame = this.#title.textContent === title;
    this.#title.textContent = title;
    this.#tools.replaceChildren(...tools);
    this.#content.replaceChildren(...content);
    this.element.hidden = false;
    this.#content.scrollTop = isSame ? scrollTop : 0;
    if (!isNew) return;
    this.#wasOpenedBy = document.activeElement;
    this.#cover(true);
    if (!phone.matches) return;
    history.pushState({ pane: true }, "");
    this.#title.focus();
  }

  hide(): void {
    if (this.element.hidden) return;
    const hadFocus = this.element.contains(document.activeElement);
    this.element.hidden = true;
    this.#cover(false);
    if (hadFocus && this.#wasOpenedBy instanceof HTMLElement) this.#wasOpenedBy.focus();
    if ((history.state as { pane?: boolean } | null)?.pane) history.back();
  }

  /** On a phone, makes everything behind the pane inert. */
  #cover(isOpen: boolean): void {
    for (const behind of document.querySelectorAll<HTMLElement>("[data-behind]")) {
      behind.inert = isOpen && phone.matches;
    }
  }
}
