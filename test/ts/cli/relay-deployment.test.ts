/** How the packed relay is deployed: behind nginx, with TLS, from systemd. */
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../helpers/port.ts";
import { packed } from "./command.ts";
import { clientOf, relayTo, rememberingDaemon } from "./relay-client.ts";
import { sleep, temporary } from "./relay-tools.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));
const has = (command: string): boolean =>
  spawnSync("/bin/sh", ["-c", `command -v ${command}`]).status === 0;
/** nginx closes an idle connection after 60 s: IMSG_IDLE=70 waits longer. */
const IDLE = Number(process.env.IMSG_IDLE ?? 1) * 1000;

test("clients connect with TLS to --cert and --key", async () => {
  const folder = temporary();
  const [key, cert] = [join(folder, "key"), join(folder, "cert")];
  const args = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
  ];
  const names = ["-subj", "/CN=localhost", "-days", "2", "-keyout", key, "-out", cert];
  expect(spawnSync("openssl", [...args, ...names]).status).toBe(0);
  const daemon = await rememberingDaemon();
  const tls = { cert: readFileSync(cert), key: readFileSync(key) };
  const relay = await relayTo(daemon.target, { tls, maxConnections: 1 });
  expect(relay.url).toMatch(/^wss:/);
  const origin = relay.url.replace("wss:", "https:").replace(/\/$/, "");
  const client = await clientOf(relay, { rejectUnauthorized: false, origin });
  client.send({ type: 1, pid: 3 });
  await (await daemon.connection(0)).has(1);
  // longer than a stranger may stay: a TLS client is none
  await sleep(5500);
  client.send({ type: 2, pid: 3 });
  await (await daemon.connection(0)).has(2);
  const foreign = clientOf(relay, {
    rejectUnauthorized: false,
    origin: origin.replace("https", "http"),
  });
  await expect(foreign).rejects.toThrow("403");
}, 20_000);

test.runIf(has("nginx")).each([
  ["its own Host", ""],
  ["$host:$server_port", "proxy_set_header Host $host:$server_port;"],
  ["$http_host", "proxy_set_header Host $http_host;"],
])(
  "nginx in front, with %s, passes a page's messages and its silence",
  async (_what, header) => {
    const folder = temporary();
    const port = await freePort();
    const daemon = await rememberingDaemon();
    const origin = `http://127.0.0.1:${port}`;
    const relay = await relayTo(daemon.target, { allowOrigins: [origin], path: "/relay" });
    const file = join(folder, "nginx.conf");
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    writeFileSync(
      file,
      `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
events { worker_connections 64; }
http { access_log off; ${paths.join(" ")}
  server { listen 127.0.0.1:${port};
    location /relay { proxy_pass http://127.0.0.1:${relay.port}; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; ${header} } } }`,
    );
    const nginx = spawn("nginx", ["-c", file, "-e", `${folder}/error.log`], { stdio: "ignore" });
    const ended = new Promise((resolve) => nginx.once("exit", resolve));
    onTestFinished(async () => {
      nginx.kill("SIGTERM");
      await ended;
    });
    const url = `ws://127.0.0.1:${port}/relay`;
    let client: Awaited<ReturnType<typeof clientOf>> | undefined;
    for (let i = 0; i < 50 && client === undefined; i++) {
      client = await clientOf({ ...relay, url }, { origin }).catch(() => undefined);
      if (client === undefined) await sleep(100);
    }
    client!.send({ type: 1, pid: 3 });
    const side = await daemon.connection(0);
    await side.has(1);
    await sleep(IDLE);
    side.send({ type: 4, pid: 9 });
    expect(await client!.receive()).toMatchObject({ type: 4 });
    await expect(clientOf({ ...relay, url }, { origin: "http://evil.example" })).rejects.toThrow(
      "403",
    );
  },
  120_000,
);

test.runIf(has("systemd-analyze"))("systemd accepts the units, and finds little exposed", () => {
  const folder = temporary();
  for (const name of ["imsg-relay.service", "imsg-relay.socket"]) {
    copyFileSync(join(top, "examples/systemd", name), join(folder, name));
  }
  const service = join(folder, "imsg-relay.service");
  // the command need not be installed here
  writeFileSync(
    service,
    readFileSync(service, "utf8")
      .replace("/usr/bin/imsg", "/bin/true")
      .replace(/^Documentation=.*\n/m, ""),
  );
  const verify = spawnSync(
    "systemd-analyze",
    ["verify", service, join(folder, "imsg-relay.socket")],
    { encoding: "utf8" },
  );
  expect(verify.stderr.split("\n").filter((line) => line.includes("imsg-relay"))).toEqual([]);
  const security = spawnSync(
    "systemd-analyze",
    ["security", "--offline=true", "--threshold=20", service],
    { encoding: "utf8" },
  );
  expect(security.stdout + security.stderr).toMatch(/Overall exposure level/);
  expect(security.status).toBe(0);
});

test("a descriptor that listens already is served, as systemd passes it", async () => {
  const folder = temporary();
  const path = join(folder, "relay");
  const daemon = await rememberingDaemon();
  const cli = join(packed.folder, "cli.js");
  // a parent that listens and hands its socket over, as systemd does
  const parent = `
    import { createServer } from "node:net";
    import { spawn } from "node:child_process";
    const server = createServer().listen(${JSON.stringify(path)}, () => {
      const fd = server._handle.fd;
      const args = [${JSON.stringify(cli)}, "relay", "--listen", "fd:3", "--to", ${JSON.stringify(daemon.target)}, "--allow-type", "all"];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", fd] });
      process.on("SIGTERM", () => child.kill());
      child.once("exit", (code) => process.exit(code));
      server.on("connection", (socket) => socket.destroy());
      server._handle.onconnection = null;
    });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", parent], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  while (!text.includes("listening on") && child.exitCode === null) await sleep(20);
  expect(text).toMatch(/listening on ws\+unix:/);
  expect(text).not.toContain("warning");
  child.kill("SIGTERM");
  expect(await ended).toBe(0);
}, 20_000);
