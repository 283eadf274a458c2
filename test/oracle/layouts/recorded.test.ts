import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { described, digest, messagesOf } from "./compare.ts";
import { ABIS } from "./measure.ts";
import { SUBJECTS } from "./subjects.ts";

/** The layouts that `make test-layouts` has measured on the daemons' own sources. */
const record: Record<string, string> = JSON.parse(
  readFileSync(new URL("recorded.json", import.meta.url), "utf8"),
);

describe.each(SUBJECTS)("the description of $name", (subject) => {
  it.each(ABIS)("has not changed under %s since make test-layouts compared it with C", (abi) => {
    expect(digest(described(subject, abi).facts)).toBe(record[`${subject.name} ${abi}`]);
  });

  it("has the message types that make test-layouts compared with C", () => {
    expect(digest(messagesOf(subject))).toBe(record[`${subject.name} messages`]);
  });
});
