// Which columns of a table have room, and how wide each is: texts that name something are never cut.

/** A column of a table. */
export interface Column<T> {
  key: string;
  title: string;
  /** For screen readers and as a tooltip, if the title is short. */
  description?: string;
  /** The cell's text; `room` is how many characters fit into it. */
  text: (row: T, room: number) => string;
  /** The whole text as a tooltip, if the cell shows a part of it. */
  whole?: (row: T) => string;
  /** More about the cell, for style only. */
  kind?: (row: T) => string;
  /** Returns the key by which rows are sorted; without it, users cannot sort by the column. */
  order?: (row: T) => string | number;
  /** The least width, in characters. */
  width: number;
  /** Whether it is as wide as its longest text that was seen. */
  measured?: boolean;
  /** A measured column is not wider than this, in characters; then its cells show a part of the text. */
  most?: number;
  /** Whether it may be as narrow as `width`, because its cells show whole words of their text only. */
  elastic?: boolean;
  /** The share of the room that is left over. */
  grow?: number;
  /** Columns leave in the order of their ranks, the highest first; those of rank 0 stay. */
  rank: number;
}

/** The widths of the columns that have room. */
export interface Fit {
  /** The columns that are shown, by their keys. */
  readonly shown: ReadonlySet<string>;
  /** For grid-template-columns, in pixels. */
  readonly template: string;
  /** How many characters fit into each shown column. */
  readonly room: ReadonlyMap<string, number>;
  /** The sum of all widths, in pixels. */
  readonly width: number;
}

/** Pixels between two columns. */
const GAP = 16;

/**
 * Chooses columns for a width.
 *
 * @param available pixels
 * @param character the width of a character in pixels
 * @param longest characters of the longest text of each measured column
 */
export function fitColumns<T>(
  columns: readonly Column<T>[],
  available: number,
  character: number,
  longest: ReadonlyMap<string, number>,
): Fit {
  const pixels = (characters: number): number => Math.ceil(characters * character) + 2;
  const wanted = ({ key, width, measured, most = Number.POSITIVE_INFINITY }: Column<T>): number =>
    pixels(Math.max(width, measured ? Math.min(most, longest.get(key) ?? 0) : 0));
  const least = (column: Column<T>): number =>
    column.elastic ? pixels(column.width) : wanted(column);
  const ranked = [...columns].sort((a, b) => a.rank - b.rank);
  const shown = new Set<string>();
  let width = -GAP;
  for (const column of ranked) {
    const more = least(column) + GAP;
    if (column.rank > 0 && width + more > available) break;
    shown.add(column.key);
    width += more;
  }
  const seen = columns.filter(({ key }) => shown.has(key));
  let spare = Math.max(0, available - width);
  const widths = new Map(seen.map((column) => [column.key, least(column)]));
  const widen = (key: string, more: number): void => {
    widths.set(key, (widths.get(key) ?? 0) + more);
  };
  // first widen the columns whose texts are cut, then those with a share of the spare width
  for (const column of seen) {
    const more = Math.min(spare, wanted(column) - least(column));
    spare -= more;
    widen(column.key, more);
  }
  const shares = seen.reduce((sum, { grow = 0 }) => sum + grow, 0);
  for (const { key, grow = 0 } of seen) {
    if (shares > 0) widen(key, Math.floor((spare * grow) / shares));
  }
  const room = new Map([...widths].map(([key, all]) => [key, Math.floor((all - 2) / character)]));
  const template = [...widths.values()].map((all) => `${all}px`).join(" ");
  return { shown, template, room, width: Math.max(width, available) };
}

/** In a card, each cell may have a whole line. */
export const oneLineEach = <T>(columns: readonly Column<T>[], room: number): Fit => ({
  shown: new Set(columns.map(({ key }) => key)),
  template: "",
  room: new Map(columns.map(({ key }) => [key, room])),
  width: 0,
});

/**
 * Joins words that have to stay whole: if there is no room for all, those at the end, or in the middle
 * of a path, are left out.
 */
export function fitWords(words: readonly string[], room: number, leave: "end" | "middle"): string {
  const all = words.join(" ");
  if (all.length <= room || words.length < 2) return all;
  let head = leave === "middle" ? Math.ceil((words.length - 1) / 2) : words.length - 1;
  let tail = leave === "middle" ? Math.floor((words.length - 1) / 2) : 0;
  const text = (): string => {
    const left = words.length - head - tail;
    const mark = leave === "middle" ? "…" : `+${left}`;
    return [...words.slice(0, head), mark, ...words.slice(words.length - tail)].join(" ");
  };
  while (text().length > room && head + tail > 1) {
    if (head > tail) head--;
    else tail--;
  }
  return text();
}
