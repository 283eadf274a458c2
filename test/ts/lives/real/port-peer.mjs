// The peer of the lives over MessagePorts: a worker, which obeys the commands of peer.c that
// are posted to it. A message with a port is a connection.
import { parentPort } from "node:worker_threads";
import { End } from "./end.mjs";
import { openPort } from "./port-end.mjs";

const end = new End((numbers) => parentPort.postMessage(numbers));

parentPort.on("message", ({ port, command, number, bytes }) => {
  if (port !== undefined) openPort(end, port);
  else end.obey(command, number, bytes);
});
