/*
 * Part of unit.c, behind the originals: the functions of a batch that need not
 * be fast.  They call the originals of unit.c, which are small.
 */

#include "batch/batch.h"
#include "batch/dialect.inc.c"

/*
 * Sets the longest message with its header.  Some revisions of imsgbuf_set_maxsize
 * expect the length without the header and add it: a first call shows which.
 */
static int
set_maxsize(struct imsgbuf *imsgbuf, uint32_t maxsize)
{
	uint32_t	 added;

	(void)imsgbuf_set_maxsize(imsgbuf, IMSG_HEADER_SIZE);
	added = imsgbuf->maxsize - (uint32_t)IMSG_HEADER_SIZE;
	errno = EINVAL;		/* of a maxsize without room for the header */
	return (maxsize < IMSG_HEADER_SIZE ? -1 :
	    imsgbuf_set_maxsize(imsgbuf, maxsize - added));
}

/* An imsgbuf on the file of all batches, without a read buffer of its own. */
static int
batch_init(struct batch *b, uint32_t maxsize)
{
	int	 fd;

	if ((fd = file_install(&batch_file)) == -1)
		return (-1);
	if (imsgbuf_init(&b->imsgbuf, fd) == -1) {
		file_remove(fd);
		return (-1);
	}
	/* the buffer was never written, so nothing has to be wiped */
	mem_freezero(b->imsgbuf.w->rbuf, 0);
	b->imsgbuf.w->rbuf = NULL;
	return (set_maxsize(&b->imsgbuf, maxsize));
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
	if (batch_init(b, maxsize) == -1) {
		if (b->imsgbuf.w == NULL)
			mem_free(b);
		else
			batch_close(b);
		return (NULL);
	}
	if (pid != 0)
		b->imsgbuf.pid = pid;
	if (flags & BATCH_FDPASS)
		imsgbuf_allow_fdpass(&b->imsgbuf);
	b->classic = (flags & BATCH_CLASSIC) != 0;
	return (b);
}

void
batch_close(struct batch *b)
{
	file_remove(b->imsgbuf.fd);
	ibuf_free(b->created);
	imsgbuf_clear(&b->imsgbuf);
	mem_free(b);
}

void *
batch_create(struct batch *b, uint32_t type, uint32_t peerid, uint32_t pid,
    uint32_t len)
{
	struct batch_result	*result = batch_result();
	void			*p;

	result->error = 0;
	ibuf_free(b->created);
	if ((b->created = imsg_create(&b->imsgbuf, type, peerid, (pid_t)pid,
	    len)) == NULL || (p = ibuf_reserve(b->created, len)) == NULL) {
		result->error = errno;
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
