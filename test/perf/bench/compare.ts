import { readFileSync } from "node:fs";

type Json = number | string | boolean | null | Json[] | { [key: string]: Json };

/** The fields that identify a row; the others are measurements. */
const KEYS = ["section", "payload", "chunk", "name", "size", "connections", "channels", "count"];

/** The name of a row, made from the fields that identify it. */
function rowName(row: { [key: string]: Json }): string {
  return KEYS.filter((key) => key in row)
    .map((key) => (key === "section" || key === "name" ? row[key] : `${key} ${row[key]}`))
    .join(", ");
}

/** All figures of a report, each by a name that is the same in every run. */
export function figures(report: Json, name = ""): Map<string, number> {
  const all = new Map<string, number>();
  const add = (part: string, value: Json): void => {
    for (const [key, n] of figures(value, name === "" ? part : `${name}: ${part}`)) all.set(key, n);
  };
  if (typeof report === "number") all.set(name, report);
  else if (Array.isArray(report)) {
    report.forEach((row, i) => {
      const named = typeof row === "object" && row !== null && !Array.isArray(row);
      add((named && rowName(row)) || String(i), row);
    });
  } else if (typeof report === "object" && report !== null) {
    for (const [key, value] of Object.entries(report)) {
      if (typeof value === "object" || !KEYS.includes(key)) add(key, value);
    }
  }
  return all;
}

/** A line with the change of each figure since an earlier run, the largest change first. */
export function comparison(before: Json, now: Json): string[] {
  const old = figures(before);
  const changes = [...figures(now)]
    .filter(([name, value]) => (old.get(name) ?? 0) !== 0 && value !== 0)
    .map(([name, value]) => ({ name, was: old.get(name)!, is: value }))
    .sort((a, b) => Math.abs(Math.log(b.is / b.was)) - Math.abs(Math.log(a.is / a.was)));
  const round = (n: number): string => n.toPrecision(3);
  return changes.map(
    ({ name, was, is }) => `${(is / was).toFixed(2)} times  ${name}: ${round(was)} -> ${round(is)}`,
  );
}

/** Prints how the figures of a run have changed since the run whose report is in a file. */
export function printComparison(file: string, now: unknown): void {
  const before = JSON.parse(readFileSync(file, "utf8")) as Json;
  console.log(`\ncompared with ${file}:`);
  for (const line of comparison(before, JSON.parse(JSON.stringify(now)) as Json)) console.log(line);
}
