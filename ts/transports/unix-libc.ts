import type { Passed } from "../channel/transport.ts";
import { ImsgError } from "../module/error.ts";

/**
 * What a runtime's foreign function interface gives: a piece of memory that
 * stays where it is, and functions of the C library, -1 being a failure.
 */
export interface Foreign {
  /** {@link MEMORY} bytes. */
  readonly memory: ArrayBuffer;
  /** Where they are. */
  readonly address: number;
  recvmsg(fd: number, message: number, flags: number): number;
  sendmsg(fd: number, message: number, flags: number): number;
  shutdown(fd: number, how: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  close(fd: number): number;
  getpeername(fd: number, address: number, length: number): number;
  getsockopt(fd: number, level: number, option: number, value: number, length: number): number;
  /** Of the call before, if that failed. */
  errno(): number;
}

// errnos of Linux, which are all that is needed: the layouts below are Linux's, too
const NAMES: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  9: "EBADF",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  32: "EPIPE",
  88: "ENOTSOCK",
  98: "EADDRINUSE",
  104: "ECONNRESET",
  105: "ENOBUFS",
  107: "ENOTCONN",
  109: "ETOOMANYREFS",
  111: "ECONNREFUSED",
};
const EINTR = 4;
const EAGAIN = 11;
/** What a kernel short of memory says, or one that holds too many descriptors on their way. */
const LATER = [12, 105, 109];

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
const SO_TYPE = 3;
export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
const F_GETFD = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_DUPFD_CLOEXEC = 1030;

// where things lie in the memory, and inside struct msghdr
const IOV = 64;
const CONTROL = 80;
/** Room for an address or two integers. */
export const SCRATCH = 128;
/** Behind an address in there: what takes a length and an integer. */
const LENGTH = SCRATCH + 112;
const DATA = 256;
/**
 * A control message with one descriptor and no padding behind: there is no room
 * for a second one, so that the kernel closes all but the first.
 */
const CONTROL_LEN = 20;
/** Bytes that one read takes: what the module takes in one piece, descriptor included. */
const READ = 65520;
/** The memory that a {@link Foreign} has to give. */
export const MEMORY = DATA + 65536;

/** An error as the runtime itself would report it. */
export function systemError(errno: number, syscall: string, address?: string): Error {
  const code = NAMES[errno] ?? `errno ${errno}`;
  const message = address === undefined ? `${syscall} ${code}` : `${syscall} ${code} ${address}`;
  const details = { code, errno: -errno, syscall };
  return Object.assign(new Error(message), details, address === undefined ? {} : { address });
}

/** What cannot be done here, and why. */
export function unsupported(detail: string, cause?: unknown): ImsgError {
  return new ImsgError("ERR_IMSG_UNSUPPORTED", { syscall: "imsgbuf_allow_fdpass", detail, cause });
}

/** Throws where descriptors cannot be passed, because structures look different. */
export function checkPlatform(platform: string, arch: string): void {
  const known = ["x64", "arm64", "x86_64", "aarch64", "riscv64", "loong64"].includes(arch);
  if (platform === "linux" && known) return;
  throw unsupported(`descriptors pass on 64-bit Linux only, this is ${platform} on ${arch}`);
}

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && value >>> 0 === value && value <= 0x7fffffff;

/** What came of a read: bytes, nothing yet, the end, or an error. */
export type Received =
  | { readonly bytes: Uint8Array<ArrayBuffer>; readonly fd: number }
  | "later"
  | "end"
  | { readonly error: Error };

/** Unix sockets by the C library's own calls, none of which ever waits. */
export class UnixSockets<F extends Foreign = Foreign> {
  readonly foreign: F;
  readonly view: DataView;
  readonly #bytes: Uint8Array<ArrayBuffer>;

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

  /** What has arrived, with the first descriptor that came along, or -1. */
  receive(fd: number): Received {
    const { foreign, view } = this;
    let n: number;
    do {
      this.#pointer(IOV + 8, READ);
      this.#pointer(32, foreign.address + CONTROL);
      this.#pointer(40, CONTROL_LEN);
      n = foreign.recvmsg(fd, foreign.address, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n === -1 && foreign.errno() === EINTR);
    if (n === -1) {
      const errno = foreign.errno();
      return errno === EAGAIN ? "later" : { error: systemError(errno, "recvmsg") };
    }
    if (n === 0) return "end";
    // none if this process may open no more: the message tells that one was lost
    const passed =
      view.getUint32(40, true) >= CONTROL_LEN &&
      view.getInt32(CONTROL + 8, true) === SOL_SOCKET &&
      view.getInt32(CONTROL + 12, true) === SCM_RIGHTS;
    const first = passed ? view.getInt32(CONTROL + 16, true) : -1;
    return { bytes: this.#bytes.slice(DATA, DATA + n), fd: first };
  }

  /**
   * Sends some of the bytes, a descriptor (or -1) with the first of them:
   * how many, 0 if the socket is full, -1 if the system is.
   */
  send(fd: number, bytes: Uint8Array, passed: number): number | Error {
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
    return LATER.includes(errno) ? -1 : systemError(errno, "sendmsg");
  }

  /** Ends the sending side. */
  shutdown(fd: number): void {
    this.foreign.shutdown(fd, SHUT_WR);
  }

  /** Closes a socket, so that what was sent arrives before the end does. */
  hangUp(fd: number): void {
    const { foreign } = this;
    // to close with something unread would be a reset; descriptors in it go unseen
    if (foreign.shutdown(fd, SHUT_RDWR) !== -1) {
      let n: number;
      do {
        this.#pointer(IOV + 8, READ);
        this.#pointer(32, 0);
        this.#pointer(40, 0);
        n = foreign.recvmsg(fd, foreign.address, MSG_DONTWAIT);
      } while (n > 0);
    }
    this.close(fd);
  }

  /** Closes a descriptor: Linux does even when it reports an error. */
  close(fd: number): void {
    this.foreign.close(fd);
  }

  /** Another number for the same file, closed on exec. Throws EMFILE, EBADF. */
  duplicate(fd: number): number {
    const copy = this.foreign.fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy === -1) throw systemError(this.foreign.errno(), "fcntl");
    return copy;
  }

  /**
   * Makes a socket that was opened by others one of ours, closed on exec. Throws
   * EINVAL if it is no Unix socket for a stream, EBADF, ENOTSOCK, ENOTCONN; it is
   * as it was then.
   */
  adopt(fd: number): number {
    const { foreign, view } = this;
    const refuse = (detail: string): ImsgError =>
      new ImsgError("EINVAL", { syscall: "imsgbuf_init", detail });
    if (!isNumber(fd)) throw refuse("a socket is the number of an open descriptor");
    const [value, length] = [foreign.address + SCRATCH, foreign.address + LENGTH];
    view.setUint32(LENGTH, 110, true);
    if (foreign.getpeername(fd, value, length) === -1) {
      throw systemError(foreign.errno(), "getpeername");
    }
    const family = view.getUint16(SCRATCH, true);
    view.setUint32(LENGTH, 4, true);
    if (foreign.getsockopt(fd, SOL_SOCKET, SO_TYPE, value, length) === -1) {
      throw systemError(foreign.errno(), "getsockopt");
    }
    if (family !== AF_UNIX || view.getInt32(SCRATCH, true) !== SOCK_STREAM) {
      throw refuse("only Unix sockets for streams pass descriptors");
    }
    foreign.fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
  }

  /** Throws if a value is not the number of an open descriptor. */
  claim(value: unknown): Passed {
    const detail = "what passes is the number of an open descriptor";
    if (!isNumber(value)) {
      throw new ImsgError("EINVAL", { syscall: "imsg_compose", detail });
    }
    if (this.foreign.fcntl(value, F_GETFD, 0) === -1) {
      throw new ImsgError("EBADF", { syscall: "imsg_compose", detail });
    }
    return this.passed(value);
  }

  /** A descriptor as what a channel deals with. */
  passed(fd: number): Passed {
    return { value: fd, dispose: () => this.close(fd) };
  }
}
