// The keys of a grid.

/** The place of the keyboard, and the pressed key. */
interface Pressed {
  key: string;
  /** The selected row, or -1. */
  selected: number;
  count: number;
  /** Rows of a page. */
  page: number;
  /** The heading that the keyboard is at, or -1. */
  heading: number;
  headings: number;
}

/** The effects of keys: another row is selected, another heading is focused, or a heading sorts. */
interface Effect {
  row: number;
  heading?: number;
  sort?: number;
}

/** Returns the action of a key; undefined if it has none. */
export function gridKeys({
  key,
  selected,
  count,
  page,
  heading,
  headings,
}: Pressed): Effect | undefined {
  if (heading !== -1) {
    if (key === "Enter" || key === " ") return { row: selected, sort: heading };
    if (key === "ArrowDown") return { row: 0 };
    if (key === "ArrowUp") return { row: selected, heading };
    const to: Record<string, number> = {
      ArrowRight: Math.min(headings - 1, heading + 1),
      ArrowLeft: Math.max(0, heading - 1),
      Home: 0,
      End: headings - 1,
    };
    if (to[key] !== undefined) return { row: selected, heading: to[key] };
  }
  if (key === "ArrowUp" && selected <= 0 && headings > 0) return { row: selected, heading: 0 };
  const to: Record<string, number> = {
    ArrowDown: selected + 1,
    ArrowUp: Math.max(0, selected - 1),
    PageDown: selected + page,
    PageUp: Math.max(0, selected - page),
    Home: 0,
    End: count - 1,
    Escape: -1,
  };
  const row = to[key];
  return row === undefined ? undefined : { row };
}
