import { fieldsOf, type ImsgError, isObject } from "../module/error.ts";
import type { ProtocolInit } from "./define.ts";
import { checkNames, isArray, misdescribed, shown } from "./field.ts";
import type { AnyPayload } from "./payload.ts";
import type { Definition, Messages } from "./types.ts";

const DIALECTS: readonly unknown[] = ["current", "classic"];
const DIRECTIONS = ["send", "receive"] as const;
const ANSWERS = ["reply", "lists"] as const;

const isBetween = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

/** Refuses what the types of {@link ProtocolInit} exclude: programs in JavaScript have no types. */
export function checkInit<M extends Messages>(init: ProtocolInit<M>): void {
  checkNames(init, "a protocol is");
  const { name, dialect = "current", maxSize = 16384, peerid = 0, ends = [], messages } = init;
  const wrong = (what: string, value: unknown, right: string): ImsgError =>
    misdescribed(`${shown(name)}: ${what} is ${shown(value)}, and must be ${right}`);
  if (typeof name !== "string") throw wrong("the name", name, "a string");
  if (!DIALECTS.includes(dialect)) throw wrong("dialect", dialect, "current or classic");
  if (!isBetween(maxSize, 16, 2 ** 31 - 1)) {
    throw wrong("maxSize", maxSize, "an integer from 16 to 2147483647");
  }
  if (!isBetween(peerid, 0, 2 ** 32 - 1)) throw wrong("peerid", peerid, "a uint32");
  if (!isObject(messages)) {
    throw wrong("messages", messages, "an object");
  }
  const known = (what: string, named: unknown): void => {
    if (typeof named === "string" && Object.hasOwn(messages, named)) return;
    throw wrong(what, named, "a message of the protocol");
  };
  if (!isArray(ends)) throw wrong("ends", ends, "an array");
  for (const end of ends) known("one of ends", end);
  for (const [key, message] of Object.entries<Definition>(messages)) {
    if (!isBetween(fieldsOf(message).type, 0, 2 ** 32 - 1)) {
      throw wrong(`the type of ${key}`, message?.type, "a uint32");
    }
    for (const way of DIRECTIONS) {
      const payload: Partial<AnyPayload> | undefined = message[way];
      if (payload === undefined) continue;
      const isPayload =
        typeof fieldsOf(payload)?.encode === "function" && typeof payload.decode === "function";
      if (!isPayload) throw wrong(`${way} of ${key}`, payload, "an object with encode and decode");
    }
    for (const what of ANSWERS) {
      for (const one of [message[what] ?? []].flat()) known(`${what} of ${key}`, one);
    }
  }
}
