import { UsageError } from "./status.ts";

/** Names for message types, as `--type NAME=N` sets them. */
export class TypeNames {
  readonly #byName = new Map<string, number>();
  readonly #byType = new Map<number, string>();

  /** Adds one `NAME=N`. Throws a {@link UsageError}. */
  add(definition: string): void {
    const match = /^([A-Za-z_][\w.-]*)=(.+)$/.exec(definition);
    if (match === null) throw new UsageError(`${definition}: a type is named by NAME=N`);
    const type = parseU32(match[2]!, `the type of ${match[1]}`);
    this.#byName.set(match[1]!, type);
    this.#byType.set(type, match[1]!);
  }

  /** Adds the names of a protocol's messages, except for types that have a name. */
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

  /** Returns the type of a number or a name. Throws a {@link UsageError}. */
  parse(text: string): number {
    const named = this.#byName.get(text);
    if (named !== undefined) return named;
    if (!/^\d/.test(text)) {
      throw new UsageError(
        `${text}: not a number, and neither --type nor --protocol gives this name to one`,
      );
    }
    return parseU32(text, "a message type");
  }
}

/** Parses a number of 32 bits, decimal or 0x…. Throws a {@link UsageError}. */
export function parseU32(text: string, what: string): number {
  const value = /^(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value >>> 0 === value) return value;
  throw new UsageError(`${text}: ${what} is a number from 0 to 4294967295`);
}

/** Parses a number of bytes, with k or m for KiB or MiB, in the limits of imsgbuf_set_maxsize. */
export function parseMaxSize(text: string): number {
  const [, number, unit = ""] = /^(\d+)([km]?)$/i.exec(text) ?? [];
  const value = Number(number) * ({ k: 1024, m: 1024 * 1024 }[unit.toLowerCase()] ?? 1);
  if (value >= 16 && value <= 0x7fffffff) return value;
  throw new UsageError(
    `${text}: a message is from 16 to 2147483647 bytes long (64k and 1m are sizes, too)`,
  );
}

/** Parses a number of at least 1. */
export function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`${text}: not a number from 1 up`);
}

/** Parses seconds, with fractions, and returns milliseconds. */
export function parseSeconds(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Number.NaN;
  // the longest time of Node's timers
  if (value <= 0x7fffffff) return Math.round(value);
  throw new UsageError(`${text}: not a number of seconds up to 2147483`);
}
