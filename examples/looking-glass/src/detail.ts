// Everything about a route.

import { communityMeaning } from "../../bgpd/communities.mjs";
import { routeDetail } from "../../bgpd/details.mjs";
import { ribCommand } from "../../bgpd/rib-command.mjs";
import type { RibEntry, RibFilter } from "../../bgpd/types.ts";
import { button, copyButton, definitions, h, number } from "./dom.ts";
import type { RouteRow } from "./route.ts";
import { ageOf, flagsOf, known, neighborOf, rankOf } from "./route-columns.ts";
import { inQuotes } from "./words.ts";

const badge = (name: string, kind: string, text: string): HTMLElement =>
  h("span", { class: "badge", "data-badge": name, "data-kind": kind }, text);

/** The command that asks bgpd for one route, in the RIB that the query looks into. */
function commandFor(entry: RibEntry, { table, in: isIn, out }: RibFilter): string {
  const isPrefix = /^[\da-f.:]+\/\d+$/.test(entry.prefix);
  return ribCommand({
    detail: true,
    ...(isPrefix && { prefix: entry.prefix }),
    ...(table !== undefined && { table }),
    ...(isIn && { in: true }),
    ...(out && { out: true }),
    ...(!entry.announced &&
      entry.neighbor.remote_addr !== "???" && {
        neighbor: entry.neighbor.remote_addr,
      }),
  });
}

/** A list of texts, each of which can be searched for. */
function chips(
  label: string,
  texts: readonly string[],
  wordFor: (text: string) => string | undefined,
  search: (words: string) => void,
  describe: (text: string) => string | undefined = () => undefined,
): HTMLElement {
  const items = texts.map((text) => {
    const word = wordFor(text);
    const note = describe(text);
    const more = note === undefined ? [] : [h("span", { class: "chip-note" }, note)];
    const chip =
      word === undefined
        ? h("span", { class: "chip" }, text, ...more)
        : h(
            "button",
            {
              type: "button",
              class: "chip",
              title: `Search for ${word}`,
              onclick: () => search(word),
            },
            text,
            ...more,
          );
    return h("li", {}, chip);
  });
  return h("ul", { class: "chips", "aria-label": label }, ...items);
}

const part = (title: string, note: string, ...content: Node[]): HTMLElement =>
  h(
    "section",
    { class: "part" },
    h("h4", {}, title, h("span", { class: "part-note" }, note)),
    ...content,
  );

const none = (text: string): HTMLElement => h("p", { class: "none" }, text);

/** The functions of the page that the detail calls. */
export interface DetailContext {
  /** When bgpd was asked, in milliseconds since 1970. */
  askedAt: number;
  filter: RibFilter;
  search: (words: string) => void;
}

function communitiesPart(entry: RibEntry, context: DetailContext): HTMLElement {
  const { search } = context;
  const { communities, large_communities: large, extended_communities: extended } = entry;
  const count = (communities?.length ?? 0) + (large?.length ?? 0) + (extended?.length ?? 0);
  const lists = [
    ["Communities", communities, (text: string) => `community:${text}`],
    ["Large communities", large, (text: string) => `large-community:${text}`],
    [
      "Extended communities",
      extended,
      (text: string) => (/^\w[\w-]* \S+$/.test(text) ? `ext-community ${text}` : undefined),
    ],
  ] as const;
  const shown = lists.flatMap(([label, texts, word]) =>
    texts === undefined ? [] : [chips(label, texts, word, search, communityMeaning)],
  );
  return part("Communities", String(count), ...(count === 0 ? [none("none")] : shown));
}

function pathPart(entry: RibEntry, { search }: DetailContext): HTMLElement {
  const words = entry.aspath === "" ? [] : entry.aspath.split(" ");
  const hops = words.filter((word) => /^\d+$/.test(word)).length;
  const word = (text: string): string | undefined =>
    /^\d+$/.test(text) ? `as:${text}` : undefined;
  const note = hops === 1 ? "1 AS" : `${hops} ASes`;
  const content =
    words.length === 0 ? none("empty: this AS’s own") : chips("AS path", words, word, search);
  content.classList.add("as-path");
  return part("AS path", note, content);
}

/** The title, the tools and the content of the detail of a route. */
export function detailOf(
  row: RouteRow,
  context: DetailContext,
): { title: string; tools: Node[]; content: Node[] } {
  const route = row.decode();
  const { entry } = route;
  const { search, filter } = context;
  const command = commandFor(entry, filter);
  const text = routeDetail(route).trim();
  const isPrefix = /^[\da-f.:]+\/\d+$/.test(entry.prefix);
  const badges = h(
    "p",
    { class: "badges" },
    badge("rank", rankOf(entry), rankOf(entry)),
    badge("rpki", entry.ovs, `RPKI ${entry.ovs}`),
    badge("aspa", entry.avs, `ASPA ${entry.avs}`),
    badge("source", entry.source, entry.source),
  );
  const around = isPrefix
    ? [
        button("Less specific", () => search(`${entry.prefix} or-shorter`), {
          class: "button small",
        }),
        button("More specific", () => search(`${entry.prefix} or-longer`), {
          class: "button small",
        }),
      ]
    : [];
  const from = button(
    neighborOf(entry),
    () => search(`neighbor:${inQuotes(entry.neighbor.remote_addr)}`),
    {
      class: "link",
      title: "Show the routes of this neighbor",
    },
  );
  return {
    title: entry.prefix,
    tools: [copyButton("Copy the prefix", () => entry.prefix)],
    content: [
      badges,
      pathPart(entry, context),
      communitiesPart(entry, context),
      definitions([
        ["From", entry.announced ? "this router" : from],
        ["Neighbor", known(entry.neighbor.remote_addr)],
        ["Router id", entry.neighbor.bgp_id],
        ["Next hop", known(entry.exit_nexthop)],
        ["True next hop", known(entry.true_nexthop)],
        ["Origin", entry.origin],
        ["Local preference", number(entry.localpref)],
        ["MED", number(entry.metric)],
        ["Weight", number(entry.weight)],
        ["Flags", flagsOf(entry) || "none"],
        ...(entry.path_id === undefined ? [] : ([["Path id", String(entry.path_id)]] as const)),
        ["Age", ageOf(entry, context.askedAt)],
      ]),
      ...(around.length === 0 ? [] : [h("p", { class: "actions" }, ...around)]),
      part(
        "As bgpctl prints it",
        "",
        h(
          "div",
          { class: "command" },
          h("code", {}, command),
          copyButton("Copy the command", () => command),
        ),
        h("pre", { class: "printed", tabindex: 0, "aria-label": "As bgpctl prints it" }, text),
      ),
    ],
  };
}
