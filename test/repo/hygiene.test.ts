import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Originals, withoutLicence } from "./similarity.ts";

const top = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const upstream = join(top, "c-src/upstream");
const NAMES = ["imsg.h", "imsg.c", "imsg-buffer.c", "sys/queue.h", "sys/_null.h"];

const output = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: top, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

/** The files that git tracks, and those that `git add` would add. */
function repositoryFiles(): string[] {
  const git = (...args: string[]) =>
    output("git", "-c", "safe.directory=*", "ls-files", "-z", ...args).split("\0");
  const names = [...git(), ...git("--others", "--exclude-standard")].filter((name) => name !== "");
  return [...new Set(names)].filter((name) => {
    const file = join(top, name);
    // Tracked files may have been deleted and not yet committed.
    return existsSync(file) && lstatSync(file).isFile();
  });
}

/** The hosts that npm and apt use on this machine, without this machine itself. */
function registryHosts(): string[] {
  const addresses = [output("npm", "config", "get", "registry")];
  try {
    addresses.push(output("apt-get", "indextargets", "--format", "$(SITE)"));
    addresses.push(output("apt-config", "dump"));
  } catch {
    // A machine without apt has no apt configuration.
  }
  return hostsIn(addresses.join("\n"));
}

/** The hosts of the addresses in a text, without this machine itself. */
function hostsIn(text: string): string[] {
  const hosts = text.matchAll(/[a-z+]+:\/\/(?:[^/@\s"]*@)?(\[[0-9a-f:]+\]|[\w.-]+)/gi);
  return [...new Set([...hosts].map((match) => match[1]!.toLowerCase()))].filter(
    (host) => !/^(localhost|127\..*|\[::1\])$/.test(host),
  );
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** The patterns that no file may contain, with their names for a failure. */
function forbidden(hosts: string[]): [string, RegExp][] {
  // A host's name without a dot may be any word: there it counts only in an address.
  const host = (name: string) =>
    new RegExp(name.includes(".") ? escaped(name) : `\\/\\/${escaped(name)}[:/]`, "i");
  const path = (name: string) => new RegExp(`(?<![\\w.-])${escaped(name)}(?![\\w-])`);
  return [
    ...hosts.map((name): [string, RegExp] => [`registry host ${name}`, host(name)]),
    ["path of the checkout", path(top)],
    ["marker of a merge conflict", /^(<{7}|>{7}) /m],
    ["home directory", path(homedir())],
    ["home directory", /(?<![\w.-])\/(?:home|Users)\/[A-Za-z]/],
    ["path outside the checkout", new RegExp(escaped(["..", "shared"].join("/")))],
  ];
}

const offences = (text: string, rules: [string, RegExp][]): string[] =>
  rules.filter(([, pattern]) => pattern.test(text)).map(([name]) => name);

const isWasm = (name: string, bytes: Buffer): boolean =>
  name.endsWith(".wasm") || bytes.subarray(0, 4).equals(Buffer.from("\0asm"));

let sources: Map<string, string>;
let originals: Originals;
let folder: string;

beforeAll(() => {
  if (!existsSync(upstream)) output(process.execPath, "scripts/fetch-upstream.mjs");
  sources = new Map(NAMES.map((name) => [name, readFileSync(join(upstream, name), "utf8")]));
  originals = new Originals(sources);
  folder = mkdtempSync(join(tmpdir(), "imsg-hygiene-"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the repository", () => {
  it("has files that these tests see", () => {
    expect(repositoryFiles()).toContain("test/repo/hygiene.test.ts");
    expect(repositoryFiles()).toContain("c-src/upstream.lock");
  });

  it("shares no three consecutive lines with the original", () => {
    const found = repositoryFiles().flatMap((name) =>
      originals
        .find(readFileSync(join(top, name), "utf8"))
        .map((match) => `${name}:${match.line}: as in ${match.original}:\n${match.text}`),
    );
    expect(found).toEqual([]);
  });

  it("holds no WebAssembly", () => {
    const found = repositoryFiles().filter((name) =>
      isWasm(name, readFileSync(join(top, name)).subarray(0, 8)),
    );
    expect(found).toEqual([]);
  });

  it("names no registry host, no checkout, no home directory and no path outside", () => {
    const rules = forbidden(registryHosts());
    const found = repositoryFiles().flatMap((name) =>
      offences(readFileSync(join(top, name), "utf8"), rules).map((what) => `${name}: ${what}`),
    );
    expect(found).toEqual([]);
  });
});

describe("the check for copies", () => {
  /** Three lines of the original that follow each other, as a user would copy them. */
  function excerpt(lines = 3): string[] {
    const source = sources.get("imsg-buffer.c")!.split("\n");
    const start = source.findIndex((line) => line.startsWith("ibuf_dynamic("));
    expect(start).toBeGreaterThan(0);
    return source
      .slice(start + 1)
      .filter((line) => line.trim() !== "")
      .slice(0, lines);
  }

  /** The names of the originals that the check reports for a file with these lines in the middle. */
  function matchesIn(lines: string[]): string[] {
    const file = join(folder, "copy.txt");
    writeFileSync(file, ["first line of ours", ...lines, "last line of ours", ""].join("\n"));
    return originals.find(readFileSync(file, "utf8")).map((match) => match.original);
  }

  it("finds three lines of the original in a file", () => {
    expect(matchesIn(excerpt())).toContain("imsg-buffer.c");
  });

  it.each<[string, (line: string) => string]>([
    ["indented in another way", (line) => `        ${line.replace(/\s+/g, "  ")}`],
    ["in line comments", (line) => `// ${line}`],
    ["in a block comment", (line) => ` * ${line}`],
    ["in string literals", (line) => `  "${line.replaceAll("\t", "\\t")}\\n" +`],
    ["as a patch's context", (line) => ` ${line}`],
    ["as a patch's additions", (line) => `+${line}`],
    ["as a quotation", (line) => `> ${line}`],
    ["with lines that end in CR LF", (line) => `${line}\r`],
    ["with blank lines between", (line) => `${line}\n\n`],
  ])("finds them %s", (_how, dress) => {
    expect(matchesIn(excerpt().map(dress))).toContain("imsg-buffer.c");
  });

  it("finds them when the braces have moved", () => {
    const lines = excerpt(12).filter((line) => !/^[\s{}]*$/.test(line));
    expect(matchesIn(lines.flatMap((line) => [line, "{", "}"]))).toContain("imsg-buffer.c");
  });

  it("lets two lines of the original pass", () => {
    const own = excerpt(12).filter((line) => /\w/.test(line));
    expect(matchesIn(own.slice(0, 2))).toEqual([]);
  });

  it("lets trivial lines pass that any C file has", () => {
    const body = ["#include <errno.h>", "#include <stddef.h>", "#include <stdlib.h>"];
    expect(matchesIn([...body, "\t\t}", "\t}", "\treturn (0);", "}", "", "int", "{"])).toEqual([]);
  });

  it("lets the licence notice of the original pass", () => {
    const notice = /\/\*[^/]*Permission to use[\s\S]*?\*\//.exec(sources.get("imsg.h")!)![0];
    expect(notice.split("\n").length).toBeGreaterThan(10);
    expect(matchesIn(notice.split("\n"))).toEqual([]);
  });

  it("covers at least nine lines of ten in every file, outside of the licence", () => {
    for (const [name, source] of sources) {
      const code = withoutLicence(source).flatMap((piece) => piece.split("\n"));
      const found = new Set<number>();
      for (const match of originals.find(code.join("\n"))) {
        const blank = (index: number) => code[index]?.trim() === "";
        let index = match.line - 1;
        for (let left = match.text.split("\n").length; left > 0; index++) {
          if (blank(index)) continue;
          found.add(index);
          left--;
        }
      }
      const lines = code.filter((line) => line.trim() !== "").length;
      expect(lines, name).toBeGreaterThan(5);
      expect(found.size / lines, name).toBeGreaterThan(0.9);
    }
  });
});

describe("the check for names of machines and paths", () => {
  const offencesIn = (text: string, hosts: string[] = []) => {
    const file = join(folder, "names.txt");
    writeFileSync(file, `before\n${text}\nafter\n`);
    return offences(readFileSync(file, "utf8"), forbidden(hosts));
  };

  it("reads hosts from a configuration, but not this machine", () => {
    const text = `https://registry.example/npm/
      Acquire::http::Proxy "http://name:secret@cache.example:3142/";
      http://localhost:4873/ http://127.0.0.1:8080 http://[::1]/ file:///var/mirror`;
    expect(hostsIn(text)).toEqual(["registry.example", "cache.example"]);
  });

  it("finds a registry's host", () => {
    const hosts = ["registry.example", "cache.example"];
    expect(offencesIn("get it at CACHE.example/x", hosts)).toEqual(["registry host cache.example"]);
    expect(offencesIn("get it at cacheXexample/x", hosts)).toEqual([]);
  });

  it("takes a host without a dot only for one in an address", () => {
    expect(offencesIn("any mirror will do", ["mirror"])).toEqual([]);
    expect(offencesIn("http://mirror/debian", ["mirror"])).toEqual(["registry host mirror"]);
  });

  it("finds the checkout, a home directory and a path outside", () => {
    expect(offencesIn(`cd ${top}/ts`)).toContain("path of the checkout");
    expect(offencesIn(`"${homedir()}"`)).toContain("home directory");
    expect(offencesIn(["", "home", "someone", "x"].join("/"))).toContain("home directory");
    expect(offencesIn(`read ${["..", "..", "shared", "x"].join("/")}`)).toContain(
      "path outside the checkout",
    );
  });

  it("finds WebAssembly by its name and by its first bytes", () => {
    expect(isWasm("x.wasm", Buffer.alloc(0))).toBe(true);
    expect(isWasm("x.bin", Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]))).toBe(true);
    expect(isWasm("x.txt", Buffer.from("text"))).toBe(false);
  });
});
