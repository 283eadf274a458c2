// Prints messages as rows of a table, counts them, and compares them.

const HEADER = 16;
const FIRST_BYTES = 12;

/** Messages and bytes so far, as they were printed. */
export const totals = { sent: 0, received: 0, bytes: 0 };

/** The difference between a message and the expected one. */
export class Difference extends Error {}

/** The form in which a sent message must arrive: with the fields that the library fills in. */
function whole({ type, peerid = 0, pid = process.pid, data }) {
  const payload = data === undefined ? new Uint8Array(0) : viewOf(data);
  return { type, length: HEADER + payload.length, peerid, pid, payload };
}

const viewOf = ({ buffer, byteOffset, byteLength }) =>
  new Uint8Array(buffer, byteOffset, byteLength);

export function printTitle(title) {
  console.log(`\n${title}`);
}

function row(arrow, { type, length, peerid, pid, payload }) {
  const first = [...payload.subarray(0, FIRST_BYTES)];
  const hex = first.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const text = first.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "."));
  const columns = [
    `  ${arrow}`,
    `type ${String(type).padEnd(4)}`,
    `len ${String(length).padStart(5)}`,
    `peerid ${String(peerid).padEnd(10)}`,
    `pid ${String(pid).padEnd(7)}`,
    hex.padEnd(FIRST_BYTES * 3),
    text.join(""),
  ];
  return columns.join("  ").trimEnd();
}

/** Prints and counts messages that went one way: the first and the last, if they are many. */
export function printMessages(arrow, messages) {
  const rows = messages.map(whole);
  for (const { length } of rows) totals.bytes += length;
  totals[arrow === "→" ? "sent" : "received"] += rows.length;
  const shown = rows.length > 4 ? [rows[0], undefined, rows.at(-1)] : rows;
  for (const each of shown) {
    console.log(each === undefined ? `  ${arrow}  … ${rows.length - 2} more` : row(arrow, each));
  }
}

/** Throws the first difference between a message and the expected one; undefined stands for the end. */
export function compare(expected, received) {
  if (expected === undefined && received === undefined) return;
  if (expected === undefined || received === undefined) {
    const say = (message) =>
      message === undefined ? "the end" : `\n${row("", whole(message))}\n  `;
    throw new Difference(`expected ${say(expected)}, but received ${say(received)}`);
  }
  const [want, got] = [whole(expected), whole(received)];
  for (const field of ["type", "length", "peerid", "pid"]) {
    if (want[field] !== got[field]) {
      throw new Difference(`expected ${field} ${want[field]}, but received\n${row("", got)}`);
    }
  }
  const at = want.payload.findIndex((byte, i) => byte !== got.payload[i]);
  if (at === -1) return;
  throw new Difference(
    `expected ${want.payload[at]} at byte ${at} of the payload, ` +
      `but received ${got.payload[at]} in\n${row("", got)}`,
  );
}
