// Sits between the demo and the native peer, and changes the peer's messages as LIE demands. The
// script that demo.test.ts writes starts it, and then executes the peer itself, on PATH-real.
import { existsSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const path = process.argv[2];
const [what, place] = process.env.LIE.split(" ");
const EMPTY_MESSAGE = Buffer.from("01000000100000000000000001000000", "hex");

// the demo's end of the pipe closes when the demo ends, which ends this process, too
process.stdin.on("end", () => process.exit()).resume();

const server = createServer({ allowHalfOpen: true }, (socket) => {
  const peer = connect({ path: `${path}-real`, allowHalfOpen: true });
  socket.on("error", () => {});
  peer.on("error", () => {});
  socket.on("data", (chunk) => peer.write(chunk));
  socket.on("end", () => peer.end());
  let at = 0;
  peer.on("data", (chunk) => {
    const i = Number(place) - at;
    at += chunk.length;
    if (what === "silence" || socket.writableEnded) return;
    const here = i >= 0 && i < chunk.length;
    if (here && what === "flip") chunk[i] ^= 1;
    if (here && what === "end") socket.end(chunk.subarray(0, i));
    else socket.write(chunk);
  });
  peer.on("end", () => {
    if (what === "extra") socket.write(EMPTY_MESSAGE);
    socket.end();
  });
});

while (!existsSync(`${path}-real`)) await sleep(5);
server.listen(path, () => console.log("ready"));
