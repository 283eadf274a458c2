// Splits a search into the requests to bgpd and the tests that the page applies to the replies.

import { parseAddress, readPrefix } from "../../bgpd/addresses.mjs";
import { matchesPath, parsePathPattern, pathNumbers, pathRequest } from "../../bgpd/aspath.mjs";
import { ribRequest } from "../../bgpd/requests.mjs";
import type { RibEntry, RibFilter } from "../../bgpd/types.ts";
import { type Kind, type Word, wordsOf } from "./words.ts";

type Test = (entry: RibEntry) => boolean;

/** A search, read. */
export interface Query {
  readonly words: readonly Word[];
  /** The requests, one after the other; a route that answers two of them counts once. */
  readonly filters: readonly RibFilter[];
  /** The conditions that bgpd cannot be asked for. */
  readonly tests: readonly Test[];
  /** The mistake in the words; the page sends no request then. */
  readonly problems: readonly string[];
  /** How the routes around a prefix are included. */
  readonly include: Include;
}

/** `auto` is the longest match for an address; for a prefix, all routes that it covers or that cover it. */
export type Include = "auto" | "exact" | "or-longer" | "or-shorter";

const FAMILIES: Readonly<Record<string, NonNullable<RibFilter["family"]>>> = {
  inet: 4,
  ipv4: 4,
  inet6: 6,
  ipv6: 6,
  vpnv4: "VPNv4",
  vpnv6: "VPNv6",
};
const PLACES = {
  as: "any",
  "source-as": "source",
  "peer-as": "peer",
  "transit-as": "transit",
} as const;
const OVS = {
  valid: "valid",
  invalid: "invalid",
  "not-found": "not-found",
  unknown: "not-found",
} as const;
const AVS = { valid: "valid", invalid: "invalid", unknown: "unknown" } as const;
const STATES: Readonly<Record<string, Test>> = {
  valid: (entry) => entry.valid,
  stale: (entry) => entry.stale === true,
  announced: (entry) => entry.announced === true,
  ecmp: (entry) => entry.ecmp === true,
  internal: (entry) => entry.source === "internal",
  external: (entry) => entry.source === "external",
};

/** Collects the meanings of the words. */
class Reader {
  filter: RibFilter = { detail: true };
  tests: Test[] = [];
  problems: string[] = [];
  include: Include = "auto";

  read(word: Word): void {
    const { kind, name, value } = word;
    if (value === "") {
      this.problems.push(`“${name}” wants a value, such as ${EXAMPLES[kind] ?? "one"}`);
      return;
    }
    const one = READERS[kind];
    const problem = one.call(this, word);
    if (problem !== undefined) this.problems.push(problem);
  }

  /** Adds to the request; returns the problem if bgpd cannot be asked so. */
  add(more: RibFilter): string | undefined {
    try {
      ribRequest({ ...more });
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    this.filter = { ...this.filter, ...more };
    return undefined;
  }

  /** The whole number of an AS, which may be written with a dot. */
  asNumber(text: string): number | undefined {
    const [, high, low] = /^(?:as)?(\d+)(?:\.(\d+))?$/i.exec(text) ?? [];
    const number = low === undefined ? Number(high) : Number(high) * 65536 + Number(low);
    return number <= 0xffffffff ? number : undefined;
  }

  /** Requests a place in the path if no other part of the path is requested; tests it otherwise. */
  path(as: NonNullable<RibFilter["as"]>, test: Test, exact: boolean): void {
    if (this.filter.as === undefined) this.filter = { ...this.filter, as };
    else exact = false;
    if (!exact) this.tests.push(test);
  }

  prefix(text: string): string | undefined {
    const isWhole = parseAddress(text) !== undefined || readPrefix(text) !== undefined;
    if (!isWhole) return this.#beginning(text.toLowerCase());
    if (this.filter.prefix !== undefined) return `“${text}”: one prefix or address at a time`;
    return this.add({ prefix: text });
  }

  /** The beginning of an address: bgpd is asked for the network of its whole parts. */
  #beginning(text: string): string | undefined {
    this.tests.push((entry) => entry.prefix.toLowerCase().startsWith(text));
    if (this.filter.prefix === undefined) this.within = networkAround(text);
    return undefined;
  }

  /** The network that has all prefixes with the beginning that is searched for. */
  within: string | undefined;
}

/** The smallest network of whole numbers that has all addresses with this beginning. */
function networkAround(text: string): string | undefined {
  const [address = ""] = text.split("/");
  if (address.includes(":")) {
    const [before = ""] = address.split("::");
    const groups = before.split(":");
    // the user may not have typed all digits of the last number
    if (!address.includes("::")) groups.pop();
    if (groups.length === 0 || groups.length > 7) return undefined;
    const found = `${groups.join(":")}::/${16 * groups.length}`;
    return readPrefix(found) === undefined ? undefined : found;
  }
  const numbers = address.split(".");
  numbers.pop();
  const found = [...numbers, 0, 0, 0, 0].slice(0, 4).join(".");
  const length = 8 * numbers.length;
  return length === 0 || readPrefix(`${found}/${length}`) === undefined
    ? undefined
    : `${found}/${length}`;
}

const EXAMPLES: Partial<Record<Kind, string>> = {
  neighbor: "neighbor:192.0.2.1",
  table: "table:Loc-RIB",
  community: "community:65001:100",
  ovs: "rpki:invalid",
  avs: "aspa:invalid",
  as: "as:64500",
};

const lists = (entry: RibEntry): string[] =>
  [entry.communities, entry.large_communities, entry.extended_communities].flatMap(
    (list) => list ?? [],
  );

/** Whether a route has a community whose numbers may be *. */
function hasCommunity(wanted: string): Test {
  const pattern = new RegExp(
    `^${wanted.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "\\d+")}$`,
    "i",
  );
  return (entry) => lists(entry).some((each) => pattern.test(each));
}

/** Requests the first community, because a request has room for one; tests the others. */
function community(reader: Reader, wanted: RibFilter, printed: string): string | undefined {
  const { community, largeCommunity, extCommunity } = reader.filter;
  const problem = reader.add(wanted);
  if (problem !== undefined) return problem;
  if ((community ?? largeCommunity ?? extCommunity) === undefined) return undefined;
  for (const name of ["community", "largeCommunity", "extCommunity"] as const)
    delete reader.filter[name];
  Object.assign(reader.filter, {
    ...(community !== undefined && { community }),
    ...(largeCommunity !== undefined && { largeCommunity }),
    ...(extCommunity !== undefined && { extCommunity }),
  });
  reader.tests.push(hasCommunity(printed));
  return undefined;
}

const READERS: Record<Kind, (this: Reader, word: Word) => string | undefined> = {
  prefix({ value }) {
    return this.prefix(value);
  },
  include({ name }) {
    if (name === "exact" || name === "or-shorter") this.include = name;
    else this.include = "or-longer";
    return undefined;
  },
  direction({ name }) {
    return this.add(name === "in" ? { in: true } : { out: true });
  },
  neighbor({ value }) {
    return this.add({ neighbor: value });
  },
  group({ value }) {
    return this.add({ group: value });
  },
  table({ value }) {
    return this.add({ table: value });
  },
  family({ name }) {
    return this.add({ family: FAMILIES[name] ?? 4 });
  },
  best() {
    return this.add({ best: true });
  },
  refused({ name }) {
    if (name === "error" || name === "invalid") return this.add({ invalid: true });
    return this.add({ [name]: true });
  },
  state({ name }) {
    this.tests.push(STATES[name] ?? (() => true));
    return undefined;
  },
  ovs({ name, value }) {
    const state = OVS[value.toLowerCase() as keyof typeof OVS] as (typeof OVS)["valid"] | undefined;
    if (state === undefined) return `${name}:${value}: valid, invalid and not-found are states`;
    return this.add({ ovs: [...new Set([...(this.filter.ovs ?? []), state])] });
  },
  avs({ name, value }) {
    const state = AVS[value.toLowerCase() as keyof typeof AVS] as (typeof AVS)["valid"] | undefined;
    if (state === undefined) return `${name}:${value}: valid, invalid and unknown are states`;
    return this.add({ avs: [...new Set([...(this.filter.avs ?? []), state])] });
  },
  as({ name, value }) {
    if (name === "empty-as") {
      this.path({ place: "empty" }, ({ aspath }) => aspath === "", true);
      return undefined;
    }
    const number = this.asNumber(value);
    if (number === undefined) return `“${value}” is no AS number: 64500 and 1.10 are`;
    const place = PLACES[name as keyof typeof PLACES] ?? "any";
    const at = (path: readonly string[]): readonly (string | undefined)[] => {
      if (place === "source") return path.slice(-1);
      if (place === "peer") return path.slice(0, 1);
      return place === "transit" ? path.slice(0, -1) : path;
    };
    const test: Test = ({ aspath }) => at(pathNumbers(aspath)).includes(String(number));
    this.path({ place, number }, test, true);
    return undefined;
  },
  path({ value }) {
    const pattern = parsePathPattern(value);
    if (pattern === undefined) return `“${value}” is no path: ^64500, _64510_ and 64510$ are`;
    const { as, exact } = pathRequest(pattern);
    const test: Test = ({ aspath }) => matchesPath(pattern, pathNumbers(aspath));
    if (as !== undefined) this.path(as, test, exact);
    return undefined;
  },
  length({ value }) {
    this.tests.push(({ prefix }) => prefix.endsWith(value));
    return undefined;
  },
  community({ value }) {
    return community(this, { community: value }, value);
  },
  "large-community"({ value }) {
    return community(this, { largeCommunity: value }, value);
  },
  "ext-community"({ value }) {
    const [subtype = "", ...rest] = value.split(":");
    const wanted = [subtype, rest.join(":")] as const;
    return community(this, { extCommunity: wanted }, wanted.join(" "));
  },
  "path-id"({ value }) {
    if (!/^\d{1,9}$/.test(value)) return `“${value}” is no path id`;
    return this.add({ pathId: Number(value) });
  },
  ignored() {
    return undefined;
  },
  text({ value }) {
    const wanted = value.toLowerCase();
    this.tests.push((entry) => textOf(entry).includes(wanted));
    return undefined;
  },
};

/** All texts of a route that a word may be in. */
export const textOf = ({ prefix, exit_nexthop, neighbor, aspath, origin }: RibEntry): string =>
  [prefix, exit_nexthop, neighbor.description, neighbor.remote_addr, aspath, origin]
    .join(" ")
    .toLowerCase();

/** The requests for a prefix, the prefixes that cover it and those within it. */
function around(filter: RibFilter, include: Include): RibFilter[] {
  const { prefix } = filter;
  if (prefix === undefined) return [filter];
  if (include === "or-longer" || include === "or-shorter") return [{ ...filter, include }];
  if (include === "exact" || parseAddress(prefix) !== undefined) return [filter];
  return [
    { ...filter, include: "or-shorter" },
    { ...filter, include: "or-longer" },
  ];
}

/** Reads a search. */
export function queryOf(search: string): Query {
  const words = wordsOf(search);
  const reader = new Reader();
  for (const word of words) reader.read(word);
  const { filter, tests, problems, include, within } = reader;
  if (filter.in && filter.out) problems.push("in and out: one of them at a time");
  const filters =
    filter.prefix === undefined && within !== undefined
      ? [{ ...filter, prefix: within, include: "or-longer" as const }]
      : around(filter, include);
  return { words, filters, tests, problems, include };
}
