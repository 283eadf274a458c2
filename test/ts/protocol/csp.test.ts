import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { expect, it } from "vitest";

const top = fileURLToPath(new URL("../../../", import.meta.url));

it("a protocol encodes and decodes where code from strings is forbidden, as under a strict CSP", async () => {
  const program = `
    import { struct, u32, chars } from "${top}ts/entry/protocol.ts";
    import { bgpd } from "${top}ts/entry/protocols/bgpd.ts";
    const s = struct({ a: u32, b: chars(8) });
    let blocked = false;
    try { new Function("return 1")(); } catch { blocked = true; }
    const peer = bgpd.messages.SHOW_NEIGHBOR.receive;
    const value = peer.decode(peer.encode({ conf: { descr: "x" } }));
    console.log(JSON.stringify([blocked, s.decode(s.encode({ a: 1, b: "c" })), s.view(s.encode({ a: 2 })).a, value.conf.descr]));`;
  const build = await rolldown({
    input: "virtual:program",
    platform: "node",
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === "virtual:program" ? id : undefined),
        load: (id) => (id === "virtual:program" ? program : undefined),
      },
    ],
  });
  const { output } = await build.generate({ format: "esm" });
  await build.close();
  const args = ["--disallow-code-generation-from-strings", "--input-type=module", "-"];
  const printed = execFileSync(process.execPath, args, { input: output[0].code, encoding: "utf8" });
  expect(JSON.parse(printed)).toEqual([true, { a: 1, b: "c" }, 2, "x"]);
});

it("ts/protocol imports ts/channel and below, ts/protocols imports ts/protocol", () => {
  const allowed = {
    protocol: /^\.\/|^\.\.\/(module|batch|channel)\//,
    protocols: /^\.\.?\/[\w-]+\.ts$|^(\.\.\/)+protocol\//,
  };
  for (const [folder, pattern] of Object.entries(allowed)) {
    const names = readdirSync(`${top}ts/${folder}`, { recursive: true, encoding: "utf8" });
    for (const name of names.filter((each) => each.endsWith(".ts"))) {
      const text = readFileSync(`${top}ts/${folder}/${name}`, "utf8");
      for (const [, from] of text.matchAll(/from "([^"]+)"/g)) {
        expect(from, `ts/${folder}/${name}`).toMatch(pattern);
      }
    }
  }
});
