// Addresses between text and the 72 bytes of bgpd's struct bgpd_addr.

/** Address families, as bgpd numbers them. */
export const AID = { unspecified: 0, ipv4: 1, ipv6: 2 };

/** Sizes and offsets of struct bgpd_addr. */
export const ADDRESS = { size: 72, scope: 48, aid: 52 };

/** @param {Uint8Array} bytes */
export const ipv4 = (bytes) => bytes.subarray(0, 4).join(".");

/**
 * The shortest form of an IPv6 address, as the system's own functions print it.
 *
 * @param {Uint8Array} bytes
 */
export function ipv6(bytes) {
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] << 8) | bytes[2 * i + 1]);
  // the longest run of at least two zeros, the first of them if there are several
  let from = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && words[i + n] === 0) n++;
    if (n > length) [from, length] = [i, n];
    i += n;
  }
  const hex = (/** @type {number[]} */ some) => some.map((word) => word.toString(16)).join(":");
  // addresses that embed one of IPv4
  if (from === 0 && (length === 6 || (length === 5 && words[5] === 0xffff))) {
    return `::${length === 5 ? "ffff:" : ""}${ipv4(bytes.subarray(12))}`;
  }
  if (from === -1) return hex(words);
  return `${hex(words.slice(0, from))}::${hex(words.slice(from + length))}`;
}

/**
 * @param {string} text
 * @returns {number[]}
 */
function ipv6Bytes(text) {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted) {
    const [a, b, c, d] = dotted.slice(2).map(Number);
    text = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head, tail] = text.split("::").map((half) => half.split(":").filter(Boolean));
  const middle = Array(8 - head.length - (tail?.length ?? 0)).fill("0");
  const words = tail === undefined ? head : [...head, ...middle, ...tail];
  return words.flatMap((word) => [Number.parseInt(word, 16) >> 8, Number.parseInt(word, 16) & 255]);
}

const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);

const isIPv4 = (/** @type {string} */ text) => IPV4.test(text);

/** As URLs have them between brackets, which browsers can check too. */
const isIPv6 = (/** @type {string} */ text) =>
  /^[\da-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);

/**
 * Reads an address; undefined for what is none.
 *
 * @param {string} text
 * @returns {{ aid: number, bytes: Uint8Array, bits: number } | undefined}
 */
export function parseAddress(text) {
  if (isIPv4(text)) {
    return { aid: AID.ipv4, bytes: Uint8Array.from(text.split("."), Number), bits: 32 };
  }
  if (!isIPv6(text)) return undefined;
  return { aid: AID.ipv6, bytes: Uint8Array.from(ipv6Bytes(text)), bits: 128 };
}

/**
 * Reads a prefix such as 192.0.2.0/24 or 2001:db8::/32.
 *
 * @param {string} text
 */
export function parsePrefix(text) {
  const [, address, length] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const parsed = address === undefined ? undefined : parseAddress(address);
  const prefixlen = Number(length);
  if (parsed === undefined || prefixlen > parsed.bits) {
    throw new TypeError(`"${text}" is no prefix: 192.0.2.0/24 and 2001:db8::/32 are`);
  }
  return { ...parsed, prefixlen };
}
