import {
  type Checker,
  type Fault,
  findFaults as find,
  plant as plantIn,
} from "../../helpers/planting.ts";
import { type FaultRow, faultRows } from "./fault-list.ts";

/** The faults that the lives have to find. */
export const faults: readonly FaultRow[] = faultRows;

const toFault = ([file, text, replacement, what]: FaultRow): Fault => ({
  path: `ts/channel/${file}.ts`,
  text,
  replacement,
  what,
});

/** After so many steps a fault counts as not found. */
const PATIENCE = 60_000;
/** After so many milliseconds lives that come to no end are ended. */
const LIMIT = 120_000;

/** The source with a fault. Throws unless the fault's text occurs exactly once. */
export const plant = (row: FaultRow): string => plantIn(toFault(row));

/** Looks for faults, two at a time; tells of each as it is done. */
export async function findFaults(
  list: readonly FaultRow[],
  seed: number,
  tell: (fault: FaultRow, how: string | undefined) => void,
): Promise<void> {
  const checker: Checker = {
    entry: "test/ts/lives/run.ts",
    args: ["--steps", String(PATIENCE), "--seed", String(seed), "--quick"],
    limit: LIMIT,
    external: ["fast-check"],
  };
  const rows = list.map((row) => ({ ...toFault(row), row }));
  await find(checker, rows, ({ row }, how) => tell(row, how));
}
