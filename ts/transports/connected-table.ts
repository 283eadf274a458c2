import type { ErrorTable } from "./system-error.ts";

/** The errors of openings that a firewall also causes on a connection. */
export const CONNECTED: ErrorTable = {
  EACCES: [13, "permission denied"],
  ECONNREFUSED: [111, "connection refused"],
  EPERM: [1, "operation not permitted"],
};
