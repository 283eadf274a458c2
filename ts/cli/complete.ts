// Completion of a message under way: names of messages, and names of fields at the cursor's place.

import type { AnyProtocol } from "../inspect/protocols.ts";
import { MESSAGE_FIELDS } from "./message.ts";
import type { TypeNames } from "./values.ts";

/** The candidates, and the part of the line that they replace, as node:readline takes them. */
export type Completion = [candidates: string[], replaced: string];

/** An object of the text that has not been closed. */
interface OpenObject {
  /** The key under which it stands; "" for the outermost one. */
  readonly name: string;
  readonly keys: Set<string>;
}

/** The kind of text before the cursor. */
interface Place {
  readonly objects: readonly OpenObject[];
  /** The last key, whose value is under way; undefined where a key is. */
  readonly key: string | undefined;
  /** The string or word that has begun, with its quote. */
  readonly begun: string;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+|"(?:[^"\\]|\\.)*$/g;

/** Follows JSON up to the end of a text that may be cut anywhere. */
function placeIn(text: string): Place {
  const objects: (OpenObject | undefined)[] = []; // undefined is an array
  let key: string | undefined;
  let last = "";
  let end = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    end = index + token.length;
    if (token === "{") objects.push({ name: key ?? "", keys: new Set() });
    else if (token === "[") objects.push(undefined);
    else if (token === "}" || token === "]") objects.pop();
    if (token === ":") {
      key = last.replaceAll('"', "");
      objects.at(-1)?.keys.add(key);
    } else if (token !== "[") key = token === "{" || token === "," ? undefined : key;
    last = token;
  }
  const isBegun = end === text.length && /^("[^"]*|[\w.-]+)$/.test(last);
  const open = objects.filter((each) => each !== undefined);
  return { objects: open, key, begun: isBegun ? last : "" };
}

/** The rows of a layout's table: offset, size, path and type. */
const ROW = /^ *\d+ +\d+ {2}([\w.]+): /gm;

/** The names of a message's fields inside of `path`, by the table that its payload prints. */
function fieldNames(protocol: AnyProtocol, message: string, path: readonly string[]): string[] {
  const table = protocol.messages[message]?.send?.describe?.() ?? "";
  const prefix = path.map((name) => `${name}.`).join("");
  return [...table.matchAll(ROW)]
    .map(([, name]) => name!)
    .filter((name) => name.startsWith(prefix) && !name.includes(".", prefix.length))
    .map((name) => name.slice(prefix.length));
}

/** Completes lines with the names of `--type` and of a protocol. */
export class Completer {
  readonly #names: TypeNames;
  readonly #protocol: AnyProtocol | undefined;

  constructor(names: TypeNames, protocol: AnyProtocol | undefined) {
    this.#names = names;
    this.#protocol = protocol;
  }

  /** Completes the text before the cursor: a name, or JSON in either form of a message. */
  complete(line: string): Completion {
    const [, name, space, rest = ""] = /^\s*([\w.-]*)(\s*)(.*)$/s.exec(line)!;
    if (rest === "" && space === "") return starting(this.#sendable(), name!, (each) => `${each} `);
    if (name !== "") return this.#key(placeIn(rest), name!, 0);
    const { objects, key, begun } = placeIn(rest);
    if (key === "type" && objects.length === 1) {
      return starting(this.#sendable(), begun, (each) => `"${each}"`);
    }
    if (objects.length === 1)
      return key === undefined ? keys(MESSAGE_FIELDS, objects, begun) : NONE;
    const [, type = ""] = /"type"\s*:\s*"([^"]*)"/.exec(rest) ?? [];
    return objects[1]?.name === "payload" ? this.#key({ objects, key, begun }, type, 1) : NONE;
  }

  /** A key of a payload, whose outermost object is that at `depth`. */
  #key({ objects, key, begun }: Place, message: string, depth: number): Completion {
    if (this.#protocol === undefined || key !== undefined || objects.length <= depth) return NONE;
    const path = objects.slice(depth + 1).map(({ name }) => name);
    return keys(fieldNames(this.#protocol, message, path), objects, begun);
  }

  /** Every name but those of messages that clients never send. */
  #sendable(): string[] {
    const messages = this.#protocol?.messages ?? {};
    return this.#names.all().filter((name) => {
      const definition = Object.hasOwn(messages, name) ? messages[name] : undefined;
      return definition === undefined || definition.send !== undefined;
    });
  }
}

const NONE: Completion = [[], ""];

function keys(names: readonly string[], objects: readonly OpenObject[], begun: string): Completion {
  const used = objects.at(-1)?.keys;
  const left = names.filter((name) => !used?.has(name));
  return starting(left, begun, (each) => `"${each}":`);
}

/** The names that start with the typed text, with or without its quote. */
function starting(
  names: readonly string[],
  begun: string,
  whole: (name: string) => string,
): Completion {
  const start = begun.replace(/^"/, "");
  return [names.filter((name) => name.startsWith(start)).map(whole), begun];
}
