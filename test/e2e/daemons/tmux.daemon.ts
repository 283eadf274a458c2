import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect, listen } from "../../../ts/entry/node.ts";
import { commands, Tmux, TmuxError } from "./examples.ts";
import { output } from "./program.ts";
import { type RunningTmux, startTmux } from "./tmux.ts";

let server: RunningTmux;
let tmux: InstanceType<typeof Tmux>;

beforeAll(async () => {
  server = await startTmux();
  tmux = new Tmux(server.socket);
});

afterAll(() => server?.stop());

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Runs the example's command. */
const command = (args: readonly string[], input?: string | Uint8Array) =>
  output(process.execPath, [commands.tmux, "-S", server.socket, ...args], input);

describe("a live tmux server", () => {
  it("prints the same for the client as for tmux", async () => {
    for (const args of [["list-sessions"], ["list-commands"], ["show-options", "-g"]]) {
      const { code, stdout, stderr } = await server.tmux(...args);
      const result = await tmux.execute(args);
      expect({ ...result, stdout: text(result.stdout) }).toEqual({ status: code, stdout, stderr });
      expect(stdout).not.toBe("");
    }
  });

  it("lists its sessions", async () => {
    await tmux.command(["new-session", "-d", "-s", "with space", "exec cat"]);
    const sessions = await tmux.listSessions();
    expect(sessions.map(({ name, windows, attached }) => [name, windows, attached])).toEqual([
      ["demo", 1, 0],
      ["with space", 1, 0],
    ]);
    const printed = (await server.tmux("list-sessions", "-F", "#{session_created}")).stdout;
    expect(sessions.map(({ created }) => `${created.getTime() / 1000}\n`).join("")).toBe(printed);
    await tmux.command(["kill-session", "-t", "with space"]);
    expect(await tmux.listSessions()).toHaveLength(1);
  });

  it("runs a shell command and returns its output and exit status", async () => {
    const done = await tmux.run("echo out; echo err >&2; seq 100; exit 7");
    const numbers = Array.from({ length: 100 }, (_, i) => `${i + 1}\n`).join("");
    expect(done).toEqual({ status: 7, output: `out\nerr\n${numbers}` });
    expect(await tmux.run("true")).toEqual({ status: 0, output: "" });
    expect(await tmux.run("kill -TERM $$")).toMatchObject({ status: 143 });
    // each command had a pane of its own, which is closed
    expect((await tmux.command(["list-panes", "-a"])).split("\n")).toHaveLength(2);
  });

  it("is not confused by a command that changes the pane's title", async () => {
    const title = "printf '\\033]2;imsg- 99\\033\\\\'";
    expect(await tmux.run(`${title}; echo on; ${title}; exit 4`)).toEqual({
      status: 4,
      output: "on\n",
    });
  });

  it("runs commands one beside the other, and many times to the same end", async () => {
    for (let i = 0; i < 4; i++) {
      const ran = await Promise.all(
        Array.from({ length: 15 }, (_, n) => tmux.run(`echo ${n}; exit ${n}`)),
      );
      expect(ran).toEqual(ran.map((_, n) => ({ status: n, output: `${n}\n` })));
    }
  });

  it("rejects when the pane dies under the command", async () => {
    await expect(tmux.run("kill -9 $PPID; sleep 60")).rejects.toThrow("the pane died");
  });

  it("runs a command in the folder that is asked for", async () => {
    const folder = await realpath(server.folder);
    expect(await tmux.run("pwd", { cwd: folder })).toEqual({ status: 0, output: `${folder}\n` });
  });

  it("hands on the exit status of run-shell", async () => {
    expect(await tmux.execute(["run-shell", "exit 3"])).toMatchObject({ status: 3, stderr: "" });
  });

  it("shows a pane, Unicode and joined lines included", async () => {
    await tmux.command(["new-session", "-d", "-s", "typing", "exec cat"]);
    const long = "x".repeat(300);
    await tmux.command(["send-keys", "-t", "typing", "-l", `Grüße ✓ ${long}`]);
    await tmux.command(["send-keys", "-t", "typing", "Enter"]);
    let shown = "";
    // the terminal echoes the line, and cat prints it again
    while (shown.split(`${long}\n`).length < 3) shown = await tmux.capturePane("typing");
    expect(shown).toBe(`Grüße ✓ ${long}\n`.repeat(2));
    await tmux.command(["kill-session", "-t", "typing"]);
  });

  it("reads a buffer from standard input and returns the same bytes", async () => {
    const bytes = new Uint8Array(300_000).map((_, i) => (i * 7) ^ (i >> 8));
    await tmux.loadBuffer("big", bytes);
    expect(Buffer.from(await tmux.showBuffer("big")).equals(bytes)).toBe(true);
    const printed = await server.tmux("list-buffers", "-F", "#{buffer_name} #{buffer_size}");
    expect(printed.stdout).toBe("big 300000\n");
    await tmux.command(["delete-buffer", "-b", "big"]);
  });

  it("has its errors come back as errors, in tmux's own words", async () => {
    for (const args of [
      ["capture-pane", "-p", "-t", "nosuch"],
      ["no-such-command"],
      ["list-panes", "-Z"],
      ["show-buffer", "-b", "absent"],
      ["attach-session"],
    ]) {
      const { code, stderr } = await server.tmux(...args);
      expect(code).toBe(1);
      const failed = tmux.command(args);
      await expect(failed).rejects.toBeInstanceOf(TmuxError);
      await expect(failed).rejects.toMatchObject({ status: 1, stderr });
      await expect(failed).rejects.toThrow(stderr.trim());
    }
  });

  it("cannot have the client read or write files", async () => {
    const file = join(server.folder, "file");
    await tmux.loadBuffer("secret", "text");
    const write = tmux.command(["save-buffer", "-b", "secret", file]);
    await expect(write).rejects.toThrow("Operation not permitted");
    const read = tmux.command(["load-buffer", join(server.folder, "sock")]);
    await expect(read).rejects.toThrow("Operation not permitted");
    const none = tmux.command(["load-buffer", "-"]);
    await expect(none).rejects.toThrow("Bad file descriptor");
  });

  it("answers twenty commands at once", async () => {
    const asked = Array.from({ length: 20 }, (_, i) => `number ${i}`);
    const answers = await Promise.all(
      asked.map((each) => tmux.command(["display-message", "-p", each])),
    );
    expect(answers).toEqual(asked.map((each) => `${each}\n`));
  });

  it("refuses a client of another protocol version, naming its own", async () => {
    const channel = await connect({ path: server.socket });
    await channel.send({ type: 106, peerid: 7 });
    expect(await channel.receive()).toMatchObject({ type: 12, peerid: 8 });
    expect(await channel.receive()).toBe(undefined);
    await channel.close();
  });

  it("of another version is refused by its number, although it closes while the client still sends", async () => {
    const path = join(server.folder, "other");
    const other = await listen({ path }, async (channel) => {
      await channel.send({ type: 12, peerid: 9 });
      await channel.close();
    });
    try {
      for (let i = 0; i < 20; i++) {
        await expect(new Tmux(path).execute(["list-sessions"])).rejects.toThrow(
          "the tmux server speaks protocol version 9, this client 8",
        );
      }
    } finally {
      await other.close();
    }
  });

  it("aborts a command when its signal aborts", async () => {
    const controller = new AbortController();
    const waiting = tmux.command(["wait-for", "never"], { signal: controller.signal });
    await tmux.listSessions();
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});

describe("tmux.mjs", () => {
  it("carries a command out as tmux does, with its streams and exit status", async () => {
    for (const args of [["list-sessions"], ["nonsense"], ["run-shell", "exit 3"]]) {
      expect(await command(args)).toEqual(await server.tmux(...args));
    }
    expect(await command(["load-buffer", "-b", "typed", "-"], "from stdin")).toMatchObject({
      code: 0,
    });
    expect((await command(["show-buffer", "-b", "typed"])).stdout).toBe("from stdin");
  });

  it("runs a shell command", async () => {
    expect(await command(["--run", "echo hello; exit 5"])).toEqual({
      code: 5,
      stdout: "hello\n",
      stderr: "",
    });
  });

  it("ends with 2 and its usage without a socket", async () => {
    const { code, stderr } = await output(process.execPath, [commands.tmux, "list-sessions"]);
    expect(code).toBe(2);
    expect(stderr).toContain("Usage: ");
  });
});

describe("a tmux server that ends", () => {
  it("ends a waiting command with an error, and later ones with Node's", async () => {
    const second = await startTmux();
    try {
      const victim = new Tmux(second.socket);
      const waiting = victim.command(["wait-for", "never"]);
      waiting.catch(() => {});
      await victim.listSessions();
      second.program.kill("SIGKILL");
      await expect(waiting).rejects.toThrow("closed the connection");
      await second.program.ended;
      await expect(victim.listSessions()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    } finally {
      await second.stop();
    }
  });

  it("reports to the command that ends the server that it was carried out", async () => {
    const second = await startTmux();
    try {
      expect(await new Tmux(second.socket).execute(["kill-server"])).toMatchObject({ status: 0 });
      await second.program.ended;
    } finally {
      await second.stop();
    }
  });
});
