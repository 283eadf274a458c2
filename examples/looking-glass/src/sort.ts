// Long work in short tasks: the page answers clicks and keys meanwhile.

/** Milliseconds after which other work has its turn. */
const SLICE = 12;
/** Up to this many rows are sorted at once. */
const FEW = 1500;
const RUN = 512;

/** Resolves in a task of its own. */
export const pause = (): Promise<void> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });

/** Returns a function that waits when the current task has lasted long enough. */
export function slices(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < SLICE) return undefined;
    return pause().then(() => {
      began = performance.now();
    });
  };
}

interface Keyed<T> {
  readonly row: T;
  readonly by: string | number;
}

const compare = <T>(a: Keyed<T>, b: Keyed<T>, sign: number): number =>
  a.by < b.by ? -sign : a.by > b.by ? sign : 0;

/** Sorts at once; rows that are equal stay in their order. */
export function sortFew<T>(
  rows: readonly T[],
  order: (row: T) => string | number,
  isDown: boolean,
): T[] {
  const sign = isDown ? -1 : 1;
  const keyed = rows.map((row) => ({ row, by: order(row) }));
  return keyed.sort((a, b) => compare(a, b, sign)).map(({ row }) => row);
}

/** Whether rows are so few that they can be sorted at once. */
export const areFew = (rows: readonly unknown[]): boolean => rows.length <= FEW;

/**
 * Sorts in slices: sorted runs first, which are then merged. Resolves with undefined when `isWanted`
 * returns false meanwhile.
 */
export async function sortMany<T>(
  rows: readonly T[],
  order: (row: T) => string | number,
  isDown: boolean,
  isWanted: () => boolean,
): Promise<T[] | undefined> {
  const sign = isDown ? -1 : 1;
  const rest = slices();
  let from: Keyed<T>[] = [];
  for (let at = 0; at < rows.length; at += RUN) {
    const run = rows.slice(at, at + RUN).map((row) => ({ row, by: order(row) }));
    from.push(...run.sort((a, b) => compare(a, b, sign)));
    await rest();
    if (!isWanted()) return undefined;
  }
  for (let width = RUN; width < from.length; width *= 2) {
    const to: Keyed<T>[] = [];
    for (let at = 0; at < from.length; at += 2 * width) {
      let [left, right] = [at, Math.min(at + width, from.length)];
      const [middle, end] = [right, Math.min(at + 2 * width, from.length)];
      while (left < middle || right < end) {
        const takesLeft =
          right >= end || (left < middle && compare(from[left]!, from[right]!, sign) <= 0);
        to.push(takesLeft ? from[left++]! : from[right++]!);
        if ((to.length & 2047) === 0) {
          await rest();
          if (!isWanted()) return undefined;
        }
      }
    }
    from = to;
  }
  const sorted: T[] = [];
  for (const [i, { row }] of from.entries()) {
    sorted.push(row);
    if ((i & 8191) === 0) await rest();
  }
  return isWanted() ? sorted : undefined;
}

/** Filters in slices. Resolves with undefined when `isWanted` returns false meanwhile. */
export async function filterMany<T>(
  rows: readonly T[],
  matches: (row: T) => boolean,
  isWanted: () => boolean,
): Promise<T[] | undefined> {
  const rest = slices();
  const found: T[] = [];
  for (const [i, row] of rows.entries()) {
    if (matches(row)) found.push(row);
    if ((i & 63) !== 0) continue;
    await rest();
    if (!isWanted()) return undefined;
  }
  return found;
}
