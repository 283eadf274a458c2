import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Command } from "../../../examples/bgpd/commands.ts";
import type { RibEntry, RibFilter } from "../../../examples/bgpd/types.ts";

interface PathPattern {
  fromStart: boolean;
  toEnd: boolean;
  runs: readonly (readonly string[])[];
}
const load = <T>(name: string): Promise<T> =>
  import(new URL(`../../../examples/bgpd/${name}`, import.meta.url).href);

const { parsePathPattern, matchesPath, pathRequest, pathNumbers } = await load<{
  parsePathPattern(text: string): PathPattern | undefined;
  matchesPath(pattern: PathPattern, path: readonly string[]): boolean;
  pathRequest(pattern: PathPattern): { as?: RibFilter["as"]; exact: boolean };
  pathNumbers(path: string): string[];
}>("aspath.mjs");
const { ribWords, ribCommand } = await load<{
  ribWords(filter: RibFilter): string[];
  ribCommand(filter: RibFilter): string;
}>("rib-command.mjs");
const { routesAsCsv, routesAsJson } = await load<{
  routesAsCsv(entries: Iterable<RibEntry>): Iterable<string>;
  routesAsJson(entries: Iterable<RibEntry>): Iterable<string>;
}>("route-files.mjs");
const { parseCommand } = await load<{ parseCommand(argv: readonly string[]): Command }>(
  "grammar.mjs",
);

const as = fc.integer({ min: 1, max: 9 }).map(String);

describe("a pattern of AS paths", () => {
  it.each([
    ["^64500", "64500 64510", true],
    ["^64500", "64510 64500", false],
    ["^6450", "64500 64510", false],
    ["_64510_", "64500 64510 64511", true],
    ["_64510_", "64510", true],
    ["_451_", "64510", false],
    ["64510$", "64500 64510", true],
    ["64510$", "64510 64500", false],
    ["^64500$", "64500", true],
    ["^64500$", "64500 64500", false],
    ["^64500_64510", "64500 64510 64511", true],
    ["^64500_64511", "64500 64510 64511", false],
    ["^64500_.*_64511$", "64500 64510 64511", true],
    ["^64500_.*_64511$", "64500 64511", true],
    ["^64500_.*", "64500", true],
    [".*_64500$", "1 64500", true],
    ["^as64500", "64500", true],
    ["_4200000001_", "64500 4200000001", true],
    ["_64501_", "64500 { 64501 64502 }", true],
    ["^$", "", true],
    ["^$", "64500", false],
  ])("%s on %j: %s", (pattern, path, expected) => {
    expect(matchesPath(parsePathPattern(pattern)!, pathNumbers(path))).toBe(expected);
  });

  it.each(["64500", "10.0.0.0", "best", "", "^", "_", "^x", "4294967296$", "^1__2$"])(
    "is not what %j is",
    (text) => {
      expect(parsePathPattern(text)).toBeUndefined();
    },
  );

  it("matches as the regular expression with the same meaning does", () => {
    const part = fc.oneof(as, fc.constant(".*"));
    const pattern = fc.record({
      from: fc.constantFrom("^", "_"),
      parts: fc.array(part, { minLength: 1, maxLength: 4 }),
      to: fc.constantFrom("$", "_"),
    });
    fc.assert(
      fc.property(pattern, fc.array(as, { maxLength: 6 }), ({ from, parts, to }, path) => {
        const inner = parts.map((each) => (each === ".*" ? "(?:\\d+ )*" : `${each} `)).join("");
        const expected = new RegExp(
          `${from === "^" ? "^" : "(?:^|(?<= ))"}${inner}${to === "$" ? "$" : ""}`,
        ).test(path.map((number) => `${number} `).join(""));
        const parsed = parsePathPattern(`${from}${parts.join("_")}${to}`)!;
        expect(matchesPath(parsed, path)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  it("asks bgpd for all paths that match, and for no other if it says so", () => {
    const text = fc
      .tuple(
        fc.constantFrom("^", "_"),
        fc.array(fc.oneof(as, fc.constant(".*")), { minLength: 1, maxLength: 3 }),
        fc.constantFrom("$", "_"),
      )
      .map(([from, parts, to]) => `${from}${parts.join("_")}${to}`);
    const meets = (wanted: RibFilter["as"], path: string[]): boolean => {
      if (wanted === undefined) return true;
      if (wanted.place === "empty") return path.length === 0;
      const number = String(wanted.number);
      if (wanted.place === "peer") return path[0] === number;
      if (wanted.place === "source") return path.at(-1) === number;
      return path.includes(number);
    };
    fc.assert(
      fc.property(text, fc.array(as, { maxLength: 5 }), (words, path) => {
        const pattern = parsePathPattern(words)!;
        const { as: wanted, exact } = pathRequest(pattern);
        if (matchesPath(pattern, path)) expect(meets(wanted, path)).toBe(true);
        else if (exact) expect(meets(wanted, path)).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("the equivalent command of bgpctl", () => {
  const flag = fc.option(fc.constant(true as const), { nil: undefined });
  const states = <T extends string>(...all: T[]) =>
    fc.option(fc.uniqueArray(fc.constantFrom(...all), { minLength: 1 }), { nil: undefined });
  const filters = fc
    .record(
      {
        prefix: fc.constantFrom("192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "::1"),
        include: fc.constantFrom("or-longer" as const, "or-shorter" as const),
        family: fc.constantFrom(4 as const, 6 as const, "VPNv4" as const, "VPNv6" as const),
        table: fc.constantFrom("Loc-RIB", "main rib"),
        neighbor: fc.constantFrom("192.0.2.9", "it's a peer", "in"),
        in: flag,
        best: flag,
        invalid: flag,
        leaked: flag,
        filtered: flag,
        disqualified: flag,
        detail: flag,
        ovs: states("valid", "invalid", "not-found"),
        avs: states("valid", "invalid", "unknown"),
        as: fc.constantFrom<NonNullable<RibFilter["as"]>[]>(
          { place: "empty" },
          { place: "source", number: 64500 },
          { place: "any", number: 4200000001 },
        ),
        community: fc.constantFrom("65001:100", "NO_EXPORT", "65001:*"),
        pathId: fc.nat(5),
      },
      { requiredKeys: [] },
    )
    .map((filter) => {
      const found = Object.fromEntries(Object.entries(filter).filter(([, v]) => v !== undefined));
      if (found.prefix === undefined) delete found.include;
      return found as RibFilter;
    });

  it("is read by bgpctl's grammar as the filter that it came from", () => {
    fc.assert(
      fc.property(filters, (filter) => {
        expect(parseCommand(ribWords(filter))).toEqual({ action: "rib", filter });
      }),
      { numRuns: 1000 },
    );
  });

  it("quotes for the shell", () => {
    expect(ribCommand({ neighbor: "it's a peer", community: "1:*" })).toBe(
      String.raw`bgpctl show rib neighbor 'it'\''s a peer' community '1:*'`,
    );
  });
});

const ENTRY: RibEntry = {
  prefix: "192.0.2.0/24",
  aspath: "64500 64510",
  exit_nexthop: "127.0.0.2",
  true_nexthop: "127.0.0.2",
  neighbor: { description: 'say "hi", peer', remote_addr: "127.0.0.2", bgp_id: "127.0.0.2" },
  valid: true,
  best: true,
  source: "external",
  ovs: "valid",
  avs: "unknown",
  origin: "IGP",
  metric: 0,
  localpref: 100,
  weight: 0,
  dmetric: 0,
  last_update: "00:00:01",
  last_update_sec: 1,
  communities: ["65001:100", "NO_EXPORT"],
};

describe("files of routes", () => {
  it("are CSV with one row a route, quoted where commas and quotes need it", () => {
    const text = [...routesAsCsv([ENTRY])].join("");
    const [titles, row, end] = text.split("\r\n");
    expect(titles).toMatch(/^prefix,aspath,origin,.*,communities,/);
    expect(row).toContain('192.0.2.0/24,64500 64510,IGP,127.0.0.2,127.0.0.2,"say ""hi"", peer",');
    expect(row).toContain(",65001:100 NO_EXPORT,");
    expect(end).toBe("");
  });

  it("hold no text that a spreadsheet takes for a formula", () => {
    const description = '=HYPERLINK("http://x")';
    const entry = { ...ENTRY, neighbor: { ...ENTRY.neighbor, description } };
    expect([...routesAsCsv([entry])][1]).toContain(`"'=HYPERLINK(""http://x"")"`);
  });

  it("are the document of bgpctl -j", () => {
    expect(JSON.parse([...routesAsJson([ENTRY, ENTRY])].join(""))).toEqual({ rib: [ENTRY, ENTRY] });
    expect(JSON.parse([...routesAsJson([])].join(""))).toEqual({});
  });
});
