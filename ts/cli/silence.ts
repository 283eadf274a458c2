import type { MessageInit } from "../entry/index.ts";
import type { AnyProtocol } from "../inspect/protocols.ts";
import { messageOf } from "./status.ts";
import type { TypeNames } from "./values.ts";

/** Milliseconds without an answer after which a request is called silent. */
const SILENCE = 3000;
const RULE = "Daemons ignore a request whose size they do not expect";
const NOTHING = new Uint8Array(0);

/**
 * Reports a request that gets no answer, once for each type: daemons ignore a request whose size
 * they do not expect, and send no error.
 */
export class SilenceHint {
  readonly #names: TypeNames;
  readonly #protocol: AnyProtocol | undefined;
  readonly #report: (text: string) => void;
  readonly #reported = new Set<number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(names: TypeNames, protocol: AnyProtocol | undefined, report: (text: string) => void) {
    this.#names = names;
    this.#protocol = protocol;
    this.#report = report;
  }

  /** Waits for the answer to a message. A later message takes the place of an earlier one. */
  sent({ type, data }: MessageInit): void {
    if (this.#reported.has(type) || !this.#isAnswered(type)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#reported.add(type);
      this.#report(this.#text(type, (data as Uint8Array | undefined) ?? NOTHING));
    }, SILENCE);
  }

  /** A message has come, or the connection is over. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Whether a message has an answer, as far as the protocol knows. */
  #isAnswered(type: number): boolean {
    const definition = this.#definition(type);
    return definition === undefined || (definition.reply ?? definition.lists) !== undefined;
  }

  #definition(type: number) {
    const name = this.#protocol?.nameOf(type);
    return name === undefined ? undefined : this.#protocol?.messages[name];
  }

  #text(type: number, data: Uint8Array): string {
    const name = this.#names.nameOf(type) ?? `type ${type}`;
    return `no answer to ${name} for ${SILENCE / 1000} s. ${this.#size(type, data)}. ${RULE}`;
  }

  /** Describes the payload's size. If the protocol's size differs, the text names both. */
  #size(type: number, data: Uint8Array): string {
    const length = `Its payload has ${data.length} bytes`;
    const payload = this.#definition(type)?.send;
    if (payload === undefined) return length;
    const { name, version } = this.#protocol!;
    try {
      payload.decode(data);
      return `${length}, which is right for ${version || name}`;
    } catch (error) {
      const reason = messageOf(error).replace("EBADMSG: bad message: ", "");
      return `In ${version || name}, ${reason}`;
    }
  }
}
