// The child: parses the text that the parent sends, and has no permission for anything else. An exploited
// bug in here can do only what this process's permissions and the parent's answers allow.

import { Socket } from "node:net";
import { CHANNEL_FD, fromDuplex } from "imsg-wasm/node";
import { probe } from "./probe.mjs";
import { DONE, decode, encode, FILE, maxSize, OPEN, PARSE, PROBE, SETTING } from "./protocol.mjs";

const DEEPEST = 8;
const channel = fromDuplex(new Socket({ fd: CHANNEL_FD }), { maxSize });
let asked = 0;

/** The text of a file, from the parent: this process cannot open any. */
async function open(name) {
  const reply = await channel.request({ type: OPEN, peerid: ++asked, data: encode(name) });
  if (reply.type !== FILE) throw new Error(`${name}: ${decode(reply.data)}`);
  return decode(reply.data);
}

async function parse(file, depth) {
  if (depth > DEEPEST) throw new Error(`${file}: included too deep`);
  for (const [index, raw] of (await open(file)).split("\n").entries()) {
    const text = raw.replace(/#.*/, "").trim();
    if (text === "") continue;
    const include = /^include\s+(\S+)$/.exec(text);
    const setting = /^([\w.-]+)\s*=\s*(.*)$/.exec(text);
    if (include !== null) await parse(include[1], depth + 1);
    else if (setting !== null) {
      const [, key, value] = setting;
      const data = encode(JSON.stringify({ file, line: index + 1, key, value }));
      await channel.send({ type: SETTING, data });
    } else throw new Error(`${file}:${index + 1}: neither a setting nor an include`);
  }
}

for await (const { type, peerid, data } of channel) {
  if (type === PROBE) {
    const results = await probe(decode(data));
    await channel.send({ type: PROBE, peerid, data: encode(JSON.stringify(results)) });
  } else if (type === PARSE) {
    // do not await: the loop must continue, because it receives the parent's answers
    parse(decode(data), 0)
      .then(() => "")
      .catch((error) => error.message)
      .then((error) => channel.send({ type: DONE, data: encode(error) }))
      .catch(() => {});
  }
}
await channel.end();
