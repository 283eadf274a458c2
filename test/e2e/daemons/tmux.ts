import { join } from "node:path";
import { output, type Program, start, temporaryFolder, until } from "./program.ts";

/** A running tmux server. */
export interface RunningTmux {
  readonly socket: string;
  readonly folder: string;
  readonly program: Program;
  /** Runs Debian's tmux as a client of the server. */
  tmux(...args: string[]): ReturnType<typeof output>;
  stop(): Promise<void>;
}

/** Starts a tmux server without any configuration, with one session, named demo. */
export async function startTmux(): Promise<RunningTmux> {
  const folder = await temporaryFolder();
  const socket = join(folder.path, "sock");
  // in the foreground: it would leave the process group otherwise
  const program = start("tmux", ["-D", "-S", socket, "-f", "/dev/null"], folder.path);
  const tmux: RunningTmux["tmux"] = (...args) => output("tmux", ["-S", socket, ...args]);
  const running: RunningTmux = {
    socket,
    folder: folder.path,
    program,
    tmux,
    async stop() {
      await program.stop();
      await folder.remove();
    },
  };
  try {
    await until("tmux has a session", program, async () => {
      const { code } = await tmux("-N", "new-session", "-d", "-s", "demo", "exec cat");
      return code === 0;
    });
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}
