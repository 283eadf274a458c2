import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { createInstance } from "../../../ts/entry/c.ts";
import { ImsgChannel, ImsgCodec, ImsgDecoderStream } from "../../../ts/entry/index.ts";
import { connect, listen } from "../../../ts/entry/node.ts";
import { defineProtocol, struct, u8 } from "../../../ts/entry/protocol.ts";
import { fromWebSocket } from "../../../ts/entry/web.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const folder = `${top}/ts/entry`;

/** The files of the entries. */
const entries = (): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && name !== "cli.ts")
    .map((name) => `${folder}/${name}`);

/** An optional property of an interface that an entry exports, or that its declarations name. */
interface Optional {
  readonly name: string;
  readonly type: string;
}

/** Collects optional properties from the declarations of all exports on. */
function optionalProperties(program: ts.Program): Optional[] {
  const checker = program.getTypeChecker();
  const found: Optional[] = [];
  const seen = new Set<ts.Node>();
  const follow = (symbol: ts.Symbol | undefined): void => {
    if (symbol === undefined) return;
    const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    for (const declaration of own.declarations ?? []) {
      if (declaration.getSourceFile().fileName.startsWith(`${top}/ts/`)) visit(declaration);
    }
  };
  const visit = (node: ts.Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (ts.isBlock(node)) return; // the code of a function
    if (ts.isPropertySignature(node) && node.questionToken !== undefined) {
      const { parent } = node;
      const owner = ts.isInterfaceDeclaration(parent) ? parent.name.text : "a literal";
      found.push({ name: `${owner}.${node.name.getText()}`, type: node.type?.getText() ?? "" });
    }
    if (ts.isTypeReferenceNode(node)) follow(checker.getSymbolAtLocation(node.typeName));
    if (ts.isExpressionWithTypeArguments(node)) {
      follow(checker.getSymbolAtLocation(node.expression));
    }
    ts.forEachChild(node, visit);
  };
  for (const file of entries()) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    for (const symbol of checker.getExportsOfModule(module)) follow(symbol);
  }
  return found;
}

describe("every optional property", () => {
  let found: Optional[];

  beforeAll(() => {
    const config = ts.readConfigFile(`${top}/tsconfig.json`, ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, top);
    found = optionalProperties(ts.createProgram(entries(), options));
  });

  it("of every type that an entry exports accepts undefined", () => {
    const refusing = found.filter(({ type }) => !/\b(undefined|unknown)\b/.test(type));
    expect(refusing).toEqual([]);
  });

  it("is found by this test, wherever it stands", () => {
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "ImsgOptions.maxSize",
        "CodecOptions.copy",
        "ChannelOptions.signal",
        "MessageInit.data",
        "SendInit.fd",
        "WaitOptions.signal",
        "RequestOptions.timeout",
        "ServerOptions.mode",
        "ServerCloseOptions.abort",
        "SpawnChannelOptions.spawn",
        "DenoTcpAddress.hostname",
        "WebSocketTransportOptions.closing",
        "WebSocketClosing.reason",
        "Passed.dispose",
        "Transport.unsent",
        "ComposeInit.fd",
        "InstanceOptions.debug",
        "ProtocolInit.abi",
        "AskOptions.timeout",
        "StructOptions.name",
      ]),
    );
  });
});

/** An object that has every given property, each undefined. */
const undefinedFor = (names: readonly string[]): object =>
  Object.fromEntries(names.map((name) => [name, undefined]));

const IMSG = ["maxSize", "pid", "dialect", "instance"];
const CHANNEL = [
  ...IMSG,
  ...["highWaterMark", "maxQueued", "lingerTimeout", "allowFdPass", "copy", "signal"],
];

describe("an option that is undefined means the same as an absent one", () => {
  it("for codecs and transforms", () => {
    using codec = new ImsgCodec(undefinedFor([...IMSG, "copy"]));
    const message = { type: 1, ...undefinedFor(["peerid", "pid", "data"]) };
    const [decoded] = codec.push(codec.encode(message));
    expect(decoded).toMatchObject({ type: 1, peerid: 0, pid: process.pid });
    expect(decoded!.data).toHaveLength(0);
    expect(() => new ImsgDecoderStream(undefinedFor(IMSG))).not.toThrow();
  });

  it("for channels, their sends, receives and requests", async () => {
    const [up, down] = [new TransformStream(), new TransformStream()];
    const options = undefinedFor(CHANNEL);
    const a = new ImsgChannel({ readable: up.readable, writable: down.writable }, options);
    const b = new ImsgChannel({ readable: down.readable, writable: up.writable }, options);
    const fields = undefinedFor(["peerid", "pid", "data", "fd"]);
    await a.send({ type: 1, ...fields }, undefinedFor(["signal"]));
    expect(await b.receive(undefinedFor(["signal"]))).toMatchObject({ type: 1, peerid: 0 });
    const reply = a.request({ type: 2, ...fields }, undefinedFor(["match", "signal", "timeout"]));
    await b.reply((await b.receive())!, { type: 3, ...undefinedFor(["pid", "data", "fd"]) });
    expect(await reply).toMatchObject({ type: 3 });
    await Promise.all([a.close(), b.close()]);
  });

  it("for servers and sockets", async () => {
    const more = undefinedFor(["onError", "mode", "keepAlive", "noDelay"]);
    const server = await listen(
      { port: 0, host: "127.0.0.1" },
      async (channel) => {
        for await (const m of channel) await channel.reply(m, { type: 5 });
      },
      { ...undefinedFor(CHANNEL), ...more },
    );
    const address = { port: server.port, host: "127.0.0.1" };
    const channel = await connect(address, undefinedFor(CHANNEL));
    expect(await channel.request({ type: 4 })).toMatchObject({ type: 5 });
    await channel.close();
    await server.close(undefinedFor(["abort", "signal"]));
  });

  it("for a WebSocket", () => {
    const socket = {
      ...{ readyState: 0, binaryType: "blob" },
      ...{ send() {}, close() {}, addEventListener() {}, removeEventListener() {} },
    };
    const channel = fromWebSocket(socket, undefinedFor([...CHANNEL, "closing"]));
    channel.abort();
    expect(channel.closed).toBeInstanceOf(Promise);
  });

  it("for C's API and its instances", () => {
    const module = readFileSync(`${top}/wasm/imsg.wasm`);
    const instance = createInstance(module, undefinedFor(["debug"]));
    const socket = new instance.Socket();
    const imsgbuf = instance.Imsgbuf.init(socket);
    imsgbuf.compose({ type: 7, ...undefinedFor(["peerid", "pid", "fd", "data"]) });
    imsgbuf.flush();
    expect(socket.take()[0]!.data).toHaveLength(16);
  });

  it("for protocols", () => {
    const names = ["version", "dialect", "maxSize", "peerid", "abi", "ends"];
    const payload = struct({ a: u8 }, undefinedFor(["name", "abi"]));
    const message = undefinedFor(["receive", "reply", "lists", "last", "note"]);
    const protocol = defineProtocol({
      ...undefinedFor(names),
      name: "p",
      messages: { M: { type: 1, send: payload, ...message } },
    });
    expect(protocol.encode("M", { a: 3 }, "send")).toEqual(Uint8Array.of(3));
    expect(protocol.dialect).toBe("current");
  });
});
