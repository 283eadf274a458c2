import type { Duplex } from "node:stream";
import {
  encode,
  ReferenceDecoder,
  type ReferenceEnd,
  type ReferenceInput,
  type ReferenceMessage,
  type ReferenceOptions,
} from "./codec.ts";

/** Speaks imsg over a Node stream with the reference codec; only for tests. */
export class ReferenceConnection {
  readonly stream: Duplex;
  readonly #options: ReferenceOptions;
  readonly #decoder: ReferenceDecoder;
  readonly #messages: ReferenceMessage[] = [];
  #finished = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Duplex, options: ReferenceOptions = {}) {
    this.stream = stream;
    this.#options = options;
    this.#decoder = new ReferenceDecoder(options);
    stream.on("data", (chunk: Buffer) => {
      this.#messages.push(...this.#decoder.push(chunk));
      this.#notify();
    });
    stream.on("error", (error: Error) => {
      this.#failure = error;
      this.#finish();
    });
    stream.on("end", () => this.#finish());
    stream.on("close", () => this.#finish());
  }

  /** The stream's own error, such as ECONNRESET. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  get ended(): boolean {
    return this.#finished;
  }

  send(message: ReferenceInput): void {
    this.stream.write(encode(message, this.#options.dialect));
  }

  sendRaw(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  /** Ends the write side; reading continues. */
  end(): void {
    this.stream.end();
  }

  /** The next message, or undefined when the stream is over or broken. */
  async receive(): Promise<ReferenceMessage | undefined> {
    while (this.#messages.length === 0 && !this.#over()) await this.#change();
    return this.#messages.shift();
  }

  /** Returns all messages up to the end of the stream, and the bytes left at its end. */
  async receiveAll(): Promise<ReferenceEnd & { messages: ReferenceMessage[] }> {
    while (!this.#finished) await this.#change();
    return { messages: this.#messages.splice(0), ...this.#decoder.end() };
  }

  /** Waits for a bad header; undefined if the stream ends without one. */
  async receiveError(): Promise<ReferenceEnd["error"]> {
    while (!this.#over()) await this.#change();
    return this.#decoder.error;
  }

  #over(): boolean {
    return this.#finished || this.#decoder.error !== undefined;
  }

  #finish(): void {
    this.#finished = true;
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
