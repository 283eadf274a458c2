import { describe, expect, it } from "vitest";
import { comparison, figures } from "./compare.ts";

const row = (payload: string, ns: number) => ({
  section: "decode",
  payload,
  chunk: 1500,
  name: "imsg-wasm",
  ns,
  ratio: { median: 1, low: 1, high: 1 },
});

describe("the figures of a report", () => {
  it("have names that do not depend on their place", () => {
    const report = { node: "v20", rows: [row("16", 100), row("64", 200)], start: { libraryMs: 5 } };
    const all = figures(report);
    expect(all.get("rows: decode, payload 64, chunk 1500, imsg-wasm: ns")).toBe(200);
    expect(all.get("start: libraryMs")).toBe(5);
    expect(figures({ rows: [row("64", 200), row("16", 100)] })).toEqual(
      figures({ rows: [row("16", 100), row("64", 200)] }),
    );
  });

  it("are found in rows of other sections and in plain lists", () => {
    const all = figures({
      connections: [{ name: "echo", connections: 100, p50: 7 }],
      list: [3, 4],
    });
    expect(all.get("connections: echo, connections 100: p50")).toBe(7);
    expect([...all.keys()]).toContain("list: 1");
  });
});

describe("the comparison of two reports", () => {
  it("lists the largest change first, and leaves out figures that only one run has", () => {
    const lines = comparison(
      { rows: [row("16", 100), row("64", 200), row("256", 300)] },
      { rows: [row("64", 100), row("16", 110), row("1024", 900)] },
    );
    expect(lines.slice(0, 2)).toEqual([
      "0.50 times  rows: decode, payload 64, chunk 1500, imsg-wasm: ns: 200 -> 100",
      "1.10 times  rows: decode, payload 16, chunk 1500, imsg-wasm: ns: 100 -> 110",
    ]);
    expect(lines.join("\n")).not.toMatch(/256|1024/);
  });
});
