// Finds text of the original in files of ours.
//
// Lines are compared without white space at their ends, with inner white space collapsed, and
// without the marks of a comment, a string literal, a quotation or a patch around them.
// Two ways of copying are looked for:
// - three consecutive non-blank lines, one of which at least has a content of its own;
// - three consecutive lines with a content of their own, whatever trivial lines lie between them
//   (so that moving braces does not hide a copy).
//
// Licence text is excepted. It is recognised in the original: a comment that holds a copyright
// line and a permission ("Permission to use" or "Redistribution and use") makes no fingerprint.

/** The marks around a line in a comment, a string literal, a quotation or a patch. */
const BEFORE = /^(?:\s|\/\/|\/\*|\*(?!\w)|<!--|[>|"'`+]|-(?=\s)|\\t)+/;
const AFTER = /(?:\s|\*\/|-->|["'`,+\\]|\\[nt])+$/;

/** Lines that any C file may have: they prove nothing on their own. */
const TRIVIAL = [
  /^[^\p{L}\p{N}]*$/u,
  /^\}? ?else ?\{?$/,
  /^(?:break|continue|default|return);?:?$/,
  /^return ?\(?(?:-?\d+|\w+)\)?;$/,
  /^(?:static |const |unsigned )*(?:int|void|char|size_t|u?int\d+_t|ssize_t) ?\*?$/,
  /^# ?include [<"][\w./]+[>"]?$/,
  /^# ?(?:endif|else)\b.{0,20}$/,
];

const WINDOW = 3;

interface Line {
  readonly text: string;
  /** From 1, in the file. */
  readonly number: number;
  readonly trivial: boolean;
}

export interface Match {
  readonly line: number;
  readonly original: string;
  readonly text: string;
}

function normalise(line: string): string {
  return line
    .replace(BEFORE, "")
    .replace(AFTER, "")
    .replace(/(?:\s|\\t)+/g, " ");
}

function linesOf(text: string): Line[] {
  return text
    .split(/\r?\n/)
    .map((raw, index) => {
      const line = normalise(raw);
      return { text: line, number: index + 1, trivial: TRIVIAL.some((each) => each.test(line)) };
    })
    .filter((line) => line.text !== "");
}

/** Every window of three lines, and every window of three lines that are not trivial. */
function* windowsOf(text: string): Generator<Line[]> {
  const all = linesOf(text);
  const own = all.filter((line) => !line.trivial);
  for (const lines of [all, own]) {
    for (let start = 0; start + WINDOW <= lines.length; start++) {
      const window = lines.slice(start, start + WINDOW);
      if (window.some((line) => !line.trivial)) yield window;
    }
  }
}

const keyOf = (window: Line[]): string => window.map((line) => line.text).join("\n");

/** Cuts licence notices out, leaving the pieces between them. */
export function withoutLicence(source: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  for (const comment of source.matchAll(/\/\*[\s\S]*?\*\//g)) {
    const permission = /Permission to use|Redistribution and use/.test(comment[0]);
    if (!permission || !comment[0].includes("Copyright")) continue;
    pieces.push(source.slice(start, comment.index));
    start = comment.index + comment[0].length;
  }
  pieces.push(source.slice(start));
  return pieces;
}

/** Fingerprints of original files, by name. */
export class Originals {
  readonly #where = new Map<string, string>();

  constructor(files: ReadonlyMap<string, string>) {
    for (const [name, source] of files) {
      for (const piece of withoutLicence(source)) {
        for (const window of windowsOf(piece)) this.#where.set(keyOf(window), name);
      }
    }
  }

  get size(): number {
    return this.#where.size;
  }

  /** Where `text` shares lines with an original. */
  find(text: string): Match[] {
    const matches: Match[] = [];
    for (const window of windowsOf(text)) {
      const key = keyOf(window);
      const original = this.#where.get(key);
      if (original === undefined) continue;
      const line = window[0]!.number;
      // Both kinds of window may be the same three lines.
      if (matches.some((match) => match.line === line && match.text === key)) continue;
      matches.push({ line, original, text: key });
    }
    return matches;
  }
}
