import koffi from "koffi";

const libc = koffi.load(null);
const setsockopt = libc.func("int setsockopt(int, int, int, void *, uint32_t)");
const sendmsg = libc.func("intptr_t sendmsg(int, void *, int)");
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;

/** Options of a socket that make the kernel add control messages to what arrives. */
export const OPTIONS = {
  SO_PASSCRED: 16,
  SO_TIMESTAMP: 29,
  SO_PASSSEC: 34,
  SO_PASSPIDFD: 76,
} as const;

/** Sets an option of a socket to 1. False if this kernel does not know it. */
export function setOption(fd: number, option: keyof typeof OPTIONS): boolean {
  return setsockopt(fd, SOL_SOCKET, OPTIONS[option], Int32Array.of(1), 4) === 0;
}

/** Sends bytes with descriptors, in as many control messages as there are lists. */
export function sendDescriptors(fd: number, bytes: Uint8Array, lists: number[][]): void {
  const sizes = lists.map((list) => (16 + list.length * 4 + 7) & ~7);
  const control = sizes.reduce((sum, size) => sum + size, 0);
  const memory = koffi.alloc("uint8_t", 80 + control + bytes.length);
  const address = koffi.address(memory);
  const buffer = koffi.view(memory, 80 + control + bytes.length);
  const view = new DataView(buffer);
  new Uint8Array(buffer).fill(0);
  new Uint8Array(buffer).set(bytes, 80 + control);
  view.setBigUint64(16, address + 64n, true); // the message has one struct iovec
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(32, address + 80n, true);
  view.setBigUint64(40, BigInt(control), true);
  view.setBigUint64(64, address + BigInt(80 + control), true);
  view.setBigUint64(72, BigInt(bytes.length), true);
  let at = 80;
  for (const [i, list] of lists.entries()) {
    view.setBigUint64(at, BigInt(16 + list.length * 4), true);
    view.setInt32(at + 8, SOL_SOCKET, true);
    view.setInt32(at + 12, SCM_RIGHTS, true);
    for (const [n, number] of list.entries()) view.setInt32(at + 16 + n * 4, number, true);
    at += sizes[i]!;
  }
  const sent = sendmsg(fd, memory, MSG_DONTWAIT);
  if (sent !== bytes.length) throw new Error(`sendmsg: ${sent}, errno ${koffi.errno()}`);
}
