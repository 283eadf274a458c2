// The words of the search: their meanings, and the way in which the controls of the page change them.

/** The kinds of words. The words of one kind correspond to one control of the page. */
export type Kind =
  | "prefix"
  | "include"
  | "direction"
  | "neighbor"
  | "group"
  | "table"
  | "family"
  | "best"
  | "refused"
  | "state"
  | "ovs"
  | "avs"
  | "as"
  | "path"
  | "length"
  | "community"
  | "large-community"
  | "ext-community"
  | "path-id"
  | "ignored"
  | "text";

/** A word of the search, with the value that belongs to it. */
export interface Word {
  readonly kind: Kind;
  /** The word without its value, in lower case. */
  readonly name: string;
  readonly value: string;
  /** Where it stands in the search, its value included. */
  readonly start: number;
  readonly end: number;
}

/** Words that have a value, behind a colon or as the next word. */
const VALUED: Readonly<Record<string, Kind>> = {
  neighbor: "neighbor",
  group: "group",
  table: "table",
  community: "community",
  "large-community": "large-community",
  "ext-community": "ext-community",
  ovs: "ovs",
  rpki: "ovs",
  avs: "avs",
  aspa: "avs",
  as: "as",
  "source-as": "as",
  "peer-as": "as",
  "transit-as": "as",
  "path-id": "path-id",
};

/** Words that have none; all but the last five are bgpctl's. */
const PLAIN: Readonly<Record<string, Kind>> = {
  best: "best",
  selected: "best",
  in: "direction",
  out: "direction",
  "or-longer": "include",
  "longer-prefixes": "include",
  all: "include",
  "or-shorter": "include",
  exact: "include",
  inet: "family",
  ipv4: "family",
  inet6: "family",
  ipv6: "family",
  vpnv4: "family",
  vpnv6: "family",
  "empty-as": "as",
  error: "refused",
  invalid: "refused",
  leaked: "refused",
  filtered: "refused",
  disqualified: "refused",
  detail: "ignored",
  valid: "state",
  stale: "state",
  announced: "state",
  internal: "state",
  external: "state",
  ecmp: "state",
};

/** The beginnings of bgpctl's commands for routes, so that a command can be pasted into the search. */
const COMMAND = /^\s*(?:bgpctl\s+(?:-\w\s+(?:\/\S+\s+)?)*)?(?:show\s+(?:ip\s+bgp|rib)\b|rib\b)/i;
const TOKEN = /(?:[^\s"]|"[^"]*"?)+/g;

interface Token {
  text: string;
  start: number;
  end: number;
}

function tokensOf(search: string): Token[] {
  const [command = ""] = COMMAND.exec(search) ?? [];
  return [...search.slice(command.length).matchAll(TOKEN)].map((match) => {
    const start = command.length + match.index;
    return { text: match[0].replaceAll('"', ""), start, end: start + match[0].length };
  });
}

/** Words without a keyword, by their form. */
function kindOfForm(text: string): Kind {
  if (/^(as)?\d+$/.test(text)) return "as";
  if (/^[\^_]|[$_]$/.test(text)) return "path";
  if (/^\/\d{1,3}$/.test(text)) return "length";
  if (/^(\d+|\*):(\d+|\*)$/.test(text)) return "community";
  if (/^(no_|graceful_shutdown$|blackhole$)/.test(text)) return "community";
  if (/^\d+:(\d+|\*):(\d+|\*)$/.test(text)) return "large-community";
  if (/^[\da-f]*[.:][\da-f.:/]*$/.test(text)) return "prefix";
  return "text";
}

/** Reads the words of a search, of which bgpctl's have bgpctl's meaning. */
export function wordsOf(search: string): Word[] {
  const tokens = tokensOf(search);
  const words: Word[] = [];
  for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
    const { text, start } = token;
    const lower = text.toLowerCase();
    const colon = lower.indexOf(":");
    const name = colon > 0 ? lower.slice(0, colon) : lower;
    const kind = Object.hasOwn(VALUED, name) ? VALUED[name] : undefined;
    if (kind === undefined) {
      const plain = Object.hasOwn(PLAIN, lower) ? PLAIN[lower] : undefined;
      words.push({
        kind: plain ?? kindOfForm(lower),
        name: lower,
        value: text,
        start,
        end: token.end,
      });
      continue;
    }
    let { end } = token;
    const values = colon > 0 ? [text.slice(colon + 1)] : [];
    // an extended community has a subtype before its value
    const wanted = kind === "ext-community" && colon < 0 ? 2 : 1;
    while (values.length < wanted && tokens.length > 0) {
      const next = tokens.shift() as Token;
      values.push(next.text);
      end = next.end;
    }
    words.push({ kind, name, value: values.join(":"), start, end });
  }
  return words;
}

/** Replaces all words of some kinds by others; an empty text removes them. */
export function withWords(search: string, kinds: readonly Kind[], replacement: string): string {
  let rest = search;
  for (const { kind, start, end } of wordsOf(search).reverse()) {
    if (kinds.includes(kind)) rest = `${rest.slice(0, start)} ${rest.slice(end)}`;
  }
  return `${rest} ${replacement}`.replace(/\s+/g, " ").trim();
}

/** A name as a value in the search. */
export const inQuotes = (name: string): string => (/\s/.test(name) ? `"${name}"` : name);
