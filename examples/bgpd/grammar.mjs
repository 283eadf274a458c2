// The commands, in bgpctl's words, which may be abbreviated as there.

import { UsageError } from "../common/printer.mjs";
import { parseAddress, parseDestination } from "./addresses.mjs";
import { attributes, ruleOf } from "./changes.mjs";
import { communityRequest } from "./requests.mjs";
import { Words } from "./words.mjs";

/** @import { Command } from "./commands.ts" */
/** @import { Family, FibFilter, NeighborFilter, RibFilter } from "./types.ts" */

/** @type {Record<string, Family>} */
const FAMILIES = { inet: 4, ipv4: 4, inet6: 6, ipv6: 6, vpnv4: "VPNv4", vpnv6: "VPNv6" };

/** Takes a word for an address family, which is never abbreviated, if it comes next. */
function family(/** @type {Words} */ words) {
  const found = FAMILIES[words.next?.toLowerCase() ?? ""];
  if (found !== undefined) words.take("");
  return found;
}

/** An object with an address family, if one comes next. */
function withFamily(/** @type {Words} */ words) {
  const found = family(words);
  return found === undefined ? {} : { family: found };
}

/** @param {Words} words @returns {NeighborFilter} */
function oneNeighbor(words) {
  const isGroup = words.oneOf(["group"]) !== undefined;
  const name = words.take("an address or a description");
  return isGroup ? { group: name } : { neighbor: name };
}

/** Words that take an AS number, with the place in the path that they mean. */
const PLACES = /** @type {const} */ ({
  as: "any",
  "source-as": "source",
  "transit-as": "transit",
  "peer-as": "peer",
});
/** Words that are a member of the filter. */
const SWITCHES = /** @type {const} */ ({
  best: "best",
  selected: "best",
  detail: "detail",
  disqualified: "disqualified",
  error: "invalid",
  invalid: "invalid",
  filtered: "filtered",
  in: "in",
  out: "out",
  leaked: "leaked",
});
const OTHERS = /** @type {const} */ ([
  "memory",
  "summary",
  "ssv",
  "neighbor",
  "table",
  "community",
  "large-community",
  "ext-community",
  "ovs",
  "avs",
  "path-id",
  "empty-as",
]);
const INCLUDES = /** @type {const} */ (["or-longer", "longer-prefixes", "all", "or-shorter"]);

/**
 * Reads one of the words that need more than a number.
 *
 * @param {Exclude<typeof OTHERS[number], "memory" | "summary" | "ssv">} word
 * @param {Words} words
 * @param {RibFilter} filter
 * @returns {RibFilter}
 */
function ribOther(word, words, filter) {
  switch (word) {
    case "neighbor":
      return oneNeighbor(words);
    case "table":
      return { table: words.take("the name of a RIB") };
    case "community":
      return { community: words.take("a community") };
    case "large-community":
      return { largeCommunity: words.take("a large community") };
    case "ext-community": {
      const subtype = words.take("the subtype of an extended community");
      return { extCommunity: [subtype, words.take("the value of an extended community")] };
    }
    case "ovs":
      return { ovs: [...(filter.ovs ?? []), words.must(["valid", "invalid", "not-found"])] };
    case "avs":
      return { avs: [...(filter.avs ?? []), words.must(["valid", "invalid", "unknown"])] };
    case "path-id":
      return { pathId: words.number("path id") };
    case "empty-as":
      return { as: { place: "empty" } };
  }
}

/** @param {Words} words @returns {RibFilter} */
function destination(words) {
  const prefix = words.take("a prefix");
  try {
    parseDestination(prefix);
  } catch {
    throw new UsageError(`"${prefix}" is neither a prefix nor a word of show rib`);
  }
  const include = words.oneOf(INCLUDES);
  if (include === undefined) return { prefix };
  return { prefix, include: include === "or-shorter" ? include : "or-longer" };
}

const keys = /** @type {<T extends object>(object: T) => (keyof T & string)[]} */ (Object.keys);

/** The filter of the routes that a command lists, or another subject that it shows: bgpctl takes `memory` behind filters, too. */
/** @param {Words} words @returns {Command} */
function showRib(words) {
  /** @type {RibFilter} */
  let filter = {};
  let oneLine = false;
  while (words.next !== undefined) {
    const found = family(words);
    if (found !== undefined) {
      filter = { ...filter, family: found };
      continue;
    }
    const word = words.oneOf([...keys(SWITCHES), ...keys(PLACES), ...OTHERS]);
    if (word === "memory") return { action: "memory" };
    if (word === "summary") return summary(words);
    if (word === "ssv") oneLine = true;
    else if (word === undefined) filter = { ...filter, ...destination(words) };
    else if (word in SWITCHES) {
      filter = { ...filter, [SWITCHES[/** @type {keyof typeof SWITCHES} */ (word)]]: true };
    } else if (word in PLACES) {
      const place = PLACES[/** @type {keyof typeof PLACES} */ (word)];
      filter = { ...filter, as: { place, number: words.as() } };
    } else {
      const other = ribOther(/** @type {Parameters<typeof ribOther>[0]} */ (word), words, filter);
      filter = { ...filter, ...other };
    }
  }
  communityRequest(filter);
  return { action: "rib", filter, ...(oneLine && { oneLine }) };
}

/** @param {Words} words @returns {FibFilter} */
function fibFilter(words) {
  const KINDS = /** @type {const} */ ({
    bgp: "BGPD",
    connected: "CONNECTED",
    nexthop: "NEXTHOP",
    static: "STATIC",
  });
  /** @type {FibFilter} */
  let filter = {};
  while (words.next !== undefined) {
    const found = family(words);
    const word = found === undefined ? words.oneOf([...keys(KINDS), "table"]) : undefined;
    if (found !== undefined) filter = { ...filter, family: found };
    else if (word === "table") filter = { ...filter, table: words.number("routing table") };
    else if (word !== undefined)
      filter = { ...filter, kinds: [...(filter.kinds ?? []), KINDS[word]] };
    else {
      const address = words.take("an address");
      if (parseAddress(address) === undefined) throw new UsageError(`"${address}" is no address`);
      filter = { ...filter, address };
      words.end();
    }
  }
  return filter;
}

/** @param {Words} words @returns {Command} */
function showNeighbor(words) {
  if (words.next === undefined) return { action: "neighbors", filter: {} };
  const filter = oneNeighbor(words);
  const how = words.oneOf(["messages", "terse", "timers"]);
  return { action: "neighbors", filter: how === "timers" ? { ...filter, timers: true } : filter };
}

/** @param {Words} words @returns {Command} */
function summary(words) {
  return { action: "summary", terse: words.oneOf(["terse"]) !== undefined };
}

/**
 * Throws a UsageError: the command does not ask bgpd.
 *
 * @param {string} command
 * @returns {never}
 */
function readsFile(command) {
  throw new UsageError(`${command} reads a file and does not ask bgpd: use bgpctl for it`);
}

/** The parsers of the listings, by the word after `show`. @type {Record<string, (words: Words) => Command>} */
const SHOW = {
  fib: (words) => ({ action: "fib", filter: fibFilter(words) }),
  flowspec: (words) => ({ action: "flowspecs", ...withFamily(words) }),
  interfaces: () => ({ action: "interfaces" }),
  ip: (words) => {
    words.must(["bgp"]);
    return showRib(words);
  },
  metrics: () => ({ action: "metrics" }),
  mrt: () => readsFile("show mrt"),
  neighbor: showNeighbor,
  network: (words) => ({ action: "networks", ...withFamily(words) }),
  nexthop: () => ({ action: "nexthops" }),
  rib: showRib,
  rtr: () => ({ action: "rtrs" }),
  sets: () => ({ action: "sets" }),
  summary,
  tables: () => ({ action: "tables" }),
};

/** @param {Words} words @returns {Command} */
function show(words) {
  if (words.next === undefined) return { action: "summary", terse: false };
  return words.choice(SHOW)(words);
}

/** @param {Words} words @returns {Command} */
function changeNeighbor(words) {
  const filter = oneNeighbor(words);
  const change = words.must(["up", "down", "clear", "refresh", "destroy"]);
  const takesReason = change === "down" || change === "clear";
  const reason = takesReason && words.next !== undefined ? words.take("a reason") : "";
  return { action: "neighbor", change, filter, reason };
}

/** @param {Words} words @returns {Command} */
function fib(words) {
  const table = words.oneOf(["table"]) === undefined ? 0 : words.number("routing table");
  return { action: "fib-sync", coupled: words.must(["couple", "decouple"]) === "couple", table };
}

/** @param {Words} words @returns {Command} */
function network(words) {
  const change = words.must(["add", "bulk", "delete", "flush", "mrt", "show"]);
  if (change === "show") return { action: "networks", ...withFamily(words) };
  if (change === "flush") return { action: "network-flush" };
  if (change === "mrt") return readsFile("network mrt");
  if (change === "bulk") {
    const bulk = words.must(["add", "delete"]);
    const given = bulk === "add" ? attributes(words) : {};
    return { action: "network-bulk", change: bulk, attributes: given };
  }
  const prefix = words.take("a prefix");
  parseDestination(prefix);
  return { action: "network", change, prefix, attributes: attributes(words) };
}

/** @param {Words} words @returns {Command} */
function flowspec(words) {
  const change = words.must(["add", "delete", "flush", "show"]);
  if (change === "show") return { action: "flowspecs", ...withFamily(words) };
  if (change === "flush") return { action: "flowspec-flush" };
  const found = family(words);
  if (found !== 4 && found !== 6) throw new UsageError("a flowspec rule begins with inet or inet6");
  return { action: "flowspec", change, family: found, ...ruleOf(found, words) };
}

/** @type {Record<string, (words: Words) => Command>} */
const COMMANDS = {
  fib,
  flowspec,
  log: (words) => ({ action: "log", verbose: words.must(["brief", "verbose"]) === "verbose" }),
  neighbor: changeNeighbor,
  network,
  reload: (words) => ({
    action: "reload",
    reason: words.next === undefined ? "" : words.take("a reason"),
  }),
  show,
  watch: (words) => {
    words.must(["neighbors"]);
    return { action: "watch" };
  },
};

/** Short forms of the commonest listings, and the words that each stands for. Users must write them out. */
const SHORT = new Map([
  ["rib", ["show", "rib"]],
  ["rib-mem", ["show", "rib", "memory"]],
  ["tables", ["show", "tables"]],
]);

/**
 * Reads a command. Throws a UsageError, or a TypeError for an address or community that is none.
 *
 * @param {readonly string[]} argv
 * @returns {Command}
 */
export function parseCommand(argv) {
  const [first = "", ...rest] = argv;
  if (first === "neighbors" && rest.length === 0) {
    return { action: "summary", terse: false, full: true };
  }
  const long = SHORT.get(first);
  const words = new Words(long === undefined ? argv : [...long, ...rest]);
  const command = words.choice(COMMANDS)(words);
  words.end();
  return command;
}
