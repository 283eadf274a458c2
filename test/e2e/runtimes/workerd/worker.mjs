// Runs the suite in workerd: `workerd test`. The results are lines on stdout.
import { connect } from "cloudflare:sockets";
import * as channels from "imsg-wasm";
import * as c from "imsg-wasm/c";
import module from "imsg-wasm/imsg.wasm";
import * as web from "imsg-wasm/web";
import { openWebSocket, suite, wasmOf } from "../suite.mjs";

export default {
  async test(_controller, { tcp, relay }) {
    const peers = [
      {
        name: "cloudflare:sockets",
        pausable: true,
        counts: true,
        open: (options) => new channels.ImsgChannel(connect(tcp, { allowHalfOpen: true }), options),
      },
      {
        name: "WebSocket",
        pausable: false,
        counts: false,
        open: (options) => openWebSocket(web, relay, options),
      },
    ];
    const cases = suite({
      imsg: { ...channels, ...c },
      web,
      wasm: wasmOf(relay),
      module,
      peers,
      relay,
    });
    const note = (line) => console.log(JSON.stringify(line));
    note({ planned: cases.length, absent: ["Worker"] });
    for (const { name, run } of cases) {
      try {
        await run();
        note({ name, ok: true });
      } catch (error) {
        note({ name, ok: false, error: `${error}\n${error?.stack ?? ""}` });
      }
    }
  },
};
