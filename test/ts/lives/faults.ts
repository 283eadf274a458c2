import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { build } from "esbuild";
import { faultRows } from "./fault-list.ts";
import { transportFaults } from "./real/fault-list.ts";

/** A fault to plant: the file in ts, and the transport whose lives find it; scripted if absent. */
export interface Fault {
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
  readonly what: string;
  readonly transport?: string;
}

/**
 * Testing the test: each fault is planted in a bundle of the lives, which have
 * to find it.
 */
export const faults: readonly Fault[] = faultRows.map(([file, text, replacement, what]) => ({
  ...{ file: `channel/${file}`, text, replacement, what },
}));

/** Faults of the transports, which lives over real ones have to find. */
export const realFaults: readonly Fault[] = transportFaults.map(
  ([file, text, replacement, what, transport]) => ({ file, text, replacement, what, transport }),
);

/** After so many steps a fault counts as not found. */
const PATIENCE = 60_000;
const REAL_PATIENCE = 6000;
/** After so many milliseconds lives that come to no end are ended. */
const LIMIT = 120_000;

const top = process.cwd();
const pathOf = ({ file }: Fault): string => join(top, `ts/${file}.ts`);

/** The source with a fault. Throws unless the fault's text occurs exactly once. */
export function plant(fault: Fault): string {
  const { file, text, replacement, what } = fault;
  const source = readFileSync(pathOf(fault), "utf8");
  const parts = source.split(text);
  if (parts.length !== 2) {
    throw new Error(`"${what}": the text occurs ${parts.length - 1} times in ts/${file}.ts`);
  }
  return parts.join(replacement);
}

/** Bundles the lives with a fault. */
async function bundle(fault: Fault, outfile: string): Promise<void> {
  const path = pathOf(fault);
  const contents = plant(fault);
  await build({
    entryPoints: [join(top, "test/ts/lives/run.ts")],
    ...{ bundle: true, format: "esm", platform: "node", target: "node20", outfile },
    packages: "external",
    logLevel: "error",
    plugins: [
      {
        name: "fault",
        setup: ({ onLoad }) =>
          onLoad({ filter: /\/ts\/(channel|transports)\// }, (args) =>
            args.path === path ? { contents, loader: "ts" } : undefined,
          ),
      },
    ],
  });
}

/** How a fault shows; undefined if it does not. */
export async function findFault(fault: Fault, seed: number): Promise<string | undefined> {
  // where fast-check is found
  const folder = await mkdtemp(join(top, "build/fault-"));
  try {
    const program = join(folder, "lives.mjs");
    await bundle(fault, program);
    const { transport } = fault;
    const steps = transport === undefined ? PATIENCE : REAL_PATIENCE;
    const args = [program, "--steps", String(steps), "--seed", String(seed), "--quick"];
    if (transport !== undefined) args.push("--transport", transport);
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: LIMIT,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const status = await new Promise((resolve) => child.on("close", resolve));
    if (status === 0) return undefined;
    return /^Error: (.*)/m.exec(output)?.[1] ?? `status ${status}: ${output.slice(-500)}`;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Looks for faults, two at a time; tells of each as it is done. */
export async function findFaults(
  list: readonly Fault[],
  seed: number,
  tell: (fault: Fault, how: string | undefined) => void,
): Promise<void> {
  const waiting = list.values();
  const work = async (): Promise<void> => {
    for (const fault of waiting) tell(fault, await findFault(fault, seed));
  };
  await Promise.all([work(), work()]);
}
