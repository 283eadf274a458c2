// Lengths and structures that several others use.

import { pointer, struct } from "../../protocol/index.ts";

export const PEER_DESCR_LEN = 64;
export const REASON_LEN = 256;
export const IFNAMSIZ = 16;

/** The head of a queue of BSD's sys/queue.h. */
export const tailqHead = struct({ tqh_first: pointer, tqh_last: pointer }, { name: "tailq_head" });
