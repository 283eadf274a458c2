type Attributes = Record<string, string | number | boolean | ((event: Event) => void) | undefined>;

/** An element with attributes, listeners (onclick, …) and children; no HTML is ever parsed. */
export function h<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key.replace(/^on/, ""), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

/** A button with a text. */
export const button = (
  text: string,
  onclick: () => void,
  attributes: Attributes = {},
): HTMLButtonElement =>
  h("button", { type: "button", class: "button", onclick, ...attributes }, text);

/** The page's own element with this id. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

/** Calls a function at most once a frame, however often it is requested. */
export function eachFrame(call: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    // a hidden page has no frames, and must not pile up work either
    const run = (): void => {
      asked = false;
      call();
    };
    if (document.hidden) setTimeout(run, 250);
    else requestAnimationFrame(run);
  };
}

/** Calls a function once in so many milliseconds, however often it is requested. */
export function atMostEach(milliseconds: number, call: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    setTimeout(() => {
      asked = false;
      call();
    }, milliseconds);
  };
}

/** Calls a function so many milliseconds after its last request. */
export function debounced(call: () => void, milliseconds: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, milliseconds);
  };
}

/** Makes a description list of names and values. */
export function definitions(entries: readonly (readonly [string, string | Node])[]): HTMLElement {
  return h(
    "dl",
    { class: "details" },
    ...entries.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
  );
}

/** Copies a text, and confirms that on the button for a while. */
export function copyButton(
  label: string,
  text: () => string,
  attributes: Attributes = { class: "button small" },
  title = "Copy",
): HTMLButtonElement {
  const element = button(title, () => void copy(), { "aria-label": label, ...attributes });
  const say = (words: string): void => {
    element.textContent = words;
    setTimeout(() => {
      element.textContent = title;
    }, 1500);
  };
  const copy = (): Promise<void> =>
    navigator.clipboard.writeText(text()).then(
      () => say("Copied"),
      () => say("Not allowed"),
    );
  return element;
}

export const number = (value: number): string => value.toLocaleString("en-US");

export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  return value < 1e6 ? `${(value / 1000).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`;
}

/** A time of day. */
export const clock = (time: number): string => new Date(time).toTimeString().slice(0, 8);

/** Whether the screen is a phone's. */
export const phone = matchMedia("(width <= 720px)");
