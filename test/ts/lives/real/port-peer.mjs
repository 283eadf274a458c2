// The peer of the lives over MessagePorts: a worker, which obeys the commands of peer.c that
// are posted to it. A message with a port is a connection.
import { parentPort } from "node:worker_threads";
import { End } from "./end.mjs";

const end = new End((numbers) => parentPort.postMessage(numbers));

function open(port) {
  let credit = 65_536;
  let current = true;
  const close = () => {
    current = false;
    port.close();
  };
  end.opened({
    canWrite: () => credit > 0,
    write(bytes) {
      credit -= bytes.length;
      port.postMessage(bytes.buffer, [bytes.buffer]);
    },
    end: () => port.postMessage(null),
    reset() {
      port.postMessage("abort");
      close();
    },
    close,
    consumed: (length) => port.postMessage(length),
  });
  port.on("message", (data) => {
    if (!current) return;
    if (typeof data === "number") {
      credit += data;
      end.proceed();
    } else if (data === null) end.peerEnded();
    else if (data === "abort") {
      close();
      end.gone(true);
    } else end.received(new Uint8Array(data));
  });
}

parentPort.on("message", ({ port, command, number, bytes }) => {
  if (port !== undefined) open(port);
  else end.obey(command, number, bytes);
});
