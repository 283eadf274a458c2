// Documents as `bgpctl -j` prints them: a listing's begins before its last record is known.

import { BgpdError } from "./turns.mjs";

const indented = (/** @type {unknown} */ value) => JSON.stringify(value, null, "\t");

/**
 * Prints records as the array that is the document's only member; a document without records has
 * no member. If bgpd refuses the request, that is the document, and the error is thrown.
 *
 * @param {string} name
 * @param {AsyncIterable<unknown>} records
 * @param {(text: string) => Promise<void>} write
 */
export async function printRecords(name, records, write) {
  let any = false;
  try {
    for await (const record of records) {
      await write(any ? ",\n" : `{\n\t${JSON.stringify(name)}: [\n`);
      await write(indented(record).replace(/^/gm, "\t\t"));
      any = true;
    }
  } catch (error) {
    if (!any && error instanceof BgpdError) await printDocument(error.document, write);
    throw error;
  } finally {
    if (any) await write("\n\t]\n}\n");
  }
  if (!any) await write("{\n}\n");
}

/**
 * Prints one value as a document.
 *
 * @param {unknown} value
 * @param {(text: string) => Promise<void>} write
 */
export const printDocument = (value, write) => write(`${indented(value)}\n`);
