import {
  convert,
  cString,
  defineProtocol,
  empty,
  i32,
  type Messages,
  type Payload,
  raw,
  struct,
  trailing,
  trailingString,
  trailingStrings,
  u8,
  u64,
} from "../protocol/index.ts";
import type { Integer64 } from "../protocol/numbers.ts";

/** State and abilities of a client: `CLIENT_…`. The first 31 also fit the older IDENTIFY_FLAGS. */
export const clientFlags = {
  TERMINAL: 0x1n,
  LOGIN: 0x2n,
  EXIT: 0x4n,
  REDRAWWINDOW: 0x8n,
  REDRAWSTATUS: 0x10n,
  REPEAT: 0x20n,
  SUSPENDED: 0x40n,
  ATTACHED: 0x80n,
  EXITED: 0x100n,
  DEAD: 0x200n,
  REDRAWBORDERS: 0x400n,
  READONLY: 0x800n,
  NOSTARTSERVER: 0x1000n,
  CONTROL: 0x2000n,
  CONTROLCONTROL: 0x4000n,
  FOCUSED: 0x8000n,
  UTF8: 0x10000n,
  IGNORESIZE: 0x20000n,
  IDENTIFIED: 0x40000n,
  STATUSFORCE: 0x80000n,
  DOUBLECLICK: 0x100000n,
  TRIPLECLICK: 0x200000n,
  SIZECHANGED: 0x400000n,
  STATUSOFF: 0x800000n,
  REDRAWSTATUSALWAYS: 0x1000000n,
  REDRAWOVERLAY: 0x2000000n,
  CONTROL_NOOUTPUT: 0x4000000n,
  DEFAULTSOCKET: 0x8000000n,
  STARTSERVER: 0x10000000n,
  REDRAWPANES: 0x20000000n,
  NOFORK: 0x40000000n,
  ACTIVEPANE: 0x80000000n,
  CONTROL_PAUSEAFTER: 0x100000000n,
  CONTROL_WAITEXIT: 0x200000000n,
  WINDOWSIZECHANGED: 0x400000000n,
  CLIPBOARDBUFFER: 0x800000000n,
} as const;

type Flag = keyof typeof clientFlags;

const NAMES = Object.entries(clientFlags) as [Flag, bigint][];

function flagsOf(bits: bigint): Flag[] {
  return NAMES.filter(([, bit]) => (bits & bit) !== 0n).map(([name]) => name);
}

/** The sum of flags by their names, or a number as it is. */
function bitsOf(flags: readonly Flag[] | Integer64): Integer64 {
  if (!Array.isArray(flags)) return flags as Integer64;
  return (flags as readonly Flag[]).reduce((sum, name) => sum | (clientFlags[name] ?? 0n), 0n);
}

/** `uint64_t`: the flags of a client by their names. */
export const ClientFlags = struct(
  { flags: convert(u64, flagsOf, bitsOf) },
  { name: "client flags" },
);
/** `int`: the flags that older versions of tmux knew, as a number. */
export const Flags32 = struct({ flags: i32 }, { name: "flags" });
/** `int`: the features of the client's terminal, as a number. */
export const Features = struct({ features: i32 }, { name: "features" });
/** `pid_t`. */
export const ClientPid = struct({ pid: i32 }, { name: "client pid" });
/** `struct msg_command`, with the arguments behind it. */
export const MsgCommand = struct({ argc: i32, argv: trailingStrings }, { name: "msg_command" });
/** `struct msg_read_open`, with the path behind it. */
export const MsgReadOpen = struct(
  { stream: i32, fd: i32, path: trailingString },
  { name: "msg_read_open" },
);
/** `struct msg_read_data`, with the data behind it. */
export const MsgReadData = struct({ stream: i32, data: trailing(u8) }, { name: "msg_read_data" });
/** `struct msg_read_done`. */
export const MsgReadDone = struct({ stream: i32, error: i32 }, { name: "msg_read_done" });
/** `struct msg_write_open`, with the path behind it. */
export const MsgWriteOpen = struct(
  { stream: i32, fd: i32, flags: i32, path: trailingString },
  { name: "msg_write_open" },
);
/** `struct msg_write_data`, with the data behind it. */
export const MsgWriteData = struct({ stream: i32, data: trailing(u8) }, { name: "msg_write_data" });
/** `struct msg_write_ready`. */
export const MsgWriteReady = struct({ stream: i32, error: i32 }, { name: "msg_write_ready" });
/** `struct msg_write_close`. */
export const MsgWriteClose = struct({ stream: i32 }, { name: "msg_write_close" });
/** The command and the shell that a client is to run: two strings. */
export const ShellCommand = struct({ strings: trailingStrings }, { name: "shell command" });

/** How a command ended. */
export interface Exit {
  /** The exit status; 0 if the server sent none. */
  status: number;
  /** The text that the client must print; empty if there is none. */
  message: string;
}

const Status = struct({ status: i32, message: trailingString }, { name: "exit" });

/** The payload of EXIT, which may be empty. */
const exit: Payload<Exit, Partial<Exit> | undefined> = {
  encode: (value) => Status.encode(value),
  decode: (bytes) => (bytes.length === 0 ? { status: 0, message: "" } : Status.decode(bytes)),
  describe: () => Status.describe(),
  members: Status.members,
};

const VERSION = 8;

function otherVersion(_payload: Uint8Array, { peerid }: { peerid: number }): string {
  return `the tmux server speaks protocol version ${peerid & 0xff}, this client ${VERSION}`;
}

const messages = {
  VERSION: { type: 12, send: raw, receive: raw, failure: otherVersion },
  IDENTIFY_FLAGS: { type: 100, send: Flags32 },
  IDENTIFY_TERM: { type: 101, send: cString },
  IDENTIFY_TTYNAME: { type: 102, send: cString },
  IDENTIFY_OLDCWD: { type: 103 },
  IDENTIFY_STDIN: { type: 104, send: empty, note: "with a descriptor" },
  IDENTIFY_ENVIRON: { type: 105, send: cString },
  IDENTIFY_DONE: { type: 106, send: empty },
  IDENTIFY_CLIENTPID: { type: 107, send: ClientPid },
  IDENTIFY_CWD: { type: 108, send: cString },
  IDENTIFY_FEATURES: { type: 109, send: Features },
  IDENTIFY_STDOUT: { type: 110, send: empty, note: "with a descriptor" },
  IDENTIFY_LONGFLAGS: { type: 111, send: ClientFlags },
  IDENTIFY_TERMINFO: { type: 112, send: cString },
  COMMAND: { type: 200, send: MsgCommand },
  DETACH: { type: 201, receive: cString },
  DETACHKILL: { type: 202, receive: cString },
  EXIT: { type: 203, receive: exit },
  EXITED: { type: 204, receive: empty },
  EXITING: { type: 205, send: empty },
  LOCK: { type: 206, receive: cString },
  READY: { type: 207, receive: empty },
  RESIZE: { type: 208, send: empty },
  SHELL: { type: 209, send: empty, receive: cString },
  SHUTDOWN: { type: 210, receive: empty },
  OLDSTDERR: { type: 211 },
  OLDSTDIN: { type: 212 },
  OLDSTDOUT: { type: 213 },
  SUSPEND: { type: 214, receive: empty },
  UNLOCK: { type: 215, send: empty },
  WAKEUP: { type: 216, send: empty },
  EXEC: { type: 217, receive: ShellCommand },
  FLAGS: { type: 218, receive: ClientFlags },
  READ_OPEN: { type: 300, receive: MsgReadOpen },
  READ: { type: 301, send: MsgReadData },
  READ_DONE: { type: 302, send: MsgReadDone },
  WRITE_OPEN: { type: 303, receive: MsgWriteOpen },
  WRITE: { type: 304, receive: MsgWriteData },
  WRITE_READY: { type: 305, send: MsgWriteReady },
  WRITE_CLOSE: { type: 306, receive: MsgWriteClose },
} as const satisfies Messages;

/** tmux's client protocol, version 8: tmux 3.3a and its neighbours. */
export const tmux = defineProtocol({
  name: "tmux",
  version: "tmux protocol version 8",
  dialect: "classic",
  peerid: VERSION,
  messages,
});
