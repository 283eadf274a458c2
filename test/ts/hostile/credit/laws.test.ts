import { describe, it } from "vitest";
import { web } from "../library.ts";
import { libraryLaws } from "./laws.ts";
import type { Library } from "./peers.ts";
import { relayLaws } from "./relay-laws.ts";

const { startRelay } = (await import(
  new URL("../../../../dist/relay.js", import.meta.url).href
)) as typeof import("../../../../ts/cli/relay/relay.ts");
const library: Library = { ...web, startRelay };

describe("credit, and what arrives", () => {
  for (const { name, holds } of [...libraryLaws, ...relayLaws]) it(name, () => holds(library));
});
