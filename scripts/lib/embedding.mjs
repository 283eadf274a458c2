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
 * Minified JavaScript's characters, frequent ones first. Frequent bytes get these
 * characters, because gzip then has one code for both where module and script meet in a block.
 */
const FREQUENT = "e.t,r()nisoa=h;c:dl>fumg#p!b_?xywv[]kS1ITEM0RA&P8N2OCLD6B/3+54jUGF7q- ";
/** These bytes keep their characters, because the names of exports also occur in the script. */
const KEPT = /[a-y_]/;

const character = (code) => String.fromCharCode(code);

/** The one character that stands for a byte, by byte. */
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

/** The two characters that stand for a rare byte. */
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

/** TypeScript that decodes the bytes. */
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
