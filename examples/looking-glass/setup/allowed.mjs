// The requests of the page: the relay lets no other message pass. bgpd's restricted socket, which
// both ways of starting use, refuses by itself every message that changes something.

import { bgpd } from "imsg-wasm/protocols/bgpd";

/** The names of the requests that a page may send. All of them only read. */
const ALLOWED = /** @type {const} */ ([
  "SHOW_NEIGHBOR",
  "SHOW_RIB",
  "SHOW_RIB_PREFIX",
  "SHOW_RIB_MEM",
]);

/** The message types that the relay lets pages send. */
export const ALLOWED_TYPES = ALLOWED.map((name) => bgpd.messages[name].type);
