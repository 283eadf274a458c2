// Requests and replies of OpenBGPD's control socket, over any channel: in browsers too.

import { ProtocolError } from "imsg-wasm/protocol";
import { bgpd } from "imsg-wasm/protocols/bgpd";
import { printCommunities } from "./communities.mjs";
import { flowspecRule } from "./flowspec.mjs";
import { groups } from "./groups.mjs";
import { fibEntry, fibTable, networkInterface, nexthop } from "./kernel.mjs";
import { neighbor, neighborSummary } from "./neighbor.mjs";
import { ribEntry, ribMemory } from "./records.mjs";
import * as requests from "./requests.mjs";
import { rtrSession, setRecord } from "./sets.mjs";
import { timer } from "./timers.mjs";
import { Turns } from "./turns.mjs";
import { probe } from "./version.mjs";

/** @import { ImsgMessage } from "imsg-wasm" */
/** @import { Conversation } from "imsg-wasm/protocol" */
/** @import { TimerFields } from "./timers.mjs" */
/** @import { Attributes, BgpdConnection, Family, FibFilter, NeighborAction, NeighborFilter, RibFilter } from "./types.ts" */

export { BgpdError } from "./turns.mjs";
export { BgpdVersionError } from "./version.mjs";

/** How long bgpd may take for a message, in milliseconds. */
const TIMEOUT = 30_000;
/** The time limit of the first replies: bgpd sends them at once. */
const FIRST_TIMEOUT = 10_000;

/** @type {Record<NeighborAction, "NEIGHBOR_UP" | "NEIGHBOR_DOWN" | "NEIGHBOR_CLEAR" | "NEIGHBOR_RREFRESH" | "NEIGHBOR_DESTROY">} */
const ACTIONS = {
  up: "NEIGHBOR_UP",
  down: "NEIGHBOR_DOWN",
  clear: "NEIGHBOR_CLEAR",
  refresh: "NEIGHBOR_RREFRESH",
  destroy: "NEIGHBOR_DESTROY",
};

/**
 * The timers that follow a neighbor or an RTR session, if any runs.
 *
 * @param {readonly { payload: TimerFields }[]} messages
 */
function withTimers(messages) {
  const timers = messages.flatMap(({ payload }) => timer(payload) ?? []);
  return timers.length > 0 ? { timers } : {};
}

/**
 * The conversation on a channel. Requests take turns, because a reply does not name its request.
 *
 * @implements {BgpdConnection}
 */
export class BgpdSession {
  #bgpd;
  #clock;
  #timeout;
  #turns = new Turns();

  /**
   * @param {Conversation} channel whose messages have this pid
   * @param {number} pid
   * @param {() => number} clock seconds of the monotonic clock of the daemon's machine
   * @param {number} [timeout] milliseconds for a reply, and for the next message of a listing
   */
  constructor(channel, pid, clock, timeout = TIMEOUT) {
    this.#bgpd = bgpd.on(channel);
    this.#clock = clock;
    this.#timeout = timeout;
    this.pid = pid;
  }

  get #limits() {
    return { timeout: this.#timeout };
  }

  /** The next message, whatever it is. */
  async #next(/** @type {number} */ timeout) {
    const signal = AbortSignal.timeout(timeout);
    const message = await this.#bgpd.channel.receive({ signal }).catch((error) => {
      if (error !== signal.reason) throw error;
      throw new Error(`bgpd did not answer within ${timeout} ms: it is busy, or another version`);
    });
    if (message === undefined) throw new Error("bgpd closed the connection");
    return message;
  }

  /** Must come before any other request: rejects with a BgpdVersionError for another version. */
  checkVersion() {
    const timeout = Math.min(FIRST_TIMEOUT, this.#timeout);
    return this.#turns.alone(() => probe(this.#bgpd, () => this.#next(timeout)));
  }

  /** @param {{ terse?: boolean }} [options] */
  summary({ terse = false } = {}) {
    const clock = this.#clock;
    const listing = () =>
      terse
        ? this.#bgpd.list("SHOW_TERSE", undefined, this.#limits)
        : this.#bgpd.list("SHOW_NEIGHBOR", undefined, this.#limits);
    return this.#turns.listing(async function* () {
      for await (const { name, payload } of listing()) {
        if (name === "SHOW_NEIGHBOR") yield neighborSummary(payload, clock());
      }
    });
  }

  /** @param {NeighborFilter & { timers?: boolean }} [filter] */
  neighbors({ timers = false, ...filter } = {}) {
    const wanted = requests.neighborRequest(filter);
    const request = timers ? { ...wanted, show_timers: 1 } : wanted;
    const all = Object.keys(request).length === 0;
    const listing = () => this.#bgpd.list("SHOW_NEIGHBOR", all ? undefined : request, this.#limits);
    const clock = this.#clock;
    return this.#turns.listing(async function* () {
      for await (const { head, rest } of groups(listing(), "SHOW_NEIGHBOR")) {
        const found = neighbor(head.payload, clock(), head.message.data);
        yield { ...found, ...withTimers(rest) };
      }
    });
  }

  /** @param {RibFilter} [filter] */
  routes(filter = {}) {
    const request = requests.ribRequest(filter);
    const type = filter.prefix === undefined ? "SHOW_RIB" : "SHOW_RIB_PREFIX";
    const listing = () => this.#bgpd.list(type, request, this.#limits);
    return this.#turns.listing(async function* () {
      for await (const { head, rest } of groups(listing(), "SHOW_RIB")) {
        const communities = rest.flatMap(({ name, payload }) =>
          name === "SHOW_RIB_COMMUNITIES" ? payload.communities : [],
        );
        const attributes = rest.flatMap(({ name, payload }) =>
          name === "SHOW_RIB_ATTR" ? [payload] : [],
        );
        const { payload } = head;
        yield { entry: ribEntry(payload, communities, attributes), flags: payload.flags };
      }
    });
  }

  /** @param {RibFilter} [filter] */
  async *rib(filter) {
    for await (const { entry } of this.routes(filter)) yield entry;
  }

  /**
   * A listing whose messages are its records.
   *
   * @template In, Out
   * @param {() => AsyncIterable<{ payload: In, message: ImsgMessage }>} listing
   * @param {(payload: In, bytes: Uint8Array) => Out} record
   */
  #records(listing, record) {
    return this.#turns.listing(async function* () {
      for await (const { payload, message } of listing()) yield record(payload, message.data);
    });
  }

  fibTables() {
    return this.#records(
      () => this.#bgpd.list("SHOW_FIB_TABLES", undefined, this.#limits),
      fibTable,
    );
  }

  /** @param {FibFilter} [filter] */
  fib(filter = {}) {
    const options = { ...this.#limits, peerid: filter.table ?? 0 };
    const { address } = filter;
    return this.#records(
      () =>
        address === undefined
          ? this.#bgpd.list("KROUTE", requests.fibRequest(filter), options)
          : this.#bgpd.list("KROUTE_ADDR", requests.addressRequest(address), options),
      fibEntry,
    );
  }

  nexthops(table = 0) {
    const options = { ...this.#limits, peerid: table };
    return this.#records(() => this.#bgpd.list("SHOW_NEXTHOP", undefined, options), nexthop);
  }

  interfaces() {
    return this.#records(
      () => this.#bgpd.list("SHOW_INTERFACE", undefined, this.#limits),
      networkInterface,
    );
  }

  sets() {
    return this.#records(
      () => this.#bgpd.list("SHOW_SET", undefined, this.#limits),
      (set) => setRecord(set, this.#clock()),
    );
  }

  rtrs() {
    const listing = () => this.#bgpd.list("SHOW_RTR", undefined, this.#limits);
    return this.#turns.listing(async function* () {
      for await (const { head, rest } of groups(listing(), "SHOW_RTR")) {
        yield { ...rtrSession(head.payload, head.message.data), ...withTimers(rest) };
      }
    });
  }

  /** @param {Family} [family] */
  networks(family) {
    const request = requests.announcedRequest(family, "network");
    return this.#records(() => this.#bgpd.list("SHOW_NETWORK", request, this.#limits), fibEntry);
  }

  /** @param {Family} [family] */
  flowspecs(family) {
    const request = requests.announcedRequest(family, "flowspec");
    const listing = () => this.#bgpd.list("SHOW_FLOWSPEC", request, this.#limits);
    return this.#turns.listing(async function* () {
      for await (const { head, rest } of groups(listing(), "SHOW_FLOWSPEC")) {
        const communities = rest.flatMap(({ payload }) => payload.communities);
        yield { ...flowspecRule(head.payload), ...printCommunities(communities) };
      }
    });
  }

  ribMemory() {
    return this.#turns.alone(async () => {
      const { payload } = await this.#bgpd.request("SHOW_RIB_MEM", undefined, this.#limits);
      return ribMemory(payload);
    });
  }

  /**
   * bgpd answers for each neighbor of a group, and does not say how many there are: what is asked
   * behind the change is answered behind the last of them.
   *
   * @param {NeighborAction} action
   * @param {NeighborFilter} filter
   * @param {string} [reason]
   */
  changeNeighbors(action, filter, reason = "") {
    const request = { ...requests.neighborRequest(filter), reason };
    return this.#turns.alone(async () => {
      // a listing that was left early is read to its end before this is answered
      await this.#bgpd.request("SHOW_RIB_MEM", undefined, this.#limits);
      await this.#bgpd.send(ACTIONS[action], request);
      await this.#bgpd.send("SHOW_RIB_MEM");
      /** @type {unknown} */
      let failure;
      for (;;) {
        const { name, payload } = bgpd.decode(await this.#next(this.#timeout));
        if (name === "SHOW_RIB_MEM") break;
        if (name !== "RESULT") continue;
        const text = bgpd.messages.RESULT.failure(payload);
        if (text !== undefined) failure ??= new ProtocolError(text, name, payload);
      }
      if (failure !== undefined) throw failure;
    });
  }

  reload(reason = "") {
    return this.#turns.alone(async () => {
      await this.#bgpd.request("RELOAD", { reason }, this.#limits);
    });
  }

  /** There is no reply. */
  setVerbose(/** @type {boolean} */ verbose) {
    return this.#turns.alone(() => this.#bgpd.send("LOG_VERBOSE", { verbose: verbose ? 1 : 0 }));
  }

  /** There is no reply; the listing of the tables shows it. */
  coupleFib(/** @type {boolean} */ coupled, table = 0) {
    const type = coupled ? "FIB_COUPLE" : "FIB_DECOUPLE";
    return this.#turns.alone(() => this.#bgpd.send(type, undefined, { peerid: table }));
  }

  /**
   * There is no reply; a listing that is asked for afterwards has the prefixes.
   *
   * @param {Iterable<string>} prefixes
   * @param {Attributes} [attributes]
   */
  announce(prefixes, attributes = {}) {
    const sets = requests.attributeSets(attributes);
    return this.#turns.alone(async () => {
      for (const prefix of prefixes) {
        await this.#bgpd.send("NETWORK_ADD", requests.networkRequest(prefix, attributes.rd));
        for (const set of sets) await this.#bgpd.send("FILTER_SET", set);
        await this.#bgpd.send("NETWORK_DONE");
      }
    });
  }

  /** @param {Iterable<string>} prefixes @param {string} [rd] */
  withdraw(prefixes, rd) {
    return this.#turns.alone(async () => {
      for (const prefix of prefixes) {
        await this.#bgpd.send("NETWORK_REMOVE", requests.networkRequest(prefix, rd));
      }
    });
  }

  flushNetworks() {
    return this.#turns.alone(() => this.#bgpd.send("NETWORK_FLUSH"));
  }

  /** @param {4 | 6} family @param {Uint8Array} rule @param {Attributes} [attributes] */
  announceRule(family, rule, attributes = {}) {
    const sets = requests.attributeSets(attributes);
    return this.#turns.alone(async () => {
      await this.#bgpd.send("FLOWSPEC_ADD", requests.ruleRequest(family, rule));
      for (const set of sets) await this.#bgpd.send("FILTER_SET", set);
      await this.#bgpd.send("FLOWSPEC_DONE");
    });
  }

  /** @param {4 | 6} family @param {Uint8Array} rule */
  withdrawRule(family, rule) {
    return this.#turns.alone(() =>
      this.#bgpd.send("FLOWSPEC_REMOVE", requests.ruleRequest(family, rule)),
    );
  }

  flushRules() {
    return this.#turns.alone(() => this.#bgpd.send("FLOWSPEC_FLUSH"));
  }

  close() {
    return this.#bgpd.close();
  }
}
