// The message types that the page and the frame agree on.

/** From the frame: it runs, and has no capability yet. */
export const READY = 1;
/** From the page: a capability; the payload is its name. */
export const GRANT = 2;
/** From the frame: the results of its attempts, as JSON. */
export const REPORT = 3;

/** On the notebook's own channel: requests the whole text. */
export const READ = 10;
/** On the notebook's own channel: adds a line. */
export const APPEND = 11;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @type {(text: string) => Uint8Array<ArrayBuffer>} */
export const bytes = (text) => encoder.encode(text);
/** @type {(message: { data: Uint8Array }) => string} */
export const text = ({ data }) => decoder.decode(data);
