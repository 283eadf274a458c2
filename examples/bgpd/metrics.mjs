// `bgpctl show metrics`: OpenMetrics, for Prometheus and its kin.

import { hostname } from "node:os";

/** @import { BgpdConnection, Neighbor, RibMemory } from "./types.ts" */

const RELEASE = "8.8";
const STATES = ["None", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"];

/** @typedef {[labels: [name: string, value: string][], value: number | bigint | string][]} Values */
/** @typedef {{ name: string, type: "gauge" | "counter" | "info" | "stateset", help: string, values: Values }} Metric */

const SUFFIX = { gauge: "", counter: "_total", info: "_info", stateset: "" };

/** @param {Metric} metric */
function printMetric({ name, type, help, values }) {
  const lines = values.map(([labels, value]) => {
    const texts = labels.filter(([, text]) => text !== "").map(([key, text]) => `${key}="${text}"`);
    return `${name}${SUFFIX[type]}${labels.length === 0 ? "" : `{${texts.join(",")}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

/** bgpctl prints the -1 of "never" as an unsigned number. */
const age = (/** @type {number} */ seconds) => (seconds < 0 ? BigInt.asUintN(64, -1n) : seconds);

/** @param {Neighbor} n @returns {[string, string][]} */
const labelsOf = (n) => [
  ["remote_addr", n.remote_addr],
  ["remote_as", n.remote_as],
  ["description", n.description ?? ""],
  ["group", n.group ?? ""],
];

/**
 * The metrics of neighbors: each is a number of every neighbor, or one of every kind of message.
 *
 * @type {[name: string, type: "gauge" | "counter", help: string, (n: Neighbor) => number | bigint | Record<string, number> | undefined][]}
 */
const NEIGHBOR_METRICS = [
  ["state_raw", "gauge", "peer session state raw int value", (n) => STATES.indexOf(n.state)],
  [
    "last_change_seconds",
    "gauge",
    "time in seconds since peer's last up/down state change",
    (n) => age(n.last_updown_sec),
  ],
  [
    "last_read_seconds",
    "gauge",
    "peer time since last read in seconds",
    (n) => (isUp(n) ? age(n.stats.last_read_sec) : undefined),
  ],
  [
    "last_write_seconds",
    "gauge",
    "peer time since last write in seconds",
    (n) => (isUp(n) ? age(n.stats.last_write_sec) : undefined),
  ],
  ["prefixes_transmit", "gauge", "number of prefixes sent to peer", (n) => n.stats.prefixes.sent],
  [
    "prefixes_receive",
    "gauge",
    "number of prefixes received from peer",
    (n) => n.stats.prefixes.received,
  ],
  [
    "message_transmit",
    "counter",
    "per message type count of transmitted messages",
    (n) => byKind(n.stats.message.sent),
  ],
  [
    "message_receive",
    "counter",
    "per message type count of received messages",
    (n) => byKind(n.stats.message.received),
  ],
  [
    "update_transmit",
    "counter",
    "number of prefixes sent as update",
    (n) => n.stats.update.sent.updates,
  ],
  [
    "update_pending",
    "counter",
    "number of pending update prefixes",
    (n) => n.stats.update.pending.updates,
  ],
  [
    "update_receive",
    "counter",
    "number of prefixes received as update",
    (n) => n.stats.update.received.updates,
  ],
  [
    "withdraw_transmit",
    "counter",
    "number of withdrawn prefixes sent to peer",
    (n) => n.stats.update.sent.withdraws,
  ],
  [
    "withdraw_pending",
    "counter",
    "number of pending withdrawn prefixes",
    (n) => n.stats.update.pending.withdraws,
  ],
  [
    "withdraw_receive",
    "counter",
    "number of withdrawn prefixes received from peer",
    (n) => n.stats.update.received.withdraws,
  ],
  [
    "route_refresh_req_transmit",
    "counter",
    "number of route-refresh request transmitted to peer",
    (n) => n.stats["route-refresh"].sent.request,
  ],
  [
    "route_refresh_req_receive",
    "counter",
    "number of route-refresh request received from peer",
    (n) => n.stats["route-refresh"].received.request,
  ],
  [
    "route_refresh_borr_transmit",
    "counter",
    "number of ext. route-refresh BORR messages transmitted to peer",
    (n) => n.stats["route-refresh"].sent.borr,
  ],
  [
    "route_refresh_borr_receive",
    "counter",
    "number of ext. route-refresh BORR messages received from peer",
    (n) => n.stats["route-refresh"].received.borr,
  ],
  [
    "route_refresh_eorr_transmit",
    "counter",
    "number of ext. route-refresh EORR messages transmitted to peer",
    (n) => n.stats["route-refresh"].sent.eorr,
  ],
  [
    "route_refresh_eorr_receive",
    "counter",
    "number of ext. route-refresh EORR messages received from peer",
    (n) => n.stats["route-refresh"].received.eorr,
  ],
];

const isUp = (/** @type {Neighbor} */ { state }) => state === "Established";

/** @param {Neighbor["stats"]["message"]["sent"]} counts */
const byKind = ({ open, notifications, updates, keepalives, route_refresh }) => ({
  open,
  notification: notifications,
  update: updates,
  keepalive: keepalives,
  route_refresh,
});

/** @param {Neighbor[]} neighbors @returns {Metric[]} */
function neighborMetrics(neighbors) {
  const states = neighbors.flatMap((n) =>
    STATES.map(
      (state) =>
        /** @type {Values[number]} */ ([
          [["bgpd_peer_state", state], ...labelsOf(n)],
          state === n.state ? 1 : 0,
        ]),
    ),
  );
  const numbers = NEIGHBOR_METRICS.map(([name, type, help, read]) => {
    const values = neighbors.flatMap((n) => {
      const value = read(n);
      if (value === undefined) return [];
      if (typeof value !== "object") return [/** @type {Values[number]} */ ([labelsOf(n), value])];
      return Object.entries(value).map(
        ([kind, count]) =>
          /** @type {Values[number]} */ ([[["messages", kind], ...labelsOf(n)], count]),
      );
    });
    return { name: `bgpd_peer_${name}`, type, help, values };
  });
  return [
    {
      name: "bgpd_peer",
      type: "info",
      help: "peer information",
      values: neighbors.map((n) => [labelsOf(n), 1]),
    },
    { name: "bgpd_peer_state", type: "stateset", help: "peer session state", values: states },
    ...numbers,
  ];
}

/** @param {RibMemory} memory @returns {Metric[]} */
function memoryMetrics({ memory, sets }) {
  /**
   * @param {Record<string, import("./types.ts").MemoryUse>} uses
   * @param {keyof import("./types.ts").MemoryUse} member
   */
  const values = (uses, member) =>
    Object.entries(uses).flatMap(([type, use]) =>
      use[member] === undefined
        ? []
        : [/** @type {Values[number]} */ ([[["type", type]], use[member]])],
    );
  const { total, as_set_tables, ...counted } = sets;
  const allSizes = values({ ...memory, ...(total && { set_total: total }) }, "size");
  /** @type {[string, string, Values][]} */
  const all = [
    ["bgpd_rde_memory_usage_bytes", "memory usage in bytes", allSizes],
    ["bgpd_rde_memory_usage_objects", "number of object in use", values(memory, "count")],
    ["bgpd_rde_memory_usage_references", "number of references held", values(memory, "references")],
    ["bgpd_rde_set_usage_bytes", "memory usage of set in bytes", values(counted, "size")],
    ["bgpd_rde_set_usage_objects", "number of object in set", values(counted, "count")],
    ["bgpd_rde_set_usage_tables", "number of as_set tables", [[[], as_set_tables?.count ?? 0]]],
  ];
  return all.map(([name, help, found]) => ({ name, type: "gauge", help, values: found }));
}

/**
 * The document of `bgpctl show metrics`.
 *
 * @param {BgpdConnection} bgpd
 */
export async function metrics(bgpd) {
  const started = process.hrtime.bigint();
  /** @type {Neighbor[]} */
  const neighbors = [];
  for await (const n of bgpd.neighbors()) if (!n.config.template) neighbors.push(n);
  const memory = await bgpd.ribMemory();
  const nanoseconds = process.hrtime.bigint() - started;
  const seconds = `${nanoseconds / 10n ** 9n}.${String(nanoseconds % 10n ** 9n).padStart(9, "0")}`;
  const [nodename = "", ...domain] = hostname().split(".");
  /** @type {[string, string][]} */
  const info = [
    ["nodename", nodename],
    ["domainname", domain.join(".")],
    ["release", RELEASE],
  ];
  /** @type {Metric[]} */
  const all = [
    { name: "bgpd", type: "info", help: "bgpd information", values: [[info, 1]] },
    {
      name: "bgpd_scrape_seconds",
      type: "gauge",
      help: "bgpd scrape time in seconds",
      values: [[[], seconds]],
    },
    ...neighborMetrics(neighbors),
    ...memoryMetrics(memory),
  ];
  return `${all.map(printMetric).join("")}# EOF\n`;
}
