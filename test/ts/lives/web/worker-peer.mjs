// The peer of the lives over MessagePorts in a browser: a worker, as real/port-peer.mjs is.
import { End } from "../real/end.mjs";
import { openPort } from "../real/port-end.mjs";

const end = new End((numbers) => self.postMessage(numbers));

self.onmessage = ({ data: { port, command, number, bytes } }) => {
  if (port !== undefined) openPort(end, port);
  else end.obey(command, number, bytes);
};
