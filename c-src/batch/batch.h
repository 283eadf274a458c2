#ifndef BATCH_H
#define BATCH_H

#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include "imsg.h"

/*
 * Many messages per crossing of the border between host and module.  A batch
 * is an imsgbuf without a read buffer of its own: the one shared window is
 * lent to it while bytes are in flight, and the at most 15 left-over bytes of
 * a header are kept beside it in between.
 *
 * Every byte still goes through imsgbuf_read and imsgbuf_write.
 */

#define BATCH_LEAD	16	/* room for the left-over bytes before a chunk */
#define BATCH_WINDOW	65520	/* bytes that a chunk may have */
#define BATCH_OUTGOING	65536	/* bytes that a flush can give at once */
#define BATCH_MESSAGES	4096	/* what a window can hold */
#define BATCH_FDS	2	/* a message begun earlier, and a new one */

struct batch {
	struct imsgbuf	 imsgbuf;
	struct ibuf	*created;	/* between batch_create and _finish */
	int		 classic;
	unsigned char	 carry[BATCH_LEAD];
};

/* What the last call did; the host reads it in place. */
struct batch_result {
	uint32_t	 count;		/* messages whose headers are ready */
	int32_t		 error;		/* errno, or 0 */
	uint32_t	 need;		/* bytes until a message can complete */
	uint32_t	 have;		/* at the end: bytes of a cut message */
	uint32_t	 total;		/* and how many it should have had */
	const void	*first;		/* payload of the first message, if it
					 * began before this chunk; until
					 * batch_release */
	uint32_t	 nfds;
	uint32_t	 fd_message[BATCH_FDS];
	int32_t		 fd[BATCH_FDS];
	uint32_t	 txlen;		/* bytes in the outgoing window */
	uint32_t	 txvalue;	/* host value that goes with them, or 0 */
	uint32_t	 more;		/* 1: take them, then flush again */
};

/* One message to send, in the window; its payload follows, padded to 4. */
struct batch_record {
	uint32_t	 type, peerid, pid;
	int32_t		 fd;		/* or -1 */
	uint32_t	 len;
};

#define BATCH_FDPASS	0x01		/* imsgbuf_allow_fdpass */
#define BATCH_CLASSIC	0x02		/* the peer speaks the classic dialect */

/* The longest message of the classic dialect, whose length has 16 bits. */
#define CLASSIC_MAXSIZE	65535

/* maxsize (lowered to the dialect's), pid (0: the process's), flags; or NULL. */
struct batch	*batch_open(uint32_t, int32_t, int);
/* Frees it with all that is queued; descriptors in it are closed. */
void		 batch_close(struct batch *);

/* Where the host writes chunks and records. */
unsigned char	*batch_window(void);
unsigned char	*batch_outgoing(void);
struct batch_result *batch_result(void);
/* Headers of the messages that the last batch_read completed. */
struct imsg_hdr	*batch_headers(void);

/*
 * Reads so many bytes of the window (0: the end), and a descriptor or -1, and
 * gets every message that is complete.  1, 0 at the end, -1 on an error: the
 * messages before it are there, and the batch must not be read again.
 */
int		 batch_read(struct batch *, uint32_t, int);
void		 batch_release(void);

/*
 * Composes so many records of the window; returns how many went well.  With
 * flush, and if all did, also writes to the outgoing window.
 */
uint32_t	 batch_compose(struct batch *, uint32_t, int);
/* Begins a message of any size; the host fills its payload.  NULL on error. */
void		*batch_create(struct batch *, uint32_t, uint32_t, uint32_t,
		    uint32_t);
void		 batch_finish(struct batch *, int);
/* Writes what is queued to the outgoing window, as far as there is room. */
int		 batch_flush(struct batch *);

#endif
