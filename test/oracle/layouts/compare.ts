// Compares our descriptions of C's structures with the numbers that a C compiler computes.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import type { AbiName } from "../../../ts/entry/protocol.ts";
import { evaluate, type Prelude } from "./measure.ts";
import type { Subject } from "./subjects.ts";

/** A fact's name, such as `offsetof(struct peer, conf.group)`, which is C, with its value. */
export type Facts = Map<string, bigint>;

/** The counts of compared facts. */
export interface Counts {
  structures: number;
  fields: number;
  enumerators: number;
}

/** Everything that we describe about a subject, by C expressions. */
export function described(subject: Subject, abi: AbiName): { facts: Facts; counts: Counts } {
  const facts: Facts = new Map();
  const counts = { structures: 0, fields: 0, enumerators: 0 };
  const wrapped = Object.entries(subject.wrapped ?? {});
  for (const layout of subject.structures) {
    const laid = layout.under(abi);
    const type = `struct ${layout.name}`;
    counts.structures++;
    facts.set(`sizeof(${type})`, BigInt(laid.size));
    facts.set(`_Alignof(${type})`, BigInt(laid.align));
    for (const { path, offset, size, trailing } of laid.members) {
      if (trailing) continue;
      counts.fields++;
      facts.set(`offsetof(${type}, ${path})`, BigInt(offset));
      facts.set(`sizeof(((${type} *)0)->${path})`, BigInt(size));
    }
  }
  for (const [type, layout] of wrapped) {
    counts.structures++;
    facts.set(`sizeof(${type})`, BigInt(layout.under(abi).size));
  }
  for (const [names, before, behind = ""] of subject.numbers) {
    for (const [name, value] of Object.entries(names)) {
      counts.enumerators++;
      facts.set(before + name + behind, BigInt(value));
    }
  }
  for (const [name, value] of Object.entries(subject.constants ?? {}))
    facts.set(name, BigInt(value));
  return { facts, counts };
}

/** The compiler's values of the same expressions. */
export function measured(facts: Facts, prelude: Prelude, abi: AbiName): Facts {
  const expressions = [...facts.keys()];
  const values = evaluate(prelude, expressions, abi);
  return new Map(expressions.map((expression, i) => [expression, values[i]!]));
}

/** Our names and numbers of messages. */
export function messagesOf({ protocol }: Subject): Facts {
  return new Map(Object.entries(protocol.messages).map(([name, { type }]) => [name, BigInt(type)]));
}

/** C's names and numbers of messages: every enumerator but the one that means none. */
export function enumerators({ types: [name, prefix] }: Subject, prelude: Prelude): Facts {
  const preprocess = ["-E", "-P", "-w", ...prelude.options, "-x", "c", "-"];
  const text = execFileSync("gcc", preprocess, {
    input: prelude.text,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  const [, body = ""] = new RegExp(`enum ${name}\\s*\\{([^}]*)\\}`).exec(text) ?? [];
  const all = body.split(",").map((each) => each.trim().split(/[\s=]/, 1).join());
  const wanted = all.filter((each) => each !== "" && !each.endsWith("_NONE"));
  if (wanted.length === 0) throw new Error(`enum ${name} has no enumerators`);
  const values = evaluate(prelude, wanted, "lp64");
  return new Map(wanted.map((each, i) => [each.replace(prefix, ""), values[i]!]));
}

/** A digest of facts, whatever their order. */
export function digest(...all: readonly Facts[]): string {
  const lines = all.flatMap((facts) => [...facts].map(([name, value]) => `${name} = ${value}`));
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex");
}
