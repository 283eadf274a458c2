// The parts of the page, of which one is shown.

import { byId, h } from "./dom.ts";
import { readPlace, writePlace } from "./place.ts";

/** A part of the page. */
export interface View {
  title: string;
  element: HTMLElement;
  /** Called when it becomes visible. */
  shown?: () => void;
}

/** Puts the parts into the page, with a button for each. The first is shown if the address names none. */
export function setUpViews(views: readonly View[]): { show: (id: string) => void } {
  const [first] = views;
  const buttons = views.map(({ title, element }) =>
    h("button", { type: "button", onclick: () => show(element.id) }, title),
  );
  const show = (id: string): void => {
    const found = views.find(({ element }) => element.id === id) ?? first!;
    for (const [i, { element }] of views.entries()) {
      element.hidden = element !== found.element;
      buttons[i]!.setAttribute("aria-current", String(element === found.element));
    }
    writePlace({ view: found === first ? "" : found.element.id });
    found.shown?.();
  };
  byId("views").append(...buttons);
  byId("main").append(...views.map(({ element }) => element));
  show(readPlace().view);
  return { show };
}
