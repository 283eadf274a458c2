#ifndef BATCH_H
#define BATCH_H

#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include "imsg.h"

/*
 * Reads or writes many messages in one call of the host.  A batch is an imsgbuf
 * without a read buffer of its own: it borrows the window for the length of one
 * call.  Between calls it keeps the bytes of an incomplete header, at most 15.
 *
 * Every byte goes through imsgbuf_read and imsgbuf_write.
 */

#define BATCH_LEAD	16	/* room for an incomplete header before a chunk */
#define BATCH_WINDOW	65520	/* longest chunk, in bytes */
#define BATCH_OUTGOING	65536	/* most bytes that one flush writes */
#define BATCH_MESSAGES	4096	/* most messages that a window completes */
#define BATCH_FDS	2	/* of a message that began earlier, and of a new one */

struct batch {
	struct imsgbuf	 imsgbuf;
	struct ibuf	*created;	/* between batch_create and _finish */
	int		 classic;
	unsigned char	 carry[BATCH_LEAD];
};

/* The results of the last call, which the host reads in place. */
struct batch_result {
	uint32_t	 count;		/* messages whose headers are ready */
	int32_t		 error;		/* errno, or 0 */
	uint32_t	 need;		/* bytes until a message can be complete */
	uint32_t	 have;		/* at the end: bytes of a cut message */
	uint32_t	 total;		/* at the end: length of the cut message */
	const void	*first;		/* payload of the first message if it
					 * began in an earlier chunk, or NULL;
					 * valid until batch_release */
	uint32_t	 nfds;
	uint32_t	 fd_message[BATCH_FDS];
	int32_t		 fd[BATCH_FDS];
	uint32_t	 txlen;		/* bytes that were written */
	uint32_t	 txvalue;	/* host value that travels along, or 0 */
	uint32_t	 more;		/* 1: more is queued; flush again */
	uint32_t	 ndrops;	/* messages marked, without a descriptor */
	const void	*tx;		/* written bytes, in one of the windows */
};

#define BATCH_FDPASS	0x01		/* imsgbuf_allow_fdpass */
#define BATCH_CLASSIC	0x02		/* the peer speaks the classic dialect */

/* The longest message of the classic dialect, whose length has 16 bits. */
#define CLASSIC_MAXSIZE	65535

/*
 * Makes a batch: the longest message (lowered to what the dialect allows), the
 * pid of messages without one (0: that of the process), flags.  NULL with errno.
 */
struct batch	*batch_open(uint32_t, int32_t, int);
/* Frees a batch and all that is queued, and closes queued descriptors. */
void		 batch_close(struct batch *);

/* The window, where the host writes chunks and messages. */
unsigned char	*batch_window(void);
/* The outgoing window, where batch_flush writes. */
unsigned char	*batch_outgoing(void);
struct batch_result *batch_result(void);
/*
 * The headers of the messages that the last batch_read completed.  Behind the
 * room for them stand the indices of those that are marked as having a
 * descriptor, and have none.
 */
struct imsg_hdr	*batch_headers(void);

/*
 * Reads so many bytes of the window (0: the end of the stream), which arrive with
 * a descriptor or -1, and gets every complete message.  Returns 1, 0 at the end,
 * or -1: then the messages before the error are in the result, and the batch must
 * not be read again.
 */
int		 batch_read(struct batch *, uint32_t, int);
/* Frees the message whose payload is batch_result.first. */
void		 batch_release(void);

/*
 * Composes so many messages, which lie in the window as they are sent, one after
 * the other; only their lengths must be right.  Returns how many it has composed.
 * With the last argument 1, and if it has composed all, it also flushes: if
 * nothing was queued before, the bytes stay in the window.
 */
uint32_t	 batch_compose(struct batch *, uint32_t, int);
/*
 * Begins a message of any size (type, peerid, pid, length); returns the payload
 * for the host to fill, or NULL.
 */
void		*batch_create(struct batch *, uint32_t, uint32_t, uint32_t,
		    uint32_t);
/* Queues the message that was begun, with a descriptor or -1. */
void		 batch_finish(struct batch *, int);
/*
 * Writes the queued messages to the outgoing window, until it is full or up to
 * the next descriptor; returns 0, or -1 with the error in the result.
 */
int		 batch_flush(struct batch *);

/* Shared by batch.c and open.inc.c; the host does not call these. */
extern struct file batch_file;
extern unsigned char batch_in[BATCH_LEAD + BATCH_WINDOW];
extern unsigned char batch_out[BATCH_OUTGOING];
extern struct imsg_hdr batch_hdrs[BATCH_MESSAGES + BATCH_MESSAGES / 4];
#define batch_drops	((uint32_t *)(void *)&batch_hdrs[BATCH_MESSAGES])
/*
 * Translates the headers in bytes that are about to be read: how many bytes, and
 * after how many of them the first header begins.
 */
void		 classic_read(unsigned char *, size_t, size_t);
/* Translates the header of the message that was queued last. */
void		 classic_written(struct msgbuf *);

#endif
