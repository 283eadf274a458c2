import type { Passed, PeerCredentials } from "../channel/transport.ts";
import { fieldsOf, ImsgError } from "../module/error.ts";
import { errnoNameOf, openingError } from "./opening-error.ts";
import { firstDescriptor } from "./unix-control.ts";

/**
 * The foreign function interface of a runtime: a piece of memory that does not
 * move, and functions of the C library, which return -1 if they fail.
 */
export interface Foreign {
  /** {@link MEMORY} bytes. */
  readonly memory: ArrayBuffer;
  /** The address of the memory. */
  readonly address: number;
  recvmsg(fd: number, message: number, flags: number): number;
  sendmsg(fd: number, message: number, flags: number): number;
  shutdown(fd: number, how: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  close(fd: number): number;
  getpeername(fd: number, address: number, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: number, length: number): number;
  /** The errno of the last call that failed. */
  errno(): number;
}

// errnos of Linux only: the layouts below are Linux's, too
const EINTR = 4;
const EAGAIN = 11;
/** ENOMEM, ENOBUFS, ETOOMANYREFS: the kernel is short of memory or of descriptors in flight. */
const LATER = [12, 105, 109];

const MSG_PEEK = 2;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
const SO_TYPE = 3;
const SO_PEERCRED = 17;
export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_DUPFD_CLOEXEC = 1030;

// offsets in the memory, and inside struct msghdr
const IOV = 64;
/** The control message of a send: one descriptor. */
const CONTROL = 80;
const CONTROL_LEN = 20;
/** Room for an address or two integers. */
export const SCRATCH = 128;
/** After an address in SCRATCH: room for a length and an integer. */
const LENGTH = SCRATCH + 112;
const DATA = 256;
/** The most bytes of one read: as many as the module takes in one piece. */
export const READ = 65520;
/**
 * The control messages of a read. The kernel passes at most 253 descriptors with a
 * read, in 1,028 bytes; credentials (SO_PASSCRED), a time stamp, a security label
 * and a pidfd may come along and take part of the room.
 */
const ARRIVED = DATA + 65536;
const ARRIVED_LEN = 4096;
/** Room for other calls between two reads: as many bytes as control messages have. */
export const ROOM = ARRIVED;
export const ROOM_LENGTH = ARRIVED_LEN;
/** The size of the memory of a {@link Foreign}, in bytes. */
export const MEMORY = ARRIVED + ARRIVED_LEN;

/** The error of a call that failed; its cause has the form of Node's own errors. */
export function systemError(errno: number, syscall: string, address = ""): unknown {
  const code = errnoNameOf(errno) ?? `E${errno}`;
  const message = `${syscall} ${code} ${address}`.trimEnd();
  const details = { code, errno: -errno, syscall, ...(address === "" ? {} : { address }) };
  return openingError(Object.assign(new Error(message), details), syscall, address);
}

/** The error for a platform or a runtime that cannot pass descriptors. */
export function unsupported(detail: string, cause?: unknown): ImsgError {
  return new ImsgError("ERR_IMSG_UNSUPPORTED", { syscall: "imsgbuf_allow_fdpass", detail, cause });
}

/** Throws ERR_IMSG_UNSUPPORTED on a platform whose structures have another layout. */
export function checkPlatform(platform: string, arch: string): void {
  const known = ["x64", "arm64", "x86_64", "aarch64", "riscv64", "loong64"].includes(arch);
  if (platform === "linux" && known) return;
  throw unsupported(`descriptors pass on 64-bit Linux only, this is ${platform} on ${arch}`);
}

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && value >>> 0 === value && value <= 0x7fffffff;

/** The result of a read: bytes with a descriptor or -1, no bytes yet, or the end. */
export type Received =
  | { readonly bytes: Uint8Array<ArrayBuffer>; readonly fd: number }
  | "later"
  | "end";

/** Describes a value that is not the number of a descriptor, and what to pass instead. */
function notANumber(value: unknown): string {
  const object = fieldsOf(value) as { fd?: unknown; _handle?: { fd?: unknown } | null };
  const what = typeof value === "number" ? String(value) : `a value of type ${typeof value}`;
  const instead = isNumber(object.fd)
    ? ": pass dup(handle.fd), because the channel closes the number that it sends"
    : isNumber(object._handle?.fd)
      ? ": pass dup(server._handle.fd), because the channel closes the number that it sends"
      : "";
  return `a descriptor is a number from 0 to 2147483647, this is ${what}${instead}`;
}

/** Throws EINVAL for a value that is no number of a descriptor. */
export function checkNumber(value: unknown, syscall: string): asserts value is number {
  if (isNumber(value)) return;
  throw new ImsgError("EINVAL", { syscall, detail: notANumber(value) });
}

/** Unix sockets by the calls of the C library. No call ever waits. */
export class UnixSockets<F extends Foreign = Foreign> {
  readonly foreign: F;
  readonly view: DataView;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** Descriptors that a channel is about to send and close. */
  readonly #claimed = new Set<number>();

  constructor(foreign: F) {
    this.foreign = foreign;
    const { memory, address } = foreign;
    this.view = new DataView(memory);
    this.#bytes = new Uint8Array(memory);
    this.#bytes.fill(0, 0, DATA);
    this.#pointer(16, address + IOV);
    this.#pointer(24, 1);
    this.#pointer(IOV, address + DATA);
  }

  #pointer(at: number, value: number): void {
    this.view.setBigUint64(at, BigInt(value), true);
  }

  #error(syscall: string): unknown {
    return systemError(this.foreign.errno(), syscall);
  }

  #receive(fd: number, flags: number, length: number, control: number): number {
    const { foreign } = this;
    let n: number;
    do {
      this.#pointer(IOV + 8, length);
      this.#pointer(32, control === 0 ? 0 : foreign.address + ARRIVED);
      this.#pointer(40, control);
      n = foreign.recvmsg(fd, foreign.address, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | flags);
    } while (n === -1 && foreign.errno() === EINTR);
    return n;
  }

  /**
   * Reads bytes, with the first descriptor that came along. Every other descriptor
   * is closed, as in the original. Throws the errors of recvmsg (ECONNRESET, …).
   */
  receive(fd: number): Received {
    const n = this.#receive(fd, 0, READ, ARRIVED_LEN);
    if (n === -1) {
      if (this.foreign.errno() === EAGAIN) return "later";
      throw this.#error("recvmsg");
    }
    if (n === 0) return "end";
    // a process that may open no more descriptors gets the bytes, and none of the descriptors
    const control = new DataView(
      this.view.buffer,
      ARRIVED,
      Number(this.view.getBigUint64(40, true)),
    );
    const first = firstDescriptor(control, (extra) => this.close(extra));
    return { bytes: this.#bytes.slice(DATA, DATA + n), fd: first };
  }

  /** Returns the result that a read would have, and leaves the bytes in the socket. Throws as {@link receive} does. */
  peek(fd: number): "bytes" | "later" | "end" {
    const n = this.#receive(fd, MSG_PEEK, 1, 0);
    if (n > 0) return "bytes";
    if (n === 0) return "end";
    if (this.foreign.errno() === EAGAIN) return "later";
    throw this.#error("recvmsg");
  }

  /**
   * Whether the peer of a socket, whose sending side is open, receives nothing any
   * more. Linux then refuses even a send of no bytes with EPIPE.
   */
  isGone(fd: number): boolean {
    const { foreign } = this;
    this.#pointer(IOV + 8, 0);
    this.#pointer(32, 0);
    this.#pointer(40, 0);
    const n = foreign.sendmsg(fd, foreign.address, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n === -1 && foreign.errno() !== EAGAIN && foreign.errno() !== EINTR;
  }

  /**
   * Sends some of the bytes, a descriptor (or -1) with the first of them. Returns
   * how many; 0 if the socket has no room, -1 if the system is short of memory.
   * Throws the errors of sendmsg (EPIPE, ECONNRESET, EBADF, …).
   */
  send(fd: number, bytes: Uint8Array, passed: number): number {
    const { foreign, view } = this;
    const length = Math.min(bytes.length, READ);
    this.#bytes.set(bytes.subarray(0, length), DATA);
    let n: number;
    do {
      this.#pointer(IOV + 8, length);
      this.#pointer(32, passed === -1 ? 0 : foreign.address + CONTROL);
      this.#pointer(40, passed === -1 ? 0 : CONTROL_LEN);
      this.#pointer(CONTROL, CONTROL_LEN);
      view.setInt32(CONTROL + 8, SOL_SOCKET, true);
      view.setInt32(CONTROL + 12, SCM_RIGHTS, true);
      view.setInt32(CONTROL + 16, passed, true);
      n = foreign.sendmsg(fd, foreign.address, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n === -1 && foreign.errno() === EINTR);
    if (n !== -1) return n;
    const errno = foreign.errno();
    if (errno === EAGAIN) return 0;
    if (LATER.includes(errno)) return -1;
    throw this.#error("sendmsg");
  }

  /** Ends the sending side. */
  shutdown(fd: number): void {
    this.foreign.shutdown(fd, SHUT_WR);
  }

  /** Closes a socket so that the peer sees an end, after everything that was sent. */
  hangUp(fd: number): void {
    // unread bytes would turn the close into a reset; without room for control messages
    // the kernel closes the descriptors among them
    if (this.foreign.shutdown(fd, SHUT_RDWR) !== -1) {
      while (this.#receive(fd, 0, READ, 0) > 0);
    }
    this.close(fd);
  }

  /** Closes a descriptor, unless it is -1. Linux closes it even if it reports an error. */
  close(fd: number): void {
    this.#claimed.delete(fd);
    if (fd !== -1) this.foreign.close(fd);
  }

  /**
   * Returns a new number for the same file, closed on exec, which the caller owns.
   * Throws EINVAL for a value that is no number of a descriptor, EBADF, EMFILE.
   */
  duplicate(fd: number): number {
    checkNumber(fd, "dup");
    const copy = this.foreign.fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy === -1) throw this.#error("dup");
    return copy;
  }

  /**
   * The process at the other end of a Unix socket (SO_PEERCRED); undefined for
   * another kind of socket. Of a socketpair, it is the process that made the pair.
   */
  credentials(fd: number): PeerCredentials | undefined {
    const { foreign, view } = this;
    const [value, length] = [foreign.address + SCRATCH, foreign.address + LENGTH];
    view.setUint32(LENGTH, 12, true);
    if (foreign.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, length) === -1) return undefined;
    const pid = view.getInt32(SCRATCH, true);
    const [uid, gid] = [view.getUint32(SCRATCH + 4, true), view.getUint32(SCRATCH + 8, true)];
    return pid === 0 && uid === 0xffffffff ? undefined : { pid, uid, gid };
  }

  /**
   * Takes over a socket that another program has opened, and marks it closed on
   * exec. Throws EINVAL if it is no Unix stream socket, EBADF, ENOTSOCK, ENOTCONN;
   * the socket is unchanged then.
   */
  adopt(fd: number): number {
    const { foreign, view } = this;
    const syscall = "imsgbuf_init";
    checkNumber(fd, syscall);
    const [value, length] = [foreign.address + SCRATCH, foreign.address + LENGTH];
    view.setUint32(LENGTH, 110, true);
    if (foreign.getpeername(fd, value, length) === -1) throw this.#error("getpeername");
    const family = view.getUint16(SCRATCH, true);
    view.setUint32(LENGTH, 4, true);
    if (foreign.getsockopt(fd, SOL_SOCKET, SO_TYPE, value, length) === -1) {
      throw this.#error("getsockopt");
    }
    if (family !== AF_UNIX || view.getInt32(SCRATCH, true) !== SOCK_STREAM) {
      const detail = `only Unix stream sockets pass descriptors, ${fd} is another kind of socket`;
      throw new ImsgError("EINVAL", { syscall, detail });
    }
    foreign.fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
  }

  /**
   * Marks a descriptor as one that a channel is about to send and close. Throws
   * EINVAL if the value is not the number of a descriptor, EBADF if it is not open
   * or was given to a channel before and waits to be sent: it moves only once.
   */
  claim(value: unknown): Passed {
    const syscall = "imsg_compose";
    checkNumber(value, syscall);
    if (this.#claimed.has(value)) {
      const detail = `descriptor ${value} is about to be sent already, and is closed then: send dup(${value})`;
      throw new ImsgError("EBADF", { syscall, detail });
    }
    if (this.foreign.fcntl(value, F_GETFD, 0) === -1) {
      throw new ImsgError("EBADF", { syscall, detail: `descriptor ${value} is not open` });
    }
    this.#claimed.add(value);
    return { ...this.passed(value), release: () => void this.#claimed.delete(value) };
  }

  /** A descriptor as a value that travels with bytes. */
  passed(fd: number): Passed {
    return { value: fd, dispose: () => this.close(fd) };
  }
}
