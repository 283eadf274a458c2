// A client of OpenBGPD's control socket.

import { randomInt } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { connect } from "imsg-wasm/node";
import { nameZones } from "./addresses.mjs";
import { MAX_SIZE } from "./requests.mjs";
import { BgpdSession } from "./session.mjs";

/** @import { ChannelOptions } from "imsg-wasm" */
/** @import { BgpdConnection, BgpdOptions } from "./types.ts" */

export { BgpdError, BgpdVersionError } from "./session.mjs";

/** The default paths of bgpd's control socket: Debian's, then OpenBSD's. */
export const SOCKETS = /** @type {const} */ ([
  "/run/openbgpd/bgpd.sock.0",
  "/run/bgpd.sock.0",
  "/var/run/bgpd.sock.0",
]);

/** The first of {@link SOCKETS} that exists; the first one if none does. */
export const defaultSocket = () => SOCKETS.find((path) => existsSync(path)) ?? SOCKETS[0];

const INTERFACES = "/sys/class/net";

/** Linux's interfaces by their numbers; none elsewhere. */
function interfaces() {
  if (!existsSync(INTERFACES)) return [];
  return readdirSync(INTERFACES).flatMap((name) => {
    try {
      const number = Number(readFileSync(`${INTERFACES}/${name}/ifindex`, "utf8"));
      return [/** @type {[number, string]} */ ([number, name])];
    } catch {
      return []; // It has gone, or is no interface.
    }
  });
}

/** The clock of bgpd's times, if it runs on this machine. */
const clock = () => process.hrtime()[0];

/** The process ids of Linux end here: no bgpctl has a pid beyond. */
const FIRST_PID = 2 ** 22 + 1;
const PIDS = new Set();

/**
 * bgpd sends a reply to the connection that last wrote its pid, so each needs one of its own.
 * bgpd routes no reply to the pid 0, the default of most tools: such listings never come.
 */
function freePid() {
  let pid = 0;
  do pid = randomInt(FIRST_PID, 2 ** 31 - 1);
  while (PIDS.has(pid));
  return pid;
}

/**
 * Connects to a control socket, and checks that a bgpd 8.8 answers.
 *
 * @param {string} path
 * @param {BgpdOptions} [options]
 * @returns {Promise<BgpdConnection>}
 */
export async function connectBgpd(path, { pid = freePid(), signal, timeout } = {}) {
  PIDS.add(pid);
  nameZones(interfaces());
  try {
    const channel = await connectInTurn(path, {
      maxSize: MAX_SIZE,
      pid,
      ...(signal && { signal }),
    });
    channel.closed.catch(() => {}).finally(() => PIDS.delete(pid));
    const session = new BgpdSession(channel, pid, clock, timeout);
    try {
      await session.checkVersion();
    } catch (error) {
      await session.close().catch(() => {});
      throw error;
    }
    return session;
  } catch (error) {
    PIDS.delete(pid);
    throw error;
  }
}

/**
 * bgpd's queue of connections is short. When it is full, Linux fails a non-blocking connect with EAGAIN,
 * where it blocks bgpctl: so this tries again.
 *
 * @param {string} path
 * @param {ChannelOptions} options
 */
async function connectInTurn(path, options) {
  for (let tries = 0; ; tries++) {
    try {
      return await connect({ path }, options);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code !== "EAGAIN" || tries === 100) throw error;
      await setTimeout(10 + randomInt(40), undefined, options.signal && { signal: options.signal });
    }
  }
}
