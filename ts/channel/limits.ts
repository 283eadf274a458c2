/**
 * The numbers of a channel: what may wait, and for how long. Numbers that bundlers are to put in
 * place of their names are in a file that only has numbers, which stands first in the package's code:
 * esbuild does that with the constants before the first other statement of a file.
 */

/** The default of `highWaterMark`, in bytes. */
export const HIGH_WATER_MARK = 65536;
/** The default of `maxQueued`, in bytes: 16 MiB. */
export const MAX_QUEUED = 16_777_216;
/** The default of `lingerTimeout`, in ms. */
export const LINGER_TIMEOUT = 5_000;
/** The longest delay that timers take, in ms; they would run at once after a longer one. */
export const LONGEST_TIMEOUT = 0x7fffffff;

/**
 * Bytes that a decoded message counts for besides its payload: about the memory
 * of its object, its Uint8Array and their share of the queue, measured in V8.
 */
export const MESSAGE_COST = 256;
/**
 * Memory of messages, in bytes, that is decoded without a break: 4 MiB. Then other
 * events get their turn: some 15,000 messages, a few ms.
 */
export const BREAK = 4_194_304;
/** Waiting chunks are joined up to so many bytes: a chunk costs some 250 bytes besides its own. */
export const BLOCK = 2048;

/** How many descriptors may wait to be received before the peer has to wait. */
export const FD_MARK = 16;
/**
 * How many descriptors may wait to be taken. Fewer than that wait in messages that
 * have not been received, so the oldest of more belongs to a message that has been.
 */
export const UNTAKEN = 64;
/** How many times the mark may wait while a request waits for a reply behind it. */
export const UNREAD = 16;
/** Twice the window of a peer with credit: its last piece may overrun the window by as much. */
export const WINDOW = 131_072;
/** How many requests that were given up are remembered, so that their late replies are dropped. */
export const REMEMBERED = 4096;

/** So many bytes leave half of the window for the next message, which else is copied; two such pieces are a default mark. */
export const FULL = 32768;
/** Bytes that encodeInto queues before it writes them, about as many as a window takes. */
export const FLUSH = 32760;
