// A client of OpenBGPD's control socket.

import { randomInt } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { connect } from "imsg-wasm/node";
import { MAX_SIZE } from "./requests.mjs";
import { BgpdSession } from "./session.mjs";

/** @import { ChannelOptions } from "imsg-wasm" */
/** @import { BgpdConnection, BgpdOptions } from "./types.ts" */

export { BgpdError } from "./session.mjs";

/** The clock of bgpd's times, if it runs on this machine. */
const clock = () => process.hrtime()[0];

/** The process ids of Linux end here: no bgpctl has a pid beyond. */
const FIRST_PID = 2 ** 22 + 1;
const PIDS = new Set();

/**
 * bgpd sends a reply to the connection that last wrote its pid, so each needs one of its own.
 * Zero, the default of most tools, belongs to nobody: its listings never come.
 */
function freePid() {
  let pid = 0;
  do pid = randomInt(FIRST_PID, 2 ** 31 - 1);
  while (PIDS.has(pid));
  return pid;
}

/**
 * Connects to a control socket.
 *
 * @param {string} path
 * @param {BgpdOptions} [options]
 * @returns {Promise<BgpdConnection>}
 */
export async function connectBgpd(path, { pid = freePid(), signal } = {}) {
  PIDS.add(pid);
  try {
    const channel = await connectInTurn(path, {
      maxSize: MAX_SIZE,
      pid,
      ...(signal && { signal }),
    });
    channel.closed.catch(() => {}).finally(() => PIDS.delete(pid));
    return new BgpdSession(channel, pid, clock);
  } catch (error) {
    PIDS.delete(pid);
    throw error;
  }
}

/**
 * Few connections may wait for bgpd to accept them: for the next one Linux says EAGAIN, where a
 * program like bgpctl is made to wait.
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
