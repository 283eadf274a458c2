import "./base.css";
import "./playground.css";
import "./panes.css";
import "./messages.css";
import "./fields.css";
import "./bytes.css";
import "./narrow.css";
import type { Dialect } from "../../ts/entry/index.ts";
import { type AnyProtocol, SHIPPED } from "../../ts/inspect/protocols.ts";
import { Analysis } from "./analysis.ts";
import { Composer } from "./composer.ts";
import { copyButton } from "./copy.ts";
import { byId, debounced, h, number } from "./dom.ts";
import {
  type Fragment,
  fromFragment,
  LONGEST_FRAGMENT,
  type Shared,
  toFragment,
} from "./fragment.ts";
import { Inputs } from "./input.ts";
import { InspectView } from "./inspect.ts";
import type { Sample } from "./samples.ts";
import { setUpTheme } from "./theme.ts";

/** The library's own limit, for streams without a protocol. */
const USUAL_SIZE = 16_384;
const LARGEST_SIZE = 0x7fffffff;

/** The input, and how it is read. */
const state = {
  data: undefined as Uint8Array<ArrayBuffer> | undefined,
  name: "",
  dialect: "current" as Dialect,
  protocol: "none",
  /** The limit that was typed; undefined for the protocol's. */
  maxSize: undefined as number | undefined,
  view: "inspect" as Shared["view"],
};

let protocol: AnyProtocol | undefined;
let analysis: Analysis | undefined;
/** The fragment that the page wrote itself. */
let written = "";
/** Counts loads, so that one that was overtaken stops. */
let turn = 0;

const inspect = new InspectView({
  changed: () => save(),
  edit: (anatomy) => {
    composer.edit(anatomy);
    showView("compose");
    byId("compose-type").focus();
  },
});
const composer = new Composer({
  changed: () => save(),
  inspect: (bytes, append) => {
    const before = append ? (state.data ?? new Uint8Array(0)) : new Uint8Array(0);
    const joined = new Uint8Array(before.length + bytes.length);
    joined.set(before);
    joined.set(bytes, before.length);
    const last = append ? (analysis?.entries.length ?? 0) : 0;
    showView("inspect");
    void load(joined, "the composed messages", last);
  },
});
new Inputs({
  load: (bytes, name, sample) => void open(bytes, name, sample),
  refuse: (title, text) => tell(title, text),
});

const maxSize = (): number => state.maxSize ?? Math.max(USUAL_SIZE, protocol?.maxSize ?? 0);

function tell(title: string | undefined, text = ""): void {
  const problem = byId("problem");
  problem.hidden = title === undefined;
  problem.replaceChildren(h("strong", {}, title ?? ""), ` ${text}`);
}

async function open(bytes: Uint8Array<ArrayBuffer>, name: string, sample?: Sample): Promise<void> {
  if (sample !== undefined) {
    state.maxSize = undefined;
    await use(sample.dialect, sample.protocol);
  }
  showView("inspect");
  await load(bytes, name, 0);
}

const nextTask = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve();
    port2.postMessage(undefined);
  });

/** Reads bytes a part at a time, and selects a message as soon as it is there. */
async function load(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  message: number,
  byte = 0,
): Promise<void> {
  const mine = ++turn;
  analysis?.dispose();
  Object.assign(state, { data: bytes, name });
  tell(undefined);
  inspect.clear();
  const reading = new Analysis(bytes, { dialect: state.dialect, maxSize: maxSize() });
  analysis = reading;
  document.body.dataset.state = "reading";
  inspect.list.show(reading.entries, reading.kind);
  let waiting = true;
  const grown = (): void => {
    inspect.list.grown();
    if (!waiting || reading.entries.length <= message) return;
    waiting = false;
    inspect.list.select(message);
    if (byte > 0) inspect.goTo(byte);
  };
  while (reading.step()) {
    grown();
    describe(reading, false);
    await nextTask();
    if (mine !== turn) return;
  }
  grown();
  if (waiting) inspect.list.select(reading.entries.length - 1);
  describe(reading, true);
  document.body.dataset.state = "read";
  save();
}

/** Shows how much was read, and why reading has stopped. */
function describe({ entries, kind, problem }: Analysis, done: boolean): void {
  const count = entries.length === 1 ? "1 message" : `${number(entries.length)} messages`;
  const dialect =
    kind === "recording" ? "a recording, which names its dialects" : `${state.dialect} dialect`;
  byId("status").textContent = done
    ? `${count} in ${number(state.data?.length ?? 0)} bytes of ${state.name} (${dialect})`
    : `${count} so far…`;
  document.body.dataset.kind = kind;
  if (problem === undefined) return;
  const good =
    entries.length === 0
      ? "No message comes before it."
      : `The ${count} before it ${entries.length === 1 ? "is" : "are"} shown.`;
  tell(problem.title, `${good} Details: ${problem.text}`);
}

/** Reads by another dialect and protocol; the caller loads the bytes again. */
async function use(dialect: Dialect, name: string): Promise<void> {
  state.dialect = dialect;
  state.protocol = Object.hasOwn(SHIPPED, name) ? name : "none";
  protocol = await SHIPPED[state.protocol]?.();
  for (const button of document.querySelectorAll<HTMLInputElement>("[name=dialect]")) {
    button.checked = button.value === state.dialect;
  }
  (byId("protocol") as HTMLSelectElement).value = state.protocol;
  const size = byId("max-size") as HTMLInputElement;
  size.value = String(maxSize());
  inspect.use(protocol);
  composer.use(protocol, state.dialect, maxSize());
}

async function again(): Promise<void> {
  const { data, name } = state;
  const [message, byte] = [inspect.selected?.n ?? 0, inspect.byte];
  if (data !== undefined) await load(data, name, message, byte);
  else save();
}

function showView(view: Shared["view"]): void {
  state.view = view;
  for (const name of ["inspect", "compose"] as const) {
    byId(`${name}-tab`).setAttribute("aria-selected", String(name === view));
    byId(`${name}-tab`).tabIndex = name === view ? 0 : -1;
    byId(name).hidden = name !== view;
  }
  document.body.dataset.view = view;
  save();
}

const shared = (): Shared => ({
  dialect: state.dialect,
  protocol: state.protocol,
  view: state.view,
  ...(state.data !== undefined && { data: state.data }),
  ...(state.maxSize !== undefined && { maxSize: state.maxSize }),
  message: inspect.selected?.n ?? 0,
  byte: inspect.byte,
  ...(!composer.isEmpty && { compose: composer.state }),
});

function tellOfLink({ complete, length }: Fragment): void {
  byId("link-note").textContent = complete
    ? ""
    : `The link holds the settings only: with these bytes it would have ${number(length)} characters, and at most ${number(LONGEST_FRAGMENT)} survive chats and mails.`;
}

async function writeFragment(): Promise<string> {
  const fragment = await toFragment(shared());
  tellOfLink(fragment);
  written = fragment.text === "" ? "" : `#${fragment.text}`;
  // an address without a fragment must lose its #
  history.replaceState(null, "", written === "" ? location.pathname : written);
  return location.href;
}

let ready = false;
const saveSoon = debounced(() => void writeFragment(), 250);
/** Keeps the state in the address. */
function save(): void {
  if (ready) saveSoon();
}

async function restore(): Promise<void> {
  ready = false;
  try {
    const found = await fromFragment(location.hash);
    written = location.hash;
    if (found?.data === undefined) clear();
    if (found === undefined) {
      state.maxSize = undefined;
      await use("current", "none");
      return;
    }
    state.maxSize = validSize(found.maxSize);
    await use(found.dialect, found.protocol);
    if (found.compose !== undefined) composer.state = found.compose;
    showView(found.view);
    if (found.data !== undefined) {
      await load(found.data, "the link", found.message ?? 0, found.byte);
    }
  } catch (error) {
    await use("current", "none");
    tell("The link cannot be opened.", error instanceof Error ? error.message : String(error));
  } finally {
    ready = true;
  }
}

const validSize = (size: number | undefined): number | undefined =>
  size !== undefined && size >= 16 && size <= LARGEST_SIZE ? size : undefined;

function setUpSettings(): void {
  const select = byId("protocol") as HTMLSelectElement;
  for (const name of Object.keys(SHIPPED)) select.append(h("option", { value: name }, name));
  select.addEventListener("change", async () => {
    const [old, chosen] = [state.dialect, select.value];
    const dialect = (await SHIPPED[chosen]?.())?.dialect ?? old;
    await use(dialect, chosen);
    await again();
  });
  for (const button of document.querySelectorAll<HTMLInputElement>("[name=dialect]")) {
    button.addEventListener("change", async () => {
      await use(button.value as Dialect, state.protocol);
      await again();
    });
  }
  const size = byId("max-size") as HTMLInputElement;
  size.addEventListener("change", () => void setSize(size));
  // not every browser fires change for Enter outside of a form
  size.addEventListener("keydown", (event) => {
    if (event.key === "Enter") void setSize(size);
  });
}

async function setSize(size: HTMLInputElement): Promise<void> {
  const typed = size.value.trim();
  if (typed === String(maxSize())) return;
  const valid = /^\d+$/.test(typed) ? validSize(Number(typed)) : undefined;
  const isWrong = valid === undefined && typed !== "";
  if (!isWrong) state.maxSize = valid;
  await use(state.dialect, state.protocol);
  if (!isWrong) {
    await again();
    return;
  }
  const text = `A message has from 16 to ${number(LARGEST_SIZE)} bytes.`;
  tell(`The largest message cannot be “${typed}”.`, text);
}

function setUpTabs(): void {
  const tabs = ["inspect", "compose"] as const;
  for (const [i, name] of tabs.entries()) {
    const tab = byId(`${name}-tab`);
    tab.addEventListener("click", () => showView(name));
    tab.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
      const other = tabs[1 - i]!;
      showView(other);
      byId(`${other}-tab`).focus();
    });
  }
}

function clear(): void {
  turn++;
  analysis?.dispose();
  analysis = undefined;
  Object.assign(state, { data: undefined, name: "" });
  inspect.list.show([], "stream");
  inspect.clear();
  tell(undefined);
  byId("status").textContent = "";
  document.body.dataset.state = "empty";
  save();
}

setUpTheme(byId("theme"));
setUpSettings();
setUpTabs();
byId("clear").addEventListener("click", clear);
copyButton(byId("link"), writeFragment);
showView("inspect");
void restore();
addEventListener("hashchange", () => {
  if (location.hash !== written) void restore();
});
