// Three routers on the loopback interface that speak BGP with each other, with the numbers and
// addresses that are reserved for documentation. The page shows the first.

import { freePort, startBgpd, until } from "./bgpd.mjs";

/** @import { Bgpd } from "./bgpd.mjs" */

/** Prefixes of a private network, at most 65,536. */
export const prefixes = (/** @type {number} */ count) =>
  Array.from({ length: count }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);

/**
 * @param {object} neighbor
 * @param {string} neighbor.address
 * @param {number} neighbor.as
 * @param {string} neighbor.name
 * @param {string} [neighbor.from] our address, if the session is ours to open
 * @param {number} [neighbor.port]
 * @param {string[]} [neighbor.more]
 */
const neighbor = ({ address, as, name, from, port, more = [] }) => `neighbor ${address} {
	descr "${name}"
	remote-as ${as}
	multihop 3
	${from === undefined ? "passive" : `port ${port}\n	local-address ${from}`}
	announce IPv4 unicast
	announce IPv6 unicast
${more.map((line) => `	${line}\n`).join("")}}
`;

const OPEN = "allow from any\nallow to any\n";

/**
 * Starts the routers. Resolves when the first has routes from both others.
 *
 * @param {number} routes that one of them announces besides its own
 * @returns {Promise<{ bgpd: Bgpd, all: Bgpd[], stop: () => Promise<void> }>}
 */
export async function startRouters(routes) {
  const [glassPort, transitPort] = [await freePort("127.0.0.1"), await freePort("127.0.0.2")];
  const customerPort = await freePort("127.0.0.3");
  const glass = { address: "127.0.0.1", as: 64496, name: "looking-glass", port: glassPort };
  const transit = { address: "127.0.0.2", as: 64500, name: "transit-north", port: transitPort };
  const customer = { address: "127.0.0.3", as: 64510, name: "customer-east", port: customerPort };
  const setups = [
    {
      ...glass,
      statements: `roa-set {
	198.51.100.0/24 maxlen 25 source-as 64500
	203.0.113.0/24 source-as 64510
	100.64.0.0/10 source-as 64499
}
aspa-set {
	customer-as 64510 provider-as { 64500 }
}
network 192.0.2.0/24
network 2001:db8::/32
network 2001:db8:100::/48 set { localpref 200 med 20 community 64496:300 }
nexthop qualify via default
${neighbor({ ...transit, more: ["max-prefix 100000 restart 5"] })}
${neighbor({ ...customer, more: ["max-prefix 1000"] })}
${neighbor({ address: "127.0.0.4", as: 64505, name: "exchange-rs" })}
${neighbor({ address: "127.0.0.5", as: 64507, name: "backup-south", more: ['down "maintenance"'] })}
${OPEN}`,
    },
    {
      ...transit,
      statements: `network 198.51.100.0/24 set { community 64500:100 community 64500:2010 large-community 64500:1:276 }
network 198.51.100.128/25 set { med 77 origin egp }
network 100.64.0.0/10 set prepend-self 3
nexthop qualify via default
${neighbor({ ...glass, from: transit.address })}
${neighbor({ ...customer })}
${OPEN}`,
    },
    {
      ...customer,
      statements: `network 203.0.113.0/24
network 203.0.113.64/26 set { med 10 }
network 198.18.0.0/15 set { prepend-self 2 origin incomplete community NO_PEER community GRACEFUL_SHUTDOWN ext-community rt 64510:7 }
nexthop qualify via default
${neighbor({ ...glass, from: customer.address })}
${neighbor({ ...transit, from: customer.address })}
allow from any
deny to ebgp
allow to ebgp prefix { 203.0.113.0/24 prefixlen 24 - 26, 198.18.0.0/15 }
`,
    },
  ];
  /** @type {Bgpd[]} */
  const all = [];
  const stop = async () => {
    await Promise.all(all.map((bgpd) => bgpd.stop()));
  };
  try {
    for (const setup of setups) all.push(await startBgpd(setup));
    const [bgpd, upstream] = all;
    if (!bgpd || !upstream) throw new Error("the list of routers has fewer than two");
    if (routes > 0) await upstream.announce(prefixes(routes));
    const least = routes + 6;
    await until("the routers have their sessions", bgpd.ended, async () => {
      const shown = JSON.parse(await bgpd.bgpctl("-j", "show", "neighbor"));
      let received = 0;
      for (const { stats } of shown.neighbors) received += stats.prefixes.received;
      if (received < least) throw new Error(`${received} of ${least} prefixes have come`);
    });
    return { bgpd, all, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
