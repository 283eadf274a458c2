import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import {
  connectionBlock,
  type Packet,
  packetBlock,
  sectionBlock,
} from "../../inspect/recording.ts";
import type { Dialect } from "../dialect.ts";

/** Writes a pcapng recording while messages come. */
export class Recorder {
  readonly #stream: WriteStream;
  readonly #dialect: Dialect;
  #connections = 0;
  #error: Error | undefined;

  private constructor(stream: WriteStream, dialect: Dialect) {
    this.#stream = stream;
    this.#dialect = dialect;
    stream.on("error", (error) => {
      this.#error ??= error;
    });
    stream.write(sectionBlock());
  }

  /** Opens the file, which is made new. Rejects with what the system says. */
  static async open(file: string, dialect: Dialect): Promise<Recorder> {
    const stream = createWriteStream(file, { mode: 0o600 });
    await once(stream, "open");
    return new Recorder(stream, dialect);
  }

  /** What the file failed with: nothing is written any more. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Adds a message; resolves when there is room for more. Connections are counted from 1. */
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

  /** Writes what is left. Rejects with what the file failed with. */
  async close(): Promise<void> {
    if (this.#error === undefined) {
      await new Promise<void>((resolve) => this.#stream.end(resolve));
    }
    if (this.#error !== undefined) throw this.#error;
  }
}
