import { UsageError } from "./status.ts";

/** Names for message types, as `--type NAME=N` sets them. */
export class TypeNames {
  readonly #byName = new Map<string, number>();
  readonly #byType = new Map<number, string>();

  /** Adds one `NAME=N`. */
  add(definition: string): void {
    const match = /^([A-Za-z_][\w.-]*)=(.+)$/.exec(definition);
    if (match === null) throw new UsageError(`${definition}: a type is named by NAME=N`);
    const type = parseU32(match[2]!, `the type of ${match[1]}`);
    this.#byName.set(match[1]!, type);
    this.#byType.set(type, match[1]!);
  }

  /** Takes the names of a protocol's messages, except for types that have a name already. */
  addProtocol({
    messages,
  }: {
    messages: Readonly<Record<string, { readonly type: number }>>;
  }): void {
    for (const [name, { type }] of Object.entries(messages)) {
      if (!this.#byName.has(name)) this.#byName.set(name, type);
      if (!this.#byType.has(type)) this.#byType.set(type, name);
    }
  }

  /** All names, in the order in which they were added. */
  all(): string[] {
    return [...this.#byName.keys()];
  }

  /** The name of a type, if it has one. */
  nameOf(type: number): string | undefined {
    return this.#byType.get(type);
  }

  /** The type that a number or a name means. */
  parse(text: string): number {
    const named = this.#byName.get(text);
    if (named !== undefined) return named;
    if (!/^\d/.test(text)) {
      throw new UsageError(
        `${text}: no number, and neither --type nor --protocol gives this name to one`,
      );
    }
    return parseU32(text, "a message type");
  }
}

/** A number of 32 bits, decimal or 0x…. */
export function parseU32(text: string, what: string): number {
  const value = /^(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value >>> 0 === value) return value;
  throw new UsageError(`${text}: ${what} is a number from 0 to 4294967295`);
}

/** A number of bytes, with k or m for KiB or MiB, within imsgbuf_set_maxsize's limits. */
export function parseMaxSize(text: string): number {
  const [, number, unit = ""] = /^(\d+)([km]?)$/i.exec(text) ?? [];
  const value = Number(number) * ({ k: 1024, m: 1024 * 1024 }[unit.toLowerCase()] ?? 1);
  if (value >= 16 && value <= 0x7fffffff) return value;
  throw new UsageError(`${text}: a message is from 16 to 2147483647 bytes long (k and m help)`);
}

/** A number from 1 up. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`${text}: not a number from 1 up`);
}

/** Seconds, as milliseconds; fractions are fine, 0 is allowed. */
export function parseSeconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Number.NaN;
  // the longest time of Node's timers
  if (value <= 0x7fffffff) return Math.round(value);
  throw new UsageError(`${text}: not a number of seconds up to 2147483`);
}
