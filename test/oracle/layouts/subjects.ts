// The subjects of the comparison: each protocol that ships, with the declarations of its daemon.

import { join } from "node:path";
import type { Layout, Messages } from "../../../ts/entry/protocol.ts";
import * as bgpd from "../../../ts/protocols/bgpd/index.ts";
import * as ldpd from "../../../ts/protocols/ldpd.ts";
import * as ntpd from "../../../ts/protocols/ntpd.ts";
import * as smtpd from "../../../ts/protocols/smtpd/index.ts";
import * as tmux from "../../../ts/protocols/tmux.ts";
import { cut, type Prelude } from "./measure.ts";
import type { SOURCES } from "./sources.mjs";

type AnyLayout = Pick<Layout<unknown, never>, "name" | "under" | "members" | "size" | "align">;

/** A protocol, and the declarations of C that belong to it. */
export interface Subject {
  readonly name: string;
  readonly source: keyof typeof SOURCES;
  readonly protocol: { readonly messages: Messages };
  /** C's enumeration of message types, and the part of C's names that ours omit. */
  readonly types: readonly [name: string, prefix: RegExp];
  readonly prelude: (folder: string) => Prelude;
  /** Structures that C has under the same name. */
  readonly structures: readonly AnyLayout[];
  /** Our structures for payloads that C sends without a structure, by the C type. */
  readonly wrapped?: Readonly<Record<string, AnyLayout>>;
  /** Named numbers, with C's prefix and suffix of each name. */
  readonly numbers: readonly (readonly [
    Readonly<Record<string, number | bigint>>,
    string,
    string?,
  ])[];
  /** Lengths that both sides name. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** The system's directories of headers, which a compiler of 32 bits does not search by itself. */
const SYSTEM = ["-D_GNU_SOURCE", "-idirafter", "/usr/include/x86_64-linux-gnu"];

const include = (...names: readonly string[]): string =>
  names
    .map(
      (name) => `#include ${name.endsWith(".h") && !name.startsWith("<") ? `"${name}"` : name}\n`,
    )
    .join("");

const BASE = [
  "<stddef.h>",
  "<stdint.h>",
  "<stdbool.h>",
  "<sys/types.h>",
  "<sys/time.h>",
  "<time.h>",
];

const bgpdNumbers: Subject["numbers"] = [
  [bgpd.aid, "AID_"],
  [bgpd.result, "CTL_RES_"],
  [bgpd.sessionState, "STATE_"],
  [bgpd.role, "ROLE_"],
  [bgpd.reconfAction, "RECONF_"],
  [bgpd.addpathMode, "ADDPATH_EVAL_"],
  [bgpd.exportType, "EXPORT_"],
  [bgpd.enforceAs, "ENFORCE_AS_"],
  [bgpd.authMethod, "AUTH_"],
  [bgpd.authAlg, "AUTH_AALG_"],
  [bgpd.authEncAlg, "AUTH_EALG_"],
  [bgpd.networkType, "NETWORK_"],
  [bgpd.rtrError, ""],
  [bgpd.setType, "", "_SET"],
  [bgpd.asSpec, "AS_"],
  [bgpd.timer, "Timer_"],
  [bgpd.actionType, "ACTION_"],
  [bgpd.origin, "ORIGIN_"],
  [bgpd.roaState, "ROA_"],
  [bgpd.aspaState, "ASPA_"],
  [bgpd.routeFlags, "F_PREF_"],
  [bgpd.requestFlags, "F_"],
  [bgpd.routeKinds, "F_"],
];

/** smtpd, of which two versions ship. */
const smtpdOf = (name: "opensmtpd68" | "opensmtpd74", protocol: Subject["protocol"]): Subject => ({
  name: name === "opensmtpd68" ? "smtpd 6.8" : "smtpd 7.4",
  source: name,
  protocol,
  types: ["imsg_type", /^IMSG_(CTL_)?/],
  prelude: (folder) => {
    const header = join(folder, "usr.sbin/smtpd/smtpd.h");
    const text = [
      include(...BASE),
      cut(header, "#define IMSG_VERSION", "#define SMTPD_", "#define STAT_KEY_SIZE"),
      cut(
        header,
        "enum imsg_type",
        "enum stat_type",
        "struct stat_value",
        "struct stat_kv",
        "struct stat_digest",
      ),
    ];
    return { text: text.join("\n"), options: SYSTEM };
  },
  structures: [smtpd.StatDigest, smtpd.StatValue, smtpd.StatKv],
  wrapped: {
    uint32_t: smtpd.Status,
    uint64_t: smtpd.EnvelopeId,
    size_t: smtpd.Found,
    int: smtpd.Tracing,
  },
  numbers: [
    [smtpd.statType, "STAT_"],
    [smtpd.statusFlags, "SMTPD_"],
  ],
  constants: { IMSG_VERSION: 16 },
});

/** All subjects. */
export const SUBJECTS: readonly Subject[] = [
  {
    name: "bgpd",
    source: "openbgpd",
    protocol: bgpd.bgpd,
    types: ["imsg_type", /^IMSG_(CTL_)?/],
    prelude: (folder) => ({
      text: include(...BASE, "bgpd.h", "session.h", "rde.h"),
      options: [
        "-DHAVE_ENDIAN_H",
        `-I${join(folder, "include")}`,
        `-I${join(folder, "src/bgpd")}`,
        ...SYSTEM,
      ],
    }),
    structures: [
      bgpd.EvpnAddress,
      bgpd.BgpdAddr,
      bgpd.Capabilities,
      bgpd.AddpathEval,
      bgpd.PeerConfig,
      bgpd.PeerStats,
      bgpd.AuthState,
      bgpd.AuthConfig,
      bgpd.Peer,
      bgpd.CtlTimer,
      bgpd.CtlNeighbor,
      bgpd.CtlShowRib,
      bgpd.FilterAs,
      bgpd.Community,
      bgpd.CtlShowRibRequest,
      bgpd.RdeMemstats,
      bgpd.Ktable,
      bgpd.KrouteFull,
      bgpd.CtlKrouteReq,
      bgpd.CtlShowInterface,
      bgpd.CtlShowNexthop,
      bgpd.CtlShowSet,
      bgpd.CtlShowRtr,
      bgpd.NetworkConfig,
      bgpd.FilterSet,
    ],
    wrapped: { "char[REASON_LEN]": bgpd.Reason, u_int: bgpd.Result, int: bgpd.Verbose },
    numbers: bgpdNumbers,
    constants: { AID_MAX: bgpd.AID_MAX, MAX_BGPD_IMSGSIZE: bgpd.bgpd.maxSize },
  },
  {
    name: "tmux",
    source: "tmux",
    protocol: tmux.tmux,
    types: ["msgtype", /^MSG_/],
    prelude: (folder) => ({
      text: `${include(...BASE, "tmux-protocol.h")}${cut(join(folder, "tmux.h"), "#define CLIENT_")}`,
      options: [`-I${folder}`, ...SYSTEM],
    }),
    structures: [
      tmux.MsgCommand,
      tmux.MsgReadOpen,
      tmux.MsgReadData,
      tmux.MsgReadDone,
      tmux.MsgWriteOpen,
      tmux.MsgWriteData,
      tmux.MsgWriteReady,
      tmux.MsgWriteClose,
    ],
    wrapped: { uint64_t: tmux.ClientFlags, int: tmux.Flags32, pid_t: tmux.ClientPid },
    numbers: [[tmux.clientFlags, "CLIENT_"]],
    constants: { PROTOCOL_VERSION: tmux.tmux.peerid },
  },
  smtpdOf("opensmtpd68", smtpd.smtpd68),
  smtpdOf("opensmtpd74", smtpd.smtpd74),
  {
    name: "ntpd",
    source: "openntpd",
    protocol: ntpd.ntpd,
    types: ["imsg_type", /^IMSG_(CTL_)?/],
    prelude: (folder) => ({
      text: include(...BASE, "ntpd.h"),
      options: [`-I${join(folder, "include")}`, `-I${join(folder, "src")}`, ...SYSTEM],
    }),
    structures: [ntpd.CtlShowStatus, ntpd.CtlShowPeer, ntpd.CtlShowSensor],
    wrapped: { int: ntpd.Count },
    numbers: [],
  },
  {
    name: "ldpd",
    source: "frr",
    protocol: ldpd.ldpd,
    types: ["imsg_type", /^IMSG_(CTL_)?/],
    prelude: (folder) => {
      const header = join(folder, "ldpd/ldpd.h");
      const text = [
        include(...BASE, "<sys/socket.h>", "<netinet/in.h>", "<net/if.h>"),
        cut(join(folder, "lib/if.h"), "typedef signed int ifindex_t", "#define INTERFACE_NAMSIZ"),
        cut(join(folder, "lib/pw.h"), "#define L2VPN_NAME_LEN"),
        cut(header, "#define IF_STA_", "#define NBR_STA_", "enum imsg_type", "union ldpd_addr"),
        cut(header, "enum iface_type", "enum hello_type", "enum auth_method", "struct ldp_stats"),
        cut(header, "struct ctl_iface", "struct ctl_disc_if", "struct ctl_disc_tnbr"),
        cut(header, "struct ctl_adj", "struct ctl_nbr", "struct ctl_rt", "struct ctl_pw"),
        cut(header, "struct ctl_ldp_sync"),
      ];
      return { text: text.join("\n"), options: SYSTEM };
    },
    structures: [
      ldpd.CtlIface,
      ldpd.CtlDiscIf,
      ldpd.CtlDiscTnbr,
      ldpd.CtlAdj,
      ldpd.LdpStats,
      ldpd.CtlNbr,
      ldpd.CtlRt,
      ldpd.CtlPw,
      ldpd.CtlLdpSync,
    ],
    wrapped: { "unsigned int": ldpd.InterfaceIndex },
    numbers: [
      [ldpd.family, "AF_"],
      [ldpd.interfaceType, "IF_TYPE_"],
      [ldpd.interfaceState, "IF_STA_"],
      [ldpd.neighborState, "NBR_STA_"],
      [ldpd.helloType, "HELLO_"],
      [ldpd.authMethod, "AUTH_"],
    ],
  },
];
