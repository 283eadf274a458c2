/** README's tables, against the source. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { resolveChannelOptions } from "../../ts/channel/options.ts";
import { isErrnoName } from "../../ts/module/errno.ts";
import { ImsgError, type ImsgErrorCode } from "../../ts/module/error.ts";
import { OPENING } from "../../ts/transports/opening-table.ts";
import { transportError } from "../../ts/transports/system-error.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));
const read = (name: string): string => readFileSync(join(top, name), "utf8");

/** The cells of the rows of README's table whose first header is this text. */
function table(readme: string, header: string): string[][] {
  const lines = readme.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${header} |`));
  if (start === -1) throw new Error(`README has no table with the header ${header}`);
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map((line) => line.split("|").slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

/** The codes that the library's source can throw, the command's aside: all names of errno, and our own. */
function codesOfSource(): Set<string> {
  const codes = new Set<string>();
  for (const name of readdirSync(join(top, "ts"), { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts") || /^(cli|generated)\//.test(name)) continue;
    const code = read(join("ts", name));
    for (const [, own] of code.matchAll(/"(ERR_IMSG_[A-Z]+)"/g)) codes.add(own!);
    for (const [, thrown] of code.matchAll(/ImsgError\(\s*"(E[A-Z_]+)"/g)) codes.add(thrown!);
  }
  const [, names] = /^export type OpeningErrorName =([^;]*);/m.exec(read("ts/module/error.ts"))!;
  for (const [, name] of names!.matchAll(/"(E\w+)"/g)) codes.add(name!);
  // the table of errno.ts, which the module and the system's errors are mapped to
  for (const [, name] of read("ts/module/errno.ts").matchAll(/^ {2}\["(E[A-Z]+)"/gm)) {
    expect(isErrnoName(name!)).toBe(true);
    codes.add(name!);
  }
  return codes;
}

/** The codes of README's table, and whether its second column states `fromPeer`. */
function documented(readme: string): Map<string, string[]> {
  const codes = new Map<string, string[]>();
  for (const [names, fromPeer] of table(readme, "code")) {
    for (const name of names!.split(", ")) codes.set(name, [...(codes.get(name) ?? []), fromPeer!]);
  }
  return codes;
}

const missing = (readme: string): string[] =>
  [...codesOfSource()].filter((code) => !documented(readme).has(code));

describe("README's table of errors", () => {
  it("has every code that the library can throw, and no other", () => {
    expect(codesOfSource().size).toBeGreaterThan(45);
    expect(missing(read("README.md"))).toEqual([]);
    const known = codesOfSource();
    expect([...documented(read("README.md")).keys()].filter((code) => !known.has(code))).toEqual(
      [],
    );
  });

  it("is noticed when it lacks a code", () => {
    expect(missing(read("README.md").replace(/^\| ERR_IMSG_LEAK .*\n/m, ""))).toEqual([
      "ERR_IMSG_LEAK",
    ]);
  });

  it.each([...documented(read("README.md"))])("says whose error %s is", (code, cells) => {
    const own = new ImsgError(code as ImsgErrorCode);
    const system = transportError(Object.assign(new Error(), { code }), "read", OPENING);
    const fromPeer = own.fromPeer || (system instanceof ImsgError && system.fromPeer);
    expect(cells.filter((cell) => cell === "true" || cell === "false")).toEqual([`${fromPeer}`]);
    const others = cells.filter((cell) => cell !== "true" && cell !== "false");
    for (const cell of others) expect(cell).toMatch(/^true, `(imsgbuf_read|connect)`$/);
  });
});

describe("README's table of options", () => {
  const rows = table(read("README.md"), "option of a channel");
  const names = rows.map(([name]) => name!.replaceAll("`", ""));

  it("has every option of a channel, and no other", () => {
    const declared = [
      ...read("ts/channel/options.ts").matchAll(
        /^export interface (Imsg|Channel)Options[^{]*\{([\s\S]*?)^\}/gm,
      ),
    ]
      .flatMap(([, , body]) => [...body!.matchAll(/^ {2}(\w+)\?:/gm)])
      .map(([, name]) => name!);
    expect(declared).toContain("maxSize");
    expect(names.sort()).toEqual(declared.sort());
  });

  it("has the defaults that a channel has", () => {
    const { mark: highWaterMark, fdpass: allowFdPass, ...others } = resolveChannelOptions({});
    const defaults: Record<string, unknown> = { ...others, highWaterMark, allowFdPass };
    for (const name of [
      "maxSize",
      "highWaterMark",
      "maxQueued",
      "lingerTimeout",
      "copy",
      "allowFdPass",
      "dialect",
    ]) {
      const cell = rows.find(([cellName]) => cellName === `\`${name}\``)![1]!;
      expect(cell.replaceAll(/[`",]/g, ""), name).toBe(String(defaults[name]));
    }
  });
});
