import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { packed as bundle, run } from "./command.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));
const manual = readFileSync(join(top, "docs/imsg.1"), "utf8");
const manifest = JSON.parse(readFileSync(join(top, "package.json"), "utf8"));
const builtins = new Set(builtinModules);
const COMMANDS = ["dump", "connect", "tap", "relay"];

const sorted = (names: Iterable<string>): string[] => [...new Set(names)].sort();

/** The long options that a command's part of the manual describes. */
function documented(command: string): string[] {
  const [, section] = manual.split(`.Ss imsg ${command}\n`);
  const items = section!.split(/^\.S[sh] /m)[0]!.matchAll(/^\.It (Fl .*)$/gm);
  return sorted(
    [...items].flatMap(([, item]) => [...item!.matchAll(/Fl -([\w-]+)/g)].map((m) => m[1]!)),
  );
}

/** The long options that --help lists. */
function listed(help: string): string[] {
  const options = help.split("Options:\n")[1]!.split("\n\n")[0]!;
  const names = [...options.matchAll(/^ {2}(?:-\w, )?--([\w-]+)/gm)].map(([, name]) => name!);
  return sorted(names.filter((name) => name !== "help"));
}

describe("--help", () => {
  test("lists the commands and the exit statuses, and so does imsg help", async () => {
    const { status, stdout, stderr } = await run(bundle, ["--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const name of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${name} .+`, "m"));
    expect(stdout).toContain(
      "Exit status: 0 done, 1 bad data or connection, 2 usage, 3 timed out, 130 interrupted.",
    );
    expect((await run(bundle, ["help"])).stdout).toBe(stdout);
  });

  test.each(COMMANDS)(
    "of %s has a usage, examples, and the options of the manual",
    async (command) => {
      const { status, stdout } = await run(bundle, [command, "--help"]);
      expect(status).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: imsg ${command} \\[options\\]`));
      expect(stdout).toMatch(/^Examples?:\n {2}imsg /m);
      expect(listed(stdout).length).toBeGreaterThan(5);
      expect(listed(stdout)).toEqual(documented(command));
      expect((await run(bundle, ["help", command])).stdout).toBe(stdout);
      expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    },
  );

  test("the version is the package's", async () => {
    for (const flag of ["-V", "--version"]) {
      const { status, stdout } = await run(bundle, [flag]);
      expect({ status, stdout }).toEqual({ status: 0, stdout: `${manifest.version}\n` });
    }
  });
});

test.each([
  [[], /Usage: imsg/],
  [["frobnicate"], /imsg: unknown command 'frobnicate'/],
  [["dump", "--frobnicate"], /imsg: unknown option '--frobnicate'/],
  [["dump", "a", "b"], /imsg: too many arguments/],
  [["dump", "--max-size", "15"], /from 16 to 2147483647/],
  [["dump", "--max-size", "2g"], /from 16 to 2147483647/],
  [["dump", "--dialect", "old"], /Allowed choices are current, classic/],
  [["dump", "--type", "1=A"], /a type is named by NAME=N/],
  [["dump", "--type", "A=4294967296"], /from 0 to 4294967295/],
  [["connect"], /missing required argument 'target'/],
  [["connect", "unix:"], /a target is unix:PATH/],
  [["connect", "tcp:localhost"], /not HOST:PORT/],
  [["connect", "ws://"], /a target is/],
  [
    ["connect", "unix:/x", "--until", "END"],
    /neither --type nor --protocol gives this name to one/,
  ],
  [["connect", "unix:/x", "--timeout", "-1"], /not a number of seconds/],
  [["connect", "unix:/x", "--pid", "x"], /a pid is a number/],
])("%j is a usage error with the reason on stderr", async (args, why) => {
  const { status, stdout, stderr } = await run(bundle, args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toMatch(why);
});

test("the manual documents every exit status and environment variable", () => {
  const statuses = manual.split(".Sh EXIT STATUS")[1]!.split(".Sh")[0]!;
  expect([...statuses.matchAll(/^\.It (\d+)$/gm)].map(([, n]) => Number(n))).toEqual([
    0, 1, 2, 3, 130,
  ]);
  for (const name of ["FORCE_COLOR", "IMSG_TOKEN", "NO_COLOR"]) {
    expect(manual).toContain(`.It Ev ${name}`);
  }
});

describe("the bundle", () => {
  test("needs no package at run time, and carries the licences of the packages in it", async () => {
    expect(manifest.dependencies).toBeUndefined();
    expect(manifest.bin).toEqual({ imsg: "./dist/cli.js" });
    const notice = readFileSync(join(bundle.folder, "cli.NOTICE"), "utf8");
    for (const name of ["commander", "picocolors", "ws"]) {
      const { version } = JSON.parse(
        readFileSync(join(top, "node_modules", name, "package.json"), "utf8"),
      );
      expect(notice).toContain(`${name} ${version} (`);
    }
    expect(notice.match(/copyright/gi)!.length).toBeGreaterThanOrEqual(3);
    for (const file of readdirSync(bundle.folder).filter((name) => name.endsWith(".js"))) {
      const code = readFileSync(join(bundle.folder, file), "utf8");
      const imports = [...code.matchAll(/^(?:import|export)[^;]*?from "([^"]+)"/gm)].map(
        ([, id]) => id!,
      );
      const foreign = imports.filter((id) => !/^(node:|\.\/)/.test(id));
      expect({ file, foreign: foreign.filter((id) => !builtins.has(id)) }).toEqual({
        file,
        foreign: [],
      });
    }
  });

  test("uses the library's own files, and does not carry the module twice", () => {
    const code = readFileSync(join(bundle.folder, "cli.js"), "utf8");
    const shared = readFileSync(join(bundle.folder, "command.js"), "utf8");
    expect(code + shared).toMatch(/from "\.\/index\.js"/);
    expect(shared).toMatch(/from "\.\/node\.js"/);
    expect(code + shared).not.toContain("AGFzbQ"); // how the module begins in base64
    expect(existsSync(join(bundle.folder, "relay.js"))).toBe(true);
  });

  test("brings the manual", () => {
    expect(manifest.man).toBe("./dist/imsg.1");
    expect(readFileSync(join(bundle.folder, "imsg.1"), "utf8")).toBe(manual);
  });

  test("exports the relay for programs", async () => {
    const { startRelay } = await import(join(bundle.folder, "relay.js"));
    const relay = await startRelay({ to: "unix:/nonexistent" });
    expect(relay.url).toBe(`ws://127.0.0.1:${relay.port}/`);
    await relay.close();
  });
});
