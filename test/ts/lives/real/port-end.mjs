// The peer's end of a MessagePort, in a worker of any runtime.

/** Connects an End with its port. */
export function openPort(end, port) {
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
  port.onmessage = ({ data }) => {
    if (!current) return;
    if (typeof data === "number") {
      credit += data;
      end.proceed();
    } else if (data === null) end.peerEnded();
    else if (data === "abort") {
      close();
      end.gone(true);
    } else end.received(new Uint8Array(data));
  };
}
