import {
  type Checker,
  findFaults as find,
  type Fault as Planted,
  plant as plantIn,
} from "../../helpers/planting.ts";
import { faultRows } from "./fault-list.ts";
import { type TransportFault, transportFaults } from "./real/fault-list.ts";
import type { BrowserName } from "./web/drive.ts";
import { webFaults } from "./web/fault-list.ts";

/** A fault to plant: the file in ts, and the transport whose lives find it; scripted if absent. */
export interface Fault {
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
  readonly what: string;
  readonly transport?: string;
  /** The browser in which they find it; Node if absent. */
  readonly browser?: BrowserName;
}

/** Faults of the channel, which the scripted lives have to find. */
export const faults: readonly Fault[] = faultRows.map(([file, text, replacement, what]) => ({
  ...{ file: `channel/${file}`, text, replacement, what },
}));

const ofTransport = ([file, text, replacement, what, transport]: TransportFault) => {
  return { file, text, replacement, what, transport };
};

/** Faults of the transports, which lives over real ones have to find: in Node, or in a browser. */
export const realFaults: readonly Fault[] = [
  ...transportFaults.map(ofTransport),
  ...webFaults.map((row) => ({ ...ofTransport(row), browser: "chromium" as const })),
];

const planted = ({ file, text, replacement, what }: Fault): Planted => ({
  ...{ path: `ts/${file}.ts`, text, replacement, what },
});

/** After so many steps a fault counts as not found. */
const PATIENCE = 150_000;
const REAL_PATIENCE = 6000;
/** After so many milliseconds lives that come to no end are ended. */
const LIMIT = 120_000;

/** The source with a fault. Throws unless the fault's text occurs exactly once. */
export const plant = (fault: Fault): string => plantIn(planted(fault));

function checkerOf({ transport, browser }: Fault, seed: number): Checker {
  const steps = transport === undefined ? PATIENCE : REAL_PATIENCE;
  const args = ["--steps", String(steps), "--seed", String(seed), "--quick"];
  if (transport !== undefined) args.push("--transport", transport);
  if (browser !== undefined) args.push("--browser", browser);
  return {
    ...{ entry: "test/ts/lives/run.ts", args, limit: LIMIT },
    ...(browser === undefined ? {} : { page: "test/ts/lives/web/page.ts" }),
    external: ["fast-check", "ws", "koffi", "esbuild", "playwright-core"],
  };
}

/** Looks for faults, two at a time. Reports each result at once. */
export async function findFaults(
  list: readonly Fault[],
  seed: number,
  tell: (fault: Fault, how: string | undefined) => void,
): Promise<void> {
  const rows = list.map((fault) => ({ ...planted(fault), fault }));
  const missed: typeof rows = [];
  await find(
    ({ fault }) => checkerOf(fault, seed),
    rows,
    ({ fault, ...row }, how) => {
      // the time of real transports differs in each run: other lives may find it
      if (how === undefined && fault.transport !== undefined) missed.push({ ...row, fault });
      else tell(fault, how);
    },
  );
  await find(
    ({ fault }) => checkerOf(fault, seed + 1),
    missed,
    ({ fault }, how) => tell(fault, how),
  );
}
