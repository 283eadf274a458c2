import { MessageChannel } from "node:worker_threads";
import { streamTransport } from "../../../ts/channel/streams.ts";
import { messagePortTransport } from "../../../ts/transports/message-port.ts";
import { webSocketTransport } from "../../../ts/transports/websocket.ts";
import { transportContract } from "./contract.ts";
import { ports, streams, Unpausable, webSockets } from "./pairs.ts";

transportContract(
  "a MessagePort",
  () => {
    const [a, b] = ports();
    return { a: messagePortTransport(a), b: messagePortTransport(b) };
  },
  {
    holdsBack: false,
    counts: false,
    abortFails: true,
    value() {
      const { port1, port2 } = new MessageChannel();
      let open = true;
      port2.once("close", () => {
        open = false;
      });
      return {
        value: port1,
        same: (arrived) => arrived instanceof MessagePort,
        isOpen: () => open,
      };
    },
  },
);

const webSocketPair = async (protocols: string[], Kind?: typeof Unpausable) => {
  const [a, b] = await webSockets(protocols, Kind);
  return { a: webSocketTransport(a), b: webSocketTransport(b) };
};

transportContract("a WebSocket of the library ws", () => webSocketPair([]), { abortFails: true });

transportContract("a WebSocket that cannot pause", () => webSocketPair([], Unpausable), {
  pauses: false,
  abortFails: true,
});

transportContract("a WebSocket with credit", () => webSocketPair(["imsg.credit"]), {
  holdsBack: false,
  abortFails: true,
});

transportContract(
  "a pair of streams",
  () => {
    const [a, b] = streams();
    return { a: streamTransport(a), b: streamTransport(b) };
  },
  { abortFails: true },
);
