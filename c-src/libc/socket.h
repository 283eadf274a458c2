#ifndef SOCKET_H
#define SOCKET_H

#include <stddef.h>
#include <stdint.h>

/*
 * In-memory sockets.  A socket has a queue of outcomes for each direction.  A
 * read takes the first delivery (bytes, an error or the end), and is EAGAIN if
 * there is none.  A write takes the first outcome that the host has set; if
 * there is none, it takes as many bytes as there is room for.
 *
 * Functions that return an int return -1 with errno on failure.
 */

struct file;

/* Makes a socket; returns its number. */
int		 kernel_socket(void);
/*
 * Delivers bytes and descriptors to the next reads.  The bytes must be a block
 * of mem_alloc.  On success the socket owns the block and the numbers, until a
 * read hands the numbers out; on failure the caller still owns all of them.
 */
int		 kernel_deliver(int, void *, size_t, const int *, uint32_t);
/* Makes one read fail with this errno, after what was delivered before. */
int		 kernel_deliver_error(int, int);
/* Makes reads return 0, after what was delivered before. */
int		 kernel_deliver_end(int);
/* Lets the next write take at most so many bytes. */
int		 kernel_limit_write(int, uint32_t);
/* Makes the next write fail with this errno. */
int		 kernel_fail_write(int, int);
/*
 * Sets how many bytes writes may add before they are EAGAIN.  Removing what was
 * written makes no room.
 */
int		 kernel_room(int, uint32_t);
/* Whether outcomes of writes are set that no write has taken yet. */
int		 kernel_dictated(int);

/* One piece of what was written; a descriptor travels with its first byte. */
struct segment {
	struct segment	*next;
	uint32_t	 len;
	int32_t		 fd;	/* its number when it was sent, or -1 */
	uint32_t	 value;	/* the host value it stands for, or 0 */
	unsigned char	*data;
	struct file	*file;	/* holds a reference; NULL: no descriptor */
};
/* The oldest segment, or NULL.  The socket owns it until kernel_sent. */
struct segment	*kernel_written(int);
/* Frees the oldest segment; the caller owns its host value now. */
int		 kernel_sent(int);

#endif
