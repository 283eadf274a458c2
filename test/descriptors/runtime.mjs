// Passes descriptors in whatever runtime runs it, and prints what came of it.
// Arguments: the folder of the built package, the socket of a native peer with --fdpass, a folder.

import { readdirSync } from "node:fs";
import process from "node:process";

const [dist, peer, folder] = process.argv.slice(2);
const runtime = globalThis.Deno ? "deno" : globalThis.Bun ? "bun" : "node";
const { connect, listen } = await import(`${dist}/${runtime}.js`);
const at = (path) => (runtime === "bun" ? { unix: path } : { path });
const options = { allowFdPass: true };
const PASSES = 10_000;

/** open, read and close by the number, which Deno's own functions refuse. */
async function files() {
  if (runtime !== "deno") {
    const { closeSync, openSync, readSync } = await import("node:fs");
    return {
      open: (path) => openSync(path, "r"),
      read: (fd, bytes) => readSync(fd, bytes),
      close: closeSync,
    };
  }
  const { symbols } = Deno.dlopen("libc.so.6", {
    open: { parameters: ["buffer", "i32"], result: "i32" },
    read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    close: { parameters: ["i32"], result: "i32" },
  });
  return {
    open: (path) => symbols.open(new TextEncoder().encode(`${path}\0`), 0),
    read: (fd, bytes) => Number(symbols.read(fd, bytes, BigInt(bytes.length))),
    close: symbols.close,
  };
}

const { open, read, close } = await files();
const text = (fd) => {
  const bytes = new Uint8Array(64);
  const length = read(fd, bytes);
  close(fd);
  return new TextDecoder().decode(bytes.subarray(0, length));
};
const count = () => readdirSync("/proc/self/fd").length;
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
count();
const before = count();
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
result.leaked = count() - before;
result.refused = await a.send({ type: 1, fd: 999_999 }).catch(({ code }) => code);
result.nobody = await connect(at(`${path}-none`), options).catch(({ code }) => code);
result.tcp = await connect({ port: 1, hostname: "127.0.0.1" }, options).catch(({ code }) => code);
await Promise.all([a.close(), b.close()]);
await (server.close ?? server.stop).call(server);
console.log(JSON.stringify(result));
