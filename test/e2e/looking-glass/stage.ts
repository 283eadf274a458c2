// The stages of the tests: each has a browser, the page's server and a bgpd behind it.

import type { Browser } from "playwright-core";
import { afterAll, beforeAll } from "vitest";
import { type RunningBgpd, startBgpd } from "../daemons/bgpd.ts";
import { until } from "../daemons/program.ts";
import { startBrowser } from "./browser.ts";
import { type Glass, type Router, startGlass, startRouters } from "./glass.ts";

/** A value that a file's tests share. It exists from the first test on, and ends after the last one. */
export interface Stage<B> {
  readonly bgpd: B;
  readonly glass: Glass;
  readonly browser: Browser;
}

/** Sets up a bgpd of the caller's, its page and a browser, around the tests of a file. */
function stageOf<B extends { restricted: string }>(
  start: () => Promise<{ bgpd: B; stop(): Promise<unknown> }>,
): Stage<B> {
  const stage = {} as { -readonly [K in keyof Stage<B>]: Stage<B>[K] };
  let running: Awaited<ReturnType<typeof start>> | undefined;
  beforeAll(async () => {
    running = await start();
    stage.bgpd = running.bgpd;
    stage.glass = await startGlass(running.bgpd.restricted);
    stage.browser = await startBrowser();
  });
  afterAll(async () => {
    await stage.browser?.close();
    await stage.glass?.stop();
    await running?.stop();
  });
  return stage;
}

/** The routers of the demo, with their twelve routes. */
export const demoStage = (): Stage<Router> => stageOf(() => startRouters(0));

/** One bgpd whose table has these prefixes. */
export const tableStage = (prefixes: readonly string[]): Stage<RunningBgpd> =>
  stageOf(async () => {
    const bgpd = await startBgpd({ statements: "allow from any\nallow to any\n" });
    await bgpd.bulkAdd(prefixes);
    await until("bgpd has all routes", bgpd.program, async () => {
      const { memory } = (await bgpd.json("show", "rib", "memory")) as {
        memory: Record<string, { count: number }>;
      };
      return memory["IPv4 unicast"]?.count === prefixes.length;
    });
    return { bgpd, stop: () => bgpd.stop() };
  });
