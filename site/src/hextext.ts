// Bytes from text: hexadecimal digits, the output of hexdump -C and xxd, and base64.

/** A text that holds no bytes; the message names the line and the fault. */
export class TextError extends Error {
  override name = "TextError";
}

/** A line of xxd: an offset, bytes, and characters after two spaces. */
const COLON = /^\s*([\da-f]{4,16}):\s+((?:[\da-f]{2,} ?)*)(?:\s.*)?$/i;
/** A line of hexdump -C or od: an offset, bytes, and perhaps characters between bars. */
const PLAIN = /^\s*([\da-f]{6,16})\s+((?:[\da-f]{2,4}\s*)*)(?:\|.*)?$/i;
/** The last line of a hexdump: the offset alone. */
const LAST = /^\s*[\da-f]{6,16}\s*$/i;

function fromDigits(digits: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

/**
 * The digits of a hexdump's lines; undefined if the text is no hexdump: its offsets begin with 0 and
 * grow. Throws a {@link TextError} if a line is missing.
 */
function dumped(lines: readonly string[]): string | undefined {
  const rows = lines.map((text) => {
    const match = COLON.exec(text) ?? PLAIN.exec(text);
    const isOffset = match !== null || LAST.test(text);
    const offset = isOffset ? Number.parseInt(match?.[1] ?? text, 16) : Number.NaN;
    return { text, offset, digits: match?.[2]?.replace(/\s/g, "") ?? "" };
  });
  const places = rows.filter(({ text }) => text.trim() !== "*").map(({ offset }) => offset);
  const grows = places.every((offset, i) => (i === 0 ? offset === 0 : offset > places[i - 1]!));
  if (!grows) return undefined;
  let [all, line] = ["", ""];
  let folded = false;
  for (const { text, offset, digits } of rows) {
    if (text.trim() === "*") {
      folded = true;
      continue;
    }
    // "*" stands for as many repetitions of the line before it as reach the next offset
    while (folded && line !== "" && all.length / 2 < offset) all += line;
    folded = false;
    if (all.length / 2 !== offset) {
      const line = `the line of the offset ${text.trim().split(/[\s:]/)[0]}`;
      throw new TextError(
        `${all.length / 2} bytes stand before ${line}: a part of the hexdump is missing.`,
      );
    }
    line = digits;
    all += digits;
  }
  return all === "" ? undefined : all;
}

/**
 * Base64 has no spaces inside its lines. Hex digits with a wrong one among them are not base64: that
 * has `=` at its end, or more than two characters that are no hex digits.
 */
function base64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (/\S[^\S\r\n]+\S/.test(text)) return undefined;
  const plain = text.replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
  if (!/^[A-Za-z\d+/]+={0,2}$/.test(plain)) return undefined;
  if (!plain.endsWith("=") && (plain.match(/[G-Zg-z+/]/g) ?? []).length < 3) return undefined;
  try {
    return Uint8Array.from(atob(plain), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/**
 * Returns the bytes that a text writes: pairs of hexadecimal digits with any spaces, commas, colons,
 * `0x` or `\x` between them, a hexdump, or base64. Throws a {@link TextError} that names the line.
 */
export function bytesOfText(text: string): Uint8Array<ArrayBuffer> {
  const lines = text.split(/\r?\n/);
  const filled = lines.filter((line) => line.trim() !== "");
  if (filled.length === 0) throw new TextError("The text is empty.");
  const dump = dumped(filled);
  if (dump !== undefined) return fromDigits(dump);
  const plain = lines.map((line) => line.replace(/0x|\\x|[\s,:;{}[\]]/gi, ""));
  const digits = plain.join("");
  if (/^([\da-f]{2})*$/i.test(digits)) return fromDigits(digits);
  const decoded = base64(text);
  if (decoded !== undefined) return decoded;
  for (const [i, line] of plain.entries()) {
    const wrong = /[^\da-f]/iu.exec(line);
    if (wrong === null) continue;
    throw new TextError(
      `Line ${i + 1} holds “${wrong[0]}”, which is no hexadecimal digit. The page reads hex digits, the output of hexdump -C or xxd, and base64.`,
    );
  }
  throw new TextError(
    `There are ${digits.length} hexadecimal digits: two make a byte, so one is missing.`,
  );
}
