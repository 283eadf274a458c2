import { type CodecOptions, ImsgCodec } from "../entry/index.ts";
import { UsageError } from "./status.ts";

/** The two layouts of the header: see docs/imsg.1. */
export type Dialect = "current" | "classic";

/** The names of the dialects. */
export const DIALECTS: readonly Dialect[] = ["current", "classic"];

/** The option of channels and codecs for the dialect. */
export interface DialectOptions {
  /** Which layout the peer's headers have; the current one if absent. */
  dialect?: Dialect | undefined;
}

/** An empty message with the classic mark of a descriptor: 65,552 bytes in the current dialect. */
const MARKED = Uint8Array.of(1, 0, 0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0);

/** Whether the library reads a dialect, found out by decoding a message of it. */
export function supports(dialect: Dialect): boolean {
  if (dialect === "current") return true;
  const options: CodecOptions & DialectOptions = { dialect };
  try {
    const codec = new ImsgCodec(options);
    try {
      return codec.push(MARKED).length === 1;
    } finally {
      codec.dispose();
    }
  } catch {
    return false;
  }
}

/** Returns the option for channels and codecs. Throws a {@link UsageError} for another dialect. */
export function dialectOptions(dialect: Dialect = "current"): DialectOptions {
  if (dialect === "current") return {};
  if (supports(dialect)) return { dialect };
  throw new UsageError(
    `the ${dialect} dialect is not supported yet (without descriptors, and below 65536 bytes, both dialects are the same bytes: leave --dialect out)`,
  );
}
