// Why sessions ended, in bgpctl's words.

/** The errors of RFC 4271 by their codes: the name, and the names of the subcodes. */
const ERRORS = new Map(
  /** @type {[number, [string, (string | undefined)[]]][]} */ ([
    [
      1,
      ["Header error", ["none", "synchronization error", "wrong length", "unknown message type"]],
    ],
    [
      2,
      [
        "error in OPEN message",
        [
          "none",
          "version mismatch",
          "AS unacceptable",
          "BGPID invalid",
          "optional parameter error",
          "authentication error",
          "unacceptable holdtime",
          "unsupported capability",
          undefined,
          undefined,
          undefined,
          "role mismatch",
        ],
      ],
    ],
    [
      3,
      [
        "error in UPDATE message",
        [
          "none",
          "attribute list error",
          "unknown well-known attribute",
          "well-known attribute missing",
          "attribute flags error",
          "attribute length wrong",
          "origin unacceptable",
          "loop detected",
          "nexthop unacceptable",
          "optional attribute error",
          "network unacceptable",
          "AS-Path unacceptable",
        ],
      ],
    ],
    [4, ["HoldTimer expired", [undefined]]],
    [
      5,
      [
        "Finite State Machine error",
        [
          "unspecified error",
          "received unexpected message in OpenSent",
          "received unexpected message in OpenConfirm",
          "received unexpected message in Established",
        ],
      ],
    ],
    [
      6,
      [
        "Cease",
        [
          "none",
          "received max-prefix exceeded",
          "administratively down",
          "peer unconfigured",
          "administrative reset",
          "connection rejected",
          "other config change",
          "collision",
          "resource exhaustion",
          "hard reset",
          "sent max-prefix exceeded",
        ],
      ],
    ],
  ]),
);

/**
 * The error of a NOTIFICATION; undefined if there was none.
 *
 * @param {number} code
 * @param {number} subcode
 */
export function notification(code, subcode) {
  if (code === 0) return undefined;
  const [name, subnames] = ERRORS.get(code) ?? [];
  if (name === undefined || subnames === undefined) {
    return `unknown error code ${code} subcode ${subcode}`;
  }
  if (subcode >= subnames.length) return `${name}, unknown subcode ${subcode}`;
  const subname = subnames[subcode];
  return subname === undefined ? name : `${name}, ${subname}`;
}

const BACKSLASH = 0x5c;
const isShown = (/** @type {number} */ byte) => byte === 9 || (byte >= 0x20 && byte < 0x7f);

/**
 * A text that a peer chose, by its bytes up to the NUL: as bgpctl escapes it, whatever the bytes
 * are. A backslash is doubled, and what is not printable ASCII is three octal digits.
 *
 * @param {Uint8Array} bytes
 */
export function escaped(bytes) {
  const end = bytes.indexOf(0);
  return Array.from(end === -1 ? bytes : bytes.subarray(0, end), (byte) => {
    if (byte === BACKSLASH) return "\\\\";
    if (isShown(byte)) return String.fromCharCode(byte);
    return `\\${byte.toString(8).padStart(3, "0")}`;
  }).join("");
}

/**
 * Reads such a text out of a message: the field of a structure at a path.
 *
 * @param {{ members: readonly { path: string, offset: number, size: number }[] }} layout
 * @param {string} path
 * @returns {(message: Uint8Array) => string}
 */
export function escapedField({ members }, path) {
  const member = members.find((each) => each.path === path);
  if (member === undefined) throw new Error(`the structure has no field ${path}`);
  const { offset, size } = member;
  return (message) => escaped(message.subarray(offset, offset + size));
}
