import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type AnyProtocol, SHIPPED } from "../inspect/protocols.ts";
import type { Output } from "./output.ts";
import { messageOf, printableLines, Status, UsageError } from "./status.ts";

/** The types of the members by which a protocol is recognised. */
const MEMBERS = {
  ...{ nameOf: "function", encode: "function", decode: "function", describe: "function" },
  ...{ messages: "object", name: "string", version: "string", dialect: "string" },
  ...{ maxSize: "number", peerid: "number" },
} as const;

/** Whether a value is a protocol, of any copy of the package: it has the members of one. */
function isProtocol(value: unknown): value is AnyProtocol {
  const fields = Object(value) as Record<string, unknown>;
  return Object.entries(MEMBERS).every(
    ([name, type]) => typeof fields[name] === type && fields[name] !== null,
  );
}

/**
 * Loads a protocol that ships, by its name, or the first protocol that a module exports, by its
 * file. Throws a {@link UsageError} that lists the names.
 */
export async function loadProtocol(text: string): Promise<AnyProtocol> {
  if (Object.hasOwn(SHIPPED, text)) return SHIPPED[text]!();
  const names = Object.keys(SHIPPED).join(", ");
  if (!/\.[cm]?js$/.test(text)) {
    throw new UsageError(`${text}: a protocol is ${names}, or a module's file such as ./mine.mjs`);
  }
  let exports: Record<string, unknown>;
  try {
    exports = await import(pathToFileURL(resolve(text)).href);
  } catch (error) {
    throw new UsageError(`${text}: ${messageOf(error)}`);
  }
  const found = [exports.default, ...Object.values(exports)].find(isProtocol);
  if (found !== undefined) return found;
  throw new UsageError(`${text}: the module exports nothing that defineProtocol has made`);
}

/**
 * `imsg protocols [NAME|FILE]`: lists the protocols that ship, or prints the messages and layouts of
 * one. Rejects with a {@link UsageError} as {@link loadProtocol}, and with the error of the output.
 */
export async function protocolsCommand(name: string | undefined, output: Output): Promise<number> {
  if (name === undefined) {
    for (const [each, load] of Object.entries(SHIPPED)) await output.write(row(each, await load()));
  } else {
    const protocol = await loadProtocol(name);
    // the texts of a module are foreign
    await output.write(`${printableLines(protocol.describe({ layouts: true }))}\n`);
  }
  await output.flush();
  return Status.ok;
}

function row(name: string, { version, dialect, messages }: AnyProtocol): string {
  const count = `${Object.keys(messages).length} messages`;
  return `${name.padEnd(10)}${version.padEnd(26)}${dialect.padEnd(9)}${count}\n`;
}
