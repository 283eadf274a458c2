// The commands and programs of the clients' READMEs, as they stand there.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type RunningBgpd, startBgpd } from "./bgpd.ts";
import { output, temporaryFolder } from "./program.ts";
import { startTmux } from "./tmux.ts";

// a dozen processes, one after the other on a busy machine
vi.setConfig({ testTimeout: 120_000 });

const examples = fileURLToPath(new URL("../../../examples", import.meta.url));

/** The blocks of a README in a language, which is "" for commands. */
function blocks(name: string, language: string): string[] {
  const text = readFileSync(join(examples, name, "README.md"), "utf8");
  const fence = "```";
  const pattern = new RegExp(`^${fence}${language}\\n([\\s\\S]*?)^${fence}$`, "gm");
  return [...text.matchAll(pattern)].map(([, block]) => block!);
}

/** The commands of a block, except those that build the package or explain one. */
const commandsOf = (block: string): string[] =>
  block
    .split("\n")
    .map((line) => line.replace(/ +#.*/, "").trim())
    .filter((line) => line !== "" && line !== "make");

let bgpd: RunningBgpd;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  writeFileSync(join(folder.path, "prefixes"), "10.1.0.0/16 10.2.0.0/16\n");
  bgpd = await startBgpd({
    statements: `
network 192.0.2.0/24
group "customers" {
	neighbor 127.0.0.2 {
		descr "peer-a"
		remote-as 65002
		passive
	}
}
allow from any
allow to any
`,
  });
});

afterAll(async () => {
  await bgpd?.stop();
  await folder?.remove();
});

it("runs every command of the bgpd client's README", async () => {
  const [first = ""] = blocks("bgpd", "");
  const commands = commandsOf(first);
  expect(commands.length).toBeGreaterThan(7);
  for (const command of commands) {
    const isWatch = command.includes(" watch ");
    const line = command
      .replace(
        "node examples/bgpd/bgpctl.mjs",
        `"${process.execPath}" "${examples}/bgpd/bgpctl.mjs" -y -s "${bgpd.socket}"`,
      )
      .replace(/^/, isWatch ? "timeout -s INT 3 " : "timeout 30 ");
    const { code, stdout, stderr } = await output("bash", ["-c", `cd "${folder.path}" && ${line}`]);
    expect([stderr, code], command).toEqual(["", isWatch ? 124 : 0]);
    // a listing of nothing has no line in the documents that people read
    if (!/invalid$/.test(command)) expect(stdout, command).not.toBe("");
  }
  const { neighbors } = (await bgpd.json("show", "neighbor")) as {
    neighbors: { my_shutdown_reason?: string }[];
  };
  expect(neighbors[0]!.my_shutdown_reason).toBe("maintenance until 18:00");
  const { rib } = (await bgpd.json("show", "rib", "community", "65001:100")) as { rib: unknown[] };
  expect(rib).toHaveLength(2);
});

it("runs the program of the bgpd client's README", async () => {
  const [program = ""] = blocks("bgpd", "js");
  const file = join(folder.path, "program.mjs");
  writeFileSync(
    file,
    program
      .replace("./client.mjs", `${examples}/bgpd/client.mjs`)
      .replace("/run/openbgpd/bgpd.sock.0", bgpd.socket),
  );
  expect(await output(process.execPath, [file])).toMatchObject({ code: 0, stderr: "" });
});

it("runs every command and the program of the tmux client's README", async () => {
  const server = await startTmux();
  try {
    const [first = ""] = blocks("tmux", "");
    const commands = commandsOf(first);
    expect(commands.length).toBeGreaterThan(4);
    for (const command of commands) {
      const isOutput = command.includes("--output");
      const line = command
        .replace("/tmp/demo.sock", server.socket)
        // the tests of this package would take longer than this one may
        .replace("make test", "echo test")
        .replace("node examples/tmux", `"${process.execPath}" "${examples}/tmux`)
        .replace("tmux.mjs", 'tmux.mjs"');
      // the output of a pane ends with the pane
      const limited = isOutput ? `timeout 3 ${line}` : line;
      const { code, stderr } = await output("bash", ["-c", limited.replace("| timeout", "|")]);
      expect([stderr, code], command).toEqual(["", isOutput ? 124 : 0]);
    }
    const [program = ""] = blocks("tmux", "js");
    mkdirSync(join(folder.path, "tmux"), { recursive: true });
    const file = join(folder.path, "tmux", "program.mjs");
    const control = program.indexOf("const control");
    writeFileSync(
      file,
      program
        .slice(0, control)
        .replace("./client.mjs", `${examples}/tmux/client.mjs`)
        .replace("/tmp/demo.sock", server.socket)
        .replace("make test", "echo test")
        // it shows how the last command fails
        .replace(
          /^await tmux\.command\(\["kill-pane".*$/m,
          'await tmux.command(["kill-pane", "-t", "nosuch"]).catch((error) => {\n  if (!(error instanceof TmuxError)) throw error;\n});',
        ),
    );
    expect(await output(process.execPath, [file])).toMatchObject({ code: 0, stderr: "" });
  } finally {
    await server.stop();
  }
});
