import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const PARENT = fileURLToPath(new URL("../../../examples/privsep/parent.mjs", import.meta.url));

describe("the example of privilege separation", () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "imsg-privsep-"));
    writeFileSync(join(folder, "secret"), "secret = yes\n");
    writeFileSync(join(folder, "b.conf"), "x.y = 2 # two\n");
    writeFileSync(join(folder, "a.conf"), "name = first\n\ninclude b.conf\nlast=1\n");
    writeFileSync(join(folder, "broken.conf"), "name = first\nnonsense\n");
    writeFileSync(join(folder, "loop.conf"), "include loop.conf\n");
    writeFileSync(join(folder, "up.conf"), "include ../a.conf\n");
    writeFileSync(join(folder, "out.conf"), "include link.conf\n");
    writeFileSync(join(folder, "large.conf"), `k = ${"v".repeat(60_000)}\n`);
    writeFileSync(join(folder, "huge.conf"), `k = ${"v".repeat(70_000)}\n`);
    symlinkSync(PARENT, join(folder, "link.conf"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) => {
    const name = join(folder, args.pop()!);
    const { status, stdout, stderr } = spawnSync(process.execPath, [PARENT, ...args, name], {
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  test("the child parses, and the parent hands it the files that it asks for", () => {
    expect(run("a.conf")).toEqual({
      status: 0,
      stdout: "name = first (a.conf:1)\nx.y = 2 (b.conf:1)\nlast = 1 (a.conf:4)\n",
      stderr: "",
    });
    expect(run("large.conf").stdout).toBe(`k = ${"v".repeat(60_000)} (large.conf:1)\n`);
  });

  test("the parent refuses files that are none of the child's business", () => {
    expect(run("up.conf").stderr).toBe("privsep: ../a.conf: not a plain name\n");
    expect(run("out.conf").stderr).toBe("privsep: link.conf: it leads out of the folder\n");
    expect(run("huge.conf").stderr).toBe("privsep: huge.conf: it is too large\n");
    expect(run("huge.conf").status).toBe(1);
  });

  test("the parent reports the fault that the child finds", () => {
    expect(run("broken.conf").stderr).toBe(
      "privsep: broken.conf:2: neither a setting nor an include\n",
    );
    expect(run("loop.conf").stderr).toBe("privsep: loop.conf: included too deep\n");
  });

  test("the child is refused files, processes and workers; the network as the README says", () => {
    const major = Number(process.versions.node.split(".")[0]);
    const lines = run("--probe", "secret").stdout.trimEnd().split("\n");
    expect(lines).toEqual([
      "read a file: ERR_ACCESS_DENIED",
      "write a file: ERR_ACCESS_DENIED",
      "start a process: ERR_ACCESS_DENIED",
      "start a worker: ERR_ACCESS_DENIED",
      `use the network: ${major >= 25 ? "ERR_ACCESS_DENIED" : "allowed"}`,
    ]);
  });
});
