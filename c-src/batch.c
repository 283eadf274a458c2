/* Part of core.c, behind the originals: sees inside struct msgbuf. */

#include "batch.h"

#include "dialect.c"

struct batch {
	struct imsgbuf	 imsgbuf;
	struct ibuf	*created;	/* between batch_create and _finish */
	int		 classic;
	unsigned char	 carry[BATCH_LEAD];
};

static _Alignas(16) unsigned char	window[BATCH_LEAD + BATCH_WINDOW];
static _Alignas(16) unsigned char	outgoing[65536];
static struct imsg_hdr			headers[BATCH_MESSAGES];
static struct batch_result		result;
static struct imsg			first;	/* held until batch_release */

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
		if (n == 0 && straddles) {
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
	mem_copy(rbuf, b->carry, w->roff);
	if (b->classic)
		classic_read(rbuf, w->roff + n,
		    w->rpmsg == NULL ? 0 : ibuf_left(w->rpmsg));
	w->rbuf = (char *)rbuf;
	kernel_loan.fd = LOAN_FD;
	kernel_loan.rx = window + BATCH_LEAD;
	kernel_loan.rxlen = n;
	kernel_loan.rxfd = fd;
	rv = imsgbuf_read(&b->imsgbuf);
	kernel_loan.fd = -1;
	w->rbuf = NULL;
	if (rv == -1)
		result.error = errno;
	else if (rv == 1)
		mem_copy(b->carry, rbuf, w->roff);
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
	if (flush)
		(void)batch_flush(b);
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
	struct imsgbuf	*imsgbuf = &b->imsgbuf;
	uint32_t	 before;
	int		 rv = 0;

	kernel_loan.fd = LOAN_FD;
	kernel_loan.tx = outgoing;
	kernel_loan.txsize = sizeof(outgoing);
	kernel_loan.txlen = 0;
	kernel_loan.txfile = NULL;
	while (imsgbuf_queuelen(imsgbuf) > 0) {
		before = kernel_progress();
		if ((rv = imsgbuf_write(imsgbuf)) == -1) {
			result.error = errno;
			break;
		}
		if (kernel_progress() == before)
			break;
	}
	kernel_loan.fd = -1;
	result.txlen = kernel_loan.txlen;
	result.txvalue = kernel_loan.txfile == NULL ? 0 :
	    file_give(kernel_loan.txfile);
	result.more = imsgbuf_queuelen(imsgbuf) > 0;
	return (rv);
}
