// The peer of the lives over data channels: a frame of another site, which obeys the commands of
// peer.c that arrive at a port. It answers one connection; each further data channel is a connection
// of the lives.
import { End } from "../real/end.mjs";

/** The longest frame that the peer sends, which every browser takes. */
const FRAME = 65_536;

const { port1: control, port2 } = new MessageChannel();
const end = new End((numbers) => control.postMessage({ numbers }));
const connection = new RTCPeerConnection();

/** Does what the state of a data channel may forbid. */
function quietly(run) {
  try {
    run();
  } catch {
    // it is closing
  }
}

connection.ondatachannel = ({ channel }) => {
  if (channel.label !== "life") return;
  const hasCredit = channel.protocol === "imsg.credit";
  let credit = 65_536;
  let current = true;
  let hasEnded = false;
  const send = (data) => quietly(() => channel.send(data));
  const close = () => {
    current = false;
    channel.close();
  };
  channel.binaryType = "arraybuffer";
  end.opened({
    canWrite: () => !hasCredit || credit > 0,
    write(bytes) {
      credit -= bytes.length;
      for (let at = 0; at < bytes.length; at += FRAME) send(bytes.subarray(at, at + FRAME));
    },
    end: () => send(new Uint8Array(0)),
    reset: close,
    close() {
      send(new Uint8Array(0));
      close();
    },
    consumed(length) {
      if (hasCredit) send(String(length));
    },
  });
  channel.onmessage = ({ data }) => {
    if (!current) return;
    if (typeof data === "string") {
      credit += Number(data);
      end.proceed();
    } else if (data.byteLength === 0) {
      hasEnded = true;
      end.peerEnded();
    } else end.received(new Uint8Array(data));
  };
  channel.onclose = () => {
    if (current) end.gone(!hasEnded);
  };
};

async function answer(offer) {
  await connection.setRemoteDescription(offer);
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== "complete") {
    await new Promise((resolve) => {
      connection.onicegatheringstatechange = resolve;
    });
  }
  control.postMessage({ answer: connection.localDescription.toJSON() });
}

control.onmessage = ({ data: { offer, dies, command, number, bytes } }) => {
  if (offer !== undefined) void answer(offer);
  else if (dies) connection.close();
  else end.obey(command, number, bytes);
};
parent.postMessage("ready", "*", [port2]);
