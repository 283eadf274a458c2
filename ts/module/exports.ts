import type { Pointer } from "./abi.ts";
import type { WasmMemory } from "./wasm-types.ts";

/**
 * The module's exports by signature, as they are in C: size_t, pointers and
 * 32-bit integers are numbers, uint64_t is a bigint, a failed call returns -1
 * or 0 (NULL) and leaves errno behind.
 */
export interface RawExports {
  /** The linear memory. */
  memory: WasmMemory;
  /** Runs what C runs before main; to be called once, before anything else. */
  _initialize?: () => void;

  // imsg-buffer.c
  /** A buffer of a fixed size, or 0. */
  ibuf_open(len: number): Pointer;
  /** A buffer that grows up to max, or 0. */
  ibuf_dynamic(len: number, max: number): Pointer;
  /** Adds bytes at the end. */
  ibuf_add(buf: Pointer, data: Pointer, len: number): number;
  /** Adds what another ibuf has to read. */
  ibuf_add_ibuf(buf: Pointer, from: Pointer): number;
  /** Adds zero bytes. */
  ibuf_add_zero(buf: Pointer, len: number): number;
  /** Adds 8 bits. */
  ibuf_add_n8(buf: Pointer, value: bigint): number;
  /** Adds 16 bits in network order. */
  ibuf_add_n16(buf: Pointer, value: bigint): number;
  /** Adds 32 bits in network order. */
  ibuf_add_n32(buf: Pointer, value: bigint): number;
  /** Adds 64 bits in network order. */
  ibuf_add_n64(buf: Pointer, value: bigint): number;
  /** Adds 16 bits in host order. */
  ibuf_add_h16(buf: Pointer, value: bigint): number;
  /** Adds 32 bits in host order. */
  ibuf_add_h32(buf: Pointer, value: bigint): number;
  /** Adds 64 bits in host order. */
  ibuf_add_h64(buf: Pointer, value: bigint): number;
  /** Adds bytes for the caller to fill: their address, or 0. */
  ibuf_reserve(buf: Pointer, len: number): Pointer;
  /** The address of bytes that are there already, or 0. */
  ibuf_seek(buf: Pointer, pos: number, len: number): Pointer;
  /** Overwrites bytes. */
  ibuf_set(buf: Pointer, pos: number, data: Pointer, len: number): number;
  /** Overwrites 8 bits. */
  ibuf_set_n8(buf: Pointer, pos: number, value: bigint): number;
  /** Overwrites 16 bits in network order. */
  ibuf_set_n16(buf: Pointer, pos: number, value: bigint): number;
  /** Overwrites 32 bits in network order. */
  ibuf_set_n32(buf: Pointer, pos: number, value: bigint): number;
  /** Overwrites 64 bits in network order. */
  ibuf_set_n64(buf: Pointer, pos: number, value: bigint): number;
  /** Overwrites 16 bits in host order. */
  ibuf_set_h16(buf: Pointer, pos: number, value: bigint): number;
  /** Overwrites 32 bits in host order. */
  ibuf_set_h32(buf: Pointer, pos: number, value: bigint): number;
  /** Overwrites 64 bits in host order. */
  ibuf_set_h64(buf: Pointer, pos: number, value: bigint): number;
  /** The address of what there is to read. */
  ibuf_data(buf: Pointer): Pointer;
  /** How many bytes there are to read. */
  ibuf_size(buf: Pointer): number;
  /** How many bytes can still be added. */
  ibuf_left(buf: Pointer): number;
  /** Makes what there is to read shorter, or longer with zeros. */
  ibuf_truncate(buf: Pointer, len: number): number;
  /** Reads from the start again. */
  ibuf_rewind(buf: Pointer): void;
  /** Queues an ibuf for writing; it is the msgbuf's then. */
  ibuf_close(msgbuf: Pointer, buf: Pointer): void;
  /** Makes an ibuf on the stack of memory, which it borrows. */
  ibuf_from_buffer(buf: Pointer, data: Pointer, len: number): void;
  /** Makes an ibuf on the stack of what another has to read. */
  ibuf_from_ibuf(buf: Pointer, from: Pointer): void;
  /** Reads bytes. */
  ibuf_get(buf: Pointer, data: Pointer, len: number): number;
  /** Reads bytes as an ibuf on the stack. */
  ibuf_get_ibuf(buf: Pointer, len: number, to: Pointer): number;
  /** Reads 8 bits. */
  ibuf_get_n8(buf: Pointer, value: Pointer): number;
  /** Reads 16 bits in network order. */
  ibuf_get_n16(buf: Pointer, value: Pointer): number;
  /** Reads 32 bits in network order. */
  ibuf_get_n32(buf: Pointer, value: Pointer): number;
  /** Reads 64 bits in network order. */
  ibuf_get_n64(buf: Pointer, value: Pointer): number;
  /** Reads 16 bits in host order. */
  ibuf_get_h16(buf: Pointer, value: Pointer): number;
  /** Reads 32 bits in host order. */
  ibuf_get_h32(buf: Pointer, value: Pointer): number;
  /** Reads 64 bits in host order. */
  ibuf_get_h64(buf: Pointer, value: Pointer): number;
  /** Reads bytes as a C string in memory of its own, to be freed, or 0. */
  ibuf_get_string(buf: Pointer, len: number): Pointer;
  /** Passes over bytes. */
  ibuf_skip(buf: Pointer, len: number): number;
  /** Wipes and frees an ibuf, and closes its descriptor; aborts for one on the stack. */
  ibuf_free(buf: Pointer): void;
  /** Whether an ibuf has a descriptor. */
  ibuf_fd_avail(buf: Pointer): number;
  /** Takes an ibuf's descriptor, or -1. */
  ibuf_fd_get(buf: Pointer): number;
  /** Gives an ibuf a descriptor; aborts for one on the stack. */
  ibuf_fd_set(buf: Pointer, fd: number): void;
  /** A msgbuf for writing, or 0. */
  msgbuf_new(): Pointer;
  /** The callback is an index of the module's function table: use msgbuf_reader. */
  msgbuf_new_reader(headerSize: number, callback: number, arg: Pointer): Pointer;
  /** Frees a msgbuf with everything queued. */
  msgbuf_free(msgbuf: Pointer): void;
  /** Frees everything that is queued. */
  msgbuf_clear(msgbuf: Pointer): void;
  /** How many ibufs wait to be written. */
  msgbuf_queuelen(msgbuf: Pointer): number;
  /** Writes what is queued with writev, once. */
  ibuf_write(fd: number, msgbuf: Pointer): number;
  /** Writes what is queued with sendmsg, once, with the first ibuf's descriptor. */
  msgbuf_write(fd: number, msgbuf: Pointer): number;
  /** Reads with readv, once: 1, also if it would block, or 0 at the end. */
  ibuf_read(fd: number, msgbuf: Pointer): number;
  /** Reads with recvmsg, once: 1, also if it would block, or 0 at the end. */
  msgbuf_read(fd: number, msgbuf: Pointer): number;
  /** The oldest message that was read, as an ibuf of the caller's, or 0. */
  msgbuf_get(msgbuf: Pointer): Pointer;

  // imsg.c
  /** Makes an imsgbuf of memory of the caller's. */
  imsgbuf_init(imsgbuf: Pointer, fd: number): number;
  /** Lets descriptors pass. */
  imsgbuf_allow_fdpass(imsgbuf: Pointer): void;
  /** Sets the longest message, header included. */
  imsgbuf_set_maxsize(imsgbuf: Pointer, maxsize: number): number;
  /** Reads once: 1, also if it would block, or 0 at the end. */
  imsgbuf_read(imsgbuf: Pointer): number;
  /** Writes once; 0 also if it would block. */
  imsgbuf_write(imsgbuf: Pointer): number;
  /** Writes until nothing is queued; may never return. */
  imsgbuf_flush(imsgbuf: Pointer): number;
  /** Frees everything queued; the imsgbuf must not be used after that. */
  imsgbuf_clear(imsgbuf: Pointer): void;
  /** How many ibufs wait to be written. */
  imsgbuf_queuelen(imsgbuf: Pointer): number;
  /** Puts the oldest message into memory of the caller's: its length, or 0 for none. */
  imsg_get(imsgbuf: Pointer, imsg: Pointer): number;
  /** Reads what is left of the payload as an ibuf on the stack. */
  imsg_get_ibuf(imsg: Pointer, ibuf: Pointer): number;
  /** Reads the rest of the payload, which must have this length. */
  imsg_get_data(imsg: Pointer, data: Pointer, len: number): number;
  /** Takes the descriptor, or -1. */
  imsg_get_fd(imsg: Pointer): number;
  /** The peerid. */
  imsg_get_id(imsg: Pointer): number;
  /** How many bytes of the payload have not been read. */
  imsg_get_len(imsg: Pointer): number;
  /** The pid, signed. */
  imsg_get_pid(imsg: Pointer): number;
  /** The type. */
  imsg_get_type(imsg: Pointer): number;
  /** Queues a copy of a message without its descriptor. */
  imsg_forward(imsgbuf: Pointer, imsg: Pointer): number;
  /** Queues a message: 1. */
  imsg_compose(
    imsgbuf: Pointer,
    type: number,
    id: number,
    pid: number,
    fd: number,
    data: Pointer,
    len: number,
  ): number;
  /** Queues a message of several pieces: 1. */
  imsg_composev(
    imsgbuf: Pointer,
    type: number,
    id: number,
    pid: number,
    fd: number,
    iov: Pointer,
    iovcnt: number,
  ): number;
  /** Queues a message whose payload is an ibuf, which is C's then in any case: 1. */
  imsg_compose_ibuf(imsgbuf: Pointer, type: number, id: number, pid: number, buf: Pointer): number;
  /** Begins a message: its ibuf, or 0. */
  imsg_create(imsgbuf: Pointer, type: number, id: number, pid: number, len: number): Pointer;
  /** Adds to a message that was begun: how many bytes; frees it if it fails. */
  imsg_add(msg: Pointer, data: Pointer, len: number): number;
  /** Queues a message that was begun. */
  imsg_close(imsgbuf: Pointer, msg: Pointer): void;
  /** Wipes and frees a message's payload, and closes its descriptor. */
  imsg_free(imsg: Pointer): void;

  // memory and errno
  /** Where errno is. */
  __errno_location(): Pointer;
  /** A zeroed block, or 0. */
  malloc(size: number): Pointer;
  /** Frees a block. */
  free(pointer: Pointer): void;
  /** The n-th allocation from now fails, once; 0 disarms. */
  mem_fail_at(n: number): void;
  /** Bytes in blocks handed out and not freed. */
  mem_live(): number;
  /** Bytes of linear memory that the allocator manages. */
  mem_arena(): number;
  /** Refuses to grow beyond so many bytes; 0 lifts the limit. */
  mem_limit(bytes: number): void;

  // the kernel (c-src/libc/syscalls.h)
  /** Closes a descriptor. */
  kernel_close(fd: number): number;
  /** What getpid answers. */
  kernel_getpid(): number;
  /** Sets what getpid answers. */
  kernel_setpid(pid: number): void;
  /** A socket: its descriptor. */
  kernel_socket(): number;
  /** Bytes (a block of malloc's) and descriptors for the next reads, whose they are then. */
  kernel_deliver(fd: number, data: Pointer, len: number, fds: Pointer, nfds: number): number;
  /** One read fails so, after what was delivered. */
  kernel_deliver_error(fd: number, errno: number): number;
  /** Reads return 0, after what was delivered. */
  kernel_deliver_end(fd: number): number;
  /** The next write takes at most so many bytes. */
  kernel_limit_write(fd: number, len: number): number;
  /** The next write fails so. */
  kernel_fail_write(fd: number, errno: number): number;
  /** How many bytes writes may add before EAGAIN. */
  kernel_room(fd: number, room: number): number;
  /** The oldest piece that was written (layout.segment), or 0. */
  kernel_written(fd: number): Pointer;
  /** Frees the oldest piece; its value is the caller's. */
  kernel_sent(fd: number): number;
  /** A descriptor for a value of the host's, which must not be 0. */
  kernel_open(value: number): number;
  /** Takes the value out: the descriptor is free, nothing is closed. */
  kernel_take(fd: number): number;
  /** The value behind a descriptor, or 0. */
  kernel_value(fd: number): number;
  /** How many bytes the last read delivered, or -1. */
  kernel_last_read(): number;
  /** Whether outcomes of writes wait to happen. */
  kernel_dictated(fd: number): number;
  /** How many bytes writes have taken so far, on all sockets. */
  kernel_progress(): number;

  // what sees inside the original's structures (c-src/original/introspect.h)
  /** msgbuf_new_reader with the host's callback of that number (host_header). */
  msgbuf_reader(headerSize: number, reader: number): Pointer;
  /** How many bytes of the message under way have been read. */
  msgbuf_have(msgbuf: Pointer): number;
  /** How many bytes the message under way should have; 0 between messages. */
  msgbuf_total(msgbuf: Pointer): number;
  /** imsgbuf_flush, but EAGAIN, or success with only empty ibufs queued, where that hangs. */
  imsgbuf_flush_bounded(imsgbuf: Pointer): number;

  // many messages per crossing (c-src/batch/batch.h)
  /** An imsgbuf that is read and written through the windows, or 0. */
  batch_open(maxsize: number, pid: number, fdpass: number): Pointer;
  /** Frees a batch with everything queued. */
  batch_close(batch: Pointer): void;
  /** Where the host writes chunks and records. */
  batch_window(): Pointer;
  /** Where what was written lies. */
  batch_outgoing(): Pointer;
  /** Where the last call says what it did. */
  batch_result(): Pointer;
  /** The headers of the messages that were completed. */
  batch_headers(): Pointer;
  /** Reads so many bytes of the window, and gets every message that is complete. */
  batch_read(batch: Pointer, len: number, fd: number): number;
  /** Frees the payload that was handed out from here. */
  batch_release(): void;
  /** Queues so many records of the window: how many went well. */
  batch_compose(batch: Pointer, count: number, flush: number): number;
  /** Begins a message of any size: its payload, or 0. */
  batch_create(batch: Pointer, type: number, id: number, pid: number, len: number): Pointer;
  /** Queues the message that was begun, with a descriptor or -1. */
  batch_finish(batch: Pointer, fd: number): void;
  /** Writes what is queued to the outgoing window. */
  batch_flush(batch: Pointer): number;
}

/** The names of the exported functions. */
export type ExportName = Exclude<keyof RawExports, "memory" | "_initialize">;
