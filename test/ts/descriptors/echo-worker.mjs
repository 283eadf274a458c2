// Posts everything back, with what came along: the protocol of the port, without the library.

import { parentPort } from "node:worker_threads";

parentPort.on("message", (message) => {
  if (message === null) parentPort.postMessage(null);
  else if (message instanceof ArrayBuffer) parentPort.postMessage(message, [message]);
  else if (message !== "abort") parentPort.postMessage(message, [message.bytes, message.fd]);
});
