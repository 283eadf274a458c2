import { fromMessagePort } from "imsg-wasm/web";
import { APPEND, bytes, GRANT, READ, READY, REPORT, text } from "./messages.mjs";

/** @type {Promise<MessagePort>} */
const given = new Promise((resolve, reject) => {
  window.addEventListener(
    "message",
    ({ ports: [port] }) => (port ? resolve(port) : reject(new Error("the page sent no port"))),
    { once: true },
  );
});
parent.postMessage("channel, please", "*");
const channel = fromMessagePort(await given, { allowFdPass: true });

/** The actions of the frame, by capability. */
const uses = {
  async notebook(/** @type {MessagePort} */ port) {
    const notebook = fromMessagePort(port);
    await notebook.send({ type: APPEND, data: bytes("the frame was here") });
    const reply = await notebook.request({ type: READ, peerid: 1 });
    notebook.closed.catch(() => report("notebook", "taken back"));
    return text(reply);
  },
  async clock(/** @type {ReadableStream<number>} */ stream) {
    const ticks = [];
    for (const reader = stream.getReader(); ticks.length < 3; ) {
      ticks.push((await reader.read()).value);
      if (ticks.length === 3) await reader.cancel();
    }
    return ticks.join();
  },
  async paper(/** @type {WritableStream<string>} */ stream) {
    const writer = stream.getWriter();
    await writer.write("Hello from the frame.");
    await writer.close();
    return "written";
  },
};

/** @type {Record<string, string>} */
const done = {};
function report(/** @type {string} */ name, /** @type {string} */ what) {
  done[name] = what;
  return channel.send({ type: REPORT, data: bytes(JSON.stringify(done)) });
}

/** Tries an action that the page did not allow, and returns the name of its error. */
async function attempt(/** @type {() => unknown} */ action) {
  try {
    await action();
    return "possible";
  } catch (error) {
    return /** @type {Error} */ (error).name;
  }
}

await report("the page's document", await attempt(() => parent.document.title));
await report("the network", await attempt(() => fetch("/dist/web.js")));
await channel.send({ type: READY });
for await (const message of channel) {
  const name = /** @type {keyof typeof uses} */ (text(message));
  if (message.type === GRANT && message.hasFd && Object.hasOwn(uses, name)) {
    await report(name, await uses[name](/** @type {never} */ (message.takeFd())));
  } else {
    message.dispose(); // the frame keeps no capability that it does not know
  }
}
