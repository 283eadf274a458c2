// The kernel's routes, tables, nexthops and interfaces, as the records of `bgpctl -j`.

import { printAddress } from "./addresses.mjs";

/** @import { Decoded } from "imsg-wasm/protocol" */
/** @import { CtlShowInterface, CtlShowNexthop, KrouteFull, Ktable } from "imsg-wasm/protocols/bgpd" */
/** @import { FibEntry, FibTable, Interface, Nexthop } from "./types.ts" */
/** @typedef {Decoded<typeof KrouteFull>} Kroute */

/** Where the label begins within the kernel's number, in bits. */
const LABEL_OFFSET = 12;

/** The label of a number that is stored in network byte order. */
function mplsLabel(/** @type {number} */ stored) {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, stored, true);
  return bytes.getUint32(0) >>> LABEL_OFFSET;
}

/** @param {Kroute["flags"]} flags */
function originOf(flags) {
  if (flags.includes("BGPD")) return "bgp";
  if (flags.includes("CONNECTED")) return "connected";
  return flags.includes("STATIC") ? "static" : "unknown";
}

/**
 * A route of the kernel, or a network that bgpd announces.
 *
 * @param {Kroute} route
 * @returns {FibEntry}
 */
export function fibEntry({ prefix, prefixlen, priority, flags, ifindex, nexthop, mplslabel }) {
  return {
    prefix: `${printAddress(prefix)}/${prefixlen}`,
    priority,
    origin: originOf(flags),
    used_by_nexthop: flags.includes("NEXTHOP"),
    blackhole: flags.includes("BLACKHOLE"),
    reject: flags.includes("REJECT"),
    nexthop: flags.includes("CONNECTED") ? `link#${ifindex}` : printAddress(nexthop),
    ...(flags.includes("MPLS") && { mplslabel: [mplsLabel(mplslabel)] }),
  };
}

/**
 * A table of the kernel's routes.
 *
 * @param {Decoded<typeof Ktable>} table
 * @returns {FibTable}
 */
export const fibTable = ({ rtableid, descr, fib_sync, fib_conf }) => ({
  rtableid,
  description: descr,
  coupled: fib_sync,
  admin_change: fib_sync !== fib_conf,
});

/**
 * A network interface.
 *
 * @param {Decoded<typeof CtlShowInterface>} found
 * @returns {Interface}
 */
export const networkInterface = (found) => ({
  name: found.ifname,
  rdomain: found.rdomain,
  is_up: found.is_up,
  nh_reachable: found.nh_reachable,
  ...(found.media !== "" && { media: found.media }),
  linkstate: found.linkstate,
  ...(found.baudrate > 0 && { baudrate: found.baudrate }),
});

/**
 * A nexthop, with the kernel's route to it if there is one.
 *
 * @param {Decoded<typeof CtlShowNexthop>} found
 * @returns {Nexthop}
 */
export function nexthop({ addr, valid, krvalid, kr, iface }) {
  const address = { address: printAddress(addr), valid };
  if (!krvalid) return address;
  return {
    ...address,
    prefix: `${printAddress(kr.prefix)}/${kr.prefixlen}`,
    priority: kr.priority,
    connected: kr.flags.includes("CONNECTED"),
    nexthop: printAddress(kr.nexthop),
    ...(iface.ifname !== "" && { interface: networkInterface(iface) }),
  };
}
