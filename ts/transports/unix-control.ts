/**
 * The control messages that come with a read from a Unix socket: `struct cmsghdr`
 * of 64-bit Linux has a 64-bit length, header included, and two integers; each
 * message begins at a multiple of 8.
 */
const HEADER = 16;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SCM_PIDFD = 4;

/**
 * Returns the first descriptor among control messages, or -1, and calls `extra`
 * with every other one: the original keeps one a read. A pidfd, which the kernel
 * adds for SO_PASSPIDFD, is not what the peer sent.
 */
export function firstDescriptor(control: DataView, extra: (fd: number) => void): number {
  let first = -1;
  for (let at = 0; at + HEADER <= control.byteLength; ) {
    const length = Number(control.getBigUint64(at, true));
    if (length < HEADER || at + length > control.byteLength) break;
    const end = at + length;
    const isSocket = control.getInt32(at + 8, true) === SOL_SOCKET;
    const type = control.getInt32(at + 12, true);
    if (isSocket && (type === SCM_RIGHTS || type === SCM_PIDFD)) {
      for (let i = at + HEADER; i + 4 <= end; i += 4) {
        const fd = control.getInt32(i, true);
        if (type === SCM_RIGHTS && first === -1) first = fd;
        else if (fd >= 0) extra(fd);
      }
    }
    at += (length + 7) & ~7;
  }
  return first;
}
