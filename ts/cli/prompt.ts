import { createInterface, cursorTo, type Interface, moveCursor } from "node:readline";
import type { Writable } from "node:stream";
import type { AnyProtocol } from "../inspect/protocols.ts";
import { Completer } from "./complete.ts";
import type { Output, Streams } from "./output.ts";
import type { TypeNames } from "./values.ts";

const CLEAR_BELOW = "\u001b[0J";

/** The terminal that a prompt is drawn on: that of the output, else that of the errors. */
function screenOf({ stdin, stdout, stderr }: Streams): Writable | undefined {
  if (!stdin.isTTY) return undefined;
  return [stdout, stderr].find(({ isTTY }) => isTTY);
}

/**
 * A prompt on a terminal: edits a line, remembers the earlier ones, and completes names. Text that
 * is written to the same terminal appears above the line under way.
 */
export class Prompt {
  readonly #screen: Writable;
  readonly #reader: Interface;
  #rows = 0; // of the line under way, above the cursor
  #isOpen = true;
  #isClosing = false;

  /** Opens a prompt; undefined if stdin is not a terminal, or no stream shows the typed text. */
  static open(
    streams: Streams,
    names: TypeNames,
    protocol: AnyProtocol | undefined,
    interrupted: () => void,
  ): Prompt | undefined {
    const screen = screenOf(streams);
    if (screen === undefined) return undefined;
    const completer = new Completer(names, protocol);
    const reader = createInterface({
      input: streams.stdin,
      output: screen,
      terminal: true,
      prompt: "imsg> ",
      completer: (line: string) => completer.complete(line),
    });
    return new Prompt(screen, reader, interrupted);
  }

  private constructor(screen: Writable, reader: Interface, interrupted: () => void) {
    this.#screen = screen;
    this.#reader = reader;
    // the terminal sends Ctrl-C as a character, and no signal, while a line is edited
    reader.on("SIGINT", interrupted);
    reader.once("close", () => {
      this.#isOpen = false;
    });
  }

  /** The lines that are entered, until Ctrl-D or {@link close}. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    this.#reader.prompt();
    for await (const line of this.#reader) {
      yield line;
      if (this.#isOpen) this.#reader.prompt();
    }
    if (!this.#isClosing) this.#screen.write("\n"); // after Ctrl-D
  }

  /** Prints an output's text to this terminal above the line that is being typed. */
  attach(output: Output): void {
    output.around(this.#screen, {
      before: () => this.#hide(),
      after: () => this.#show(),
    });
  }

  /** Runs something that writes to the terminal, and draws the line under way below. */
  above(write: () => void): void {
    this.#hide();
    write();
    this.#show();
  }

  /** Removes the line under way and leaves the terminal as it was. */
  close(): void {
    this.#isClosing = true;
    this.#hide();
    this.#reader.close();
  }

  #hide(): void {
    if (!this.#isOpen) return;
    this.#rows = this.#reader.getCursorPos().rows;
    moveCursor(this.#screen, 0, -this.#rows);
    cursorTo(this.#screen, 0);
    this.#screen.write(CLEAR_BELOW);
  }

  #show(): void {
    if (!this.#isOpen) return;
    // readline goes up as many rows as it went down when it drew the line
    this.#screen.write("\n".repeat(this.#rows));
    this.#reader.prompt(true);
  }
}
