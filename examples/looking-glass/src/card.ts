import { h } from "./dom.ts";

/** A part of the page with a heading, tools beside it and an error below. */
export interface Card {
  element: HTMLElement;
  /** Beside the heading. */
  note: HTMLElement;
  tools: HTMLElement;
  content: HTMLElement;
  fail(message: string | undefined): void;
}

export function card(id: string, title: string): Card {
  const note = h("span", { class: "note" });
  const tools = h("div", { class: "tools" });
  const content = h("div", { class: "content" });
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const element = h(
    "section",
    { class: "card", id, "aria-labelledby": `${id}-title` },
    h("header", {}, h("h2", { id: `${id}-title` }, title), note, tools),
    error,
    content,
  );
  return {
    element,
    note,
    tools,
    content,
    fail(message) {
      error.hidden = message === undefined;
      error.textContent = message ?? "";
    },
  };
}

/** A region below a table that shows the selected row. */
export function pane(label: string): {
  element: HTMLElement;
  show: (title: string, ...content: Node[]) => void;
  hide: () => void;
} {
  const element = h("div", { class: "pane", role: "region", "aria-label": label, hidden: true });
  return {
    element,
    show(title, ...content) {
      element.replaceChildren(h("h3", {}, title), ...content);
      element.hidden = false;
    },
    hide() {
      element.hidden = true;
    },
  };
}
