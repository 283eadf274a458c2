import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

const newer = fileURLToPath(new URL("../../../build/tmux35/usr", import.meta.url));
const libraries = join(newer, "lib/x86_64-linux-gnu");

/** How each version is run: the newer one by the loader and with the libraries of its release. */
const VERSIONS = {
  installed: ["tmux"],
  "3.5a": [
    join(libraries, "ld-linux-x86-64.so.2"),
    ...["--library-path", libraries, join(newer, "bin/tmux")],
  ],
};

/** Starts a tmux server without any configuration, with one session, named demo. */
export async function startTmux(
  version: keyof typeof VERSIONS = "installed",
): Promise<RunningTmux> {
  const [command = "", ...first] = VERSIONS[version];
  const folder = await temporaryFolder();
  const socket = join(folder.path, "sock");
  // in the foreground: it would leave the process group otherwise
  const program = start(command, [...first, "-D", "-S", socket, "-f", "/dev/null"], folder.path);
  const tmux: RunningTmux["tmux"] = (...args) => output(command, [...first, "-S", socket, ...args]);
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
