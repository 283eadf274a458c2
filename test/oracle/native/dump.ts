/** The native decoder's result for a stream; records.c describes the format. */
import { runPeer } from "../../helpers/peer.ts";
import { concat, type ReferenceMessage } from "../reference/codec.ts";

export interface NativeMessage extends ReferenceMessage {
  /** A descriptor has arrived; hasFd means only that the header announced one. */
  gotFd: boolean;
}

export interface NativeResult {
  messages: NativeMessage[];
  /** The name of the errno that reading failed with. */
  error: string | undefined;
}

export interface NativeRecord {
  /** The native program reads each part by a read of its own. */
  parts: readonly Uint8Array[];
  maxSize?: number;
  /** Read with recvmsg and not readv. */
  fdpass?: boolean;
}

function parseMessage(fields: readonly string[]): NativeMessage {
  const [type, len, peerid, pid, mark, fd, payload] = fields;
  return {
    type: Number(type),
    len: Number(len),
    peerid: Number(peerid),
    pid: Number(pid),
    hasFd: mark === "1",
    gotFd: fd === "1",
    data: new Uint8Array(Buffer.from(payload === "-" ? "" : payload!, "hex")),
  };
}

/** Parses the output of the modes dump, handover and records: one result for each end. */
export function parseDump(text: string): NativeResult[] {
  const results: NativeResult[] = [];
  let messages: NativeMessage[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    const [word, ...fields] = line.split(" ");
    if (word === "message" && fields.length === 7) {
      messages.push(parseMessage(fields));
    } else if (word === "end" || word === "error") {
      results.push({ messages, error: fields[0] });
      messages = [];
    } else {
      throw new Error(`the native peer printed a line that is no record: ${line}`);
    }
  }
  if (messages.length > 0) throw new Error("the native peer's output stops without an end");
  return results;
}

/** Decodes one stream natively, as it comes through a pipe. */
export function nativeDump(bytes: Uint8Array, ...args: string[]): NativeResult {
  const [result] = parseDump(runPeer(["--mode", "dump", ...args], bytes).stdout);
  if (result === undefined) throw new Error("the native peer printed nothing");
  return result;
}

/** Decodes many streams natively in one process, each cut into reads at the ends of its parts. */
export function nativeRecords(records: readonly NativeRecord[]): NativeResult[] {
  const chunks: Uint8Array[] = [];
  for (const { parts, maxSize = 0, fdpass = false } of records) {
    const head = new DataView(new ArrayBuffer(12 + 4 * parts.length));
    head.setUint32(0, maxSize, true);
    head.setUint32(4, fdpass ? 1 : 0, true);
    head.setUint32(8, parts.length, true);
    for (const [i, part] of parts.entries()) head.setUint32(12 + 4 * i, part.length, true);
    chunks.push(new Uint8Array(head.buffer), ...parts);
  }
  const { code, stdout } = runPeer(["--mode", "records"], concat(chunks));
  const results = parseDump(stdout);
  if (code !== 0 || results.length !== records.length) {
    throw new Error(`the native peer decoded ${results.length} of ${records.length} records`);
  }
  return results;
}
