/*
 * The second unit, compiled for speed: the batch, and the originals once more,
 * included as they were fetched, with the functions inlined that every message
 * goes through.  It exports ibuf_free and the four functions that read and
 * write; unit.c exports the rest.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libc/alloc.h"
#include "libc/file.h"
#include "original/introspect.h"
#include "libc/syscalls.h"

#ifndef MEM_SYSTEM
#include "libc/alloc_inline.h"
#endif
#include "libc/copy.h"

#include "original/begin.h"
#include "batch/inline.h"

#include "batch/batch.h"
#include "batch/window.inc.c"

/*
 * Calls ibuf_free where it need not be fast: the compiler cannot inline it here,
 * which would waste space.
 */
static INLINE void
free_out_of_line(struct ibuf *b)
{
	void	(*f)(struct ibuf *) = ibuf_free;

	__asm__("" : "+r" (f));
	f(b);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpragmas"
#include "imsg-buffer.c"
#define ibuf_free(b)							\
	(__builtin_strcmp(__func__, "imsg_free") == 0 ?			\
	    ibuf_free(b) : free_out_of_line(b))
#include "imsg.c"
#undef ibuf_free
#pragma GCC diagnostic pop

#include "original/end.h"

static struct batch_result	result;
static struct imsg		first;	/* the batch owns it until batch_release */

unsigned char *
batch_window(void)
{
	return (batch_in + BATCH_LEAD);
}

unsigned char *
batch_outgoing(void)
{
	return (batch_out);
}

struct batch_result *
batch_result(void)
{
	return (&result);
}

struct imsg_hdr *
batch_headers(void)
{
	return (batch_hdrs);
}

void
batch_release(void)
{
	if (first.buf != NULL)
		free_out_of_line(first.buf);
	first.buf = NULL;
}

/*
 * Notes the headers of the messages that are complete, and frees the messages:
 * the host has their payloads in its chunk.  The first one is kept if it
 * straddles, which is to say that it began in an earlier chunk.
 */
static void
batch_get(struct batch *b, int straddles)
{
	struct imsg	 m;
	uint32_t	 n, len;
	int		 fd;

	for (n = 0; imsg_get(&b->imsgbuf, &m) > 0; n++) {
		batch_hdrs[n] = m.hdr;
		/* imsg_get has cleared the mark in its copy of the header */
		mem_copy(&len, m.buf->buf + offsetof(struct imsg_hdr, len),
		    sizeof(len));
		if (len & IMSG_FD_MARK) {
			if ((fd = imsg_get_fd(&m)) != -1) {
				result.fd_message[result.nfds] = n;
				result.fd[result.nfds++] = fd;
			} else
				batch_drops[result.ndrops++] = n;
		}
		if (n == 0 && straddles && m.data != NULL) {
			first = m;
			result.first = m.data;
		} else
			imsg_free(&m);
	}
	result.count = n;
}

int
batch_read(struct batch *b, uint32_t n, int fd)
{
	struct msgbuf	*w = b->imsgbuf.w;
	unsigned char	*rbuf = batch_in + BATCH_LEAD - w->roff, head[BATCH_LEAD];
	size_t		 next = w->rpmsg == NULL ? 0 : ibuf_left(w->rpmsg);
	int		 rv, straddles = w->rpmsg != NULL || w->roff > 0;

	batch_release();
	result.error = 0;
	result.first = NULL;
	result.nfds = 0;
	result.ndrops = 0;
	__builtin_memcpy(rbuf, b->carry, w->roff);
	if (b->classic)
		classic_read(rbuf, w->roff + n, next);
	/* imsgbuf_read moves the header that it leaves over to the first bytes */
	__builtin_memcpy(head, rbuf, sizeof(head));
	inplace.end = rbuf + w->roff + n;
	inplace.at = next > w->roff + n ? inplace.end : rbuf + next;
	w->rbuf = (char *)rbuf;
	loan.lent = 1;
	loan.rxlen = n;
	loan.rxfd = fd;
	rv = imsgbuf_read(&b->imsgbuf);
	loan.lent = 0;
	inplace.at = inplace.end;
	w->rbuf = NULL;
	if (rv == -1)
		result.error = errno;
	else if (rv == 1) {
		__builtin_memcpy(b->carry, rbuf, w->roff);
		__builtin_memcpy(rbuf, head, sizeof(head));
	}
	batch_get(b, straddles);
	if (rv == 1)
		result.need = (uint32_t)(w->rpmsg != NULL ?
		    ibuf_left(w->rpmsg) : w->hdrsize - w->roff);
	else if (rv == 0) {
		result.have = msgbuf_have(w);
		result.total = msgbuf_total(w);
	}
	return (rv);
}

/*
 * Writes the queued messages to tx, the outgoing window or the place of their
 * records, until tx is full or a descriptor comes next.
 */
static int
flush_queue(struct batch *b, unsigned char *tx)
{
	struct imsgbuf	*imsgbuf = &b->imsgbuf;
	uint32_t	 before;
	int		 rv = 0;

	loan.lent = 1;
	loan.tx = tx;
	loan.txlen = 0;
	loan.txfile = NULL;
	while (imsgbuf_queuelen(imsgbuf) > 0) {
		before = loan.txlen;
		if ((rv = imsgbuf_write(imsgbuf)) == -1) {
			result.error = errno;
			break;
		}
		if (loan.txlen == before)
			break;
	}
	loan.lent = 0;
	result.tx = tx;
	result.txlen = loan.txlen;
	result.txvalue = loan.txfile == NULL ? 0 : file_detach(loan.txfile);
	result.more = imsgbuf_queuelen(imsgbuf) > 0;
	return (rv);
}

/* Composes messages of the window up to the first that is refused; how many. */
static uint32_t
compose(struct batch *b, uint32_t count)
{
	const unsigned char	*p = batch_in + BATCH_LEAD;
	struct imsg_hdr		 h;
	uint32_t		 n;

	for (n = 0; n < count; n++, p += h.len) {
		mem_copy(&h, p, sizeof(h));
		if (imsg_compose(&b->imsgbuf, h.type, h.peerid, (pid_t)h.pid,
		    -1, p + sizeof(h), h.len - sizeof(h)) == -1) {
			result.error = errno;
			break;
		}
		if (b->classic)
			classic_written(b->imsgbuf.w);
	}
	return (n);
}

uint32_t
batch_compose(struct batch *b, uint32_t count, int flush)
{
	unsigned char	*tx = batch_out;
	uint32_t	 n;
	int		 error;

	result.error = 0;
	/* messages that were queued before go to the outgoing window first */
	if (flush && imsgbuf_queuelen(&b->imsgbuf) == 0) {
		tx = inplace.at = batch_in + BATCH_LEAD;
		inplace.end = batch_in + sizeof(batch_in);
	}
	n = compose(b, count);
	inplace.at = inplace.end;
	if (n == count) {
		if (flush)
			(void)flush_queue(b, tx);
	} else if (tx != batch_out) {
		/*
		 * The messages before the refused one stay queued.  Their ibufs
		 * must not stay in the window: they are freed and composed again.
		 */
		error = result.error;
		(void)flush_queue(b, tx);
		count = n;
		if ((n = compose(b, count)) == count)
			result.error = error;
	}
	return (n);
}

int
batch_flush(struct batch *b)
{
	result.error = 0;
	return (flush_queue(b, batch_out));
}

#ifndef __wasm__	/* natively, this unit has the arrays itself: their place does not matter */
#include "batch/arrays.c"
#endif
