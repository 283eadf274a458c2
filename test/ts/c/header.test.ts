import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  declaredFunctions,
  tableRows,
  wantedRow,
  wrapperMembers,
} from "../../../scripts/c-api.mjs";
import { Ibuf, Imsg, Imsgbuf, Msgbuf } from "../../../ts/c/index.ts";
import { bytes } from "../../../ts/generated/imsg.ts";
import { coveredFunctions } from "../../oracle/differential/operations.ts";

const top = new URL("../../../", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, top), "utf8");

if (!existsSync(new URL("c-src/upstream/imsg.h", top))) {
  execFileSync(process.execPath, ["scripts/fetch-upstream.mjs"], { cwd: fileURLToPath(top) });
}
const declared = declaredFunctions(read("c-src/upstream/imsg.h"));
const members = wrapperMembers();
const classes = { Ibuf, Imsg, Imsgbuf, Msgbuf } as const;

const missingFrom = (names: Iterable<string>): string[] => {
  const known = new Set(names);
  return declared.filter((name) => !known.has(name));
};

describe("the fetched imsg.h", () => {
  it("declares 79 functions, none of them twice", () => {
    expect(new Set(declared).size).toBe(79);
    expect(declared.length).toBe(79);
  });

  it("is read right: a function that is added, or taken away, is noticed", () => {
    const header = "#include <x.h>\nstruct a {\n\tint b;\n};\n/* no(t) */\nint a(struct a *);\n";
    expect(declaredFunctions(header)).toEqual(["a"]);
    expect(declaredFunctions(`${header}void *b(int (*)(int),\n    long);`)).toEqual(["a", "b"]);
  });
});

describe("every function of imsg.h", () => {
  it("is in the list of exports", () => {
    expect(missingFrom(read("c-src/exports.txt").split("\n"))).toEqual([]);
  });

  it("is exported by the module", () => {
    const exports = WebAssembly.Module.exports(new WebAssembly.Module(bytes()));
    expect(missingFrom(exports.map(({ name }) => name))).toEqual([]);
  });

  it("has a row in docs/c-api.md, and nothing else has", () => {
    expect(missingFrom(tableRows().keys())).toEqual([]);
    expect([...tableRows().keys()].filter((name) => !declared.includes(name))).toEqual([]);
  });

  it("is exercised by the programs of the differential test", () => {
    expect(missingFrom(coveredFunctions)).toEqual([]);
  });
});

describe.each(declared)("%s", (name) => {
  const row = tableRows().get(name)!;
  const calls = [...row.typescript.matchAll(/`(\w+)\.(\w+)(\([^)]*\))?`/g)];

  it("has a method, getter or static that really exists", () => {
    expect(calls.length).toBeGreaterThan(0);
    for (const [, owner, member, parameters] of calls) {
      const type = classes[`${owner![0]!.toUpperCase()}${owner!.slice(1)}` as keyof typeof classes];
      const isStatic = /^[A-Z]/.test(owner!);
      const holder: object = isStatic ? type : type.prototype;
      const property = lookUp(holder, member!);
      expect(property, `${owner}.${member}`).toBeDefined();
      if (parameters === undefined) {
        expect(property!.get, `${owner}.${member}`).toBeTypeOf("function");
      } else {
        const count = parameters === "()" ? 0 : parameters.split(",").length;
        expect(property!.value, `${owner}.${member}`).toHaveLength(count);
      }
    }
  });

  it("stands in the table as the code says", () => {
    expect(row.line).toBe(wantedRow(name, row.ownership, members));
    expect(row.ownership).not.toBe("");
  });
});

function lookUp(holder: object, name: string): PropertyDescriptor | undefined {
  for (let at: object | null = holder; at !== null; at = Object.getPrototypeOf(at)) {
    const own = Object.getOwnPropertyDescriptor(at, name);
    if (own !== undefined) return own;
  }
  return undefined;
}
