import type { Clause } from "./clause.ts";
import { FAILING } from "./clauses-failing.ts";
import { SENDING } from "./clauses-sending.ts";

export { type Abilities, checkAbilities, type Pair } from "./clause.ts";

/** The clauses that every implementation of Transport must hold. */
export const CLAUSES: readonly Clause[] = [...SENDING, ...FAILING];
