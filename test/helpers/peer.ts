/**
 * Starts the native peer, the original C built with the system's compiler. Its modes, commands and
 * options are described at the top of test/oracle/native/peer.c.
 */
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as netConnect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The variable names another build of the peer, such as one with sanitizers. */
const BINARY =
  process.env.IMSG_NATIVE_PEER ??
  fileURLToPath(new URL("../../build/native/peer", import.meta.url));

/** Command types of `--mode serve`, and the types of the messages that the peer originates. */
export const PeerType = {
  echo: 1,
  sum: 2,
  send: 3,
  die: 4,
  bad: 5,
  quit: 6,
  stall: 7,
  giveFd: 8,
  takeFd: 9,
  data: 16,
  greeting: 17,
} as const;

export interface PeerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

interface PeerProcess {
  readonly child: ChildProcess;
  /** Resolves when the process has ended and its output is complete. */
  readonly exited: Promise<PeerExit>;
  stdout(): string;
  stderr(): string;
  /** Ends the process if it runs, waits for it, and removes its socket and folder. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PairedPeer extends PeerProcess {
  /** The other end of the peer's descriptor 3. */
  readonly socket: Socket;
}

export interface ListeningPeer extends PeerProcess {
  readonly path: string;
  /** A new connection; stop() destroys it. */
  connect(): Promise<Socket>;
}

/** The path of the built peer; throws if it is not built. */
export function peerBinary(path: string = BINARY): string {
  if (!existsSync(path)) {
    throw new Error(
      "the native peer is not built: run `make build/native/peer` in the top folder first",
    );
  }
  return path;
}

function start(
  args: readonly string[],
  stdio: StdioOptions,
  cleanUp: () => void | Promise<void>,
): PeerProcess {
  const child = spawn(peerBinary(), args, { stdio });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const exited = new Promise<PeerExit>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  // A caller that awaits the promise still gets the rejection.
  exited.catch(() => {});
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill();
      // the event "close" waits for the other pipes, which only these ends keep open
      for (const stream of child.stdio) stream?.destroy();
      await cleanUp();
      await exited.catch(() => {});
    })();
    return stopping;
  };
  return {
    child,
    exited,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** A peer on one end of a socketpair (its descriptor 3); `args` are options such as `--mode`. */
export function pairPeer(...args: string[]): PairedPeer {
  const peer = start(["--fd", "3", ...args], ["ignore", "pipe", "pipe", "pipe"], () => {});
  return { ...peer, socket: peer.child.stdio[3] as Socket };
}

/** A peer that connects to a Unix socket on which the test listens. */
export function connectPeer(path: string, ...args: string[]): PeerProcess {
  return start(["--connect", path, ...args], ["ignore", "pipe", "pipe"], () => {});
}

/** A peer that listens on a Unix socket in a folder of its own; resolves when it is ready. */
export async function listenPeer(...args: string[]): Promise<ListeningPeer> {
  peerBinary();
  const folder = await mkdtemp(join(tmpdir(), "imsg-peer-"));
  const path = join(folder, "s");
  const sockets = new Set<Socket>();
  const peer = start(["--listen", path, "--tied", ...args], ["pipe", "pipe", "pipe"], () => {
    for (const socket of sockets) socket.destroy();
    return rm(folder, { recursive: true, force: true });
  });
  const connect = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = netConnect({ path });
      sockets.add(socket);
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(socket);
      });
    });
  try {
    await new Promise<void>((resolve, reject) => {
      // A listener after start()'s own, so stdout() is up to date.
      peer.child.stdout?.on("data", () => {
        if (peer.stdout().includes("ready\n")) resolve();
      });
      peer.exited.then(
        () => reject(new Error(`the native peer ended before it was ready: ${peer.stderr()}`)),
        reject,
      );
    });
  } catch (error) {
    await peer.stop();
    throw error;
  }
  return { ...peer, path, connect };
}

/** Runs the peer to its end with these bytes on stdin (`--mode dump`, `--mode records`). */
export function runPeer(args: readonly string[], input: Uint8Array): PeerExit & { stdout: string } {
  const { status, signal, stdout, error } = spawnSync(peerBinary(), args, {
    input,
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  if (error !== undefined) throw error;
  return { code: status, signal, stdout };
}

/** The payload of message `i` among those that the peer makes by its formula. */
export function peerPayload(i: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, j) => (i * 31 + j * 7 + (j >>> 8)) & 0xff);
}

/** u32 arguments of a command. */
export function peerArguments(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(i * 4, value, true);
  return bytes;
}

export interface PeerSum {
  count: bigint;
  bytes: bigint;
  fnv: bigint;
}

/** The payload of a SUM. */
export function readSum(data: Uint8Array): PeerSum {
  if (data.length !== 24) throw new Error(`a sum has 24 bytes, not ${data.length}`);
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return {
    count: view.getBigUint64(0, true),
    bytes: view.getBigUint64(8, true),
    fnv: view.getBigUint64(16, true),
  };
}

/** The SUM that the peer must answer to these payloads. */
export function sumOf(payloads: readonly Uint8Array[]): PeerSum {
  let fnv = 0xcbf29ce484222325n;
  let bytes = 0n;
  for (const payload of payloads) {
    bytes += BigInt(payload.length);
    for (const byte of payload) fnv = BigInt.asUintN(64, (fnv ^ BigInt(byte)) * 0x100000001b3n);
  }
  return { count: BigInt(payloads.length), bytes, fnv };
}
