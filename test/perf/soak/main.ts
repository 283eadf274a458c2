// The soak from the command line: see scripts/program.mjs.
import { parseArgs } from "node:util";
import { ensurePeer, Mismatch, type SoakTotals, soak } from "./soak.ts";

const HELP = `Usage: npm run soak -- [--bytes N] [--seed S]

Exchanges at least N bytes (64M; K, M and G mean powers of 1024) each way between the module and
the native peer over real sockets, and compares all of it. The seed decides sizes and pieces;
a fresh one is taken and printed.

Exit code: 0, or 1 at the first mismatch.
`;

function parseBytes(text: string): number {
  const match = /^(\d+)([KMG]?)$/i.exec(text);
  if (match === null) throw new Error(`--bytes ${text}: not a number of bytes`);
  return Number(match[1]) * 1024 ** " KMG".indexOf(match[2]!.toUpperCase() || " ");
}

const mb = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`;

const describe = ({ sent, received, sessions }: SoakTotals): string =>
  `${sessions} sessions, to native ${mb(sent.bytes)} in ${sent.messages} messages, ` +
  `from native ${mb(received.bytes)} in ${received.messages} messages`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      bytes: { type: "string", default: "64M" },
      seed: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const bytes = parseBytes(values.bytes);
  const seed =
    values.seed === undefined ? Math.floor(Math.random() * 0x100000000) : Number(values.seed);
  if (!Number.isInteger(seed)) throw new Error(`--seed ${values.seed}: not an integer`);
  console.log(`soak: seed ${seed}, ${mb(bytes)} each way`);
  ensurePeer();
  const start = performance.now();
  const took = (): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  let told = start;
  try {
    const totals = await soak({
      bytes,
      seed,
      progress(now) {
        if (performance.now() - told < 5000) return;
        told = performance.now();
        console.log(`soak: ${describe(now)}, ${took()}`);
      },
    });
    console.log(`soak: ${describe(totals)}, mismatches: 0, ${took()}`);
    return 0;
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    console.log(`soak: mismatches: 1, ${took()}\n${error.message}`);
    return 1;
  }
}
