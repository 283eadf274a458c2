// Writes the names of the protocols that ship into docs/wireshark/imsg.lua. Run after `make package`.

import { readFileSync, writeFileSync } from "node:fs";
import { bgpd } from "imsg-wasm/protocols/bgpd";
import { ldpd } from "imsg-wasm/protocols/ldpd";
import { ntpd } from "imsg-wasm/protocols/ntpd";
import { smtpd68, smtpd74 } from "imsg-wasm/protocols/smtpd";
import { tmux } from "imsg-wasm/protocols/tmux";

const file = new URL("../docs/wireshark/imsg.lua", import.meta.url);

const tables = [bgpd, tmux, smtpd68, smtpd74, ntpd, ldpd].map(({ name, messages }) => {
  const rows = Object.entries(messages).map(([each, { type }]) => `    [${type}] = "${each}",\n`);
  return `  ${name} = {\n${rows.join("")}  },\n`;
});
const names = `local NAMES = {\n${tables.join("")}}\n`;
const text = readFileSync(file, "utf8");
writeFileSync(file, text.replace(/local NAMES = \{\n[\s\S]*?^\}\n/m, names));
