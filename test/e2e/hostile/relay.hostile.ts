/**
 * Mutated handshakes and frames against the packed relay, in front of the native peer and of a real
 * bgpd, beside an honest client. The relay and the daemon must not end, the relay's memory must stay
 * flat, and the honest client must get every answer. Prints figures.
 */
import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { residentOf } from "../../helpers/memory.ts";
import { listenPeer } from "../../helpers/peer.ts";
import { encode, ReferenceDecoder } from "../../oracle/reference/codec.ts";
import { packed, start } from "../../ts/cli/command.ts";
import { startBgpd } from "../daemons/bgpd.ts";
import { Run, seeds } from "./figures.ts";
import { frameBytes, handshakeBytes, type Random, randomFrom, TYPES } from "./mutations.ts";

/** Attackers at once. */
const PARALLEL = 16;
/** Milliseconds after which an attacker leaves. */
const PATIENCE = 100;
/** SHOW_RIB_MEM, which bgpd answers with one message. */
const ASK = 22;

interface Daemon {
  path: string;
  /** Bytes of the answer to {@link ASK}. */
  answer: number;
  /** Throws if the daemon is not as it was. */
  check(): Promise<void>;
}

const daemons: Record<string, () => Promise<Daemon>> = {
  "the native peer": async () => {
    const peer = await listenPeer("--mode", "echo");
    onTestFinished(() => peer.stop());
    const check = async (): Promise<void> => expect(peer.child.exitCode).toBe(null);
    return { path: peer.path, answer: 100, check };
  },
  bgpd: async () => {
    const check = ["scripts/daemons.mjs", "--check", "bgpd"];
    const { status, stderr } = spawnSync(process.execPath, check, { encoding: "utf8" });
    if (status !== 0 || process.getuid?.() !== 0) {
      throw new Error(`run make test-hostile as root, for bgpd: ${stderr}`);
    }
    const bgpd = await startBgpd({ statements: "network 192.0.2.0/24" });
    onTestFinished(() => bgpd.stop());
    return {
      path: bgpd.restricted,
      answer: 288,
      async check() {
        expect(bgpd.program.child.exitCode).toBe(null);
        const rib = await bgpd.json("show", "rib");
        expect(rib).toMatchObject({ rib: [{ prefix: "192.0.2.0/24" }] });
      },
    };
  },
};

interface Serving {
  port: number;
  pid: number;
  stderr(): string;
  alive(): boolean;
  stop(): Promise<number | null>;
}

async function packedRelay(path: string): Promise<Serving> {
  const types = ["--allow-type", TYPES.join()];
  const args = ["relay", "--json", "--to", `unix:${path}`, ...types, "--max-connections", "64"];
  const { child, ended, stdout, stderr } = start(packed, args);
  onTestFinished(() => void child.kill("SIGKILL"));
  // the log would make this process's memory grow
  let port: string | undefined;
  while (port === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    port = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(stdout())?.[1];
  }
  child.stdout!.removeAllListeners("data").resume();
  return {
    port: Number(port),
    pid: child.pid!,
    stderr,
    alive: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      child.kill("SIGTERM");
      return (await ended).status;
    },
  };
}

/** One attack: a handshake, perhaps frames, and an end. Returns the number of handshakes and frames. */
function attack(random: Random, port: number): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const timer = setTimeout(() => socket.destroy(), PATIENCE);
    let sent = 1;
    socket.on("error", () => {});
    socket.once("close", () => {
      clearTimeout(timer);
      resolve(sent);
    });
    const credit = random(2) === 0 ? "\r\nSec-WebSocket-Protocol: imsg.credit" : "";
    const good = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==${credit}\r\n\r\n`;
    socket.write(random(4) === 0 ? handshakeBytes(random, port) : good);
    const frames = Array.from({ length: random(40) }, () => frameBytes(random));
    const end = random(4);
    socket.once("data", () => {
      sent += frames.length;
      socket.write(Buffer.concat(frames));
      if (end === 0) socket.resetAndDestroy();
      else if (end === 1) socket.destroy();
      else if (end === 2) socket.end();
      // the rest waits until the relay closes or the time is over
    });
    socket.resume();
  });
}

/** A client whose every request must be answered. */
async function honest(
  port: number,
  length: number,
): Promise<{ stop(): Promise<{ answers: number; longest: number }> }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, ["imsg"], { perMessageDeflate: false });
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  const decoder = new ReferenceDecoder({ maxSize: 16384 });
  const wanted = { type: ASK, pid: 77, len: 16 + length };
  let answers = 0;
  let longest = 0;
  let running = true;
  const done = (async () => {
    while (running) {
      const began = performance.now();
      socket.send(
        encode({ type: ASK, pid: 77, data: new Uint8Array(length === 288 ? 0 : length) }),
      );
      const data = await new Promise<Buffer>((resolve, reject) => {
        socket.once("message", resolve);
        socket.once("close", (code) =>
          reject(new Error(`the honest client was closed with ${code}`)),
        );
      });
      expect(decoder.push(data)).toMatchObject([wanted]);
      socket.removeAllListeners("close");
      longest = Math.max(longest, performance.now() - began);
      answers++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  done.catch(() => {});
  return {
    async stop() {
      running = false;
      await done;
      socket.terminate();
      return { answers, longest };
    },
  };
}

test.each(Object.keys(daemons).flatMap((name) => seeds.map((seed) => [name, seed] as const)))(
  "the relay in front of %s survives mutated handshakes and frames of seed %i",
  async (name, seed) => {
    const random = randomFrom(seed);
    const daemon = await daemons[name]!();
    const relay = await packedRelay(daemon.path);
    const client = await honest(relay.port, daemon.answer);
    const run = new Run(`relay in front of ${name}`, seed, () => residentOf(relay.pid));
    const attacker = async (): Promise<void> => {
      while (run.goesOn) if (run.add(await attack(random, relay.port))) await daemon.check();
    };
    await Promise.all(Array.from({ length: PARALLEL }, attacker));
    const { answers, longest } = await client.stop();
    await daemon.check();
    expect(relay.alive()).toBe(true);
    expect(relay.stderr()).toMatch(/^imsg: warning: there is no token[^\n]*\n$/);
    expect(answers).toBeGreaterThan(0);
    expect(await relay.stop()).toBe(0);
    run.finish({ "honest answers": answers, "ms for the slowest answer": longest.toFixed(0) });
  },
);
