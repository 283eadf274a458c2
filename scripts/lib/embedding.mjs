// How the bytes of the module are written down in the package's code.
//
// Base64 spreads each byte over characters that it shares with its neighbours,
// which hides from gzip what repeats: 30 % more on the wire than the bytes
// themselves. Here each byte has a character of its own, or two if it is a rare
// one, so that a gzipped bundle is about as small as with the bytes in it, and
// still plain ASCII in every tool and charset.

/** Characters that some tool would have to escape. */
const SPECIAL = "\"'`\\$<";
/** The characters from this one on say that the next one stands for a rare byte. */
const PREFIX = "z".charCodeAt(0);
/**
 * How far apart the ranges of bytes are that the prefixes stand for. They
 * overlap: what would be a special character in one is another in the next.
 */
const STRIDE = 59;
/**
 * Minified JavaScript's characters, frequent ones first: frequent bytes get
 * those, because gzip has one code for both where the module meets the code.
 */
const FREQUENT = "e.t,r()nisoa=h;c:dl>fumg#p!b_?xywv[]kS1ITEM0RA&P8N2OCLD6B/3+54jUGF7q- ";
/** These stay what they are: the exports have the names by which the code calls them. */
const KEPT = /[a-y_]/;

const character = (code) => String.fromCharCode(code);

/** The characters of their own that bytes have, by byte. */
function assign(wasm) {
  const count = new Array(256).fill(0);
  for (const byte of wasm) count[byte]++;
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

/** Two characters for a byte that has none of its own. */
function rare(byte) {
  for (let prefix = PREFIX; prefix < 127; prefix++) {
    const offset = (byte - (prefix - PREFIX) * STRIDE) & 255;
    const c = character(32 + offset);
    if (offset < 95 && !SPECIAL.includes(c)) return character(prefix) + c;
  }
  throw new Error(`byte ${byte} has no code`);
}

/** The bytes as text, and which bytes its characters stand for, in hexadecimal from the space on. */
export function encode(wasm) {
  const own = assign(wasm);
  const text = Array.from(wasm, (byte) => own[byte] ?? rare(byte)).join("");
  let table = "";
  for (let code = 32; code < PREFIX; code++) {
    const byte = Math.max(0, own.indexOf(character(code)));
    table += byte.toString(16).padStart(2, "0");
  }
  return { text, table };
}

/** TypeScript that gives the bytes back. */
export function moduleSource(wasm, from) {
  const { text, table } = encode(wasm);
  return `// Generated from ${from} (see scripts/lib/embedding.mjs); not kept in git.
const text =
  "${text}";
const table =
  "${table}";

/** The bytes of the module. */
export function bytes(): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(${PREFIX});
  table.match(/../g)!.forEach((hex, i) => {
    own[i + 32] = Number.parseInt(hex, 16);
  });
  // without a TextEncoder, which some environments (jsdom) lack
  const bytes = new Uint8Array(text.length);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    bytes[at++] =
      c < ${PREFIX} ? own[c]! : text.charCodeAt(++i) - 32 + (c - ${PREFIX}) * ${STRIDE};
  }
  return bytes.slice(0, at);
}
`;
}
