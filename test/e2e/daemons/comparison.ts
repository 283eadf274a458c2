import { appendFileSync } from "node:fs";
import { expect } from "vitest";
import type { RunningBgpd } from "./bgpd.ts";
import { ages, fields, type Json, still, words } from "./compare.ts";
import { documentOf } from "./examples.ts";

/** The counts of compared fields and listings so far. */
const counts = { listings: 0, fields: 0 };

/** Prints what was compared, as the last line of a test file. */
export function reportComparison(file: string): void {
  const { IMSG_COMPARED } = process.env;
  if (IMSG_COMPARED !== undefined) appendFileSync(IMSG_COMPARED, `${JSON.stringify(counts)}\n`);
  console.log(
    `${file}: ${counts.fields} fields of ${counts.listings} listings compared with bgpctl -j`,
  );
}

/** How often a listing may change while it is compared. */
const TRIES = 20;

/** The ages lie between bgpctl's before and after, and the words beside them agree. */
function expectAges(before: Json, mine: Json, after: Json): void {
  const [first, last] = [before, after].map((document) => new Map(ages(document)));
  for (const [place, age] of ages(mine)) {
    const bounds = [first!.get(place) ?? Number.NaN, last!.get(place) ?? Number.NaN];
    expect(age, place).toBeGreaterThanOrEqual(Math.min(...bounds));
    expect(age, place).toBeLessThanOrEqual(Math.max(...bounds));
  }
  expect(ages(mine).map(([place]) => place)).toEqual(ages(before).map(([place]) => place));
  // where nothing has grown older, the words are the same, too
  const same = new Map(words(before).filter(([place]) => first!.get(place) === last!.get(place)));
  const spoken = new Map(words(mine).filter(([place]) => same.has(place)));
  expect(Object.fromEntries(spoken)).toEqual(Object.fromEntries(same));
  expect(words(mine)).toHaveLength(words(before).length);
}

/** Whether a timer or a session was restarted between two answers. */
function restarted(before: Json, after: Json): boolean {
  const old = new Map(ages(before));
  return ages(after).some(([place, age]) => {
    const earlier = old.get(place) ?? age;
    return place.endsWith("/due") ? age > earlier : age < earlier;
  });
}

/**
 * Asks bgpctl, the client and bgpctl again, and expects the same document, field for field. `mine`
 * asks the client; it is the client's own function if absent.
 */
export async function expectSame(
  bgpd: Pick<RunningBgpd, "socket" | "json">,
  args: readonly string[],
  mine: () => Promise<Json> = () => documentOf(bgpd.socket, args),
): Promise<Json> {
  for (let tries = 0; ; tries++) {
    const before = (await bgpd.json(...args)) as Json;
    const found = await mine();
    const after = (await bgpd.json(...args)) as Json;
    // a message between the routers in the meantime would be a difference that the client did not cause
    const changed = JSON.stringify(still(before)) !== JSON.stringify(still(after));
    if ((changed || restarted(before, after)) && tries < TRIES) continue;
    expect(still(found), args.join(" ")).toEqual(still(before));
    expectAges(before, found, after);
    counts.listings++;
    counts.fields += fields(before);
    return found;
  }
}
