// The message types that the page and the frame agree on.

/** The frame runs, and knows of nothing. */
export const READY = 1;
/** A capability, whose name is the payload. */
export const GRANT = 2;
/** What the frame could do, as JSON. */
export const REPORT = 3;

/** On the notebook's own channel: all of it, please. */
export const READ = 10;
/** One line more. */
export const APPEND = 11;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @type {(text: string) => Uint8Array<ArrayBuffer>} */
export const bytes = (text) => encoder.encode(text);
/** @type {(message: { data: Uint8Array }) => string} */
export const text = ({ data }) => decoder.decode(data);
