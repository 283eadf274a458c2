// Requests and replies of OpenBGPD's control socket, over any channel: in browsers too.

import { ProtocolError } from "imsg-wasm/protocol";
import { bgpd, result } from "imsg-wasm/protocols/bgpd";
import { neighbor } from "./neighbor.mjs";
import { fibTable, ribEntry, ribMemory } from "./records.mjs";
import { network, ribRequest } from "./requests.mjs";

/** @import { Conversation } from "imsg-wasm/protocol" */
/** @import { BgpdConnection, RibFilter } from "./types.ts" */

/** bgpd's refusal of a request. */
export class BgpdError extends Error {
  /**
   * @param {string} text
   * @param {number} code the daemon's own number
   */
  constructor(text, code) {
    super(text);
    this.name = "BgpdError";
    this.code = code;
  }
}

/** What bgpd's refusal means to callers; any other error as it is. */
function translated(/** @type {unknown} */ error) {
  if (!(error instanceof ProtocolError) || error.reply !== "RESULT") return error;
  const { code } = /** @type {{ code: keyof typeof result | number }} */ (error.payload);
  return new BgpdError(error.message, typeof code === "number" ? code : result[code]);
}

/**
 * The conversation on a channel. Requests take turns: replies do not say what they answer.
 *
 * @implements {BgpdConnection}
 */
export class BgpdSession {
  #bgpd;
  #clock;
  /** Announcements that wait for the one before: bgpd puts each together from several messages. */
  #turn = Promise.resolve();

  /**
   * @param {Conversation} channel whose messages have this pid
   * @param {number} pid
   * @param {() => number} clock seconds of the monotonic clock of the daemon's machine
   */
  constructor(channel, pid, clock) {
    this.#bgpd = bgpd.on(channel);
    this.#clock = clock;
    this.pid = pid;
  }

  async *neighbors() {
    try {
      for await (const { name, payload } of this.#bgpd.list("SHOW_NEIGHBOR")) {
        if (name === "SHOW_NEIGHBOR") yield neighbor(payload, this.#clock());
      }
    } catch (error) {
      throw translated(error);
    }
  }

  /** @param {RibFilter} [filter] */
  async *rib(filter = {}) {
    const request = ribRequest(filter);
    const type = filter.prefix === undefined ? "SHOW_RIB" : "SHOW_RIB_PREFIX";
    try {
      for await (const { name, payload } of this.#bgpd.list(type, request)) {
        if (name === "SHOW_RIB") yield ribEntry(payload);
      }
    } catch (error) {
      throw translated(error);
    }
  }

  async *fibTables() {
    try {
      for await (const { payload } of this.#bgpd.list("SHOW_FIB_TABLES")) yield fibTable(payload);
    } catch (error) {
      throw translated(error);
    }
  }

  async ribMemory() {
    try {
      return ribMemory((await this.#bgpd.request("SHOW_RIB_MEM")).payload);
    } catch (error) {
      throw translated(error);
    }
  }

  /** There is no reply; a listing that is asked for afterwards has the prefixes. */
  announce(/** @type {Iterable<string>} */ prefixes) {
    return this.#change(prefixes, async (payload) => {
      await this.#bgpd.send("NETWORK_ADD", payload);
      await this.#bgpd.send("NETWORK_DONE");
    });
  }

  withdraw(/** @type {Iterable<string>} */ prefixes) {
    return this.#change(prefixes, (payload) => this.#bgpd.send("NETWORK_REMOVE", payload));
  }

  close() {
    return this.#bgpd.close();
  }

  /**
   * @param {Iterable<string>} prefixes
   * @param {(payload: ReturnType<typeof network>) => Promise<void>} send
   */
  async #change(prefixes, send) {
    const before = this.#turn;
    const work = before.then(async () => {
      for (const prefix of prefixes) await send(network(prefix));
    });
    this.#turn = work.catch(() => {});
    await work;
  }
}
