/** Pairs of sockets that carry frames, as an attack needs many of them: made by one server for all. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { DataChannelLike } from "../../../ts/transports/datachannel.ts";
import type { FrameEvent } from "../../../ts/transports/frames.ts";

/** A server that makes pairs of open WebSockets. */
export interface WebSocketPairs {
  /** A pair; the first is paused until a transport starts. */
  open(protocols: string[]): Promise<[WebSocket, WebSocket]>;
  close(): void;
}

/**
 * Starts one server for all pairs of a test. A server for each pair would stay open until the test
 * ends, and its memory would count as the library's.
 */
export async function webSocketPairs(Kind = WebSocket): Promise<WebSocketPairs> {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    WebSocket: Kind,
    perMessageDeflate: false,
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    async open(protocols) {
      const accepted = once(server, "connection");
      const url = `ws://127.0.0.1:${port}`;
      const theirs = new WebSocket(url, protocols, { perMessageDeflate: false });
      const opened = once(theirs, "open");
      const [ours] = await accepted;
      ours.pause?.(); // until a transport starts
      await opened;
      return [ours, theirs];
    },
    close: () => void server.close(),
  };
}

/** A value that a data channel sends, or anything that the event of a hostile one could hold. */
type Sent = unknown;

/**
 * One end of a pair with the interface of an RTCDataChannel, which delivers what the other end sends
 * in later turns of the event loop, as a real one does.
 */
export class DataChannel extends EventTarget implements DataChannelLike {
  readyState: DataChannelLike["readyState"] = "open";
  readonly ordered = true;
  readonly maxRetransmits = null;
  readonly maxPacketLifeTime = null;
  readonly protocol: string;
  binaryType = "blob";
  bufferedAmount = 0;
  #peer: DataChannel | undefined;
  readonly #queue: Sent[] = [];

  constructor(protocol: string) {
    super();
    this.protocol = protocol;
  }

  /** Two ends that are connected to each other. */
  static pair(protocol: string): [DataChannel, DataChannel] {
    const ends: [DataChannel, DataChannel] = [new DataChannel(protocol), new DataChannel(protocol)];
    [ends[0].#peer, ends[1].#peer] = [ends[1], ends[0]];
    return ends;
  }

  /** Copies bytes, as a real one does; throws unless it is open. */
  send(data: Sent): void {
    if (this.readyState !== "open") {
      throw new DOMException("the data channel is not open", "InvalidStateError");
    }
    this.post(ArrayBuffer.isView(data) ? Uint8Array.from(data as Uint8Array).buffer : data);
  }

  /** Sends any value, also one that no real channel would. */
  post(value: Sent): void {
    const length = lengthOf(value);
    this.bufferedAmount += length;
    if (this.#queue.push(value) > 1) return;
    setImmediate(() => {
      for (const each of this.#queue.splice(0)) {
        this.bufferedAmount -= lengthOf(each);
        this.#peer!.#dispatch("message", { data: each });
      }
    });
  }

  /** Closes both ends, after what was sent. */
  close(): void {
    if (this.readyState !== "open") return;
    this.readyState = "closing";
    setImmediate(() => setImmediate(() => this.#closed()));
  }

  override addEventListener(type: string, listener: (event: FrameEvent) => void): void {
    super.addEventListener(type, listener as never);
  }

  override removeEventListener(type: string, listener: (event: FrameEvent) => void): void {
    super.removeEventListener(type, listener as never);
  }

  #closed(): void {
    for (const end of [this, this.#peer!]) {
      if (end.readyState === "closed") continue;
      end.readyState = "closed";
      end.#dispatch("close", {});
    }
  }

  #dispatch(type: string, fields: { data?: unknown }): void {
    if (type === "message" && this.readyState === "closed") return;
    this.dispatchEvent(Object.assign(new Event(type), fields));
  }
}

function lengthOf(value: Sent): number {
  if (typeof value === "string") return value.length;
  return value instanceof ArrayBuffer ? value.byteLength : 0;
}
