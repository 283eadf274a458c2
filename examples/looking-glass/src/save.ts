// Saves the rows that are shown as files.

import { routesAsCsv, routesAsJson } from "../../bgpd/route-files.mjs";
import type { RibEntry } from "../../bgpd/types.ts";
import { h } from "./dom.ts";
import type { RouteRow } from "./route.ts";
import { slices } from "./sort.ts";

const FORMATS = {
  csv: { write: routesAsCsv, type: "text/csv;charset=utf-8" },
  json: { write: routesAsJson, type: "application/json" },
};

/** A format of files. */
export type Format = keyof typeof FORMATS;

function* entriesOf(rows: readonly RouteRow[]): Generator<RibEntry> {
  for (const row of rows) yield row.decode().entry;
}

/** Saves routes as a file, in their order. */
export async function save(rows: readonly RouteRow[], format: Format): Promise<void> {
  const { write, type } = FORMATS[format];
  const rest = slices();
  const parts: string[] = [];
  for (const piece of write(entriesOf(rows))) {
    parts.push(piece);
    await rest();
  }
  const url = URL.createObjectURL(new Blob(parts, { type }));
  h("a", { href: url, download: `routes.${format}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
