// A server and a client that talk imsg over WebTransport, both in Deno:
// deno run --allow-all --unstable-net echo.mjs
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImsgChannel } from "imsg-wasm";

/** A certificate that the client trusts by its hash, which browsers allow for two weeks. */
function makeCertificate() {
  const folder = mkdtempSync(join(tmpdir(), "imsg-webtransport-"));
  const [keyFile, certFile] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  try {
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const files = ["-keyout", keyFile, "-out", certFile];
    const args = ["req", "-x509", ...kind, "-days", "13", "-subj", "/CN=localhost", ...files];
    execFileSync("openssl", args, { stdio: "ignore" });
    return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(certFile, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function sha256(cert) {
  const base64 = cert.replace(/-----[^-]+-----|\s/g, "");
  return crypto.subtle.digest(
    "SHA-256",
    Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)),
  );
}

/** Sends every message of every stream back. */
async function serve(listener) {
  for await (const connection of connections(listener)) {
    const session = await Deno.upgradeWebTransport(connection);
    await session.ready;
    for await (const stream of session.incomingBidirectionalStreams) {
      const channel = new ImsgChannel(stream);
      for await (const message of channel) await channel.send(message);
      await channel.close();
    }
  }
}

async function* connections(listener) {
  for (;;) yield (await listener.incoming()).accept();
}

const { key, cert } = makeCertificate();
const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
const listener = endpoint.listen({ cert, key, alpnProtocols: ["h3"] });
const serving = serve(listener).catch(() => {}); // this loop ends when the session is closed

const session = new WebTransport(`https://127.0.0.1:${endpoint.addr.port}/`, {
  serverCertificateHashes: [{ algorithm: "sha-256", value: await sha256(cert) }],
});
await session.ready;
const channel = new ImsgChannel(await session.createBidirectionalStream());
let bytes = 0;
for (let i = 1; i <= 100; i++) {
  const reply = await channel.request({ type: 1, peerid: i, data: new Uint8Array(10_000).fill(i) });
  if (reply.data.every((byte) => byte === i)) bytes += reply.data.length;
}
console.log(`${bytes} bytes came back over WebTransport`);
await channel.close();
session.close();
listener.stop();
endpoint.close();
await serving;
