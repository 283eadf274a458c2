// The types of the imsgs between parent and child.

/** Parent to child: parse the file that follows; the payload is its name. */
export const PARSE = 1;
/** Child to parent: may I have this file? The reply is FILE or REFUSED with the same peerid. */
export const OPEN = 2;
/** Parent to child: a file's contents. */
export const FILE = 3;
/** Parent to child: the reason why the child may not have the file. */
export const REFUSED = 4;
/** Child to parent: a setting, as JSON: { file, line, key, value }. */
export const SETTING = 5;
/** Child to parent: the parsing is over; the payload is an error, or empty. */
export const DONE = 6;
/** Parent to child: try what you must not do; the reply is JSON, { what: code }. */
export const PROBE = 7;

/** The largest file that the child may have, in bytes; an imsg carries it whole. */
export const LARGEST = 65536;
/** The option of both channels. */
export const maxSize = LARGEST + 16;

export const encode = (text) => new TextEncoder().encode(text);
export const decode = (data) => new TextDecoder().decode(data);
