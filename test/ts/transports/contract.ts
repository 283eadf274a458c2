import { afterEach, describe, it } from "vitest";
import { type Abilities, CLAUSES, checkAbilities, type Pair } from "./clauses.ts";

export type { Abilities, Pair } from "./clauses.ts";

/**
 * Proves every clause of the contract in `ts/channel/transport.ts` for an
 * implementation. The author of a new transport calls it.
 *
 * @param name the name of the transport, in the names of the tests
 * @param makePair makes two connected transports, neither of which is started
 * @param abilities what this kind of transport can do beyond what every one must
 */
export function transportContract(
  name: string,
  makePair: () => Pair | Promise<Pair>,
  abilities: Abilities = {},
): void {
  describe(`the contract of Transport, over ${name}:`, () => {
    let pair: Pair | undefined;
    afterEach(() => {
      for (const transport of [pair?.a, pair?.b]) transport?.abort(new Error("the test is over"));
    });

    for (const clause of CLAUSES.filter(({ applies }) => applies(abilities))) {
      it(clause.name, async () => {
        pair = await makePair();
        checkAbilities(pair, abilities);
        await clause.run(pair, abilities);
      });
    }
  });
}
