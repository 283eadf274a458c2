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

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpragmas"
#include "imsg-buffer.c"
#include "imsg.c"
#pragma GCC diagnostic pop

#include "original/end.h"


static struct batch_result	result;
static struct imsg		first;	/* owned until batch_release */

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
		imsg_free(&first);
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
	struct imsg_hdr	*h;
	uint32_t	 n;
	int		 fd;

	for (n = 0; imsg_get(&b->imsgbuf, &m) > 0; n++) {
		batch_hdrs[n] = m.hdr;
		/* imsg_get has cleared the mark in its copy of the header */
		h = (void *)m.buf->buf;
		if (h->len & IMSG_FD_MARK) {
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
	unsigned char	*rbuf = batch_in + BATCH_LEAD - w->roff;
	int		 rv, straddles = w->rpmsg != NULL || w->roff > 0;

	batch_release();
	result.error = 0;
	result.first = NULL;
	result.nfds = 0;
	result.ndrops = 0;
	__builtin_memcpy(rbuf, b->carry, w->roff);
	if (b->classic)
		classic_read(rbuf, w->roff + n,
		    w->rpmsg == NULL ? 0 : ibuf_left(w->rpmsg));
	w->rbuf = (char *)rbuf;
	loan.lent = 1;
	loan.rxlen = n;
	loan.rxfd = fd;
	rv = imsgbuf_read(&b->imsgbuf);
	loan.lent = 0;
	w->rbuf = NULL;
	if (rv == -1)
		result.error = errno;
	else if (rv == 1)
		__builtin_memcpy(b->carry, rbuf, w->roff);
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

static int
flush_queue(struct batch *b)
{
	struct imsgbuf	*imsgbuf = &b->imsgbuf;
	uint32_t	 before;
	int		 rv = 0;

	loan.lent = 1;
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
	result.txlen = loan.txlen;
	result.txvalue = loan.txfile == NULL ? 0 : file_detach(loan.txfile);
	result.more = imsgbuf_queuelen(imsgbuf) > 0;
	return (rv);
}

uint32_t
batch_compose(struct batch *b, uint32_t count, int flush)
{
	struct batch_record	 r;
	const unsigned char	*p = batch_in + BATCH_LEAD;
	uint32_t		 n;

	result.error = 0;
	for (n = 0; n < count; n++) {
		mem_copy(&r, p, sizeof(r));
		p += sizeof(r);
		if (imsg_compose(&b->imsgbuf, r.type, r.peerid, (pid_t)r.pid,
		    -1, p, r.len) == -1) {
			result.error = errno;
			break;
		}
		if (b->classic)
			classic_written(b->imsgbuf.w);
		p += (r.len + 3) & ~3u;
	}
	if (flush && n == count)
		(void)flush_queue(b);
	return (n);
}

int
batch_flush(struct batch *b)
{
	result.error = 0;
	return (flush_queue(b));
}

#ifndef __wasm__	/* natively the order of the data does not matter */
#include "batch/arrays.c"
#endif
