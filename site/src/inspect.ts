import { toHex } from "../../ts/inspect/fields.ts";
import { HEADER_SIZE } from "../../ts/inspect/position.ts";
import type { AnyProtocol } from "../../ts/inspect/protocols.ts";
import type { Entry } from "./analysis.ts";
import { type Anatomy, anatomyOf, type Light, lightOfByte, lightOfField } from "./anatomy.ts";
import { BytesPane, lightText } from "./bytes.ts";
import { copyButton } from "./copy.ts";
import { byId, debounced, h, number } from "./dom.ts";
import { FieldsPane } from "./fields.ts";
import { MessageList } from "./messages.ts";
import { numbersAt } from "./numbers.ts";

/** The callbacks of the view of messages. */
export interface InspectEvents {
  /** Another message, or another byte of it, is selected. */
  changed(): void;
  /** The message is to be edited in the form. */
  edit(anatomy: Anatomy): void;
}

/** Messages, and the fields and bytes of the selected one, which light each other. */
export class InspectView {
  readonly list: MessageList;
  readonly #fields: FieldsPane;
  readonly #bytes: BytesPane;
  readonly #events: InspectEvents;
  #protocol: AnyProtocol | undefined;
  #anatomy: Anatomy | undefined;
  #cursor: Light | undefined;
  readonly #say: () => void;

  constructor(events: InspectEvents) {
    this.#events = events;
    this.list = new MessageList((entry) => this.#show(entry, 0));
    this.#fields = new FieldsPane({
      cursor: (path) => this.#setCursor(lightOfField(path), "fields"),
      hover: (path) => this.#hover(path && lightOfField(path), "fields"),
    });
    this.#bytes = new BytesPane("byte", "Bytes of the message", {
      cursor: (byte) => this.#setCursor(lightOfByte(this.#anatomy!, byte), "bytes"),
      hover: (byte) =>
        this.#hover(byte === undefined ? undefined : lightOfByte(this.#anatomy!, byte), "bytes"),
    });
    byId("messages").append(this.list.element);
    byId("fields").append(this.#fields.element);
    byId("bytes").append(this.#bytes.element, byId("numbers"));
    this.#setUpTools();
    // a reader of the page need not hear every byte that the cursor passes
    this.#say = debounced(() => {
      byId("spoken").textContent = byId("light").textContent;
    }, 250);
  }

  /** The selected message; undefined if none is. */
  get selected(): Entry | undefined {
    return this.list.selected;
  }

  /** The byte of the selected message that the cursor is on. */
  get byte(): number {
    return this.#cursor?.byte ?? this.#cursor?.start ?? 0;
  }

  /** Reads payloads by another protocol. */
  use(protocol: AnyProtocol | undefined): void {
    this.#protocol = protocol;
    this.list.names((type) => protocol?.nameOf(type));
    if (this.selected !== undefined) this.#show(this.selected, this.byte);
  }

  /** Shows that no message is selected. */
  clear(): void {
    this.#show(undefined, 0);
  }

  /** Moves the cursor to a byte of the selected message. */
  goTo(byte: number): void {
    if (this.#anatomy === undefined || byte >= this.#anatomy.bytes.length) return;
    const light = lightOfByte(this.#anatomy, byte);
    this.#bytes.setCursor(byte);
    this.#setCursor(light, "bytes");
  }

  #setUpTools(): void {
    const zeros = byId("zeros");
    zeros.addEventListener("click", () => {
      const hidden = zeros.getAttribute("aria-pressed") !== "true";
      zeros.setAttribute("aria-pressed", String(hidden));
      this.#fields.zeros = !hidden;
    });
    copyButton(byId("copy-message"), () => toHex(this.#anatomy?.bytes ?? new Uint8Array(0)));
    byId("edit").addEventListener("click", () => {
      if (this.#anatomy !== undefined) this.#events.edit(this.#anatomy);
    });
  }

  #show(entry: Entry | undefined, cursor: number): void {
    const anatomy = entry === undefined ? undefined : anatomyOf(entry, this.#protocol);
    this.#anatomy = anatomy;
    this.#cursor = undefined;
    byId("detail").hidden = anatomy === undefined;
    this.#fields.show(anatomy);
    this.#bytes.show(anatomy, cursor);
    if (anatomy === undefined || entry === undefined) return;
    const name = this.#protocol?.nameOf(entry.type);
    const left = entry.length - anatomy.bytes.length;
    byId("title").replaceChildren(
      h("strong", {}, `#${number(entry.n)} ${name ?? `type ${entry.type}`}`),
      ` ${number(entry.length)} bytes${left > 0 ? `, of which the recording has ${anatomy.bytes.length}` : ""}`,
    );
    const problem = byId("fields-problem");
    problem.hidden = anatomy.problem === undefined;
    problem.textContent = anatomy.problem ?? "";
    const isPlain = anatomy.bytes.length > HEADER_SIZE && !anatomy.described;
    byId("undescribed").hidden = !isPlain || anatomy.problem !== undefined;
    this.#setCursor(lightOfByte(anatomy, Math.min(cursor, anatomy.bytes.length - 1)), "bytes");
  }

  #setCursor(light: Light, from: "fields" | "bytes"): void {
    this.#cursor = light;
    if (from === "fields") this.#bytes.setCursor(light.start);
    else this.#fields.setCursor(light);
    this.#apply(light, true, from);
    this.#say();
    this.#events.changed();
  }

  #hover(light: Light | undefined, from: "fields" | "bytes"): void {
    const shown = light ?? this.#cursor;
    if (this.#anatomy === undefined || shown === undefined) return;
    this.#apply(shown, light !== undefined, from);
  }

  /** Lights a field in both panes; the pane that the pointer is not in scrolls to it. */
  #apply(light: Light, show: boolean, from: "fields" | "bytes"): void {
    this.#bytes.light(light, show && from !== "bytes");
    this.#fields.light(light, show && from !== "fields");
    byId("light").textContent = lightText(this.#anatomy!, light);
    byId("numbers").replaceChildren(
      ...numbersAt(this.#anatomy!.bytes, light.byte ?? light.start).map(([name, value]) =>
        h("div", {}, h("dt", {}, name), h("dd", { title: value }, value)),
      ),
    );
  }
}
