// A program that finds a socket on its descriptor 3 and passes descriptors on it, until it ends:
// what comes goes back, with one that reads what the other reads. Arguments: the folder of the
// built package.

import { files, lostSince, opened, runtime } from "./files.mjs";

const { fromSocket } = await import(`${process.argv[2]}/${runtime}.js`);
const { open, text } = await files();

const channel = await fromSocket(3, { allowFdPass: true });
let before;
for await (const message of channel) {
  // in Bun a thread waits for sockets, which opens descriptors of its own when it starts
  before ??= opened();
  const heard = text(message.takeFd());
  await channel.send({ type: message.type + 1, fd: open("/proc/self/comm"), data: heard });
}
const lost = (await lostSince(before)).join(", ");
await channel.send({ type: 0, data: new TextEncoder().encode(lost) });
await channel.close();
