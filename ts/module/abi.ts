/**
 * The numbers that TypeScript and C agree on: sizes, limits, layouts of
 * structures, flags. Nothing else in the library repeats them.
 */

/** An address in the module's memory; 0 is NULL. */
export type Pointer = number;

/** Bytes of a message's header: IMSG_HEADER_SIZE. */
export const HEADER_SIZE = 16;

/** The longest message by default, in bytes with its header: MAX_IMSGSIZE. */
export const DEFAULT_MAX_SIZE = 16384;

/** The largest value of maxSize: INT32_MAX. */
export const LARGEST_MAX_SIZE = 0x7fffffff;

/** Bytes of the window that chunks and records go through: BATCH_WINDOW. */
export const WINDOW_SIZE = 65520;

/** 32-bit words of the room for headers; the indices of RESULT_DROP_COUNT stand behind it. */
export const HEADERS_WORDS = 16384;

/** Bytes of a page of the allocator and of linear memory. */
export const PAGE_SIZE = 65536;

/** Flag of batch_open: descriptors may pass. BATCH_FDPASS. */
export const BATCH_FDPASS = 1;
/** Flag of batch_open: the peer speaks the classic dialect. BATCH_CLASSIC. */
export const BATCH_CLASSIC = 2;

// Indices of the 32-bit words of C's struct batch_result.
/** How many headers are ready. */
export const RESULT_COUNT = 0;
/** The errno of the error, or 0. */
export const RESULT_ERROR = 1;
/** Bytes until a message can be complete. */
export const RESULT_NEED = 2;
/** At the end of the stream: bytes of the cut message that were received. */
export const RESULT_HAVE = 3;
/** At the end of the stream: bytes that the cut message should have; 0 if none was cut. */
export const RESULT_TOTAL = 4;
/** Address of the first message's payload if the message began in an earlier chunk, or 0. */
export const RESULT_FIRST = 5;
/** How many messages came with a descriptor, at most 2. */
export const RESULT_FD_COUNT = 6;
/** Which messages those are: two words. */
export const RESULT_FD_MESSAGE = 7;
/** The numbers of their descriptors: two words. */
export const RESULT_FD = 9;
/** Bytes that were written. */
export const RESULT_OUTGOING = 11;
/** The host value that travels with those bytes, or 0. */
export const RESULT_VALUE = 12;
/** 1 if more bytes are queued. */
export const RESULT_MORE = 13;
/** How many messages were marked as having a descriptor and have none. */
export const RESULT_DROP_COUNT = 14;
/** Address of the written bytes. */
export const RESULT_OUTGOING_AT = 15;

/** Offsets in bytes within the original's structures, and their sizes, on wasm32. */
export const layout = {
  /** C's struct ibuf. */
  ibuf: {
    /** Size in bytes. */
    sizeof: 32,
    /** Address of its memory. */
    buf: 8,
    /** Bytes of that memory. */
    size: 12,
    /** Bytes that the memory may grow to. */
    max: 16,
    /** Write position. */
    wpos: 20,
    /** Read position. */
    rpos: 24,
    /** Descriptor; -1: none, -2: the ibuf is on the stack. */
    fd: 28,
  },
  /** C's struct imsgbuf. */
  imsgbuf: {
    /** Size in bytes. */
    sizeof: 20,
    /** Address of its msgbuf. */
    w: 0,
    /** The pid of messages that are composed without one. */
    pid: 4,
    /** The longest message in bytes, header included. */
    maxsize: 8,
    /** Descriptor of its socket. */
    fd: 12,
    /** 1 if descriptors may pass. */
    flags: 16,
  },
  /** C's struct imsg. */
  imsg: {
    /** Size in bytes. */
    sizeof: 24,
    /** The header's type. */
    type: 0,
    /** The header's length, itself included. */
    len: 4,
    /** The header's peerid. */
    peerid: 8,
    /** The header's pid. */
    pid: 12,
    /** Address of the payload; 0 if it is empty. */
    data: 16,
    /** Address of the ibuf that owns the payload. */
    buf: 20,
  },
  /** C's struct iovec. */
  iovec: {
    /** Size in bytes. */
    sizeof: 8,
    /** Address of the bytes. */
    base: 0,
    /** How many bytes. */
    len: 4,
  },
  /** The piece of written bytes that kernel_written returns. */
  segment: {
    /** Address of the next piece, or 0. */
    next: 0,
    /** How many bytes. */
    len: 4,
    /** The number of the descriptor that travels with its first byte, or -1. */
    fd: 8,
    /** The host value of that descriptor, or 0. */
    value: 12,
    /** Address of its bytes. */
    data: 16,
  },
} as const;
