// The peer of the lives over WebSockets: a server of the library ws, which obeys the commands
// of peer.c on its standard input. Run by Node, whatever runtime is at the other end.
import process from "node:process";
import { WebSocketServer } from "ws";
import { End } from "./end.mjs";

const end = new End((numbers) => process.stdout.write(`${numbers.join(" ")}\n`));
const server = new WebSocketServer({
  port: 0,
  host: "127.0.0.1",
  perMessageDeflate: false,
  handleProtocols: (all) => [...all][0] ?? false,
});
server.on("listening", () => console.log(`L ${server.address().port}`));
server.on("connection", (socket) => {
  const hasCredit = socket.protocol === "imsg.credit";
  let credit = 65_536;
  let current = true;
  end.opened({
    canWrite: () => !hasCredit || credit > 0,
    write(bytes) {
      credit -= bytes.length;
      socket.send(bytes);
    },
    end: () => socket.send(new Uint8Array(0)),
    reset() {
      current = false;
      socket.terminate();
    },
    close() {
      current = false;
      socket.close(1000);
      socket.resume();
    },
    consumed(length) {
      if (hasCredit) socket.send(String(length));
    },
    hold(stopped) {
      if (hasCredit) return;
      if (stopped) socket.pause();
      else socket.resume();
    },
  });
  socket.on("message", (data, isBinary) => {
    if (!current) return;
    if (!isBinary) {
      credit += Number(data);
      end.proceed();
    } else if (data.length === 0) end.peerEnded();
    else end.received(data);
  });
  socket.on("error", () => {});
  socket.on("close", (code) => {
    if (current) end.gone(code !== 1000);
  });
});

let input = Buffer.alloc(0);
process.stdin.on("data", (chunk) => {
  input = Buffer.concat([input, chunk]);
  for (;;) {
    const at = input.indexOf("\n");
    if (at === -1) return;
    const [command, number = "0"] = input.subarray(0, at).toString().split(" ");
    const length = command === "b" ? Number(number) : 0;
    if (input.length < at + 1 + length) return;
    end.obey(command, Number(number), new Uint8Array(input.subarray(at + 1, at + 1 + length)));
    input = input.subarray(at + 1 + length);
  }
});
process.stdin.on("end", () => process.exit());
