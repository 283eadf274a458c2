import type { Direction } from "../entry/protocol.ts";
import { fieldsBy } from "../inspect/fields.ts";
import type { AnyProtocol } from "../inspect/protocols.ts";
import { type Format, jsonFormat, type TableOptions, tableFormat, widthOf } from "./format.ts";
import { colorsFor, type Streams } from "./output.ts";
import type { TypeNames } from "./values.ts";

/** The options of all commands that print messages. */
export interface PrintOptions {
  names: TypeNames;
  /** Reads the payloads. */
  protocol?: AnyProtocol;
  /** JSON lines instead of a table. */
  json?: boolean;
  color?: boolean;
  /** Bytes of each payload that the table shows; all of them if absent. */
  bytes?: number;
  /** Columns for the table's hexdumps; those of the terminal if absent. */
  width?: number;
}

/**
 * The format that the options ask for. A message that has no direction of its own has `direction`.
 */
export function formatFor(
  { names, protocol, json, color, bytes, width }: PrintOptions,
  { stdout, env }: Pick<Streams, "stdout" | "env">,
  columns: Pick<TableOptions, "offsets" | "recorded" | "timestamps">,
  direction?: Direction,
): Format {
  const read = protocol === undefined ? undefined : fieldsBy(protocol, direction);
  if (json) return jsonFormat(names, read);
  const fitting = width ?? widthOf(stdout);
  return tableFormat(names, colorsFor(stdout, env, color), {
    ...columns,
    ...(bytes === undefined ? {} : { bytes }),
    ...(fitting === undefined ? {} : { width: fitting }),
    ...(read === undefined ? {} : { read }),
  });
}
