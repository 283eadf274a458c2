// The words of a command line, one after the other.

import { UsageError } from "../common/printer.mjs";

const NUMBER = /^\d+$/;

/** Words that are taken one by one. */
export class Words {
  #words;
  /** The words that were taken, joined, for error messages. */
  #taken = "";

  /** @param {readonly string[]} words */
  constructor(words) {
    this.#words = [...words];
  }

  /** The next word, which stays; undefined at the end. */
  get next() {
    return this.#words.at(0);
  }

  /** The words that are left. The array is this object's own: shifting a word from it takes the word. */
  get rest() {
    return this.#words;
  }

  /** Takes a word. Throws a UsageError that names `what` if no word is left. */
  take(/** @type {string} */ what) {
    const word = this.#words.shift();
    if (word === undefined) throw new UsageError(`${this.#taken}: ${what} is missing`.trimStart());
    this.#taken = `${this.#taken} ${word}`.trimStart();
    return word;
  }

  /** Takes a whole number up to `max`. */
  number(/** @type {string} */ what, max = 0xffffffff) {
    const word = this.take(what);
    if (NUMBER.test(word) && Number(word) <= max) return Number(word);
    throw new UsageError(`"${word}" is no ${what}: 0 to ${max} are`);
  }

  /** Takes an AS number, which may have a dot. */
  as() {
    const word = this.take("AS number");
    const [high = "", low = "", ...more] = word.split(".");
    const value = low === "" ? Number(high) : Number(high) * 65536 + Number(low);
    const isNumber = [high, low || "0"].every((part) => NUMBER.test(part));
    const inRange =
      low === "" ? value <= 0xffffffff : Number(high) <= 0xffff && Number(low) <= 0xffff;
    if (isNumber && inRange && more.length === 0) return value;
    throw new UsageError(`"${word}" is no AS number: 65001 and 1.10 are`);
  }

  /**
   * Takes one of some words, which may be abbreviated; undefined, and takes nothing, for another
   * word or at the end. Throws a UsageError for an abbreviation of several.
   *
   * @template {string} T
   * @param {readonly T[]} all
   * @returns {T | undefined}
   */
  oneOf(all) {
    const { next } = this;
    if (next === undefined || next === "") return undefined;
    const exact = all.find((each) => each === next);
    const found = exact === undefined ? all.filter((each) => each.startsWith(next)) : [exact];
    if (found.length > 1) throw new UsageError(`"${next}" may mean ${found.join(" or ")}`);
    if (found.length === 1) this.take("");
    return found.at(0);
  }

  /**
   * Takes one of some words.
   *
   * @template {string} T
   * @param {readonly T[]} all
   */
  must(all) {
    const found = this.oneOf(all);
    if (found !== undefined) return found;
    const wanted = `one of ${all.join(", ")}`;
    if (this.next === undefined) this.take(wanted);
    throw new UsageError(`"${this.next}" is none of ${all.join(", ")}`);
  }

  /**
   * Takes one of the names of some members, and returns the member.
   *
   * @template T
   * @param {Readonly<Record<string, T>>} members
   */
  choice(members) {
    const name = this.must(Object.keys(members));
    return /** @type {T} */ (members[name]);
  }

  /** Throws a UsageError if a word is left. */
  end() {
    if (this.next !== undefined) throw new UsageError(`"${this.next}" is one word too many`);
  }
}
