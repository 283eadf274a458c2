// Recordings in Wireshark, by the dissector of docs/wireshark.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectionBlock, packetBlock, sectionBlock } from "../../../ts/inspect/recording.ts";
import { bgpd as bgpdProtocol } from "../../../ts/protocols/bgpd/index.ts";
import { ldpd } from "../../../ts/protocols/ldpd.ts";
import { ntpd } from "../../../ts/protocols/ntpd.ts";
import { smtpd68, smtpd74 } from "../../../ts/protocols/smtpd/index.ts";
import { tmux as tmuxProtocol } from "../../../ts/protocols/tmux.ts";
import { temporaryFolder } from "./program.ts";

const top = fileURLToPath(new URL("../../..", import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder?.remove());

describe("the dissector for Wireshark", () => {
  const protocols = [bgpdProtocol, tmuxProtocol, smtpd68, smtpd74, ntpd, ldpd];

  it.each(protocols.map(({ name }) => name))(
    "names every message of %s as the command does",
    (name) => {
      const { messages, dialect } = protocols.find((each) => each.name === name)!;
      const all = Object.entries(messages as Record<string, { type: number }>);
      const file = join(folder.path, `${name}-all.pcapng`);
      const packets = all.map(([, { type }], i) => {
        const bytes = new Uint8Array(16 + (i % 5));
        const view = new DataView(bytes.buffer);
        view.setUint32(0, type, true);
        const marked = i % 3 === 0;
        const mark = dialect === "classic" ? 0x10000 : 0x80000000;
        view.setUint32(4, (bytes.length | (marked ? mark : 0)) >>> 0, true);
        view.setUint32(8, 77, true);
        view.setUint32(12, i, true);
        const direction = i % 2 === 0 ? ("send" as const) : ("receive" as const);
        return {
          bytes,
          marked,
          block: packetBlock({ connection: 1, direction, time: i, bytes, length: bytes.length }),
        };
      });
      writeFileSync(
        file,
        Buffer.concat([
          sectionBlock(),
          connectionBlock(1, dialect),
          ...packets.map(({ block }) => block),
        ]),
      );
      const fields = [
        "imsg.name",
        "imsg.type",
        "imsg.len",
        "imsg.fd",
        "imsg.peerid",
        "imsg.pid",
        "frame.packet_flags_direction",
      ];
      const script = join(top, "docs/wireshark/imsg.lua");
      const args = [
        "-X",
        `lua_script:${script}`,
        "-o",
        `imsg.protocol:${name}`,
        "-r",
        file,
        "-T",
        "fields",
      ];
      const printed = execFileSync(
        "tshark",
        [...args, ...fields.flatMap((field) => ["-e", field])],
        {
          encoding: "utf8",
          env: { ...process.env, HOME: folder.path },
          stdio: ["ignore", "pipe", "ignore"],
        },
      );
      const rows = printed
        .split("\n")
        .slice(0, -1)
        .map((line) => line.split("\t"));
      const expected = all.map(([each, { type }], i) => {
        const { bytes, marked } = packets[i]!;
        return [
          each,
          `${type}`,
          `${bytes.length}`,
          marked ? "1" : "0",
          "77",
          `${i}`,
          i % 2 === 0 ? "0x00000002" : "0x00000001",
        ];
      });
      expect(rows).toEqual(expected);
    },
  );
});
