/** An address in the module's memory; 0 is NULL. */
export type Pointer = number;

/**
 * The module's exports by signature, as they are in C: size_t, pointers and
 * 32-bit integers are numbers, uint64_t is a bigint, a failed call returns -1
 * or 0 (NULL) and leaves errno behind.
 */
export interface RawExports {
  memory: WebAssembly.Memory;
  _initialize?: () => void;

  // imsg-buffer.c
  ibuf_open(len: number): Pointer;
  ibuf_dynamic(len: number, max: number): Pointer;
  ibuf_add(buf: Pointer, data: Pointer, len: number): number;
  ibuf_add_ibuf(buf: Pointer, from: Pointer): number;
  ibuf_add_zero(buf: Pointer, len: number): number;
  ibuf_add_n8(buf: Pointer, value: bigint): number;
  ibuf_add_n16(buf: Pointer, value: bigint): number;
  ibuf_add_n32(buf: Pointer, value: bigint): number;
  ibuf_add_n64(buf: Pointer, value: bigint): number;
  ibuf_add_h16(buf: Pointer, value: bigint): number;
  ibuf_add_h32(buf: Pointer, value: bigint): number;
  ibuf_add_h64(buf: Pointer, value: bigint): number;
  ibuf_reserve(buf: Pointer, len: number): Pointer;
  ibuf_seek(buf: Pointer, pos: number, len: number): Pointer;
  ibuf_set(buf: Pointer, pos: number, data: Pointer, len: number): number;
  ibuf_set_n8(buf: Pointer, pos: number, value: bigint): number;
  ibuf_set_n16(buf: Pointer, pos: number, value: bigint): number;
  ibuf_set_n32(buf: Pointer, pos: number, value: bigint): number;
  ibuf_set_n64(buf: Pointer, pos: number, value: bigint): number;
  ibuf_set_h16(buf: Pointer, pos: number, value: bigint): number;
  ibuf_set_h32(buf: Pointer, pos: number, value: bigint): number;
  ibuf_set_h64(buf: Pointer, pos: number, value: bigint): number;
  ibuf_data(buf: Pointer): Pointer;
  ibuf_size(buf: Pointer): number;
  ibuf_left(buf: Pointer): number;
  ibuf_truncate(buf: Pointer, len: number): number;
  ibuf_rewind(buf: Pointer): void;
  ibuf_close(msgbuf: Pointer, buf: Pointer): void;
  ibuf_from_buffer(buf: Pointer, data: Pointer, len: number): void;
  ibuf_from_ibuf(buf: Pointer, from: Pointer): void;
  ibuf_get(buf: Pointer, data: Pointer, len: number): number;
  ibuf_get_ibuf(buf: Pointer, len: number, to: Pointer): number;
  ibuf_get_n8(buf: Pointer, value: Pointer): number;
  ibuf_get_n16(buf: Pointer, value: Pointer): number;
  ibuf_get_n32(buf: Pointer, value: Pointer): number;
  ibuf_get_n64(buf: Pointer, value: Pointer): number;
  ibuf_get_h16(buf: Pointer, value: Pointer): number;
  ibuf_get_h32(buf: Pointer, value: Pointer): number;
  ibuf_get_h64(buf: Pointer, value: Pointer): number;
  ibuf_get_string(buf: Pointer, len: number): Pointer;
  ibuf_skip(buf: Pointer, len: number): number;
  ibuf_free(buf: Pointer): void;
  ibuf_fd_avail(buf: Pointer): number;
  ibuf_fd_get(buf: Pointer): number;
  ibuf_fd_set(buf: Pointer, fd: number): void;
  msgbuf_new(): Pointer;
  /** The callback is an index of the module's function table: use msgbuf_reader. */
  msgbuf_new_reader(headerSize: number, callback: number, arg: Pointer): Pointer;
  msgbuf_free(msgbuf: Pointer): void;
  msgbuf_clear(msgbuf: Pointer): void;
  msgbuf_queuelen(msgbuf: Pointer): number;
  ibuf_write(fd: number, msgbuf: Pointer): number;
  msgbuf_write(fd: number, msgbuf: Pointer): number;
  ibuf_read(fd: number, msgbuf: Pointer): number;
  msgbuf_read(fd: number, msgbuf: Pointer): number;
  msgbuf_get(msgbuf: Pointer): Pointer;

  // imsg.c
  imsgbuf_init(imsgbuf: Pointer, fd: number): number;
  imsgbuf_allow_fdpass(imsgbuf: Pointer): void;
  imsgbuf_set_maxsize(imsgbuf: Pointer, maxsize: number): number;
  imsgbuf_read(imsgbuf: Pointer): number;
  imsgbuf_write(imsgbuf: Pointer): number;
  imsgbuf_flush(imsgbuf: Pointer): number;
  imsgbuf_clear(imsgbuf: Pointer): void;
  imsgbuf_queuelen(imsgbuf: Pointer): number;
  imsg_get(imsgbuf: Pointer, imsg: Pointer): number;
  imsg_get_ibuf(imsg: Pointer, ibuf: Pointer): number;
  imsg_get_data(imsg: Pointer, data: Pointer, len: number): number;
  imsg_get_fd(imsg: Pointer): number;
  imsg_get_id(imsg: Pointer): number;
  imsg_get_len(imsg: Pointer): number;
  imsg_get_pid(imsg: Pointer): number;
  imsg_get_type(imsg: Pointer): number;
  imsg_forward(imsgbuf: Pointer, imsg: Pointer): number;
  imsg_compose(
    imsgbuf: Pointer,
    type: number,
    id: number,
    pid: number,
    fd: number,
    data: Pointer,
    len: number,
  ): number;
  imsg_composev(
    imsgbuf: Pointer,
    type: number,
    id: number,
    pid: number,
    fd: number,
    iov: Pointer,
    iovcnt: number,
  ): number;
  imsg_compose_ibuf(imsgbuf: Pointer, type: number, id: number, pid: number, buf: Pointer): number;
  imsg_create(imsgbuf: Pointer, type: number, id: number, pid: number, len: number): Pointer;
  imsg_add(msg: Pointer, data: Pointer, len: number): number;
  imsg_close(imsgbuf: Pointer, msg: Pointer): void;
  imsg_free(imsg: Pointer): void;

  // memory and errno
  __errno_location(): Pointer;
  malloc(size: number): Pointer;
  free(pointer: Pointer): void;
  /** The n-th allocation from now fails, once; 0 disarms. */
  mem_fail_at(n: number): void;
  /** Bytes in blocks handed out and not freed. */
  mem_live(): number;
  /** Bytes of linear memory that the allocator manages. */
  mem_arena(): number;
  /** Refuses to grow beyond so many bytes; 0 lifts the limit. */
  mem_limit(bytes: number): void;

  // the kernel (c-src/kernel.h)
  kernel_close(fd: number): number;
  kernel_getpid(): number;
  kernel_setpid(pid: number): void;
  kernel_socket(): number;
  kernel_deliver(fd: number, data: Pointer, len: number, fds: Pointer, nfds: number): number;
  kernel_deliver_error(fd: number, errno: number): number;
  kernel_deliver_end(fd: number): number;
  kernel_accept(fd: number, len: number): number;
  kernel_refuse(fd: number, errno: number): number;
  kernel_room(fd: number, room: number): number;
  kernel_written(fd: number): Pointer;
  kernel_sent(fd: number): number;
  kernel_open(value: number): number;
  kernel_take(fd: number): number;
  kernel_value(fd: number): number;
  kernel_last_read(): number;
  kernel_dictated(fd: number): number;
  kernel_progress(): number;

  // what sees inside the original's structures (c-src/inside.h)
  msgbuf_reader(headerSize: number, reader: number): Pointer;
  msgbuf_have(msgbuf: Pointer): number;
  msgbuf_total(msgbuf: Pointer): number;
  imsgbuf_flush_bounded(imsgbuf: Pointer): number;

  // many messages per crossing (c-src/batch.h)
  batch_open(maxsize: number, pid: number, fdpass: number): Pointer;
  batch_close(batch: Pointer): void;
  batch_maxsize(batch: Pointer, maxsize: number): number;
  batch_window(): Pointer;
  batch_outgoing(): Pointer;
  batch_result(): Pointer;
  batch_headers(): Pointer;
  batch_read(batch: Pointer, len: number, fd: number): number;
  batch_release(): void;
  batch_compose(batch: Pointer, count: number, flush: number): number;
  batch_create(batch: Pointer, type: number, id: number, pid: number, len: number): Pointer;
  batch_finish(batch: Pointer, fd: number): void;
  batch_flush(batch: Pointer): number;
}

/** The names of the exported functions. */
export type ExportName = Exclude<keyof RawExports, "memory" | "_initialize">;

/** Offsets in bytes within the original's structures, and their sizes, on wasm32. */
export const layout = {
  ibuf: { sizeof: 32, buf: 8, size: 12, max: 16, wpos: 20, rpos: 24, fd: 28 },
  imsgbuf: { sizeof: 20, w: 0, pid: 4, maxsize: 8, fd: 12, flags: 16 },
  imsg: { sizeof: 24, type: 0, len: 4, peerid: 8, pid: 12, data: 16, buf: 20 },
  iovec: { sizeof: 8, base: 0, len: 4 },
  segment: { next: 0, len: 4, fd: 8, value: 12, data: 16 },
} as const;
