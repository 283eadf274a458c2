import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import {
  connectionBlock,
  type Packet,
  packetBlock,
  sectionBlock,
} from "../../inspect/recording.ts";
import type { Dialect } from "../dialect.ts";

/** Writes a pcapng recording while messages come. After an error of the file nothing is written. */
export class Recorder {
  readonly #stream: WriteStream;
  readonly #dialect: Dialect;
  #connections = 0;
  #error: Error | undefined;

  private constructor(stream: WriteStream, dialect: Dialect, failed: (error: Error) => void) {
    this.#stream = stream;
    this.#dialect = dialect;
    stream.on("error", (error) => {
      if (this.#error === undefined) failed(error);
      this.#error ??= error;
    });
    stream.write(sectionBlock());
  }

  /**
   * Creates the file, or empties it, and calls `failed` with its first error. Rejects with the
   * system's error if it cannot be opened.
   */
  static async open(
    file: string,
    dialect: Dialect,
    failed: (error: Error) => void,
  ): Promise<Recorder> {
    const stream = createWriteStream(file, { mode: 0o600 });
    await once(stream, "open");
    return new Recorder(stream, dialect, failed);
  }

  /** Adds a message of a connection, counted from 1. Resolves when there is room for more. */
  write(packet: Packet): Promise<void> | undefined {
    if (this.#error !== undefined) return undefined;
    while (this.#connections < packet.connection) {
      this.#connections++;
      this.#stream.write(connectionBlock(this.#connections, this.#dialect));
    }
    if (this.#stream.write(packetBlock(packet))) return undefined;
    return once(this.#stream, "drain").then(
      () => {},
      () => {},
    );
  }

  /** Writes the rest and closes the file. Resolves with whether everything was written. */
  async close(): Promise<boolean> {
    if (this.#error === undefined) {
      await new Promise<void>((resolve) => {
        this.#stream.once("error", () => resolve()).end(resolve);
      });
    }
    return this.#error === undefined;
  }
}
