import { fromMessagePort } from "imsg-wasm/web";
import { APPEND, bytes, GRANT, READ, READY, REPORT, text } from "./messages.mjs";

/** @import { ImsgChannel } from "imsg-wasm" */

const element = (/** @type {string} */ id) =>
  /** @type {HTMLElement} */ (document.getElementById(id));
const frame = /** @type {HTMLIFrameElement} */ (document.querySelector("iframe"));
const lines = ["the page was here"];
const show = () => {
  element("notebook").textContent = lines.join(" | ");
};

/** Serves the notebook on a channel, and nothing else. */
async function serve(/** @type {ImsgChannel} */ channel) {
  for await (const { type, peerid, data } of channel) {
    if (type === READ) await channel.send({ type, peerid, data: bytes(lines.join("\n")) });
    else if (type === APPEND && data.length <= 100) lines.push(text({ data }));
    show();
  }
}

/** A stream of ticks, which ends when its reader cancels it. */
function clock() {
  let ticks = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(++ticks);
    },
  });
}

/** A stream that shows the text that is written to it. */
function paper() {
  return new WritableStream({
    write(line) {
      element("written").textContent += String(line);
    },
  });
}

// the frame requests its channel: a port that is posted before the frame listens would be lost
window.addEventListener("message", async ({ source, data }) => {
  if (source !== frame.contentWindow || data !== "channel, please") return;
  const { port1, port2 } = new MessageChannel();
  frame.contentWindow?.postMessage("here", "*", [port2]);
  const channel = fromMessagePort(port1, { allowFdPass: true });
  const notebook = new MessageChannel();
  const served = fromMessagePort(notebook.port1);
  serve(served).catch(() => {}); // the frame may have aborted the channel
  element("revoke").onclick = () => served.abort(new Error("taken back"));
  const granted = { notebook: notebook.port2, clock: clock(), paper: paper() };

  for await (const message of channel) {
    if (message.type === READY) {
      for (const [name, fd] of Object.entries(granted)) {
        await channel.send({ type: GRANT, data: bytes(name), fd });
      }
    } else if (message.type === REPORT) {
      element("report").textContent = text(message);
    }
  }
});
show();
frame.src = "frame.html"; // the listener above must exist before the frame asks
