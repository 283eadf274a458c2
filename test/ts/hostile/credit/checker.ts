import type { Checker } from "../../../helpers/planting.ts";

/** The laws on the source, in a bundle in which a fault can be planted. */
export const laws: Checker = {
  entry: "test/ts/hostile/credit/main.ts",
  args: [],
  limit: 60_000,
  external: ["ws", "bufferutil", "utf-8-validate"],
};
