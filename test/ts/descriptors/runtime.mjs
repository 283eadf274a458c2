// Passes descriptors in whatever runtime runs it, and prints what came of it.
// Arguments: the folder of the built package, the socket of a native peer with --fdpass, a folder.

import process from "node:process";
import { files, lostSince, opened, runtime } from "./files.mjs";

const [dist, peer, folder] = process.argv.slice(2);
const { connect, fromSocket, listen, spawn } = await import(`${dist}/${runtime}.js`);
const at = (path) => (runtime === "bun" ? { unix: path } : { path });
const options = { allowFdPass: true };
const PASSES = 10_000;

const { open, close, text: bytes } = await files();
const text = (fd) => new TextDecoder().decode(bytes(fd));
const result = { runtime };

const channel = await connect(at(peer), options);
result.given = text((await channel.request({ type: 8, peerid: 1 })).takeFd());
const taken = await channel.request({ type: 9, peerid: 2, fd: open("/proc/self/comm") });
result.taken = [taken.data[0], taken.data.length > 4];
await channel.close();

let accepted;
const other = new Promise((resolve) => {
  accepted = resolve;
});
const path = `${folder}/${runtime}-${process.pid}`;
const server = await listen(at(path), accepted, options);
const a = await connect(at(path), options);
const b = await other;
const before = opened();
const talk = async (from, to) => {
  const sent = (async () => {
    for (let i = 0; i < PASSES / 2; i++) await from.send({ type: i, fd: open("/dev/null") });
  })();
  let passed = 0;
  for (let i = 0; i < PASSES / 2; i++) {
    const message = await to.receive();
    if (message.hasFd) passed++;
    if (i % 2 === 0) close(message.takeFd());
    else message.dispose();
  }
  await sent;
  return passed;
};
result.passed = await Promise.all([talk(a, b), talk(b, a)]);
result.leaked = await lostSince(before);
result.refused = await a.send({ type: 1, fd: 999_999 }).catch(({ code }) => code);
result.nobody = await connect(at(`${path}-none`), options).catch(({ code }) => code);
result.tcp = await connect({ port: 1, hostname: "127.0.0.1" }, options).catch(({ code }) => code);
const number = await fromSocket(open("/dev/null"), options).catch(({ code }) => code);
result.refused = [result.refused, number, await fromSocket(-1).catch(({ code }) => code)];
await Promise.all([a.close(), b.close()]);
// only Node can start a child here; the test starts the other runtimes
if (runtime === "node") {
  const program = new URL("./child.mjs", import.meta.url).pathname;
  const { channel: child } = await spawn(process.execPath, [program, dist], options);
  const reply = await child.request(
    { type: 1, fd: open("/proc/self/comm") },
    { match: () => true },
  );
  result.child = [reply.type, reply.data.length > 4, text(reply.takeFd()).length > 4];
  await child.end();
  result.childLeaked = new TextDecoder().decode((await child.receive()).data);
  await child.close();
}
await server.close();
console.log(JSON.stringify(result));
