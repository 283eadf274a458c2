// The examples are plain JavaScript, which their own tsconfig.json checks against these types.

import { fileURLToPath } from "node:url";
import type { BgpdModule } from "../../../examples/bgpd/types.ts";
import type { TmuxModule } from "../../../examples/tmux/types.ts";

const place = (path: string): URL => new URL(`../../../examples/${path}`, import.meta.url);

const bgpd: BgpdModule = await import(place("bgpd/client.mjs").href);
const tmux: TmuxModule = await import(place("tmux/client.mjs").href);

export const { BgpdError, connectBgpd } = bgpd;
export const { Tmux, TmuxError } = tmux;

/** The paths of the commands, which run in node. */
export const commands = {
  bgpctl: fileURLToPath(place("bgpd/bgpctl.mjs")),
  tmux: fileURLToPath(place("tmux/tmux.mjs")),
};
