// A route of a listing, kept as the bytes that bgpd sent: a table has a hundred thousand of them, of
// which few are seen.

import type { ImsgMessage } from "imsg-wasm";
import { bgpd, CtlShowRib } from "imsg-wasm/protocols/bgpd";
import { ribEntry } from "../../bgpd/records.mjs";
import type { RibEntry, Route } from "../../bgpd/types.ts";

/** The fields of a message that the page keeps. */
type Kept = Pick<ImsgMessage, "type" | "data">;

/** Routes whose records are kept, because they are on the screen. */
const KEPT = 400;
const kept = new Map<RouteRow, RibEntry>();

const offsetOf = (path: string): number => {
  const found = CtlShowRib.members.find((member) => member.path === path);
  if (found === undefined) throw new Error(`bgpd's structure has no ${path}`);
  return found.offset;
};
const PREFIX = offsetOf("prefix");
const AID = offsetOf("prefix.aid");
const LENGTH = offsetOf("prefixlen");

const decoded = (message: Kept) => bgpd.decode(message as ImsgMessage);

/** A route of a listing. */
export class RouteRow {
  readonly #message: Kept;
  #more: Kept[] | undefined;

  constructor({ type, data }: Kept) {
    this.#message = { type, data };
  }

  /** Adds a message that belongs to the route: communities, or another attribute. */
  add({ type, data }: Kept): void {
    this.#more ??= [];
    this.#more.push({ type, data });
  }

  /** The record and the flags, decoded anew. */
  decode(): Route {
    const { name, payload } = decoded(this.#message);
    if (name !== "SHOW_RIB") throw new Error("this message is no route");
    const communities = [];
    const attributes = [];
    for (const message of this.#more ?? []) {
      const more = decoded(message);
      if (more.name === "SHOW_RIB_COMMUNITIES") communities.push(...more.payload.communities);
      else if (more.name === "SHOW_RIB_ATTR") attributes.push(more.payload);
    }
    const route = payload as Parameters<typeof ribEntry>[0];
    return { entry: ribEntry(route, communities, attributes), flags: route.flags };
  }

  /** The record, which is decoded once while it is on the screen. */
  get entry(): RibEntry {
    const known = kept.get(this);
    if (known !== undefined) return known;
    const { entry } = this.decode();
    if (kept.size >= KEPT) kept.delete(kept.keys().next().value as RouteRow);
    kept.set(this, entry);
    return entry;
  }

  /** Sorts as addresses do. */
  get order(): string {
    const { data } = this.#message;
    let text = String.fromCharCode(data[AID]!);
    for (let i = 0; i < 16; i++) text += String.fromCharCode(data[PREFIX + i]!);
    return text + String.fromCharCode(data[LENGTH]!);
  }
}

/** The key that distinguishes the routes of a listing. */
export const keyOf = ({ prefix, neighbor, path_id, announced }: RibEntry): string =>
  [prefix, neighbor.remote_addr, path_id ?? "", announced ? "A" : ""].join(" ");
