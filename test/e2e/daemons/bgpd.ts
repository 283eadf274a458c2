import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../../helpers/port.ts";
import { type Output, output, type Program, start, temporaryFolder, until } from "./program.ts";

const PROGRAMS = "/usr/sbin";
/** The home of the user of bgpd's children, which change their root to it. */
const RUN = "/run/openbgpd";

/** A running bgpd. */
export interface RunningBgpd {
  readonly socket: string;
  /** The socket that takes harmless requests only. */
  readonly restricted: string;
  readonly program: Program;
  /** Runs Debian's bgpctl on the socket. */
  bgpctl(...args: string[]): Promise<Output>;
  /** The document that `bgpctl -j` prints. */
  json(...args: string[]): Promise<unknown>;
  /** Feeds the prefixes to `bgpctl network bulk add`. */
  bulkAdd(prefixes: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Where bgpd 7.7 is unpacked. */
export const OLD_BGPD = fileURLToPath(
  new URL("../../../build/openbgpd77/usr/sbin", import.meta.url),
);

/** Settings of a bgpd; all others have their defaults. */
export interface BgpdSetup {
  /** The folder of bgpd and bgpctl; those of 8.8 if absent. */
  programs?: string;
  as?: number;
  /** On the loopback interface; also its router's id. */
  address?: string;
  port?: number;
  /** Statements for its configuration. */
  statements?: string;
}

/** Starts bgpd with sockets and a configuration in a folder of its own; it answers when this resolves. */
export async function startBgpd(setup: BgpdSetup = {}): Promise<RunningBgpd> {
  const { as = 65001, address = "127.0.0.1", statements = "", programs = PROGRAMS } = setup;
  const [bgpdPath, bgpctlPath] = [join(programs, "bgpd"), join(programs, "bgpctl")];
  const port = setup.port ?? (await freePort(address));
  const folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  const [socket, restricted, file] = [at("sock"), at("rsock"), at("conf")];
  const config = `AS ${as}
router-id ${address}
listen on ${address} port ${port}
fib-update no
socket "${socket}"
socket "${restricted}" restricted
${statements}
`;
  await writeFile(file, config, { mode: 0o600 });
  await mkdir(RUN, { recursive: true, mode: 0o755 });
  await chmod(RUN, 0o755);
  const program = start(bgpdPath, ["-d", "-v", "-f", file], folder.path);
  const bgpctl = (...args: string[]): Promise<Output> =>
    output(bgpctlPath, ["-s", socket, ...args]);
  const running: RunningBgpd = {
    socket,
    restricted,
    program,
    bgpctl,
    async json(...args) {
      const { code, stdout, stderr } = await bgpctl("-j", ...args);
      if (code !== 0) throw new Error(`bgpctl ${args.join(" ")}: ${stderr}`);
      return JSON.parse(stdout);
    },
    async bulkAdd(prefixes) {
      const args = ["-s", socket, "network", "bulk", "add"];
      const { code, stderr } = await output(bgpctlPath, args, prefixes.join("\n"));
      if (code !== 0) throw new Error(`bgpctl network bulk add: ${stderr}`);
    },
    async stop() {
      await program.stop();
      await folder.remove();
    },
  };
  try {
    await until("bgpd has its configuration", program, async () =>
      program.log().includes("RDE soft reconfiguration done"),
    );
    await until("bgpd answers", program, async () => (await bgpctl("show", "summary")).code === 0);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/** So many different prefixes, of a private network. */
export const prefixes = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
