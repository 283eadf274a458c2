// The commands that bgpctl reads, found out from its own messages: for a word that it does not know, it
// lists those that it does.

import { output } from "./program.ts";

const UNKNOWN = "zzzz";
const SOCKET = "/nonexistent/bgpd.sock";

/** Values for the arguments that bgpctl describes in angle brackets. */
const VALUES: Readonly<Record<string, string[]>> = {
  "<community>": ["65001:1"],
  "<extended-community>": ["rt", "65001:1"],
  "<large-community>": ["1:2:3"],
  "<number>": ["7"],
  "<asnum>": ["65001"],
  "<address>": ["192.0.2.1"],
  "<address>[/<len>]": ["192.0.2.0/24"],
  "<numberspec>": ["6"],
  "<filename>": ["/dev/null"],
};

/** Words for arguments that bgpctl does not list: any text, or a value that it checks at once. */
const FREE: Readonly<Record<string, string[][]>> = {
  "network add": [["192.0.2.0/24"]],
  "network delete": [["192.0.2.0/24"]],
  reload: [["reason"]],
  "neighbor down": [["reason"]],
  "neighbor clear": [["reason"]],
};

/** The same by the last word, wherever it stands. */
const FREE_BEHIND: Readonly<Record<string, string[][]>> = {
  neighbor: [["peer"], ["group", "peers"]],
  table: [["other"]],
  pftable: [["bad"]],
  rd: [["65001:1"]],
};

/** A command that bgpctl reads to its end. */
export type Path = readonly string[];

/**
 * bgpctl's answer to words: the list of words that may follow, or an error about its socket if the
 * words are a command.
 */
interface Answer {
  accepted: boolean;
  next: string[][];
  text: string;
}

async function answerTo(words: Path): Promise<Answer> {
  const { stderr } = await output("/usr/sbin/bgpctl", ["-s", SOCKET, ...words]);
  const accepted = stderr.includes("connect:");
  // an argument that is missing is one behind the words
  const isComplete = stderr.startsWith("missing argument");
  const list = isComplete ? "" : (stderr.split("valid commands/args:\n")[1] ?? "");
  const next = list
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "<cr>" && line !== "or any of")
    .flatMap(wordsOf);
  return { accepted, next, text: stderr };
}

/** The words that may follow, for a line of bgpctl's list. */
function wordsOf(line: string): string[][] {
  if (line.startsWith("[")) return line.match(/\w+/g)?.map((family) => [family]) ?? [];
  const [word = "", value] = line.split(" ");
  if (word.startsWith("<")) return [VALUES[word] ?? []];
  return [[word, ...(value === undefined ? [] : (VALUES[value] ?? []))]];
}

/** The words of a path without its values and repetitions, by which {@link FREE} is looked up. */
const placeOf = (path: Path): string =>
  path
    .filter((word) => /^[a-z][a-z-]+$/.test(word) && !/^(peers?|other|reason|bad)$/.test(word))
    .join(" ");

/** The result of {@link explore}. */
export interface Grammar {
  /** Commands that bgpctl reads, each with a word or a place that none of the others has. */
  accepted: Path[];
  /** Paths that bgpctl refuses although it lists their last word. */
  refused: [path: Path, text: string][];
}

/**
 * Walks through all of bgpctl's grammar. Words that lead to a list of words that was seen already, such
 * as the filters of `show rib`, are not followed again.
 */
export async function explore(): Promise<Grammar> {
  const found: Grammar = { accepted: [], refused: [] };
  const seen = new Set<string>();
  const visit = async (path: Path): Promise<void> => {
    const whole = await answerTo(path);
    if (whole.accepted) found.accepted.push(path);
    const { next } = await answerTo([...path, UNKNOWN]);
    const free = FREE[placeOf(path)] ?? FREE_BEHIND[path.at(-1) ?? ""] ?? [];
    const all = next.length > 0 ? next : free;
    if (!whole.accepted && all.length === 0) found.refused.push([path, whole.text]);
    const key = JSON.stringify([path.slice(0, 2), all]);
    if (all.length === 0 || seen.has(key)) return;
    seen.add(key);
    for (const words of all) await visit([...path, ...words]);
  };
  await visit([]);
  return found;
}
