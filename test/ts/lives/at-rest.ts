import { PROMISES } from "./promises.ts";
import { SHOWN } from "./showing.ts";
import type { World } from "./world.ts";

const ALL = Object.entries({ ...PROMISES, ...SHOWN });

/** The promises that are broken when everything has come to rest. */
export function atRest(world: World): string[] {
  return ALL.flatMap(([promise, check]) => [...check(world)].map((how) => `${promise}: ${how}`));
}
