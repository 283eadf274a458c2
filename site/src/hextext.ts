// Bytes from text: hexadecimal digits, the output of hexdump -C and xxd, and base64.

/** Text that holds no bytes; the message names the line and what is wrong there. */
export class TextError extends Error {
  override name = "TextError";
}

/** A line of `hexdump -C`, `xxd` or this page: an offset, bytes, perhaps characters. */
const DUMPED =
  /^\s*([\da-f]{4,16})(?::\s|\s\s)\s*((?:[\da-f]{2,4}\s{0,3})*?)(?:\s*\|.*|\s\s+\S.*)?\s*$/i;
/** The last line of a hexdump: the offset alone. */
const LAST = /^\s*[\da-f]{6,16}\s*$/i;

function fromDigits(digits: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

/** The digits of a hexdump's lines; undefined if the text is no hexdump. */
function dumped(lines: readonly string[]): string | undefined {
  let [digits, line] = ["", ""];
  let folded = false;
  for (const text of lines) {
    if (text.trim() === "*" && line !== "") {
      folded = true;
      continue;
    }
    const match = DUMPED.exec(text);
    if (match === null && !LAST.test(text)) return undefined;
    const offset = Number.parseInt(match?.[1] ?? text, 16);
    // "*" stands for as many repetitions of the line before it as reach the next offset
    while (folded && digits.length / 2 < offset) digits += line;
    folded = false;
    if (digits.length / 2 !== offset) return undefined;
    line = match?.[2].replace(/\s/g, "") ?? "";
    digits += line;
  }
  return digits === "" ? undefined : digits;
}

/** Base64 has no spaces inside its lines. Hex with a wrong digit is not base64: one in ten is no hex digit there. */
function base64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (/\S[^\S\r\n]+\S/.test(text)) return undefined;
  const plain = text.replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
  const others = plain.match(/[G-Zg-z+/=]/g)?.length ?? 0;
  if (!/^[A-Za-z\d+/]+={0,2}$/.test(plain) || plain.length < 8 || others * 10 < plain.length) {
    return undefined;
  }
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
