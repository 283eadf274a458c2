import { dataChannelTransport } from "../../../../ts/transports/datachannel.ts";
import { messagePortTransport } from "../../../../ts/transports/message-port.ts";
import { webSocketTransport } from "../../../../ts/transports/websocket.ts";
import { type Nature, type Place, sessionsIn } from "../real/session.ts";
import { streamPlace } from "../real/stream-place.ts";
import { Watch } from "./watch.ts";
import { DrivenRemote, FrameRemote, WebWorkerRemote } from "./web-remotes.ts";

const CREDIT = "imsg.credit";
const watch = new Watch();
const nature: Nature = { seesGone: true, lingers: false, tellsResets: true };

async function websocket(): Promise<Place> {
  const remote = new DrivenRemote();
  return {
    ...{ remote, nature },
    async connect(credit) {
      const url = `ws://127.0.0.1:${remote.address}`;
      const socket = new WebSocket(url, credit ? [CREDIT] : []);
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
      return webSocketTransport(watch.over(socket, () => socket.readyState === 3));
    },
    stop: () => remote.stop(),
  };
}

async function port(): Promise<Place> {
  const remote = new WebWorkerRemote();
  return {
    ...{ remote, nature },
    async connect() {
      const { port1, port2 } = new MessageChannel();
      remote.connect(port2);
      let closed = false;
      const { close } = port1;
      port1.close = () => {
        closed = true;
        close.call(port1);
      };
      return messagePortTransport(watch.over(port1, () => closed));
    },
    stop: () => remote.stop(),
  };
}

async function datachannel(): Promise<Place> {
  const remote = new FrameRemote();
  return {
    ...{ remote, nature: { ...nature, keeps: true } },
    async connect(credit) {
      const channel = await remote.connect(credit ? CREDIT : "");
      return dataChannelTransport(watch.over(channel, () => channel.readyState === "closed"));
    },
    stop: () => remote.stop(),
  };
}

const places = { websocket, port, streams: streamPlace, datachannel };

/** Each kind of transport of a page, by its name. */
export const WEB_SESSIONS = sessionsIn(places, () => watch.open());
