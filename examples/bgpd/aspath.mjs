// Patterns of AS paths: ^64500 at the beginning, _64510_ anywhere, 64510$ at the end.

/** @import { RibFilter } from "./types.ts" */

/**
 * @typedef {object} PathPattern
 * @property {boolean} fromStart whether the path begins with the pattern
 * @property {boolean} toEnd whether the path ends with it
 * @property {readonly (readonly string[])[]} runs AS numbers that follow one another; any numbers stand between two runs
 */

/** The numbers of a printed path, those of an AS_SET included. */
export const pathNumbers = (/** @type {string} */ path) => path.match(/\d+/g) ?? [];

const PATTERN = /^([\^_])?((?:(?:as)?\d+|\.\*)(?:_(?:(?:as)?\d+|\.\*))*)?([$_])?$/i;
const LARGEST_AS = 0xffffffff;

/**
 * Reads a pattern: AS numbers with _ between them, .* for any numbers, and at least one of ^, _ and $
 * at an end. Each number is a whole AS number: ^64500 is not the beginning of 645001. Returns
 * undefined for any other text.
 *
 * @param {string} text
 * @returns {PathPattern | undefined}
 */
export function parsePathPattern(text) {
  const [, from, middle, to] = PATTERN.exec(text) ?? [];
  if (from === undefined && to === undefined) return undefined;
  if (middle === undefined) {
    return from === "^" && to === "$" ? { fromStart: true, toEnd: true, runs: [] } : undefined;
  }
  /** @type {string[][]} */
  const runs = [[]];
  for (const part of middle.toLowerCase().split("_")) {
    if (part === ".*") runs.push([]);
    else runs.at(-1)?.push(String(Number(part.replace("as", ""))));
  }
  if (runs.flat().some((number) => Number(number) > LARGEST_AS)) return undefined;
  return {
    // any numbers may stand before a leading .*, and behind a trailing one
    fromStart: from === "^" && runs[0]?.length !== 0,
    toEnd: to === "$" && runs.at(-1)?.length !== 0,
    runs: runs.filter((run) => run.length > 0),
  };
}

/**
 * Whether a path has the numbers at a place.
 *
 * @param {readonly string[]} path
 * @param {readonly string[]} run
 * @param {number} at
 */
const isAt = (path, run, at) => at >= 0 && run.every((number, i) => path[at + i] === number);

/**
 * Whether a path, as its numbers, matches a pattern.
 *
 * @param {PathPattern} pattern
 * @param {readonly string[]} path
 */
export function matchesPath({ fromStart, toEnd, runs }, path) {
  if (runs.length === 0) return !(fromStart && toEnd) || path.length === 0;
  let from = 0;
  for (const [i, run] of runs.entries()) {
    const isLast = i === runs.length - 1;
    const last = path.length - run.length;
    let at = toEnd && isLast ? Math.max(from, last) : from;
    if (!(fromStart && i === 0)) while (at < last && !isAt(path, run, at)) at++;
    if (fromStart && i === 0 && at > 0) return false;
    if (!isAt(path, run, at)) return false;
    from = at + run.length;
  }
  return true;
}

/**
 * The requests to bgpd that a pattern allows: the paths that have one of its numbers in a place. With
 * `exact`, these are the paths that match, else those that match are among them.
 *
 * @param {PathPattern} pattern
 * @returns {{ as?: RibFilter["as"], exact: boolean }}
 */
export function pathRequest({ fromStart, toEnd, runs }) {
  const [begin, ...others] = runs;
  if (begin === undefined) {
    return fromStart && toEnd ? { as: { place: "empty" }, exact: true } : { exact: true };
  }
  const [first] = begin;
  const last = runs.at(-1)?.at(-1);
  const exact = others.length === 0 && begin.length === 1 && !(fromStart && toEnd);
  if (toEnd) return { as: { place: "source", number: Number(last) }, exact };
  return { as: { place: fromStart ? "peer" : "any", number: Number(first) }, exact };
}
