// Requests and replies of OpenBGPD's control socket, over any channel: in browsers too.

import { neighbor } from "./neighbor.mjs";
import { fibTable, ribEntry, ribMemory } from "./records.mjs";
import { network, ribRequest, Type } from "./requests.mjs";
import { read } from "./struct.mjs";

/** @import { ImsgChannel, ImsgMessage, MessageInit } from "imsg-wasm" */
/** @import { BgpdConnection, RibFilter } from "./types.ts" */

const RESULTS = [
  "ok",
  "there is no such neighbor",
  "not allowed on this socket",
  "the neighbor lacks the capability",
  "the configuration has errors",
  "a reload is running already",
  "out of memory",
  "the neighbor is no clone",
  "the neighbor is in the wrong state",
  "there is no such RIB",
  "the operation is not supported",
];

/** bgpd's refusal of a request. */
export class BgpdError extends Error {
  /** @param {number} code the daemon's own number */
  constructor(code) {
    super(`bgpd refused the request: ${RESULTS[code] ?? `code ${code}`}`);
    this.name = "BgpdError";
    this.code = code;
  }
}

/**
 * The conversation on a channel.
 *
 * @implements {BgpdConnection}
 */
export class BgpdSession {
  #channel;
  #clock;
  /** Ends when the last request has all of its reply: replies do not say what they answer. */
  #turn = Promise.resolve();

  /**
   * @param {Pick<ImsgChannel, "send" | "receive" | "close">} channel whose messages have this pid
   * @param {number} pid
   * @param {() => number} clock seconds of the monotonic clock of the daemon's machine
   */
  constructor(channel, pid, clock) {
    this.#channel = channel;
    this.#clock = clock;
    this.pid = pid;
  }

  neighbors() {
    return this.#list({ type: Type.SHOW_NEIGHBOR }, Type.SHOW_NEIGHBOR, (data) =>
      neighbor(data, this.#clock()),
    );
  }

  /** @param {RibFilter} [filter] */
  rib(filter = {}) {
    return this.#list(ribRequest(filter), Type.SHOW_RIB, ribEntry);
  }

  fibTables() {
    return this.#list({ type: Type.SHOW_FIB_TABLES }, Type.SHOW_FIB_TABLES, fibTable);
  }

  async ribMemory() {
    const done = await this.#begin();
    try {
      await this.#channel.send({ type: Type.SHOW_RIB_MEM });
      const message = await this.#receive();
      if (message.type === Type.SHOW_RIB_MEM) return ribMemory(message.data);
      throw refusal(message) ?? new Error("bgpd answered without its memory use");
    } finally {
      done();
    }
  }

  /** There is no reply; a listing that is asked for afterwards has the prefixes. */
  async announce(/** @type {Iterable<string>} */ prefixes) {
    const done = await this.#begin();
    try {
      for (const prefix of prefixes) {
        const data = network(prefix);
        await this.#channel.send({ type: Type.NETWORK_ADD, data });
        await this.#channel.send({ type: Type.NETWORK_DONE });
      }
    } finally {
      done();
    }
  }

  async withdraw(/** @type {Iterable<string>} */ prefixes) {
    const done = await this.#begin();
    try {
      for (const prefix of prefixes) {
        await this.#channel.send({ type: Type.NETWORK_REMOVE, data: network(prefix) });
      }
    } finally {
      done();
    }
  }

  close() {
    return this.#channel.close();
  }

  /** Waits for the requests before this one; the caller calls back when it has its reply. */
  async #begin() {
    const before = this.#turn;
    let done = () => {};
    this.#turn = new Promise((resolve) => {
      done = () => resolve(undefined);
    });
    await before;
    return done;
  }

  async #receive() {
    const message = await this.#channel.receive();
    if (message === undefined) throw new Error("bgpd closed the connection within a reply");
    return message;
  }

  /**
   * Sends a request and decodes the messages of its reply as they come.
   *
   * @template T
   * @param {MessageInit} request
   * @param {number} type
   * @param {(data: Uint8Array) => T} decode
   */
  async *#list(request, type, decode) {
    const done = await this.#begin();
    let more = true;
    try {
      await this.#channel.send(request);
      while (more) {
        const message = await this.#receive().catch((error) => {
          more = false;
          throw error;
        });
        if (message.type === type) {
          yield decode(message.data);
          continue;
        }
        more = false;
        const error = message.type === Type.END ? undefined : refusal(message);
        if (error !== undefined) throw error;
      }
    } finally {
      // whoever leaves the loop early leaves messages behind, which are nobody else's
      if (more) void this.#skip(type).finally(done);
      else done();
    }
  }

  /** @param {number} type */
  async #skip(type) {
    try {
      while ((await this.#receive()).type === type);
    } catch {
      // the next request will see it
    }
  }
}

/**
 * What a message means that is no part of a listing: an error, or its end.
 *
 * @param {ImsgMessage} message
 */
function refusal({ type, data }) {
  if (type !== Type.RESULT) return new Error(`bgpd answered with a message of type ${type}`);
  const code = read(["result", data, 4], (s) => s.u32(0));
  return code === 0 ? undefined : new BgpdError(code);
}
