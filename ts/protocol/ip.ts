// IP addresses between bytes and text, in the forms that inet_ntop prints.

import { show, uint8Length } from "../module/check.ts";
import { ImsgError } from "../module/error.ts";

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

/** Refuses a value that is no array of at least so many bytes. */
function checkLeast(bytes: Uint8Array, least: number): void {
  const length = uint8Length(bytes);
  if (length !== undefined && length >= least) return;
  const given = length === undefined ? show(bytes) : `${length}`;
  throw new ImsgError("EINVAL", {
    detail: `an address is a Uint8Array of ${least} bytes, not ${given}`,
  });
}

// an element is read without the methods of a subclass
const dotted = (bytes: Uint8Array, at: number): string =>
  `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;

/** The dotted form of the first 4 bytes. Throws EINVAL if there are fewer. */
export function printIPv4(bytes: Uint8Array): string {
  checkLeast(bytes, 4);
  return dotted(bytes, 0);
}

/** The 4 bytes of a dotted address; undefined for any other text, or value. */
export function parseIPv4(text: string): Uint8Array | undefined {
  return typeof text === "string" && IPV4.test(text)
    ? Uint8Array.from(text.split("."), Number)
    : undefined;
}

/** The start and length of the longest run of two or more zeros, the first of equal ones. */
function longestZeros(words: readonly number[]): [from: number, length: number] {
  let [from, length] = [-1, 1];
  for (let i = 0; i < words.length; i++) {
    let n = 0;
    while (words[i + n] === 0) n++;
    if (n > length) [from, length] = [i, n];
    i += n;
  }
  return [from, length];
}

/** The shortest form of the first 16 bytes. Throws EINVAL if there are fewer. */
export function printIPv6(bytes: Uint8Array): string {
  checkLeast(bytes, 16);
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  const [from, length] = longestZeros(words);
  // addresses that embed one of IPv4
  if (from === 0 && (length === 6 || (length === 5 && words[5] === 0xffff))) {
    return `::${length === 5 ? "ffff:" : ""}${dotted(bytes, 12)}`;
  }
  const hex = (some: readonly number[]): string => some.map((word) => word.toString(16)).join(":");
  if (from === -1) return hex(words);
  return `${hex(words.slice(0, from))}::${hex(words.slice(from + length))}`;
}

/** The 16 bytes of an IPv6 address; undefined for any other text, or value. */
export function parseIPv6(text: string): Uint8Array | undefined {
  if (typeof text !== "string") return undefined;
  const mixed = /^(.*:)([^:]+\.[^:]+)$/.exec(text);
  const last = mixed === null ? undefined : parseIPv4(mixed[2]!);
  if (mixed !== null && last === undefined) return undefined;
  const digits = (a: number, b: number): string => ((a << 8) | b).toString(16);
  const plain =
    last === undefined
      ? text
      : `${mixed![1]}${digits(last[0]!, last[1]!)}:${digits(last[2]!, last[3]!)}`;
  const halves = plain.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const given = head.length + (tail?.length ?? 0);
  if (tail === undefined ? given !== 8 : given > 7) return undefined;
  const words = [...head, ...Array<string>(8 - given).fill("0"), ...(tail ?? [])];
  if (!words.every((word) => /^[\da-f]{1,4}$/i.test(word))) return undefined;
  return Uint8Array.from(
    words.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]),
  );
}
