/** How long a TCP connection is idle before probes look for its peer, in milliseconds. */
export const KEEP_ALIVE_DELAY = 60_000;
