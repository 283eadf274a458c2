// Checks before the start that a socket is the restricted one of a bgpd 8.8.

import { existsSync, statSync } from "node:fs";
import { connectBgpd } from "../../bgpd/client.mjs";
import { BgpdError, BgpdVersionError } from "../../bgpd/session.mjs";

const DEBIAN = "/run/openbgpd/bgpd.rsock";
/** Where bgpd's restricted socket is looked for: Debian's folder first, then OpenBSD's. */
export const SOCKETS = [
  DEBIAN,
  "/run/bgpd.rsock",
  "/var/run/bgpd.rsock",
  "/var/www/run/bgpd.rsock",
];

/** How long bgpd may take for each answer, in milliseconds. */
const PATIENCE = 10_000;
/** bgpd's number for a request that its restricted socket does not take. */
const DENIED = 2;

const statement = (/** @type {string} */ path) => `socket "${path}" restricted`;

/**
 * Returns the first path of {@link SOCKETS} that exists. If none exists, throws an Error whose message
 * has the line that bgpd.conf needs.
 */
export function defaultSocket() {
  const found = SOCKETS.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `there is no restricted socket of bgpd at ${SOCKETS.join(", ")}: add the line ${statement(DEBIAN)} to bgpd.conf, run \`bgpctl reload\`, or name another socket with --socket`,
  );
}

/** The reason why a connection failed, and the remedy, by the error's code. */
/** @type {Record<string, (path: string) => string>} */
const REASONS = {
  ENOENT: (path) =>
    `there is no socket at ${path}: is bgpd running, and has its bgpd.conf the line ${statement(path)}?`,
  ECONNREFUSED: (path) => `no bgpd listens at ${path}: a bgpd that has ended left the file behind`,
  EACCES: (path) =>
    `this user may not connect to ${path}: it needs the right to enter each folder of the path, and to write to the socket`,
  ENOTDIR: (path) => `${path} leads through a file that is no folder`,
};

/** Whether a path is that of a file of another kind than a socket. */
function isOtherFile(/** @type {string} */ path) {
  try {
    return !statSync(path).isSocket();
  } catch {
    return false; // connecting to the path fails as well, with an error that names the reason
  }
}

/** @param {string} path @param {unknown} error */
function reasonOf(path, error) {
  if (error instanceof BgpdVersionError) return `${path}: ${error.message}`;
  const { code = "", message = String(error) } = /** @type {NodeJS.ErrnoException} */ (error);
  const known = REASONS[code];
  if (known !== undefined) return known(path);
  return `the program at ${path} does not answer as bgpd 8.8 does: ${message}`;
}

/**
 * Resolves if a bgpd 8.8 answers at the path, and refuses the requests there that a restricted socket
 * refuses. Otherwise rejects with an Error whose message names the fault and its remedy.
 *
 * @param {string} path
 * @param {number} [timeout] milliseconds for each answer
 */
export async function checkSocket(path, timeout = PATIENCE) {
  if (isOtherFile(path)) throw new Error(`${path} is no socket`);
  /** @type {Awaited<ReturnType<typeof connectBgpd>>} */
  let bgpd;
  try {
    bgpd = await connectBgpd(path, { timeout });
  } catch (error) {
    throw new Error(reasonOf(path, error), { cause: error });
  }
  try {
    // a listing that only reads, and that the restricted socket refuses nevertheless
    for await (const _ of bgpd.fibTables()) break;
  } catch (error) {
    if (error instanceof BgpdError && error.code === DENIED) return;
    throw new Error(reasonOf(path, error), { cause: error });
  } finally {
    await bgpd.close().catch(() => {});
  }
  throw new Error(
    `${path} is not restricted: whoever reaches it can change bgpd. Add the line ${statement(DEBIAN)} to bgpd.conf, run \`bgpctl reload\`, and use that socket`,
  );
}
