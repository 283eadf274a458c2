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
  /** Runs C's start-up code; to be called once, before any other function. */
  _initialize?: (() => void) | undefined;

  // imsg-buffer.c
  /** Makes an ibuf of a fixed size; returns its address, or 0. */
  ibuf_open(len: number): Pointer;
  /** Makes an ibuf that grows up to max; returns its address, or 0. */
  ibuf_dynamic(len: number, max: number): Pointer;
  /** Adds bytes at the end. */
  ibuf_add(buf: Pointer, data: Pointer, len: number): number;
  /** Adds the unread bytes of another ibuf. */
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
  /** Adds bytes for the caller to fill; returns their address, or 0. */
  ibuf_reserve(buf: Pointer, len: number): Pointer;
  /** Returns the address of bytes that were added before, or 0. */
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
  /** Returns the address of the unread bytes. */
  ibuf_data(buf: Pointer): Pointer;
  /** Returns the number of unread bytes. */
  ibuf_size(buf: Pointer): number;
  /** Returns the number of bytes that can still be added. */
  ibuf_left(buf: Pointer): number;
  /** Cuts the unread bytes to a length, or extends them with zeros. */
  ibuf_truncate(buf: Pointer, len: number): number;
  /** Sets the read position back to the start. */
  ibuf_rewind(buf: Pointer): void;
  /** Queues an ibuf for writing; the msgbuf owns it then. */
  ibuf_close(msgbuf: Pointer, buf: Pointer): void;
  /** Makes an ibuf on the stack over memory that it borrows. */
  ibuf_from_buffer(buf: Pointer, data: Pointer, len: number): void;
  /** Makes an ibuf on the stack over the unread bytes of another. */
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
  /** Reads bytes as a C string; returns a block that the caller frees, or 0. */
  ibuf_get_string(buf: Pointer, len: number): Pointer;
  /** Skips bytes. */
  ibuf_skip(buf: Pointer, len: number): number;
  /** Wipes and frees an ibuf, and closes its descriptor; aborts for one on the stack. */
  ibuf_free(buf: Pointer): void;
  /** Whether an ibuf has a descriptor. */
  ibuf_fd_avail(buf: Pointer): number;
  /** Takes an ibuf's descriptor; returns its number, or -1. */
  ibuf_fd_get(buf: Pointer): number;
  /** Attaches a descriptor to an ibuf; aborts for one on the stack. */
  ibuf_fd_set(buf: Pointer, fd: number): void;
  /** Makes a msgbuf for writing; returns its address, or 0. */
  msgbuf_new(): Pointer;
  /** The callback is an index of the module's function table: use msgbuf_reader. */
  msgbuf_new_reader(headerSize: number, callback: number, arg: Pointer): Pointer;
  /** Frees a msgbuf with everything queued. */
  msgbuf_free(msgbuf: Pointer): void;
  /** Frees everything that is queued. */
  msgbuf_clear(msgbuf: Pointer): void;
  /** How many ibufs wait to be written. */
  msgbuf_queuelen(msgbuf: Pointer): number;
  /** Writes the queue with writev, once. */
  ibuf_write(fd: number, msgbuf: Pointer): number;
  /** Writes the queue with sendmsg, once, with the first ibuf's descriptor. */
  msgbuf_write(fd: number, msgbuf: Pointer): number;
  /** Reads with readv, once: 1, also if it would block, or 0 at the end. */
  ibuf_read(fd: number, msgbuf: Pointer): number;
  /** Reads with recvmsg, once: 1, also if it would block, or 0 at the end. */
  msgbuf_read(fd: number, msgbuf: Pointer): number;
  /** The oldest message that was read, as an ibuf of the caller's, or 0. */
  msgbuf_get(msgbuf: Pointer): Pointer;

  // imsg.c
  /** Makes an imsgbuf in the caller's memory. */
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
  /** Moves the oldest message to the caller's memory; returns its length, or 0 for none. */
  imsg_get(imsgbuf: Pointer, imsg: Pointer): number;
  /** Reads the rest of the payload as an ibuf on the stack. */
  imsg_get_ibuf(imsg: Pointer, ibuf: Pointer): number;
  /** Reads the rest of the payload, which must have this length. */
  imsg_get_data(imsg: Pointer, data: Pointer, len: number): number;
  /** Takes the descriptor; returns its number, or -1. */
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
  /** Queues a message; returns 1. */
  imsg_compose(
    imsgbuf: Pointer,
    type: number,
    id: number,
    pid: number,
    fd: number,
    data: Pointer,
    len: number,
  ): number;
  /** Queues a message of several pieces; returns 1. */
  imsg_composev(
    imsgbuf: Pointer,
    type: number,
    id: number,
    pid: number,
    fd: number,
    iov: Pointer,
    iovcnt: number,
  ): number;
  /** Queues a message whose payload is an ibuf, which C owns from then on, also after a failure; returns 1. */
  imsg_compose_ibuf(imsgbuf: Pointer, type: number, id: number, pid: number, buf: Pointer): number;
  /** Begins a message; returns its ibuf, or 0. */
  imsg_create(imsgbuf: Pointer, type: number, id: number, pid: number, len: number): Pointer;
  /** Adds bytes to a message that was begun; returns their number. Frees the message on failure. */
  imsg_add(msg: Pointer, data: Pointer, len: number): number;
  /** Queues a message that was begun. */
  imsg_close(imsgbuf: Pointer, msg: Pointer): void;
  /** Wipes and frees a message's payload, and closes its descriptor. */
  imsg_free(imsg: Pointer): void;

  // memory and errno
  /** Returns the address of errno. */
  __errno_location(): Pointer;
  /** Allocates a zeroed block; returns its address, or 0. */
  malloc(size: number): Pointer;
  /** Frees a block. */
  free(pointer: Pointer): void;
  /** Makes the n-th allocation from now on fail, once; 0 cancels that. */
  mem_fail_at(n: number): void;
  /** Returns the number of bytes in allocated blocks. */
  mem_live(): number;
  /** Returns the number of bytes of linear memory that the allocator manages. */
  mem_arena(): number;
  /** Limits the growth of memory to so many bytes; 0 removes the limit. */
  mem_limit(bytes: number): void;

  // the kernel (c-src/libc/syscalls.h)
  /** Closes a descriptor. */
  kernel_close(fd: number): number;
  /** Returns the result of C's getpid. */
  kernel_getpid(): number;
  /** Sets the result of C's getpid. */
  kernel_setpid(pid: number): void;
  /** Makes a socket; returns its descriptor. */
  kernel_socket(): number;
  /** Queues bytes (a block of malloc) and descriptors for the next reads; the socket owns them then. */
  kernel_deliver(fd: number, data: Pointer, len: number, fds: Pointer, nfds: number): number;
  /** Makes one read fail with an errno, after the bytes that are queued. */
  kernel_deliver_error(fd: number, errno: number): number;
  /** Makes reads return 0, after the bytes that are queued. */
  kernel_deliver_end(fd: number): number;
  /** Makes the next write take at most so many bytes. */
  kernel_limit_write(fd: number, len: number): number;
  /** Makes the next write fail with an errno. */
  kernel_fail_write(fd: number, errno: number): number;
  /** Sets how many bytes writes may add before they fail with EAGAIN. */
  kernel_room(fd: number, room: number): number;
  /** Returns the oldest piece that was written (layout.segment), or 0. */
  kernel_written(fd: number): Pointer;
  /** Frees the oldest piece; the caller owns its value. */
  kernel_sent(fd: number): number;
  /** Makes a descriptor for a value of the host, which must not be 0. */
  kernel_open(value: number): number;
  /** Frees the descriptor without closing its value, and returns the value. */
  kernel_take(fd: number): number;
  /** Returns the value behind a descriptor, or 0. */
  kernel_value(fd: number): number;
  /** Returns how many bytes the last read delivered, or -1. */
  kernel_last_read(): number;
  /** Returns whether outcomes are queued that no write has taken. */
  kernel_dictated(fd: number): number;
  /** Returns how many bytes all writes together have taken so far. */
  kernel_progress(): number;

  // functions that read the original's private structures (c-src/original/introspect.h)
  /** Calls msgbuf_new_reader for the host's callback with that number (host_header). */
  msgbuf_reader(headerSize: number, reader: number): Pointer;
  /** Returns how many bytes of an incomplete message have been read. */
  msgbuf_have(msgbuf: Pointer): number;
  /** Returns the length of an incomplete message; 0 between messages. */
  msgbuf_total(msgbuf: Pointer): number;
  /** Works as imsgbuf_flush. Where that would hang, fails with EAGAIN, or succeeds if only empty ibufs are queued. */
  imsgbuf_flush_bounded(imsgbuf: Pointer): number;

  // many messages per call (c-src/batch/batch.h)
  /** Makes an imsgbuf that is read and written through the windows; returns its address, or 0. */
  batch_open(maxsize: number, pid: number, fdpass: number): Pointer;
  /** Frees a batch with everything queued. */
  batch_close(batch: Pointer): void;
  /** Returns the address of the window, where the host writes chunks and records. */
  batch_window(): Pointer;
  /** Returns the address of the outgoing window. */
  batch_outgoing(): Pointer;
  /** Returns the address of the results of the last call. */
  batch_result(): Pointer;
  /** Returns the address of the headers of the completed messages. */
  batch_headers(): Pointer;
  /** Reads so many bytes of the window, and gets every message that is complete. */
  batch_read(batch: Pointer, len: number, fd: number): number;
  /** Frees the payload whose address batch_read has left in the results. */
  batch_release(): void;
  /** Queues so many records of the window; returns how many it has queued. */
  batch_compose(batch: Pointer, count: number, flush: number): number;
  /** Begins a message of any size; returns the address of its payload, or 0. */
  batch_create(batch: Pointer, type: number, id: number, pid: number, len: number): Pointer;
  /** Queues the message that was begun, with a descriptor or -1. */
  batch_finish(batch: Pointer, fd: number): void;
  /** Writes the queued messages to the outgoing window. */
  batch_flush(batch: Pointer): number;
}

/** The names of the exported functions. */
export type ExportName = Exclude<keyof RawExports, "memory" | "_initialize">;
