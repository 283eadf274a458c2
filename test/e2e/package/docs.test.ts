import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { top } from "./installed.ts";

const typedoc = (...args: string[]) => {
  const command = join(top, "node_modules/.bin/typedoc");
  const { status, stdout, stderr } = spawnSync(command, ["--emit", "none", ...args], {
    cwd: top,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, says: `${stdout}${stderr}`.trim() };
};

describe("the API reference", () => {
  it("has a doc comment on every exported symbol, and no broken link", () => {
    expect(typedoc()).toEqual({ status: 0, says: "" });
  }, 120_000);

  it("would not be made with a doc comment missing", () => {
    const folder = join(top, "build/package/docs");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    cpSync(join(top, "ts"), join(folder, "ts"), { recursive: true });
    const file = join(folder, "ts/entry/web.ts");
    const code = readFileSync(file, "utf8");
    writeFileSync(file, `${code}\nexport const undocumented = 1;\n`);
    const write = (name: string, content: object): void =>
      writeFileSync(join(folder, name), JSON.stringify(content));
    write("tsconfig.json", { extends: "../../../tsconfig.json", include: ["ts/entry/web.ts"] });
    const extended = { extends: ["../../../typedoc.json"], tsconfig: "tsconfig.json" };
    write("typedoc.json", { ...extended, entryPoints: ["ts/entry/web.ts"] });
    const { status, says } = typedoc("--options", join(folder, "typedoc.json"));
    expect(says).toContain("undocumented (Variable)");
    expect(says).toContain("does not have any documentation");
    expect(status).not.toBe(0);
  }, 120_000);
});
