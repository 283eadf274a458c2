// Parses the attributes with which a network or flowspec rule is announced, in bgpctl's words.

import { UsageError } from "../common/printer.mjs";
import { parseDistinguisher } from "./communities.mjs";
import { encodeRule, takeList } from "./flowspec.mjs";
import { attributeSets } from "./requests.mjs";

/** @import { Attributes } from "./types.ts" */
/** @import { Words } from "./words.mjs" */

const PREPENDS = 128;
const ATTRIBUTES = /** @type {const} */ ([
  "community",
  "ext-community",
  "large-community",
  "localpref",
  "med",
  "metric",
  "nexthop",
  "pftable",
  "prepend-neighbor",
  "prepend-self",
  "rd",
  "weight",
]);

/**
 * One attribute, added to those before it.
 *
 * @param {typeof ATTRIBUTES[number]} word
 * @param {Words} words
 * @param {Attributes} all
 * @returns {Attributes}
 */
function attribute(word, words, all) {
  const value = () => words.take(`the value of ${word}`);
  switch (word) {
    case "community":
      return { community: [...(all.community ?? []), value()] };
    case "large-community":
      return { largeCommunity: [...(all.largeCommunity ?? []), value()] };
    case "ext-community":
      return { extCommunity: [...(all.extCommunity ?? []), [value(), value()]] };
    case "localpref":
    case "weight":
      return { [word]: words.number(word) };
    case "med":
    case "metric":
      return { med: words.number(word) };
    case "prepend-self":
      return { prependSelf: words.number(word, PREPENDS) };
    case "prepend-neighbor":
      return { prependNeighbor: words.number(word, PREPENDS) };
    case "nexthop":
    case "pftable":
    case "rd":
      return { [word]: value() };
  }
}

/**
 * The attributes up to the end of the command. Throws a UsageError or a TypeError for wrong ones.
 *
 * @param {Words} words
 */
export function attributes(words) {
  /** @type {Attributes} */
  let all = {};
  while (words.next !== undefined) {
    all = { ...all, ...attribute(words.must(ATTRIBUTES), words, all) };
  }
  attributeSets(all);
  if (all.rd !== undefined) parseDistinguisher(all.rd);
  return all;
}

/** @typedef {Parameters<typeof encodeRule>[1]["lists"]} Lists */

/**
 * One end of a rule: `any` or a prefix, and perhaps ports.
 *
 * @param {"from" | "to"} end
 * @param {Words} words
 * @param {Lists} lists
 */
function endOf(end, words, lists) {
  const prefix = words.take("a prefix or any");
  if (words.oneOf(["port"]) !== undefined) lists[`${end}-port`] = takeList(words.rest);
  return prefix === "any" ? undefined : prefix;
}

/**
 * Parses a flowspec rule and the attributes with which bgpd announces it. Takes all words that are left.
 *
 * @param {4 | 6} family
 * @param {Words} words
 */
export function ruleOf(family, words) {
  /** @type {Lists} */
  const lists = {};
  /** @type {{ from?: string, to?: string }} */
  const ends = {};
  while (words.next !== undefined) {
    const word = words.must(["proto", "from", "to", "icmp-type", "length", "dscp", "set"]);
    if (word === "set") {
      const found = attributes(words);
      if (found.rd !== undefined) throw new UsageError("a flowspec rule has no rd");
      return { rule: encodeRule(family, { ...ends, lists }), attributes: found };
    }
    if (word === "from" || word === "to") {
      const prefix = endOf(word, words, lists);
      if (prefix !== undefined) ends[word] = prefix;
    } else {
      lists[word === "dscp" ? "tos" : word] = takeList(words.rest);
      const hasCode = word === "icmp-type" && words.oneOf(["code"]) !== undefined;
      if (hasCode) lists["icmp-code"] = takeList(words.rest);
    }
  }
  return { rule: encodeRule(family, { ...ends, lists }), attributes: {} };
}
