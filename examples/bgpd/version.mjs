// Finds out bgpd's version: no message carries it, but the payloads have the sizes of that version's structures.

import { RdeMemstats } from "imsg-wasm/protocols/bgpd";
import { ribRequest } from "./requests.mjs";

/** @import { ImsgMessage } from "imsg-wasm" */
/** @import { TypedChannel } from "imsg-wasm/protocol" */
/** @import { bgpd } from "imsg-wasm/protocols/bgpd" */
/** @typedef {TypedChannel<typeof bgpd.messages, "client">} Bgpd */

/** The types of 8.8, which older versions number otherwise from 21 on. */
const TYPE = { END: 1, RESULT: 12, RIB: 16, MEMORY: 22 };

/** The other end is no bgpd 8.8: its structures would be misread. */
export class BgpdVersionError extends Error {
  /** @param {string} found how its answers differ */
  constructor(found) {
    super(`this is no OpenBGPD 8.8, whose structures this client knows: ${found}`);
    this.name = "BgpdVersionError";
  }
}

/** The first answer, which is the RIB's memory in 8.8. */
function checkMemory(/** @type {ImsgMessage} */ { type, data }) {
  if (type !== TYPE.MEMORY) {
    const answer = type === TYPE.END ? "an empty listing" : `a message of type ${type}`;
    throw new BgpdVersionError(`it answers SHOW_RIB_MEM (22) with ${answer}`);
  }
  if (data.length !== RdeMemstats.size) {
    const sizes = `${data.length} bytes, 8.8 with ${RdeMemstats.size}`;
    throw new BgpdVersionError(`it answers SHOW_RIB_MEM with ${sizes}`);
  }
}

/**
 * Asks three things at once, each of which bgpd 8.8 answers at once and in order: the RIB's memory,
 * a route, the memory again. A version whose types or structures differ answers something else, or
 * skips the request for a route, whose size it does not expect. Throws a BgpdVersionError then.
 *
 * @param {Bgpd} bgpd
 * @param {() => Promise<ImsgMessage>} next the next message; rejects after a time
 */
export async function probe(bgpd, next) {
  await bgpd.send("SHOW_RIB_MEM");
  await bgpd.send("SHOW_RIB_PREFIX", ribRequest({ prefix: "255.255.255.255" }));
  await bgpd.send("SHOW_RIB_MEM");
  checkMemory(await next());
  let answered = false;
  for (;;) {
    const message = await next();
    if (message.type === TYPE.MEMORY) break;
    answered ||= message.type === TYPE.END || message.type === TYPE.RESULT;
  }
  if (!answered) throw new BgpdVersionError("it ignores a request for routes of 8.8's size");
}
