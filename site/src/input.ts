import { byId, h } from "./dom.ts";
import { bytesOfText } from "./hextext.ts";
import { bytesOfSample, SAMPLES, type Sample } from "./samples.ts";

/** The largest input, in bytes: the page holds its messages in memory beside it. */
const LARGEST_INPUT = 16 * 1024 * 1024;

/** The callbacks of the inputs. */
export interface InputEvents {
  /** There are new bytes. */
  load(bytes: Uint8Array<ArrayBuffer>, name: string, sample?: Sample): void;
  /** An input cannot be used; the text names the reason. */
  refuse(title: string, text: string): void;
}

/** Bytes that are hexadecimal text, as a file may hold: printable characters and line ends only. */
function isText(bytes: Uint8Array): boolean {
  const start = bytes.subarray(0, 4096);
  return (
    start.length > 0 &&
    start.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13))
  );
}

const message = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The ways in which bytes come to the page: a file, a drop, a paste, a sample. */
export class Inputs {
  readonly #events: InputEvents;

  constructor(events: InputEvents) {
    this.#events = events;
    this.#setUpFile();
    this.#setUpPaste();
    this.#setUpDrop();
    this.#setUpSamples();
  }

  async #readFile(file: Blob, name: string): Promise<void> {
    if (file.size > LARGEST_INPUT) {
      const text = `It has ${file.size} bytes, and the page reads at most ${LARGEST_INPUT}. The command imsg dump has no such limit.`;
      this.#events.refuse(`${name} is too large.`, text);
      return;
    }
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      this.#events.load(isText(bytes) ? bytesOfText(new TextDecoder().decode(bytes)) : bytes, name);
    } catch (error) {
      this.#events.refuse(`${name} cannot be read.`, message(error));
    }
  }

  #readText(text: string): boolean {
    try {
      this.#events.load(bytesOfText(text), "the pasted text");
      return true;
    } catch (error) {
      this.#events.refuse("The pasted text holds no bytes.", message(error));
      return false;
    }
  }

  #setUpFile(): void {
    const file = byId("file") as HTMLInputElement;
    for (const button of document.querySelectorAll("[data-open]")) {
      button.addEventListener("click", () => file.click());
    }
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      if (chosen !== undefined) void this.#readFile(chosen, chosen.name);
      file.value = ""; // the same file can be chosen again
    });
  }

  #setUpPaste(): void {
    const dialog = byId("paste-dialog") as HTMLDialogElement;
    const text = byId("paste-text") as HTMLTextAreaElement;
    for (const button of document.querySelectorAll("[data-paste]")) {
      button.addEventListener("click", () => dialog.showModal());
    }
    byId("paste-cancel").addEventListener("click", () => dialog.close());
    byId("paste-read").addEventListener("click", () => {
      dialog.close();
      if (this.#readText(text.value)) text.value = "";
    });
    document.addEventListener("paste", (event) => {
      const target = event.target as HTMLElement | null;
      if (target?.closest("input, textarea") != null) return;
      const [file] = event.clipboardData?.files ?? [];
      const pasted = event.clipboardData?.getData("text/plain") ?? "";
      event.preventDefault();
      if (file !== undefined) void this.#readFile(file, file.name);
      else if (pasted !== "") this.#readText(pasted);
    });
  }

  #setUpDrop(): void {
    let depth = 0; // dragging over an element's child leaves the element
    const over = (change: number): void => {
      depth = Math.max(0, depth + change);
      document.body.classList.toggle("dropping", depth > 0);
    };
    document.addEventListener("dragenter", () => over(1));
    document.addEventListener("dragleave", () => over(-1));
    document.addEventListener("dragover", (event) => event.preventDefault());
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      over(-depth);
      const [file] = event.dataTransfer?.files ?? [];
      const text = event.dataTransfer?.getData("text/plain") ?? "";
      if (file !== undefined) void this.#readFile(file, file.name);
      else if (text !== "") this.#readText(text);
    });
  }

  #setUpSamples(): void {
    const select = byId("sample") as HTMLSelectElement;
    const load = (sample: Sample): void =>
      this.#events.load(bytesOfSample(sample), sample.file, sample);
    for (const sample of SAMPLES) {
      select.append(h("option", { value: sample.file }, sample.title));
      byId("sample-cards").append(
        h(
          "button",
          { type: "button", class: "sample", onclick: () => load(sample) },
          h("strong", {}, sample.title),
          h("span", { class: "about" }, sample.about),
        ),
      );
    }
    select.addEventListener("change", () => {
      const sample = SAMPLES.find(({ file }) => file === select.value);
      if (sample !== undefined) load(sample);
      select.value = "";
    });
  }
}
