// One client of the relay in a process of its own: asks one query, and prints how long its rows took
// and how much memory the process had at most. Arguments: the page's address, and the query as JSON.

import { WebSocket } from "ws";
import { fromWebSocket } from "../../../../dist/web.js";
import { BgpdSession } from "../../../../examples/bgpd/session.mjs";

const [address, text] = process.argv.slice(2);
const { host, hash, origin } = new URL(address);
/** The filter of the routes; whether to leave after some rows; what to ask then, on the same connection. */
const { filter, leaveAfter = Number.POSITIVE_INFINITY, then } = JSON.parse(text);

const token = hash.replace("#token=", "imsg.token.");
const socket = new WebSocket(`ws://${host}/relay`, ["imsg", token], { origin });
const channel = fromWebSocket(socket, { maxSize: 131072, pid: 7 });
const session = new BgpdSession(channel, 7, () => 0, 600_000);
await session.checkVersion();

/** Requests routes, and measures the times of the first and the last and their number. */
async function ask(wanted) {
  const began = performance.now();
  let first = Number.NaN;
  let rows = 0;
  for await (const { prefix } of session.rib(wanted)) {
    if (rows++ === 0) first = performance.now() - began;
    if (prefix === "" || rows === leaveAfter) break;
  }
  return { first, last: performance.now() - began, rows };
}

const answer = await ask(filter);
const next = then === undefined ? {} : { next: await ask(then) };
const peak = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ ...answer, ...next, peak }));
socket.terminate();
process.exit(0);
