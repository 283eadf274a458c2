import type { Dialect } from "../../ts/entry/index.ts";
import { toHex } from "../../ts/inspect/fields.ts";
import { HEADER_SIZE } from "../../ts/inspect/position.ts";
import type { AnyProtocol } from "../../ts/inspect/protocols.ts";
import { Analysis } from "./analysis.ts";
import { type Anatomy, anatomyOf, lightOfByte } from "./anatomy.ts";
import { BytesPane, lightText } from "./bytes.ts";
import {
  type ComposeState,
  compose,
  EMPTY,
  FormError,
  fieldsText,
  payloadFor,
  template,
} from "./compose-state.ts";
import { copyButton } from "./copy.ts";
import { byId, debounced, h } from "./dom.ts";

type Field = keyof ComposeState;
type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** The callbacks of the form. */
export interface ComposerEvents {
  /** The form has changed. */
  changed(): void;
  /** The composed bytes are to be shown, behind the input or instead of it. */
  inspect(bytes: Uint8Array<ArrayBuffer>, append: boolean): void;
}

const FIELDS: readonly Field[] = ["type", "peerid", "pid", "way", "as", "payload"];
const EXAMPLES: Readonly<Record<string, string>> = {
  hex: "c0 00 02 01",
  text: "any text, as UTF-8",
  fields: '{ "descr": "peer-a" }',
};

const base64 = (bytes: Uint8Array): string => {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
};

/** The form that composes a message, and its bytes. */
export class Composer {
  readonly #events: ComposerEvents;
  readonly #pane: BytesPane;
  #protocol: AnyProtocol | undefined;
  #reading: { dialect: Dialect; maxSize: number } = { dialect: "current", maxSize: 16384 };
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #anatomy: Anatomy | undefined;
  readonly #soon = debounced(() => this.#compose(), 120);

  constructor(events: ComposerEvents) {
    this.#events = events;
    const light = (byte: number | undefined): void => {
      if (this.#anatomy === undefined) return;
      const shown = byte === undefined ? undefined : lightOfByte(this.#anatomy, byte);
      this.#pane.light(shown, false);
      byId("composed-light").textContent =
        shown === undefined ? "" : lightText(this.#anatomy, shown);
    };
    this.#pane = new BytesPane("composed", "Bytes of the composed message", {
      cursor: light,
      hover: light,
    });
    byId("composed").append(this.#pane.element);
    for (const field of FIELDS) {
      this.#control(field).addEventListener("input", () => this.#changed(field));
    }
    byId("template").addEventListener("click", () => this.#fillIn());
    this.#setUpOutput();
    this.state = EMPTY;
  }

  /** The texts of the form. */
  get state(): ComposeState {
    const values = FIELDS.map((field) => [field, this.#control(field).value]);
    return Object.fromEntries(values) as ComposeState;
  }

  set state(state: ComposeState) {
    for (const field of FIELDS) {
      const control = this.#control(field);
      control.value = state[field] ?? EMPTY[field];
      // a select has no value that it does not offer
      if (control.value === "") control.value = EMPTY[field];
    }
    this.#compose();
  }

  /** Whether the form is as it was at first. */
  get isEmpty(): boolean {
    const { state } = this;
    return FIELDS.every((field) => state[field] === EMPTY[field]);
  }

  /** Composes for another protocol or dialect. */
  use(protocol: AnyProtocol | undefined, dialect: Dialect, maxSize: number): void {
    this.#protocol = protocol;
    this.#reading = { dialect, maxSize };
    const names = Object.entries(protocol?.messages ?? {});
    byId("types").replaceChildren(
      ...names.map(([name, { type, note }]) =>
        h("option", { value: name }, `${type}${note === undefined ? "" : `, ${note}`}`),
      ),
    );
    this.#compose();
  }

  /** Fills the form with a message. */
  edit({ entry, bytes, described, payload }: Anatomy): void {
    const name = this.#protocol?.nameOf(entry.type);
    const daemon =
      entry.direction === "receive" ||
      (entry.direction === undefined &&
        this.#protocol?.messages[name ?? ""]?.receive !== undefined);
    this.state = {
      type: name ?? String(entry.type),
      peerid: String(entry.peerid),
      pid: String(entry.pid),
      way: daemon ? "receive" : "send",
      as: described ? "fields" : "hex",
      payload: described ? fieldsText(payload) : toHex(bytes.subarray(HEADER_SIZE)),
    };
    this.#events.changed();
  }

  #control(field: Field): Control {
    return byId(`compose-${field}`) as Control;
  }

  #changed(field: Field): void {
    const { as, type } = this.state;
    // the first payload of a known message is written as fields
    const isNew = field === "type" && this.#control("payload").value === "" && as === "hex";
    if (isNew && Object.hasOwn(this.#protocol?.messages ?? {}, type)) this.#fillIn();
    this.#soon();
    this.#events.changed();
  }

  /** Fills the payload with all fields that the message has, zero. */
  #fillIn(): void {
    const payload = payloadFor(this.state, this.#protocol);
    if (payload === undefined) return;
    this.#control("as").value = "fields";
    this.#control("payload").value = template(payload);
    this.#soon();
    this.#events.changed();
  }

  #setUpOutput(): void {
    const bytes = (): Uint8Array<ArrayBuffer> => this.#bytes ?? new Uint8Array(0);
    copyButton(byId("copy-hex"), () => toHex(bytes()));
    copyButton(byId("copy-base64"), () => base64(bytes()));
    byId("download").addEventListener("click", () => {
      const url = URL.createObjectURL(new Blob([bytes()]));
      h("a", { href: url, download: "message.bin" }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    });
    byId("append").addEventListener("click", () => this.#events.inspect(bytes(), true));
    byId("replace").addEventListener("click", () => this.#events.inspect(bytes(), false));
  }

  #compose(): void {
    const { state } = this;
    let problem: unknown;
    this.#bytes = undefined;
    try {
      this.#bytes = compose(state, this.#protocol, this.#reading);
    } catch (error) {
      problem = error;
    }
    const text =
      problem === undefined ? "" : problem instanceof Error ? problem.message : String(problem);
    const wrong =
      problem === undefined ? undefined : problem instanceof FormError ? problem.field : "payload";
    for (const field of FIELDS) {
      this.#control(field).setAttribute("aria-invalid", String(field === wrong));
    }
    byId("compose-problem").textContent = text;
    byId("compose-problem").hidden = problem === undefined;
    byId("composed-part").hidden = problem !== undefined;
    byId("template").toggleAttribute("disabled", payloadFor(state, this.#protocol) === undefined);
    this.#control("payload").setAttribute("placeholder", EXAMPLES[state.as] ?? "");
    if (this.#bytes !== undefined) this.#show(this.#bytes);
  }

  #show(bytes: Uint8Array<ArrayBuffer>): void {
    const analysis = new Analysis(bytes, this.#reading);
    while (analysis.step());
    const [entry] = analysis.entries;
    this.#anatomy = entry && anatomyOf(entry, this.#protocol);
    this.#pane.show(this.#anatomy);
    byId("composed-light").textContent = "";
    byId("composed-title").textContent = `${bytes.length} bytes`;
  }
}
