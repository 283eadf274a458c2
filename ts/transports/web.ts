import { type ChannelOptions, ImsgChannel } from "../channel/channel.ts";
import type { StreamPair } from "../channel/streams.ts";
import { fieldsOf } from "../module/error.ts";
import { type DataChannelLike, dataChannelTransport } from "./datachannel.ts";
import { type MessagePortLike, messagePortTransport } from "./message-port.ts";
import {
  type WebSocketLike,
  type WebSocketTransportOptions,
  webSocketTransport,
} from "./websocket.ts";
import { type WindowLike, windowPort } from "./window.ts";

/** Options of {@link fromWebSocket}. */
export interface WebSocketChannelOptions extends ChannelOptions, WebSocketTransportOptions {}

/**
 * Makes a channel over a WebSocket, which belongs to the channel from then on.
 * Messages that are sent before the socket is open wait for that.
 *
 * The bytes of the messages travel in binary frames, cut anywhere. A WebSocket
 * has no half-close, so an empty frame stands for one: {@link ImsgChannel.end}
 * sends it. A peer that ignores it sees the end with the close. Close code
 * 1000, and a close without a code (1005, `socket.close()` of a page), is a clean
 * end of both sides. Any other code, a lost connection, or a socket that could
 * not connect ends the channel with ECONNRESET; a text frame ends it with EINVAL.
 * These errors have `fromPeer`. An aborted channel closes with code 4000, or with
 * the code and reason that the option `closing` returns.
 *
 * `close()` resolves when the closing handshake is done, or after
 * `lingerTimeout`; a socket of the library ws is terminated then.
 *
 * Flow control: sending waits while `highWaterMark` bytes or more are buffered,
 * where the runtime counts them (WebKitGTK does not count the bytes in its
 * network process, which takes all). A socket of the library ws stops reading
 * while messages wait to be received. Where the server agrees to the subprotocol
 * "imsg.credit", the receiver grants the sender credit in text frames, so
 * that neither side can overflow the other. Without both, a peer that sends more
 * than may wait ends the channel with ERR_IMSG_OVERFLOW. Both ends must handle
 * credit if they agree to that subprotocol: a sender without credit waits after
 * 65,536 bytes for ever.
 *
 * A socket that was closed before: ENOTCONN. Throws EINVAL for bad options or no
 * WebSocket, ENOMEM; the socket is still the caller's then.
 *
 * @example
 * const channel = fromWebSocket(new WebSocket("wss://example.org/", "imsg.credit"));
 * const reply = await channel.request({ type: 1 });
 */
export function fromWebSocket(
  socket: WebSocketLike,
  options: WebSocketChannelOptions = {},
): ImsgChannel {
  return new ImsgChannel(webSocketTransport(socket, fieldsOf(options)), options);
}

/**
 * Makes a channel over a MessagePort, a Worker or the global scope of a dedicated
 * worker (`self`), which must carry nothing else until the channel has ended.
 *
 * Bytes are posted as ArrayBuffers of their own, which are transferred. Ports
 * have no end, so null is posted for the sender's end, and the string "abort" when
 * the channel is aborted; the other side gets ECONNRESET then, and also when the
 * runtime reports that the other side is gone before its end (Node, Deno, newer
 * browsers; elsewhere nothing reports it). After the peer's end, the same report
 * means that the peer receives nothing more. A worker's error is the cause of the
 * ECONNRESET in Node; in browsers, only a script that cannot be loaded ends the
 * channel. A port is closed when both sides have ended, a worker lives on. No
 * listener stays. Any other message ends the channel with EINVAL or EBADMSG. All
 * these errors have `fromPeer`.
 *
 * With `allowFdPass` a message can carry one object that can be transferred: a
 * MessagePort, a stream, an ArrayBuffer, an OffscreenCanvas, … It is posted with
 * the bytes. An object that is not taken is cancelled, aborted or closed. One that
 * turns out not to be transferable ends the channel with EINVAL, unless that shows
 * before it is sent.
 *
 * Flow control: the receiver posts positive integers, which grant the sender
 * credit in bytes. Each side starts with 65,536 bytes of credit; the sender waits
 * when it is used up. So a peer overflows the channel (ERR_IMSG_OVERFLOW) only if
 * it ignores that. A peer of version 0.1 does not know credit: its channel ends
 * with EINVAL at the first grant, after about 32,768 bytes, and its own sends stop
 * being granted. Both ends need the same version.
 *
 * Throws EINVAL for bad options or no port, ENOMEM.
 *
 * @example
 * // in a page
 * const channel = fromMessagePort(new Worker("worker.js", { type: "module" }));
 * // in the worker
 * for await (const m of fromMessagePort(self)) console.log(m.type);
 */
export function fromMessagePort(port: MessagePortLike, options?: ChannelOptions): ImsgChannel {
  return new ImsgChannel(messagePortTransport(port), options);
}

/**
 * Makes a channel to another window: a frame's `contentWindow`, `parent`, an
 * `opener`. The protocol is that of {@link fromMessagePort}. Messages are posted to
 * the given origin only, and messages of other windows or origins are ignored.
 *
 * A frame that leaves its page is not reported, so that requests need a
 * time-out; `abort()` ends the channel then. `origin` is an origin such as
 * "https://example.org". "null" stands for the opaque origin of a sandboxed frame;
 * messages to it reach every document that the frame loads. Throws EINVAL for a bad
 * window, origin or options, ENOMEM.
 *
 * @example
 * const channel = fromWindow(frame.contentWindow, "https://example.org");
 */
export function fromWindow(
  target: WindowLike,
  origin: string,
  options?: ChannelOptions,
): ImsgChannel {
  return new ImsgChannel(messagePortTransport(windowPort(target, origin)), options);
}

/**
 * Makes a channel over a WebRTC data channel, which belongs to the channel from
 * then on, and may not be open yet. It must be ordered and reliable, else EINVAL.
 *
 * Frames hold at most 16,384 bytes. An empty one ends the sender's side; a data
 * channel that closes before that ends the channel with ECONNRESET. A channel
 * whose `protocol` is "imsg.credit" has flow control as described for
 * {@link fromWebSocket}; create both ends with it. Sending waits as described there.
 * An aborted channel looks to the peer as one that closed before its end. Throws
 * EINVAL for bad options, ENOMEM.
 *
 * @example
 * const data = connection.createDataChannel("imsg", { protocol: "imsg.credit" });
 * const channel = fromRTCDataChannel(data);
 */
export function fromRTCDataChannel(
  channel: DataChannelLike,
  options: ChannelOptions = {},
): ImsgChannel {
  return new ImsgChannel(dataChannelTransport(channel), options);
}

/**
 * Makes a channel over a pair of byte streams, which it locks: a WebTransport
 * stream, a WebSocketStream's pair, or two ends of TransformStreams. The same as
 * `new ImsgChannel(pair, options)`. Throws EINVAL for bad options or locked
 * streams, ENOMEM; the streams are as before then.
 */
export function fromStreams(pair: StreamPair, options?: ChannelOptions): ImsgChannel {
  return new ImsgChannel(pair, options);
}
