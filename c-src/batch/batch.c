/*
 * The second unit: the batch, and under it the originals once more, included as
 * they were fetched, with everything inlined that every message goes through.
 * What reads and writes is exported from here; all else is core.c's.
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
#include "batch/inlined.h"

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

/* What need not be fast is core.c's. */
#undef imsgbuf_init
#undef imsgbuf_set_maxsize
#undef imsgbuf_allow_fdpass
#undef imsgbuf_clear
#undef imsg_create
#undef imsg_close
#undef ibuf_reserve
struct ibuf *imsg_create(struct imsgbuf *, uint32_t, uint32_t, pid_t, size_t);
void	 imsg_close(struct imsgbuf *, struct ibuf *);
void	*ibuf_reserve(struct ibuf *, size_t);
int	 imsgbuf_init(struct imsgbuf *, int);
int	 imsgbuf_set_maxsize(struct imsgbuf *, uint32_t);
void	 imsgbuf_allow_fdpass(struct imsgbuf *);
void	 imsgbuf_clear(struct imsgbuf *);

#include "batch/dialect.inc.c"

static struct imsg_hdr		headers[BATCH_MESSAGES];
static struct batch_result	result;
static struct imsg		first;	/* held until batch_release */

unsigned char *
batch_window(void)
{
	return (window + BATCH_LEAD);
}

unsigned char *
batch_outgoing(void)
{
	return (outgoing);
}

struct batch_result *
batch_result(void)
{
	return (&result);
}

struct imsg_hdr *
batch_headers(void)
{
	return (headers);
}

struct batch *
batch_open(uint32_t maxsize, int32_t pid, int flags)
{
	struct batch	*b;

	if (flags & BATCH_CLASSIC && maxsize > CLASSIC_MAXSIZE &&
	    maxsize <= INT32_MAX)
		maxsize = CLASSIC_MAXSIZE;

	if ((b = mem_alloc(sizeof(*b))) == NULL)
		return (NULL);
	if (imsgbuf_init(&b->imsgbuf, LOAN_FD) == -1)
		goto fail;
	/* never used, so still zero: nothing to wipe */
	mem_freezero(b->imsgbuf.w->rbuf, 0);
	b->imsgbuf.w->rbuf = NULL;
	if (imsgbuf_set_maxsize(&b->imsgbuf, maxsize) == -1) {
		imsgbuf_clear(&b->imsgbuf);
		goto fail;
	}
	if (pid != 0)
		b->imsgbuf.pid = pid;
	if (flags & BATCH_FDPASS)
		imsgbuf_allow_fdpass(&b->imsgbuf);
	b->classic = (flags & BATCH_CLASSIC) != 0;
	return (b);
 fail:
	mem_free(b);
	return (NULL);
}

void
batch_close(struct batch *b)
{
	ibuf_free(b->created);
	imsgbuf_clear(&b->imsgbuf);
	mem_free(b);
}

void
batch_release(void)
{
	if (first.buf != NULL)
		imsg_free(&first);
	first.buf = NULL;
}

/* Hands over the headers; the payloads lie in the chunk, save the first.  */
static void
batch_get(struct batch *b, int straddles)
{
	struct imsg	 m;
	uint32_t	 n;
	int		 fd;

	for (n = 0; imsg_get(&b->imsgbuf, &m) > 0; n++) {
		headers[n] = m.hdr;
		if (m.buf->fd >= 0 && (fd = imsg_get_fd(&m)) != -1) {
			result.fd_message[result.nfds] = n;
			result.fd[result.nfds++] = fd;
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
	unsigned char	*rbuf = window + BATCH_LEAD - w->roff;
	int		 rv, straddles = w->rpmsg != NULL || w->roff > 0;

	batch_release();
	result.error = 0;
	result.first = NULL;
	result.nfds = 0;
	__builtin_memcpy(rbuf, b->carry, w->roff);
	if (b->classic)
		classic_read(rbuf, w->roff + n,
		    w->rpmsg == NULL ? 0 : ibuf_left(w->rpmsg));
	w->rbuf = (char *)rbuf;
	loan_fd = LOAN_FD;
	loan.rxlen = n;
	loan.rxfd = fd;
	rv = imsgbuf_read(&b->imsgbuf);
	loan_fd = -1;
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

	loan_fd = LOAN_FD;
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
	loan_fd = -1;
	result.txlen = loan.txlen;
	result.txvalue = loan.txfile == NULL ? 0 : file_give(loan.txfile);
	result.more = imsgbuf_queuelen(imsgbuf) > 0;
	return (rv);
}

uint32_t
batch_compose(struct batch *b, uint32_t count, int flush)
{
	struct batch_record	 r;
	const unsigned char	*p = window + BATCH_LEAD;
	uint32_t		 n;

	result.error = 0;
	for (n = 0; n < count; n++) {
		mem_copy(&r, p, sizeof(r));
		p += sizeof(r);
		if (imsg_compose(&b->imsgbuf, r.type, r.peerid, (pid_t)r.pid,
		    r.fd, p, r.len) == -1) {
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

void *
batch_create(struct batch *b, uint32_t type, uint32_t peerid, uint32_t pid,
    uint32_t len)
{
	void	*p;

	result.error = 0;
	ibuf_free(b->created);
	if ((b->created = imsg_create(&b->imsgbuf, type, peerid, (pid_t)pid,
	    len)) == NULL || (p = ibuf_reserve(b->created, len)) == NULL) {
		result.error = errno;
		return (NULL);
	}
	return (p);
}

void
batch_finish(struct batch *b, int fd)
{
	ibuf_fd_set(b->created, fd);
	imsg_close(&b->imsgbuf, b->created);
	if (b->classic)
		classic_written(b->imsgbuf.w);
	b->created = NULL;
}

int
batch_flush(struct batch *b)
{
	result.error = 0;
	return (flush_queue(b));
}
