#ifndef KERNEL_H
#define KERNEL_H

#include <sys/types.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The little kernel below the original: a table of descriptors, each of them
 * an in-memory socket or a host value, which only the host knows.
 *
 * A socket has a queue of outcomes for each direction.  A read takes the first
 * delivery (bytes, an error or the end); none is EAGAIN.  A write takes the
 * first dictated outcome if there is one, else as many bytes as there is room.
 *
 * All functions return -1 with errno on failure, like the calls they stand for.
 */

struct file;
struct iovec;
struct msghdr;

/* What the original calls. */
ssize_t	kernel_readv(int, const struct iovec *, int);
ssize_t	kernel_writev(int, const struct iovec *, int);
ssize_t	kernel_recvmsg(int, struct msghdr *, int);
ssize_t	kernel_sendmsg(int, const struct msghdr *, int);
int	kernel_close(int);
pid_t	kernel_getpid(void);

/* What the host calls. */
void	kernel_setpid(pid_t);
int	kernel_socket(void);
/*
 * Bytes and descriptors for the next reads.  The bytes must come from
 * mem_alloc and belong to the kernel afterwards, as do the descriptors'
 * numbers until a read hands them out; on failure all stay the caller's.
 */
int	kernel_deliver(int, void *, size_t, const int *, uint32_t);
int	kernel_deliver_error(int, int);
int	kernel_deliver_end(int);
/* Dictates the next write: at most so many bytes, or an error. */
int	kernel_accept(int, uint32_t);
int	kernel_refuse(int, int);
/* How many bytes writes may add before EAGAIN; taking them makes no room. */
int	kernel_room(int, uint32_t);

/* One piece of what was written; a descriptor travels with its first byte. */
struct segment {
	struct segment	*next;
	uint32_t	 len;
	int32_t		 fd;	/* its number when it was sent, or -1 */
	uint32_t	 value;	/* the host value it stands for, or 0 */
	unsigned char	*data;
	struct file	*file;	/* holds what is on its way */
};
/* The oldest piece, or NULL.  It stays until kernel_sent takes it away. */
struct segment	*kernel_written(int);
/* Frees the oldest piece; its host value now belongs to the caller. */
int	kernel_sent(int);

/* Makes a descriptor for a host value (never 0); lowest free number from 3. */
int	kernel_open(uint32_t);
/* Takes the host value out: the descriptor is gone, the value not closed. */
uint32_t kernel_take(int);
/* The host value behind a descriptor, 0 if it is a socket or free. */
uint32_t kernel_value(int);

/* Bytes that the last read delivered, or -1: tells a parser's error apart. */
int	kernel_last_read(void);
/* Whether outcomes of writes are dictated that no write has taken yet. */
int	kernel_dictated(int);
/* Bytes that writes have taken so far, on all sockets. */
uint32_t kernel_progress(void);

/*
 * The descriptor of all batches: it has no socket, and there is something behind
 * it only while loan_fd says so.  See loan.c.
 */
#define LOAN_FD	0x7fffffff
extern int	loan_fd;	/* LOAN_FD, or -1: nothing is lent */
ssize_t	loan_read(int *);
ssize_t	loan_write(const struct iovec *, size_t, int);

#ifdef __wasm__
#define HOST(name)	__attribute__((import_module("env"), import_name(#name)))
#else
#define HOST(name)
#endif

/*
 * Provided by the host.  host_close tells that a descriptor's number was
 * closed (-1: one that was still on its way) and, if that was the last
 * reference, which value is gone (else 0).  The host must not call back.
 */
HOST(host_close)
void	host_close(int, uint32_t);
/*
 * The total length of the message whose header this is; 0 if the host
 * refuses it.
 */
HOST(host_header)
uint32_t host_header(uint32_t, const void *, uint32_t);

#endif
