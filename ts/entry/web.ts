/**
 * `imsg-wasm/web`: channels over what browsers and their workers have.
 *
 * @module
 */
import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import type { StreamPair } from "../channel/streams.ts";
import { type DataChannelLike, dataChannelTransport } from "../transports/datachannel.ts";
import { type MessagePortLike, messagePortTransport } from "../transports/message-port.ts";
import { type WebSocketLike, webSocketTransport } from "../transports/websocket.ts";

export type { DataChannelLike } from "../transports/datachannel.ts";
export type { MessagePortLike, PortListener } from "../transports/message-port.ts";
export type { FrameEvent, FrameSocket, WebSocketLike } from "../transports/websocket.ts";

/**
 * A channel over a WebSocket, which is the channel's from then on. What is sent
 * before the socket is open waits for that.
 *
 * The bytes of the messages travel in binary frames, cut anywhere. Close code
 * 1000 is a clean end of both sides, any other one ends the channel with
 * ECONNRESET; a text frame ends it with EINVAL. A WebSocket has no half-close,
 * so an empty frame stands for one: {@link ImsgChannel.end} sends it, and a
 * relay that ignores it learns of the end from the close. An aborted channel
 * closes with code 4000.
 *
 * Sending waits while `highWaterMark` bytes or more are buffered, where the
 * runtime counts them; WebKitGTK does not count what its network process holds,
 * which takes all. A WebSocket cannot be told to wait: when the messages are not
 * taken, the channel ends with ERR_IMSG_OVERFLOW. A socket that is
 * closed already: ENOTCONN. Throws EINVAL for bad options, ENOMEM; the socket is
 * still the caller's then.
 */
export function fromWebSocket(socket: WebSocketLike, options: ChannelOptions = {}): ImsgChannel {
  return new ImsgChannel(webSocketTransport(socket), options);
}

/**
 * A channel over a MessagePort, a Worker or the global scope of a dedicated
 * worker, which must carry nothing else from then on.
 *
 * Bytes are posted as ArrayBuffers of their own, which are transferred. Ports
 * have no end, so null is posted for the sender's, and the string "abort" when
 * the channel is broken off; the other side gets ECONNRESET then, and also when
 * the runtime tells that the other side is gone (Node, Deno, newer browsers;
 * otherwise nobody tells). A port is closed when both sides have ended, a
 * worker goes on. Anything else that is posted ends the channel with EINVAL.
 *
 * With `allowFdPass` a message can carry one object that can be transferred: a
 * MessagePort, a stream, an ArrayBuffer, an OffscreenCanvas, … It is posted with
 * the bytes. What nobody takes is cancelled, aborted or closed. What turns out not to
 * be transferable ends the channel with EINVAL, except if that shows before it is sent.
 *
 * Sending never waits, and the port cannot be told to wait: when the messages
 * are not taken, the channel ends with ERR_IMSG_OVERFLOW. Throws EINVAL for bad
 * options, ENOMEM.
 */
export function fromMessagePort(port: MessagePortLike, options?: ChannelOptions): ImsgChannel {
  return new ImsgChannel(messagePortTransport(port), options);
}

/**
 * A channel over a WebRTC data channel, which is the channel's from then on,
 * and may not be open yet. It must be ordered and reliable, else EINVAL.
 *
 * Frames hold at most 16,384 bytes. An empty one ends the sender's side; a data
 * channel that closes before ends the channel with ECONNRESET. Waiting and
 * limits are as with {@link fromWebSocket}. Throws EINVAL for bad options,
 * ENOMEM.
 */
export function fromRTCDataChannel(
  channel: DataChannelLike,
  options: ChannelOptions = {},
): ImsgChannel {
  return new ImsgChannel(dataChannelTransport(channel), options);
}

/**
 * A channel over a pair of byte streams, which it locks: a WebTransport stream,
 * a WebSocketStream's pair, or two ends of TransformStreams. The same as
 * `new ImsgChannel(pair, options)`. Throws EINVAL for bad options, ENOMEM.
 */
export function fromStreams(pair: StreamPair, options?: ChannelOptions): ImsgChannel {
  return new ImsgChannel(pair, options);
}
