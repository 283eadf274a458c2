/** Channels with credit, and the bare peer of each: over a port, a data channel and a WebSocket. */
import { MessageChannel } from "node:worker_threads";
import { WebSocket } from "ws";
import type { ChannelOptions, ImsgChannel } from "../../../../ts/channel/channel.ts";
import { DataChannel, webSocketPairs } from "../sockets.ts";

/** The library whose laws are checked: as it is packed, or with a planted fault. */
export interface Library {
  fromMessagePort: typeof import("../../../../ts/entry/web.ts").fromMessagePort;
  fromRTCDataChannel: typeof import("../../../../ts/entry/web.ts").fromRTCDataChannel;
  fromWebSocket: typeof import("../../../../ts/entry/web.ts").fromWebSocket;
  startRelay: typeof import("../../../../ts/cli/relay/relay.ts").startRelay;
}

/** A channel whose peer counts what it gets, and sends what it likes. */
export interface Meeting {
  channel: ImsgChannel;
  /** Bytes of the frames that have come from the channel. */
  bytes(): number;
  /** The grants that have come from the channel. */
  grants(): number[];
  post(bytes: Uint8Array<ArrayBuffer>): void;
  /** Grants bytes, or anything that is no credit. */
  grant(credit: unknown): void;
  /** Ends the peer's side. */
  end(): void;
  close(): void;
}

/** Makes the channel and its peer. */
export type Meet = (library: Library, options?: ChannelOptions) => Promise<Meeting>;

const PROTOCOL = "imsg.credit";
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

function overPort({ fromMessagePort }: Library, options?: ChannelOptions): Meeting {
  const { port1, port2 } = new MessageChannel();
  const lengths: number[] = [];
  const grants: number[] = [];
  port2.on("message", (value: unknown) => {
    if (value instanceof ArrayBuffer) lengths.push(value.byteLength);
    else if (typeof value === "number") grants.push(value);
  });
  return {
    channel: fromMessagePort(port1 as never, options),
    bytes: () => sum(lengths),
    grants: () => grants,
    post: (bytes) => port2.postMessage(bytes.slice().buffer),
    grant: (credit) => port2.postMessage(credit),
    end: () => port2.postMessage(null),
    close: () => port2.close(),
  };
}

/** Counts frames of bytes and of text. */
function counter() {
  const lengths: number[] = [];
  const grants: number[] = [];
  return {
    bytes: () => sum(lengths),
    grants: () => grants,
    note: (data: unknown): void => {
      if (typeof data === "string") grants.push(Number(data));
      else lengths.push((data as ArrayBuffer).byteLength);
    },
  };
}

function overDataChannel({ fromRTCDataChannel }: Library, options?: ChannelOptions): Meeting {
  const [ours, theirs] = DataChannel.pair(PROTOCOL);
  const { note, ...counts } = counter();
  theirs.addEventListener("message", ({ data }) => note(data));
  return {
    ...counts,
    channel: fromRTCDataChannel(ours, options),
    post: (bytes) => theirs.send(bytes),
    grant: (credit) => theirs.send(String(credit)),
    end: () => theirs.send(new Uint8Array(0)),
    close: () => theirs.close(),
  };
}

/** A WebSocket that cannot be paused, as those of browsers. */
class Unpausable extends WebSocket {
  override pause = undefined as never;
  override resume = undefined as never;
}

async function overWebSocket(
  { fromWebSocket }: Library,
  options?: ChannelOptions,
): Promise<Meeting> {
  const pairs = await webSocketPairs(Unpausable);
  const [ours, theirs] = await pairs.open([PROTOCOL]);
  theirs.binaryType = "arraybuffer";
  const { note, ...counts } = counter();
  theirs.on("message", (data: Buffer, isBinary) => note(isBinary ? data : data.toString()));
  theirs.on("error", () => {});
  return {
    ...counts,
    channel: fromWebSocket(ours as never, options),
    post: (bytes) => theirs.send(bytes),
    grant: (credit) => theirs.send(String(credit)),
    end: () => theirs.send(new Uint8Array(0)),
    close() {
      theirs.terminate();
      pairs.close();
    },
  };
}

/** The ways to meet, by the names of the transports. */
export const meetings: Readonly<Record<string, Meet>> = {
  "a port": async (library, options) => overPort(library, options),
  "a data channel": async (library, options) => overDataChannel(library, options),
  "a WebSocket": overWebSocket,
};
