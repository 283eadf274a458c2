import Table from "cli-table3";
import type { Colors } from "picocolors/types";
import { HEADER_SIZE } from "./position.ts";
import type { TypeNames } from "./values.ts";

/** A message as it is shown: what the library tells, and where it stood. */
export interface Shown {
  /** How many came before it. */
  n: number;
  /** The offset of its header in the stream; absent for live connections. */
  offset?: number;
  type: number;
  peerid: number;
  pid: number;
  /** Whether a descriptor came with it, where the library tells. */
  hasFd?: boolean;
  data: Uint8Array;
}

/** How messages are written. */
export interface Format {
  /** What comes before the first message; may be empty. */
  head(): string;
  /** One message, with the newline at its end. */
  message(message: Shown): string;
}

/** A view as a Buffer, for its conversions. */
const buffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** One JSON object a line; `imsg connect` takes such lines. */
export function jsonFormat(names: TypeNames): Format {
  return {
    head: () => "",
    message({ n, offset, type, peerid, pid, hasFd, data }) {
      const record = {
        n,
        offset, // undefined is left out
        type,
        name: names.nameOf(type),
        len: HEADER_SIZE + data.length,
        peerid,
        pid,
        fd: hasFd ? true : undefined,
        data: buffer(data).toString("hex"),
      };
      return `${JSON.stringify(record)}\n`;
    },
  };
}

interface Column {
  title: string;
  width: number;
  left?: true;
  of(message: Shown, names: TypeNames): string;
}

const typeOf = ({ type }: Shown, names: TypeNames): string => {
  const name = names.nameOf(type);
  return name === undefined ? String(type) : `${type} ${name}`;
};

// wide enough for every number: a table that cuts numbers short would lie
const COLUMNS: Column[] = [
  { title: "#", width: 8, of: ({ n }) => String(n) },
  { title: "offset", width: 14, of: ({ offset }) => String(offset) },
  { title: "type", width: 28, left: true, of: typeOf },
  { title: "len", width: 10, of: ({ data }) => String(HEADER_SIZE + data.length) },
  { title: "peerid", width: 10, of: ({ peerid }) => String(peerid) },
  { title: "pid", width: 10, of: ({ pid }) => String(pid) },
  { title: "fd", width: 3, left: true, of: ({ hasFd }) => (hasFd ? "fd" : "") },
];

/** A table of nothing but its cells, with two spaces between them. */
const BARE = {
  chars: {
    ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
    ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
    ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "" },
    middle: "  ",
  },
  style: { "padding-left": 0, "padding-right": 0, head: [], border: [] },
};

/** A line for each message, and under it a hexdump of its payload. */
export function tableFormat(
  names: TypeNames,
  colors: Colors,
  options: { offsets: boolean; bytes?: number },
): Format {
  const columns = COLUMNS.filter(({ title }) => options.offsets || title !== "offset");
  const colAligns = columns.map(({ left }) => (left ? ("left" as const) : ("right" as const)));
  // a table of each row, which takes 0.2 ms: it can be printed before the next one is there, and
  // the library takes longer for the rows of a larger one
  const line = (cells: string[]): string => {
    const colWidths = cells.map((cell, i) => Math.max(cell.length, columns[i]!.width));
    const table = new Table({ ...BARE, colWidths, colAligns });
    table.push(cells);
    return table.toString().trimEnd();
  };
  return {
    head: () => `${colors.bold(line(columns.map(({ title }) => title)))}\n`,
    message(message) {
      const row = line(columns.map((column) => column.of(message, names)));
      const shown = message.data.subarray(0, options.bytes);
      const left = message.data.length - shown.length;
      const more = left > 0 ? `${MARGIN}${colors.dim(`… ${left} more bytes`)}\n` : "";
      return `${row}\n${hexdump(shown, colors)}${more}`;
    },
  };
}

const MARGIN = "          ";

/** Bytes as hexdump -C shows them, indented; empty for none. */
export function hexdump(data: Uint8Array, colors: Colors, margin = MARGIN): string {
  const bytes = buffer(data);
  let text = "";
  for (let at = 0; at < bytes.length; at += 16) {
    const line = bytes.subarray(at, at + 16);
    const hex = line.toString("hex").match(/../g)!;
    const halves = [hex.slice(0, 8).join(" "), hex.slice(8).join(" ")];
    const ascii = line.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
    const offset = at.toString(16).padStart(8, "0");
    text += `${margin}${colors.dim(offset)}  ${halves.join("  ").padEnd(48)}  ${colors.dim(`|${ascii}|`)}\n`;
  }
  return text;
}
