import { beforeAll, describe, expect, it } from "vitest";
import { parseCommand } from "./examples.ts";
import { explore, type Grammar } from "./grammar.ts";

let grammar: Grammar;

beforeAll(async () => {
  grammar = await explore();
  console.log(`grammar: ${grammar.accepted.length} commands of bgpctl's grammar`);
});

/** The client's complaint about a command, or undefined if it reads it. */
function complaint(path: readonly string[]): string | undefined {
  try {
    parseCommand(path);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe("every command of bgpctl's grammar", () => {
  it("was found, with each of its parts", () => {
    const found = new Set(grammar.accepted.map((path) => path.slice(0, 2).join(" ")));
    expect([...found].sort()).toMatchInlineSnapshot(`
      [
        "fib couple",
        "fib decouple",
        "fib table",
        "flowspec add",
        "flowspec delete",
        "flowspec flush",
        "flowspec show",
        "log brief",
        "log verbose",
        "neighbor group",
        "neighbor peer",
        "network add",
        "network bulk",
        "network delete",
        "network flush",
        "network mrt",
        "network show",
        "reload",
        "reload reason",
        "show",
        "show fib",
        "show flowspec",
        "show interfaces",
        "show ip",
        "show metrics",
        "show mrt",
        "show neighbor",
        "show network",
        "show nexthop",
        "show rib",
        "show rtr",
        "show sets",
        "show summary",
        "show tables",
      ]
    `);
    expect(grammar.accepted.length).toBeGreaterThan(250);
  });

  it("is read by the client, except those that read a file and rules that mean nothing", () => {
    const missing = grammar.accepted.flatMap((path) => {
      const why = complaint(path);
      return why === undefined ? [] : [`${path.join(" ")}: ${why}`];
    });
    const isOfFile = (line: string): boolean => /^(show|network) mrt.*reads a file/.test(line);
    // bgpctl sends them all the same
    const isEmpty = (line: string): boolean =>
      /^flowspec (add|delete) .*(no component|begins with inet or inet6|rule has no rd)$/.test(
        line,
      );
    expect(missing.filter((line) => !isOfFile(line) && !isEmpty(line))).toEqual([]);
    expect(missing.filter(isOfFile).length).toBeGreaterThan(10);
    const counts = [isOfFile, isEmpty].map((kind) => missing.filter(kind).length);
    console.log(
      `grammar: of them ${counts[0]} read files, and ${counts[1]} are rules without a part`,
    );
  });

  it("has an end, except those that bgpctl has not implemented", () => {
    const others = grammar.refused.filter(([, text]) => !/not yet implemented/.test(text));
    expect(others).toEqual([]);
    const words = grammar.refused.map(([path]) => path.at(-1));
    expect(new Set(words)).toEqual(new Set(["flags", "fragment"]));
  });
});
