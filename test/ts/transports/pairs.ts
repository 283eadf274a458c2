// Real connections of the kinds that have no socket of the kernel below them.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type ClientOptions, WebSocket, WebSocketServer } from "ws";
import type { MessagePortLike } from "../../../ts/transports/message-port.ts";
import type { WebSocketLike } from "../../../ts/transports/websocket.ts";

/** A WebSocket of the library ws that cannot be paused, as those of browsers. */
export class Unpausable extends WebSocket {
  override pause = undefined as never;
  override resume = undefined as never;
}

/** The two ends of a WebSocket, both open. */
export async function webSockets(
  protocols: string[] = [],
  Kind: typeof WebSocket = WebSocket,
  options: ClientOptions & { closeTimeout?: number } = {},
): Promise<[WebSocket & WebSocketLike, WebSocket & WebSocketLike]> {
  const server = new WebSocketServer({
    port: 0,
    host: "127.0.0.1",
    WebSocket: Kind,
    perMessageDeflate: false,
  });
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, "connection");
  const ours = new Kind(`ws://127.0.0.1:${port}`, protocols, options);
  const opened = once(ours, "open");
  const [theirs] = await accepted;
  theirs.pause?.(); // until a transport starts
  await opened;
  return [ours as never, theirs];
}

/** The two ends of a MessageChannel. */
export function ports(): [MessagePortLike, MessagePortLike] {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
}

export { streams } from "./stream-pair.ts";
