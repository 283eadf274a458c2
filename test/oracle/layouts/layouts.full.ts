// Every structure, field and enumerator that ships, against the daemons' own sources: make test-layouts.

import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { described, digest, enumerators, type Facts, measured, messagesOf } from "./compare.ts";
import { ABIS } from "./measure.ts";
import { SOURCES, source } from "./sources.mjs";
import { SUBJECTS } from "./subjects.ts";

const RECORD = new URL("recorded.json", import.meta.url);
const record: Record<string, string> = {};
const total = { structures: 0, fields: 0, enumerators: 0 };

const sorted = (facts: Facts): [string, bigint][] =>
  [...facts].sort(([a], [b]) => (a < b ? -1 : 1));

describe.each(SUBJECTS)("$name", (subject) => {
  it.each(ABIS)(
    "is laid out under %s as the compiler lays out the daemon's own declarations",
    async (abi) => {
      const { facts, counts } = described(subject, abi);
      const theirs = measured(facts, subject.prelude(await source(subject.source)), abi);
      expect(sorted(facts)).toEqual(sorted(theirs));
      record[`${subject.name} ${abi}`] = digest(theirs);
      total.structures += counts.structures;
      total.fields += counts.fields;
      total.enumerators += counts.enumerators;
      console.log(
        `${subject.name} ${abi} (${SOURCES[subject.source].archive}): ${counts.structures} structures, ${counts.fields} fields, ${counts.enumerators} constants, 0 differences`,
      );
    },
  );

  it("has every message type of the daemon's enumeration, and no other", async () => {
    const theirs = enumerators(subject, subject.prelude(await source(subject.source)));
    const ours = messagesOf(subject);
    expect(sorted(ours)).toEqual(sorted(theirs));
    record[`${subject.name} messages`] = digest(theirs);
    total.enumerators += theirs.size;
    console.log(`${subject.name}: ${theirs.size} message types, 0 differences`);
  });
});

describe("the record", () => {
  it("has the digest of everything that was measured", () => {
    console.log(
      `compared: ${total.structures} structures, ${total.fields} fields, ${total.enumerators} enumerators, 0 differences`,
    );
    if (process.env.LAYOUTS_RECORD === "1") {
      writeFileSync(RECORD, `${JSON.stringify(record, null, 2)}\n`);
    }
    expect(JSON.parse(readFileSync(RECORD, "utf8"))).toEqual(record);
  });
});
