import type { Colors } from "picocolors/types";
import type { Direction } from "../entry/protocol.ts";
import { type Fields, forJson } from "../inspect/fields.ts";
import { HEADER_SIZE } from "../inspect/position.ts";
import { tree } from "./fields.ts";
import { printable, printableJson } from "./status.ts";
import type { TypeNames } from "./values.ts";

/** A message as it is shown: the fields of the library's message, and its place. */
export interface Shown {
  /** The number of messages before it. */
  n: number;
  /** The offset of its header in the stream, in bytes; absent for live connections. */
  offset?: number;
  type: number;
  peerid: number;
  pid: number;
  /** Whether a descriptor came with it, by the mark in its header. */
  hasFd?: boolean;
  data: Uint8Array;
  /** Seconds since 1970, where it was recorded. */
  time?: number;
  /** The number of its connection, where there are several. */
  connection?: number;
  /** `send` is from the client; absent if unknown. */
  direction?: Direction;
  /** Bytes of its payload that a recording left out. */
  omitted?: number;
}

/** Decodes a payload. Returns undefined for one without a description. */
export type Reader = (message: Shown) => Fields | undefined;

/** Formats messages. */
export interface Format {
  /** The text before the first message; may be empty. */
  head(): string;
  /** The text of a message, with a newline at its end. */
  message(message: Shown): string;
}

/** A Buffer over the same memory. */
const buffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const ARROWS = { send: ">", receive: "<" } as const;
const WAYS = { send: "client", receive: "daemon" } as const;

/** The last second that was printed: most messages come in the second of the one before. */
let lastSecond = { seconds: Number.NaN, text: "" };

/** The latest time that ISO 8601 has, in seconds. */
const LATEST = 8.64e12;

/** Formats a time in ISO 8601, with microseconds; one that is out of range as seconds. */
function printTime(time: number): string {
  if (!(Math.abs(time) < LATEST)) return String(time);
  const microseconds = Math.round(time * 1e6);
  const seconds = Math.floor(microseconds / 1e6);
  if (seconds !== lastSecond.seconds) {
    lastSecond = { seconds, text: new Date(seconds * 1000).toISOString().replace("000Z", "") };
  }
  return `${lastSecond.text}${String(microseconds - seconds * 1e6).padStart(6, "0")}Z`;
}

/** One JSON object a line; `imsg connect` takes such lines. */
export function jsonFormat(names: TypeNames, read?: Reader): Format {
  return {
    head: () => "",
    message(message) {
      const { n, offset, time, connection, direction, type, peerid, pid, hasFd, data } = message;
      const record = {
        n,
        offset, // undefined is left out
        time: time === undefined ? undefined : printTime(time),
        connection,
        from: direction === undefined ? undefined : WAYS[direction],
        type,
        name: names.nameOf(type),
        len: HEADER_SIZE + data.length + (message.omitted ?? 0),
        peerid,
        pid,
        fd: hasFd ? true : undefined,
        data: message.omitted === undefined ? buffer(data).toString("hex") : undefined,
      };
      const fields = message.omitted === undefined ? read?.(message) : undefined;
      // the replacer is needed for decoded values only, and costs more than all the rest
      if (fields === undefined) return `${printableJson(JSON.stringify(record))}\n`;
      const decoded = "payload" in fields ? { payload: fields.payload } : fields;
      return `${printableJson(JSON.stringify({ ...record, ...decoded }, forJson))}\n`;
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
  return name === undefined ? String(type) : `${type} ${printable(name)}`;
};

const lengthOf = ({ data, omitted = 0 }: Shown): string =>
  String(HEADER_SIZE + data.length + omitted);

const TIME: Column = {
  title: "time",
  width: 27,
  left: true,
  of: ({ time }) => (time === undefined ? "" : printTime(time)),
};
const CONNECTION: Column = {
  title: "conn",
  width: 4,
  of: ({ connection }) => String(connection ?? ""),
};
const DIRECTION: Column = {
  title: "way",
  width: 3,
  left: true,
  of: ({ direction }) => (direction === undefined ? "" : ARROWS[direction]),
};

// wide enough for every number, so that none is cut
const COLUMNS: Column[] = [
  { title: "#", width: 8, of: ({ n }) => String(n) },
  { title: "offset", width: 14, of: ({ offset }) => String(offset) },
  { title: "type", width: 28, left: true, of: typeOf },
  { title: "len", width: 10, of: lengthOf },
  { title: "peerid", width: 10, of: ({ peerid }) => String(peerid) },
  { title: "pid", width: 10, of: ({ pid }) => String(pid) },
  { title: "fd", width: 3, left: true, of: ({ hasFd }) => (hasFd ? "fd" : "") },
];

/** Options of {@link tableFormat}. */
export interface TableOptions {
  /** Whether messages have offsets in a stream. */
  offsets: boolean;
  /** Whether messages have times, connections and directions. */
  recorded?: boolean;
  /** Whether messages have times, and neither connections nor directions. */
  timestamps?: boolean;
  /** Bytes of each payload that are printed; all if absent. */
  bytes?: number;
  /** Columns that a line of a hexdump may take; as many as 16 bytes need if absent. */
  width?: number;
  /** Decodes payloads: their fields are printed instead of bytes. */
  read?: Reader;
}

/** Cells with two spaces between them; a cell wider than its column moves the others. */
const line = (columns: readonly Column[], cells: readonly string[]): string => {
  let text = "";
  for (const [i, cell] of cells.entries()) {
    const { width, left } = columns[i]!;
    text += (i === 0 ? "" : "  ") + (left ? cell.padEnd(width) : cell.padStart(width));
  }
  return text.trimEnd();
};

/** Formats a message as a line, and under it its fields or a hexdump of its payload. */
export function tableFormat(names: TypeNames, colors: Colors, options: TableOptions): Format {
  const { offsets, recorded = false, timestamps = recorded, bytes, width, read } = options;
  const lines = hexdumpLines(width);
  const columns = [
    ...(timestamps ? [TIME] : []),
    ...(recorded ? [CONNECTION, DIRECTION] : []),
    ...COLUMNS.filter(({ title }) => offsets || title !== "offset"),
  ];
  const titles = line(
    columns,
    columns.map(({ title }) => title),
  );
  return {
    head: () => `${colors.bold(titles)}\n`,
    message(message) {
      const row = line(
        columns,
        columns.map((column) => column.of(message, names)),
      );
      const { omitted = 0 } = message;
      const fields = omitted === 0 ? read?.(message) : undefined;
      if (fields !== undefined && "payload" in fields)
        return `${row}\n${tree(fields.payload, MARGIN)}`;
      const problem =
        fields === undefined ? "" : `${MARGIN}${colors.red(printable(fields.problem, 500))}\n`;
      const shown = message.data.subarray(0, bytes);
      const left = message.data.length - shown.length + omitted;
      const more = left > 0 ? `${MARGIN}${colors.dim(`… ${left} more bytes`)}\n` : "";
      return `${row}\n${problem}${hexdump(shown, colors, lines)}${more}`;
    },
  };
}

const MARGIN = "          ";
const NARROW_MARGIN = "  ";

/** The layout of hexdump lines. */
export interface HexdumpLines {
  margin: string;
  /** Bytes of a line, a multiple of 8. */
  bytes: number;
}

const columnsOf = ({ margin, bytes }: HexdumpLines): number =>
  margin.length + 8 + 2 + (3 * bytes - 1 + bytes / 8 - 1) + 2 + bytes + 2;

/**
 * Returns lines with as many bytes as fit into `width` columns, but at least 8; with 16 bytes if
 * `width` is undefined. Uses a narrow margin if the wide one would cost 8 bytes a line.
 */
function hexdumpLines(width: number | undefined): HexdumpLines {
  const most = (margin: string): HexdumpLines => {
    let lines = { margin, bytes: 8 };
    for (let bytes = 8; columnsOf({ margin, bytes }) <= width!; bytes += 8) {
      lines = { margin, bytes };
    }
    return lines;
  };
  if (width === undefined) return { margin: MARGIN, bytes: 16 };
  const [wide, narrow] = [most(MARGIN), most(NARROW_MARGIN)];
  return narrow.bytes > wide.bytes ? narrow : wide;
}

/** Returns the columns of a terminal that is too narrow for 16 bytes a line, or else undefined. */
export function widthOf({ columns }: { columns?: number }): number | undefined {
  const usual = columnsOf({ margin: MARGIN, bytes: 16 });
  return columns !== undefined && columns > 0 && columns < usual ? columns : undefined;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Formats bytes as hexdump -C does: repeated lines become one `*`. Returns "" for no bytes. */
export function hexdump(
  data: Uint8Array,
  colors: Colors,
  { margin, bytes: size }: HexdumpLines,
): string {
  const bytes = buffer(data);
  const hexWidth = 3 * size - 1 + size / 8 - 1;
  let text = "";
  let folded = false;
  for (let at = 0; at < bytes.length; at += size) {
    const line = bytes.subarray(at, at + size);
    // print the last line always: it shows where the bytes end
    if (at > 0 && at + size < bytes.length && line.equals(bytes.subarray(at - size, at))) {
      if (!folded) text += `${margin}*\n`;
      folded = true;
      continue;
    }
    folded = false;
    let [hex, ascii] = ["", ""];
    for (const [i, byte] of line.entries()) {
      hex += (i === 0 ? "" : i % 8 === 0 ? "  " : " ") + HEX[byte]!;
      ascii += byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : ".";
    }
    const offset = at.toString(16).padStart(8, "0");
    text += `${margin}${colors.dim(offset)}  ${hex.padEnd(hexWidth)}  ${colors.dim(`|${ascii}|`)}\n`;
  }
  return text;
}
