// The meaning of letters and colours, and the words that a search understands.

import { button, h } from "./dom.ts";

type Rows = readonly (readonly [term: string, meaning: string, kind?: string])[];

const FLAGS: Rows = [
  ["*", "valid: eligible for use"],
  [">", "best: the route that is used"],
  ["I", "internal: from this AS"],
  ["A", "announced by this router"],
  ["S", "stale: kept through a restart"],
  ["F", "filtered by the configuration"],
  ["m", "one of several equal routes"],
];

const STATES: Rows = [
  [
    "valid",
    "RPKI: a ROA covers the prefix and names this origin. ASPA: the path is plausible",
    "valid",
  ],
  [
    "invalid",
    "RPKI: ROAs name another origin, or a shorter prefix. ASPA: a leaked path",
    "invalid",
  ],
  ["not-found", "no ROA covers the prefix", "not-found"],
  ["unknown", "ASPA: providers on the path have not published theirs", "unknown"],
];

const WORDS: Rows = [
  ["192.0.2.1", "the route that an address takes: the longest match"],
  ["192.0.2.0/24", "a prefix, those inside it and those around it"],
  [
    "or-longer, or-shorter, exact",
    "only more specific routes, only less specific ones, only the prefix",
  ],
  ["10.7, 2001:db8:", "prefixes that begin so"],
  ["AS64510, 64510", "paths with this AS"],
  ["^64500, _64510_, 64510$", "paths that begin with an AS, have it, end with it"],
  ["^64500_.*_64510$, ^$", "several numbers, any between; an empty path"],
  ["65001:100, NO_EXPORT, 65001:1:2", "a community, a large community; * for any number"],
  ["rpki:invalid, aspa:valid", "results of validation"],
  ["best, stale, announced, internal", "states of routes"],
  ["in, out, neighbor:NAME, table:NAME", "routes that a neighbor sent or gets; another RIB"],
  ["inet, inet6, /24", "an address family; a prefix length"],
  ["bgpctl show rib …", "a command of bgpctl, pasted"],
];

const list = (rows: Rows, isBadge: boolean): HTMLElement =>
  h(
    "dl",
    { class: "legend-list" },
    ...rows.map(([term, meaning, kind]) => {
      const name = isBadge
        ? h("span", { class: "badge", "data-badge": "rpki", "data-kind": kind }, term)
        : h("code", {}, term);
      return h("div", {}, h("dt", {}, name), h("dd", {}, meaning));
    }),
  );

/** The button that opens the legend, and the dialog. */
export function legend(): { button: HTMLButtonElement; dialog: HTMLDialogElement } {
  const close = button("Close", () => dialog.close());
  const dialog = h(
    "dialog",
    { class: "legend", "aria-labelledby": "legend-title" },
    h("header", {}, h("h2", { id: "legend-title" }, "Search and legend"), close),
    h(
      "div",
      { class: "legend-content", tabindex: 0, role: "region", "aria-label": "Search and legend" },
      h("h3", {}, "Words of the search; all have to match"),
      list(WORDS, false),
      h("h3", {}, "Flags"),
      list(FLAGS, false),
      h("h3", {}, "RPKI and ASPA"),
      list(STATES, true),
      h("h3", {}, "Keys"),
      list(
        [
          ["/", "goes to the search"],
          ["↓", "goes from the search into the table"],
          ["↑ ↓, Home, End", "select a route; ↑ at the first one goes to the headings"],
          ["Enter", "sorts by the heading"],
          ["Esc", "closes the route"],
        ],
        false,
      ),
    ),
  );
  // a click beside the dialog
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return { button: button("Legend", () => dialog.showModal()), dialog };
}
