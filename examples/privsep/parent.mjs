// Privilege separation with imsg: this process reads the files, and a child that may
// open none parses their contents.
//
//   node parent.mjs CONFIG            prints the settings
//   node parent.mjs --probe CONFIG    prints which attempts of the child were refused

import { readFile, realpath } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { spawn } from "imsg-wasm/node";
import {
  DONE,
  decode,
  encode,
  FILE,
  LARGEST,
  maxSize,
  OPEN,
  PARSE,
  PROBE,
  REFUSED,
  SETTING,
} from "./protocol.mjs";

/** Node's flags for a process that may read nothing but its own code. */
function restricted() {
  const here = dirname(fileURLToPath(import.meta.url));
  const library = dirname(dirname(fileURLToPath(import.meta.resolve("imsg-wasm/node"))));
  // the flag's name until Node 22
  const flag = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";
  return [
    flag,
    "--no-warnings",
    `--allow-fs-read=${join(here, "*")}`,
    `--allow-fs-read=${join(library, "package.json")}`,
    `--allow-fs-read=${join(library, "dist", "*")}`,
    join(here, "child.mjs"),
  ];
}

/** The contents of a file beside the first one, if the child may have it. */
async function grant(folder, name) {
  if (name !== basename(name) || name.startsWith(".")) throw new Error("not a plain name");
  const file = await realpath(join(folder, name)).catch(() => {
    throw new Error("there is no such file");
  });
  if (!file.startsWith(folder + sep)) throw new Error("it leads out of the folder");
  const contents = await readFile(file);
  if (contents.length > LARGEST) throw new Error("it is too large");
  return contents;
}

/** Has the child parse a file. Returns its settings, or the child's error. */
async function parse(channel, folder, name) {
  const settings = [];
  await channel.send({ type: PARSE, data: encode(name) });
  for await (const { type, peerid, data } of channel) {
    if (type === OPEN) {
      const reply = await grant(folder, decode(data)).then(
        (contents) => ({ type: FILE, peerid, data: contents }),
        (error) => ({ type: REFUSED, peerid, data: encode(error.message) }),
      );
      await channel.send(reply);
    } else if (type === SETTING) settings.push(JSON.parse(decode(data)));
    else if (type === DONE) {
      if (data.length > 0) throw new Error(decode(data));
      return settings;
    } else throw new Error(`the child says ${type}, which it never should`);
  }
  throw new Error("the child has ended");
}

const args = process.argv.slice(2);
const probing = args[0] === "--probe";
if (args.length !== (probing ? 2 : 1)) {
  console.error("usage: node parent.mjs [--probe] CONFIG");
  process.exit(2);
}
const path = await realpath(args.at(-1));
const { child, channel } = await spawn(process.execPath, restricted(), {
  maxSize,
  spawn: { env: {} },
});
try {
  if (probing) {
    const reply = await channel.request({ type: PROBE, peerid: 1, data: encode(path) });
    for (const [what, code] of Object.entries(JSON.parse(decode(reply.data)))) {
      console.log(`${what}: ${code}`);
    }
  } else {
    for (const { file, line, key, value } of await parse(channel, dirname(path), basename(path))) {
      console.log(`${key} = ${value} (${file}:${line})`);
    }
  }
} catch (error) {
  console.error(`privsep: ${error.message}`);
  process.exitCode = 1;
} finally {
  await channel.close();
  child.kill();
}
