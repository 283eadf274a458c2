// Encodes the bytes of the module as text in the package's code.
//
// Base64 spreads each byte over characters that it shares with its neighbours,
// which hides repetitions from gzip: the result has 30 % more bytes on the wire than
// the module itself. Here each byte has a character of its own, or two if it is a rare
// one, so that a gzipped bundle is about as small as with the bytes in it, and
// still plain ASCII in every tool and charset.

/** Characters that some tool would have to escape. */
const SPECIAL = "\"'`\\$<";
/** The characters from this one on are prefixes: the next character stands for a rare byte. */
const PREFIX = "z".charCodeAt(0);
/**
 * The distance between the ranges of bytes that the prefixes stand for. The ranges
 * overlap, so that a byte whose character would be special in one has another in the next.
 */
const STRIDE = 59;
/**
 * The characters of minified JavaScript outside of repetitions, frequent ones first. Frequent bytes
 * get these characters, because gzip then has one code for both where module and script meet in a block.
 */
const FREQUENT =
  ",et=oisnar}c)(d;um:hfl? p{.g+b01S>-]#EIy[2NOTA<PwRCM|4vk_!F36U8DL&j*5W7VxzG/9JBHXZKqYQ";
/**
 * These bytes are their own characters, because the names of exports also occur in the script:
 * small letters, and the underscore, which has the code before them.
 */
const KEPT = /[a-y_]/;
const FIRST_KEPT = "_".charCodeAt(0);
/** Only the bytes below this have a place in the alphabet: a longer one costs more than the rarer bytes gain. */
const ALPHABET = 128;

const character = (code) => String.fromCharCode(code);

/** The one character that stands for a byte, by byte. */
function assign(wasm) {
  const count = new Array(ALPHABET).fill(0);
  for (const byte of wasm) if (byte < ALPHABET) count[byte]++;
  const rank = (c) => (FREQUENT.indexOf(c) + 1 || FREQUENT.length + 1) - 1;
  const own = [];
  const free = [];
  for (let code = 32; code < PREFIX; code++) {
    const c = character(code);
    if (KEPT.test(c)) own[code] = c;
    else if (!SPECIAL.includes(c)) free.push(c);
  }
  free.sort((a, b) => rank(a) - rank(b));
  [...count.keys()]
    .filter((byte) => own[byte] === undefined)
    .sort((a, b) => count[b] - count[a] || a - b)
    .slice(0, free.length)
    .forEach((byte, i) => {
      own[byte] = free[i];
    });
  return own;
}

/** The two characters that stand for a rare byte. The sum of both is the byte, modulo 256. */
function rare(byte) {
  for (let prefix = PREFIX; prefix < 127; prefix++) {
    const code = (byte - prefix * STRIDE) & 255;
    const c = character(code);
    if (code > 31 && code < 127 && !SPECIAL.includes(c)) return character(prefix) + c;
  }
  throw new Error(`byte ${byte} has no code`);
}

/**
 * The bytes as text, and the alphabet: the characters in the order of their bytes. A letter fills
 * the place of a byte that has no character of its own, and of one that is kept.
 */
export function encode(wasm) {
  const own = assign(wasm);
  const text = Array.from(wasm, (byte) => own[byte] ?? rare(byte)).join("");
  const place = (c) => (c === undefined || KEPT.test(c) ? "e" : c);
  const alphabet = Array.from({ length: ALPHABET }, (_, byte) => place(own[byte])).join("");
  return { text, alphabet: alphabet.replace(/e+$/, "") };
}

/** A statement that warns of a module that was built from altered C, or nothing. */
function warning(wasm) {
  const text = "imsg-wasm: this module was built from altered C, not from the verified original";
  return Buffer.from(wasm).includes("imsg-unverified") ? `console.warn("${text}");\n  ` : "";
}

/** TypeScript that decodes the bytes. */
export function moduleSource(wasm, from) {
  const { text, alphabet } = encode(wasm);
  return `// Generated from ${from} (see scripts/lib/embedding.mjs); not kept in git.
/** The module. */
export const text =
  "${text}";
/** The characters of the module's bytes. */
export const alphabet = "${alphabet}";

/** Decodes the text of a module. */
export function decode(text: string, alphabet: string): Uint8Array<ArrayBuffer> {
  // without a TextEncoder, which some environments (jsdom) lack
  const own = new Uint8Array(${FIRST_KEPT});
  for (let i = alphabet.length; i--; ) own[alphabet.charCodeAt(i)] = i;
  const bytes = new Uint8Array(text.length);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    // the array holds the sum of both characters modulo 256
    bytes[at++] = c < ${FIRST_KEPT} ? own[c]! : c < ${PREFIX} ? c : text.charCodeAt(++i) + c * ${STRIDE};
  }
  return bytes.slice(0, at);
}

/** The bytes of the module. */
export function bytes(): Uint8Array<ArrayBuffer> {
  ${warning(wasm)}return decode(text, alphabet);
}
`;
}
