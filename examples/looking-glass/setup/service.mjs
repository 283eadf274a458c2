// The looking glass of one bgpd: the page's server, and the relay to bgpd's restricted socket.

import { ALLOWED_TYPES } from "./allowed.mjs";
import { startServer } from "./server.mjs";

/** @import { Relay, RelayOptions } from "../../../ts/cli/relay/options.ts" */
/** @import { Place } from "./server.mjs" */

/** bgpd's longest message in bytes. */
const MAX_SIZE = 131_072;

/** @returns {Promise<{ startRelay: (options: RelayOptions) => Promise<Relay> }>} */
const relayModule = () => import(new URL("../../../dist/relay.js", import.meta.url).href);

/**
 * @typedef {object} Service
 * @property {string} folder of the built page
 * @property {string} socket bgpd's restricted control socket
 * @property {Place} place where browsers or a proxy connect
 * @property {readonly string[]} [origins] under which browsers open the page; by default those of `place`
 * @property {string} [token] that a visitor needs; none if absent
 * @property {number} [maxClients] pages at once
 * @property {RelayOptions["log"]} [log] called with everything that happens at the relay
 */

/**
 * Serves the page. The relay listens on the loopback interface and has the page's server before it.
 *
 * @param {Service} service
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} the address of the page without a token
 */
export async function startService({ folder, socket, place, origins, token, maxClients, log }) {
  const { startRelay } = await relayModule();
  /** @type {Relay | undefined} */
  let relay;
  // no process listens at port 9 of the loopback interface while the relay starts
  const server = await startServer({ folder, relayPort: () => relay?.port ?? 9, place });
  try {
    relay = await startRelay({
      to: `unix:${socket}`,
      allowOrigins: origins ?? server.origins,
      allowTypes: ALLOWED_TYPES,
      maxSize: MAX_SIZE,
      ...(token !== undefined && { token }),
      ...(maxClients !== undefined && { maxConnections: maxClients }),
      ...(log !== undefined && { log }),
    });
  } catch (error) {
    await server.close();
    throw error;
  }
  const running = relay;
  return {
    url: `${origins?.[0] ?? server.origins[0]}/`,
    async close() {
      await running.close();
      await server.close();
    },
  };
}
