import process from "node:process";
import { parseArgs } from "node:util";
import { SESSIONS } from "./real/node-sessions.ts";
import { again, type Outcome, type Replay, run, type Scene, sceneOf } from "./runs.ts";
import { BROWSERS, type BrowserName, sceneIn, WEB_TRANSPORTS } from "./web/drive.ts";

const usage = `usage: npm run lives -- [--steps N] [--seed S] [--quick] [--transport T [--browser B]]
       npm run lives -- --seed S --path P [--commands C]    lives one life again

Without --transport the transport is scripted and time is virtual. T is one or more of
${Object.keys(SESSIONS).join(",")}: real connections to a peer outside the library.
With --browser ${BROWSERS.join(" or ")} the packed library lives in a page, and T is one or more of
${WEB_TRANSPORTS.join(",")}, all of them by default; --page FILE takes the place of the page's program.
`;

const OPTIONS = {
  steps: { type: "string", default: "20000" },
  seed: { type: "string", default: String(Date.now() % 1_000_000) },
  path: { type: "string" },
  commands: { type: "string" },
  quick: { type: "boolean", default: false },
  transport: { type: "string" },
  browser: { type: "string" },
  page: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs the test; returns the exit status. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: OPTIONS });
  const { browser, quick, path, commands } = values;
  const steps = Number(values.steps);
  const seed = Number(values.seed);
  const possible = browser === undefined ? Object.keys(SESSIONS) : WEB_TRANSPORTS;
  const transports = values.transport?.split(",") ?? (browser === undefined ? [] : WEB_TRANSPORTS);
  const known =
    transports.every((name) => possible.includes(name)) &&
    (browser === undefined || BROWSERS.includes(browser as BrowserName));
  if (values.help || !known || ![steps, seed].every(Number.isSafeInteger)) {
    process.stdout.write(usage);
    return values.help ? 0 : 2;
  }
  const replay = path === undefined ? undefined : { seed, path, commands };
  if (replay === undefined) say(`seed: ${seed}`);
  if (transports.length === 0) {
    return replay ? told(await again(replay)) : await count(run(steps, seed, { quick }));
  }
  const scene = await (browser === undefined
    ? sceneOf(SESSIONS)
    : sceneIn(browser as BrowserName, values.page));
  try {
    return await live(scene, { transports, steps, seed, replay, browser });
  } finally {
    await scene.close();
  }
}

interface Task {
  readonly transports: readonly string[];
  readonly steps: number;
  readonly seed: number;
  readonly replay: Replay | undefined;
  readonly browser: string | undefined;
}

/** Lives over real transports; returns the exit status. */
async function live(scene: Scene, task: Task): Promise<number> {
  const { transports, steps, seed, replay, browser } = task;
  if (replay !== undefined) return told(await scene.again(transports[0]!, replay));
  for (const transport of transports) {
    say(`transport: ${transport}`);
    const place = browser === undefined ? "" : ` --browser ${browser}`;
    const where = ` --transport ${transport}${place}`;
    const status = await count(scene.run(transport, steps, seed), where);
    if (status !== 0) return status;
  }
  return 0;
}

/** Prints what has come of lives; returns the exit status. */
async function count(outcome: Promise<Outcome>, where = ""): Promise<number> {
  const started = performance.now();
  const { lives, steps, violation } = await outcome;
  if (violation !== undefined) say(`${violation}${where}`);
  say(`lives: ${lives}, seconds: ${((performance.now() - started) / 1000).toFixed(1)}`);
  say(`steps: ${steps}, violations: ${violation === undefined ? 0 : 1}`);
  return violation === undefined ? 0 : 1;
}

/** Prints what has come of one life; returns the exit status. */
function told(violation: string | undefined): number {
  say(violation ?? "no promise is broken");
  return violation === undefined ? 0 : 1;
}
