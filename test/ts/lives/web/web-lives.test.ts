import { spawnSync } from "node:child_process";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Scene } from "../runs.ts";
import { sceneIn, WEB_TRANSPORTS } from "./drive.ts";

/** Of each transport: `npm run lives -- --browser B` takes more. */
const STEPS = 150;

describe("in a page of Chromium, the packed library", () => {
  let scene: Scene;
  beforeAll(async () => {
    spawnSync(process.execPath, ["scripts/ensure-apt.mjs", "chromium"], { stdio: "inherit" });
    scene = await sceneIn("chromium");
  });
  afterAll(() => scene?.close());

  it.each(WEB_TRANSPORTS)(
    "keeps every promise of channels over %s to a peer that half-closes, stalls, resets and dies",
    async (transport) => {
      const { steps, violation } = await scene.run(transport, STEPS, Date.now() % 1_000_000);
      expect(violation).toBe(undefined);
      expect(steps).toBeGreaterThanOrEqual(STEPS);
    },
  );
});
