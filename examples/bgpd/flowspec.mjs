// Flowspec rules: RFC 8955's and RFC 8956's encoding as the text of `bgpctl show flowspec`.

import { printIPv4, printIPv6 } from "imsg-wasm/protocol";
import { parsePrefix } from "./addresses.mjs";

/** @import { Decoded } from "imsg-wasm/protocol" */
/** @import { Flowspec } from "imsg-wasm/protocols/bgpd" */
/** @import { FlowspecRule } from "./types.ts" */

/** Components by the words of a rule, with their types and the order in which bgpctl prints them. */
const TYPES = {
  proto: 3,
  "any-port": 4,
  from: 2,
  "from-port": 6,
  to: 1,
  "to-port": 5,
  tos: 11,
  length: 10,
  flags: 9,
  fragment: 12,
  "icmp-type": 7,
  "icmp-code": 8,
  flow: 13,
};
const LAST_TYPE = 13;
const OP = { END: 0x80, AND: 0x40, LT: 4, GT: 2, EQ: 1, NOT: 2, MATCH: 1 };
const COMPARISONS = ["false", "", "> ", ">= ", "< ", "<= ", "!= ", "true"];
const BITS = { flags: "FSRPAUEW", fragment4: "DIFL", fragment6: " IFL" };

/** How many bytes the value behind an operator has. */
const valueLength = (/** @type {number} */ op) => 1 << ((op >> 4) & 3);
const bytesOf = (/** @type {number} */ bits) => (bits + 7) >> 3;

/** @param {Uint8Array} bytes */
const big = (bytes) => bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** @typedef {{ op: number, value: bigint }} Term */

/** @param {Uint8Array} bytes */
function termsOf(bytes) {
  /** @type {Term[]} */
  const terms = [];
  for (let at = 0; at < bytes.length; ) {
    const op = bytes[at] ?? 0;
    const length = valueLength(op);
    terms.push({ op, value: big(bytes.subarray(at + 1, at + 1 + length)) });
    at += 1 + length;
  }
  return terms;
}

/**
 * The length of the component that begins with these bytes, without its type.
 *
 * @param {number} type
 * @param {Uint8Array} bytes
 * @param {boolean} isV6
 */
function componentLength(type, bytes, isV6) {
  if (type < 1 || type > LAST_TYPE)
    throw new TypeError(`a flowspec component has the type ${type}`);
  if (type <= TYPES.from) {
    const [bits = 0, offset = 0] = bytes;
    return isV6 ? 2 + bytesOf(bits - offset) : 1 + bytesOf(bits);
  }
  let at = 0;
  for (let op = 0; (op & OP.END) === 0 && at < bytes.length; ) {
    op = bytes[at] ?? 0;
    at += 1 + valueLength(op);
  }
  return at;
}

/**
 * The components of a rule by their types. Throws a TypeError for bytes that are no rule.
 *
 * @param {Uint8Array} bytes
 * @param {boolean} isV6
 */
function componentsOf(bytes, isV6) {
  const components = new Map();
  for (let at = 0; at < bytes.length; ) {
    const type = bytes[at] ?? 0;
    const length = componentLength(type, bytes.subarray(at + 1), isV6);
    const end = at + 1 + length;
    if (length === 0 || end > bytes.length) {
      throw new TypeError("a flowspec rule ends within a component");
    }
    components.set(type, bytes.subarray(at + 1, end));
    at = end;
  }
  return components;
}

/** Whether two terms are the two ends of one range. */
const isRange = (/** @type {Term} */ low, /** @type {Term} */ high) =>
  (low.op & 7) === (OP.GT | OP.EQ) && (high.op & OP.AND) !== 0 && (high.op & 7) === (OP.LT | OP.EQ);

/** @param {Term} term */
function comparison({ op, value }) {
  const and = (op & OP.AND) === 0 ? "" : "&& ";
  const how = op & 7;
  return and + COMPARISONS[how] + (how === 0 || how === 7 ? "" : value);
}

/**
 * The letters of the bits that are set; hexadecimal digits if one of them has no letter.
 *
 * @param {bigint} value
 * @param {string} letters
 */
function lettersOf(value, letters) {
  let text = "";
  for (let i = 0; value >> BigInt(i) !== 0n; i++) {
    const rest = value >> BigInt(i);
    if ((rest & 1n) === 0n) continue;
    if (letters[i] === undefined || letters[i] === " ") return rest.toString(16);
    text += letters[i];
  }
  return text;
}

/**
 * Prints a term that compares bits: the bits that must be set, a slash, and the mask of the compared bits.
 *
 * @param {Term} term
 * @param {Term | undefined} next
 * @param {string} letters
 */
function bitmask({ op, value }, next, letters) {
  const isMask =
    (op & 3) === OP.MATCH &&
    next !== undefined &&
    (next.op & OP.AND) !== 0 &&
    (next.op & 3) === OP.NOT;
  const shown = lettersOf(value, letters);
  if (isMask) return { text: `${shown} / ${lettersOf(value | next.value, letters)}`, used: 2 };
  return { text: [shown, `${shown} / ${shown}`, `/ ${shown}`, "???"][op & 3], used: 1 };
}

/**
 * A list of terms; more than one are in braces.
 *
 * @param {Uint8Array} bytes
 * @param {string | undefined} letters of the bits, if the terms are about bits
 */
function listOf(bytes, letters) {
  const terms = termsOf(bytes);
  const texts = [];
  for (let term = terms.shift(); term !== undefined; term = terms.shift()) {
    const [next] = terms;
    if (letters !== undefined) {
      const { text, used } = bitmask(term, next, letters);
      texts.push(text);
      if (used === 2) terms.shift();
    } else if (next !== undefined && isRange(term, next)) {
      texts.push(`${term.value} - ${next.value}`);
      terms.shift();
    } else texts.push(comparison(term));
  }
  return texts.length === 1 ? texts[0] : `{ ${texts.join(" ")} }`;
}

/**
 * A prefix: in an IPv6 rule it may begin at a bit behind the first.
 *
 * @param {Uint8Array | undefined} bytes
 * @param {boolean} isV6
 */
function prefixOf(bytes, isV6) {
  if (bytes === undefined || bytes[0] === 0) return "any";
  const [length = 0, second = 0] = bytes;
  const offset = isV6 ? second : 0;
  const address = new Uint8Array(isV6 ? 16 : 4);
  if (offset === 0) {
    address.set(bytes.subarray(isV6 ? 2 : 1));
    return `${isV6 ? printIPv6(address) : printIPv4(address)}/${length}`;
  }
  const pattern = big(bytes.subarray(2)) << BigInt(128 - 8 * (bytes.length - 2));
  const shifted = pattern >> BigInt(offset);
  for (let i = 0; i < 16; i++) address[i] = Number((shifted >> BigInt(8 * (15 - i))) & 0xffn);
  return `${printIPv6(address)}/${length} offset ${offset}`;
}

/** @param {string} word @param {boolean} isV6 */
function lettersFor(word, isV6) {
  if (word === "flags") return BITS.flags;
  return word === "fragment" ? (isV6 ? BITS.fragment6 : BITS.fragment4) : undefined;
}

/**
 * A rule as text, such as `proto 6 from any to 192.0.2.0/24 port 80`.
 *
 * @param {Uint8Array} bytes
 * @param {boolean} isV6
 */
export function printRule(bytes, isV6) {
  const components = componentsOf(bytes, isV6);
  const texts = Object.entries(TYPES).flatMap(([word, type]) => {
    const component = components.get(type);
    if (type <= TYPES.from) return [`${word} ${prefixOf(component, isV6)}`];
    if (component === undefined) return [];
    return [`${word.replace(/^(to|from)-/, "")} ${listOf(component, lettersFor(word, isV6))}`];
  });
  return texts.join(" ");
}

/**
 * A rule that bgpd announces.
 *
 * @param {Decoded<typeof Flowspec>} flow
 * @returns {FlowspecRule}
 */
export function flowspecRule({ aid, flags, data }) {
  const isV6 = aid === "FLOWSPECv6";
  return {
    family: isV6 ? "IPv6 flowspec" : "IPv4 flowspec",
    static: flags.includes("STATIC"),
    rule: printRule(data, isV6),
  };
}

/**
 * A number with its operator: one byte if it fits, else two or four.
 *
 * @param {number} op
 * @param {number} value
 */
function term(op, value) {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new TypeError(`${value} is no number of a flowspec rule: 0 to 4294967295 are`);
  }
  if (value <= 0xff) return [op, value];
  if (value <= 0xffff) return [op | 0x10, value >> 8, value & 0xff];
  return [op | 0x20, value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
}

const OPERATORS = new Map([
  ["=", 1],
  ["!=", 6],
  [">", 2],
  [">=", 3],
  ["<", 4],
  ["<=", 5],
]);

/**
 * Reads a number, a comparison or a range at the beginning of `words`, and takes its words away.
 *
 * @param {string[]} words
 */
function takeTerm(words) {
  const number = () => Number(words.shift() ?? Number.NaN);
  const [first = "", second] = words;
  const operator = OPERATORS.get(first);
  if (operator !== undefined) {
    words.shift();
    return term(operator, number());
  }
  const low = number();
  if (second !== "-" && second !== "><") return term(OP.EQ, low);
  words.shift();
  const high = number();
  if (second === "><") return [...term(OP.LT, low), ...term(OP.GT, high)];
  return [...term(OP.GT | OP.EQ, low), ...term(OP.AND | OP.LT | OP.EQ, high)];
}

/**
 * Reads a list of numbers, such as `80`, `>= 1024` or `{ 80 443 8000 - 8080 }`, at the beginning of
 * `words`, and takes its words away.
 *
 * @param {string[]} words
 */
export function takeList(words) {
  const bytes = [];
  if (words.at(0) === "{") {
    words.shift();
    while (words.length > 0 && words.at(0) !== "}") bytes.push(...takeTerm(words));
    if (words.shift() === undefined) throw new TypeError("a list of a flowspec rule has no }");
  } else {
    if (words.length === 0) throw new TypeError("a flowspec rule ends before a number");
    bytes.push(...takeTerm(words));
  }
  if (bytes.length === 0) throw new TypeError("a list of a flowspec rule is empty");
  return bytes;
}

/** Marks the last operator of a list. */
function ended(/** @type {number[]} */ bytes) {
  const all = [...bytes];
  let last = 0;
  for (let at = 0; at < all.length; at += 1 + valueLength(all[at] ?? 0)) last = at;
  all[last] = (all[last] ?? 0) | OP.END;
  return all;
}

/** @param {string} text @param {4 | 6} family */
function prefixBytes(text, family) {
  const { bits, bytes, prefixlen } = parsePrefix(
    text.includes("/") ? text : `${text}/${family === 4 ? 32 : 128}`,
  );
  if (bits !== (family === 4 ? 32 : 128))
    throw new TypeError(`${text} is not of the rule's family`);
  const address = bytes.slice(0, bytesOf(prefixlen));
  const last = address.length - 1;
  if (prefixlen % 8 !== 0) address[last] = (address[last] ?? 0) & (0xff00 >> (prefixlen % 8));
  return family === 4 ? [prefixlen, ...address] : [prefixlen, 0, ...address];
}

/**
 * The bytes of a rule by the lists of its components, as {@link takeList} returns them.
 *
 * @param {4 | 6} family
 * @param {{ from?: string, to?: string, lists: Partial<Record<keyof typeof TYPES, number[]>> }} rule
 */
export function encodeRule(family, { from, to, lists }) {
  /** @type {[number, number[]][]} */
  const components = Object.entries(lists).map(([word, list]) => [
    TYPES[/** @type {keyof typeof TYPES} */ (word)],
    ended(list),
  ]);
  if (from !== undefined) components.push([TYPES.from, prefixBytes(from, family)]);
  if (to !== undefined) components.push([TYPES.to, prefixBytes(to, family)]);
  if (components.length === 0) throw new TypeError("the flowspec rule has no component");
  components.sort(([a], [b]) => a - b);
  return Uint8Array.from(components.flatMap(([type, bytes]) => [type, ...bytes]));
}
