import { describe, expect, it } from "vitest";
import { program, RUNTIMES } from "./programs.ts";

const { run } = program("arguments");
const WEB = ["fromMessagePort", "fromRTCDataChannel", "fromStreams", "fromWebSocket", "fromWindow"];
const OWN: Readonly<Record<string, string[]>> = {
  node: ["connect", "dup", "fromDuplex", "fromSocket", "listen", "spawn"],
  deno: ["closeFd", "connect", "dup", "fromConn", "fromSocket", "listen", "readFd"],
  bun: ["connect", "dup", "fromSocket", "listen", "socketHandler"],
};

describe.each(RUNTIMES)("in $name", (runtime) => {
  it("every function of the entry refuses arguments of other types with an ImsgError", async () => {
    const names = [...OWN[runtime.name]!, ...WEB].sort();
    expect(await run(runtime, "functions")).toEqual({ lines: [], names });
  });

  it("every function refuses bad options with an ImsgError, and a server goes on", async () => {
    expect(await run(runtime, "options")).toEqual([]);
  });
});
