import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCount } from "../../ts/descriptors/open.ts";
import { commands, Tmux } from "./examples.ts";
import { type RunningTmux, startTmux } from "./tmux.ts";

describe.each(["installed", "3.5a"] as const)("tmux, the version %s,", (version) => {
  let server: RunningTmux;
  let tmux: InstanceType<typeof Tmux>;

  beforeAll(async () => {
    server = await startTmux(version);
    tmux = new Tmux(server.socket);
  });

  afterAll(() => server?.stop());

  it("carries out commands for the client as for its own", async () => {
    for (const args of [["list-sessions"], ["list-commands"], ["show-options", "-g"]]) {
      const { code, stdout } = await server.tmux(...args);
      const result = await tmux.execute(args);
      expect([result.status, new TextDecoder().decode(result.stdout)]).toEqual([code, stdout]);
    }
    expect(await tmux.run("echo out; exit 3")).toEqual({ status: 3, output: "out\n" });
  });

  it("sends a client in control mode notifications and the output of a pane", async () => {
    const before = openCount();
    const control = await tmux.control("demo");
    const told = control.notifications();
    const added = (async () => {
      for await (const { name, text } of told) if (name === "window-add") return text;
      return undefined;
    })();
    const created = await control.command(
      "new-window -d -P -F '#{window_id} #{pane_id}' 'exec cat'",
    );
    const [window = "", pane = ""] = created.trim().split(" ");
    expect(await added).toBe(window);
    await expect(control.command("no-such-command")).rejects.toThrow("unknown command");
    const written = control.output(pane);
    const text = `Grüße \\ 世界 ${"x".repeat(2000)}`;
    const seen = (async () => {
      let all = Buffer.alloc(0);
      for await (const bytes of written) {
        all = Buffer.concat([all, bytes]);
        if (all.toString().split(text).length > 2) break;
      }
      return all.toString().replaceAll("\r", "").split("\n");
    })();
    await control.command(`send-keys -t ${pane} -l '${text}'`);
    await control.command(`send-keys -t ${pane} Enter`);
    // the terminal's echo, and cat's output
    expect((await seen).filter((line) => line !== "")).toEqual([text, text]);
    await control.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(openCount()).toBe(before);
    await tmux.command(["kill-pane", "-t", pane]);
  });

  it("ends the output of a pane with the pane", async () => {
    const control = await tmux.control("demo");
    const pane = (await control.command("split-window -d -P -F '#{pane_id}' 'exec cat'")).trim();
    const ended = (async () => {
      for await (const _ of control.output(pane));
    })();
    await control.command(`kill-pane -t ${pane}`);
    await ended;
    await control.close();
  });

  it("has the client print a pane's output until the pane closes, or its reader", async () => {
    const window = ["new-window", "-d", "-P", "-F", "#{pane_id}", "exec sh"];
    const pane = (await tmux.command(window)).trim();
    const child = spawn(process.execPath, [commands.tmux, "-S", server.socket, "--output", pane]);
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    const exited = once(child, "exit");
    while (!text.includes("twelve=12")) {
      await tmux.command(["send-keys", "-t", pane, "echo twelve=$((6 * 2))", "Enter"]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await tmux.command(["kill-pane", "-t", pane]);
    expect(await exited).toEqual([0, null]);
  });

  it("refuses a client of another protocol version, which the client names", async () => {
    // a server of version 9 sends this client its own version, and ends
    const answer = Buffer.alloc(16);
    answer.writeUInt32LE(12, 0);
    answer.writeUInt16LE(16, 4);
    answer.writeUInt32LE(9, 8);
    const path = join(server.folder, "foreign");
    for (const isFirst of [true, false]) {
      const foreign = createServer((socket) => {
        socket.on("error", () => {});
        const refuse = (): void => {
          socket.write(answer);
          socket.destroySoon();
        };
        if (isFirst) refuse();
        else socket.once("data", refuse);
      });
      await new Promise<void>((resolve) => foreign.listen(path, resolve));
      for (let i = 0; i < 30; i++) {
        await expect(new Tmux(path).execute(["list-sessions"])).rejects.toThrow(
          "the tmux server speaks protocol version 9, this client 8",
        );
      }
      await new Promise((resolve) => foreign.close(resolve));
    }
  });

  it("that has stopped ends every wait", async () => {
    const second = await startTmux(version);
    const stopped = new Tmux(second.socket);
    try {
      const patient = stopped.execute(["wait-for", "never"], { patience: 200 });
      patient.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 700));
      // a command may take long while the server answers
      expect(await Promise.race([patient, "waiting"])).toBe("waiting");
      second.program.kill("SIGSTOP");
      await expect(patient).rejects.toThrow("the tmux server has not answered for 200 ms");
      const later = stopped.execute(["list-sessions"], { patience: 200 });
      await expect(later).rejects.toThrow("the tmux server has not answered for 200 ms");
    } finally {
      second.program.kill("SIGCONT");
      await second.stop();
    }
  });
});
