import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { type BuildOptions, build } from "esbuild";

/**
 * Testing the tests: a fault is planted in a bundle of a program that checks the source, which has to
 * find it.
 */
export interface Fault {
  /** The file from the top of the repository, such as ts/channel/life.ts. */
  path: string;
  /** A text that occurs once in the file. */
  text: string;
  /** The text in its place. */
  replacement: string;
  /** The fault in words. */
  what: string;
}

/** A program that ends with another status than 0 if it finds a fault. */
export interface Checker {
  /** Its file from the top of the repository. */
  entry: string;
  args: readonly string[];
  /** Milliseconds after which it is ended: a fault may keep it from ending. */
  limit: number;
  /** Packages that the bundle imports. */
  external: readonly string[];
  /** A program for a page, which then has the fault; the checker gets its bundle by `--page`. */
  page?: string;
}

const top = process.cwd();

/** The source with a fault. Throws unless the fault's text occurs exactly once. */
export function plant({ path, text, replacement, what }: Fault): string {
  const parts = readFileSync(join(top, path), "utf8").split(text);
  if (parts.length !== 2) {
    throw new Error(`"${what}": the text occurs ${parts.length - 1} times in ${path}`);
  }
  return parts.join(replacement);
}

/** Bundles a program with a fault, or without. */
async function bundle(
  entry: string,
  fault: Fault | undefined,
  options: BuildOptions,
): Promise<void> {
  const contents = fault && plant(fault);
  const path = fault && join(top, fault.path);
  await build({
    entryPoints: [join(top, entry)],
    ...{ bundle: true, format: "esm", ...options },
    logLevel: "error",
    plugins: [
      {
        name: "fault",
        setup: ({ onLoad }) =>
          onLoad({ filter: /\/ts\// }, (args) =>
            args.path === path ? { contents: contents!, loader: "ts" } : undefined,
          ),
      },
    ],
  });
}

/** The last line of a program that a fault has failed; undefined if the fault does not show. */
export async function findFault(
  checker: Checker,
  fault: Fault | undefined,
): Promise<string | undefined> {
  // where the packages are found
  const folder = await mkdtemp(join(top, "build/fault-"));
  try {
    const program = join(folder, "program.mjs");
    const args = [...checker.args];
    const ofPage = checker.page !== undefined;
    if (ofPage) {
      const outfile = join(folder, "page.mjs");
      await bundle(checker.page!, fault, { platform: "browser", target: "es2022", outfile });
      args.push("--page", outfile);
    }
    await bundle(checker.entry, ofPage ? undefined : fault, {
      ...{ platform: "node", target: "node20", outfile: program },
      external: [...checker.external],
    });
    const child = spawn(process.execPath, [program, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: checker.limit,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const status = await new Promise((resolve) => child.on("close", resolve));
    if (status === 0) return undefined;
    return (
      /^\w*Error(?: \[\w+\])?: (.*)/m.exec(output)?.[0] ?? `status ${status}: ${output.slice(-500)}`
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Looks for faults, two at a time, each by its checker. Reports each result at once. */
export async function findFaults<F extends Fault>(
  checkerOf: (fault: F) => Checker,
  list: readonly F[],
  tell: (fault: F, how: string | undefined) => void,
): Promise<void> {
  const waiting = list.values();
  const work = async (): Promise<void> => {
    for (const fault of waiting) tell(fault, await findFault(checkerOf(fault), fault));
  };
  await Promise.all([work(), work()]);
}
