/* Part of unit.c, behind the originals: knows their private structures. */

#include "original/introspect.h"

/*
 * The original's function.  Afterwards an ibuf has been written beyond wpos, so
 * that ibuf_free must wipe all of it.
 */
int
ibuf_truncate(struct ibuf *b, size_t len)
{
	if (len < ibuf_size(b) && b->fd != IBUF_FD_MARK_ON_STACK)
		mem_wipe_whole(b->buf);
	return (original_ibuf_truncate(b, len));
}

static struct ibuf *
reader_header(struct ibuf *header, void *arg, int *fd)
{
	struct ibuf	*message;
	uint32_t	 len;
	int		 passed = *fd;

	len = host_header((uint32_t)(uintptr_t)arg, ibuf_data(header),
	    (uint32_t)ibuf_size(header));
	if (len < ibuf_size(header)) {
		errno = EINVAL;	/* refused by the host, or too short */
		return (NULL);
	}
	message = ibuf_open(len);
	if (message != NULL && passed != -1) {
		*fd = -1;
		ibuf_fd_set(message, passed);
	}
	return (message);
}

struct msgbuf *
msgbuf_reader(uint32_t hdrsize, uint32_t reader)
{
	return (msgbuf_new_reader(hdrsize, reader_header,
	    (void *)(uintptr_t)reader));
}

uint32_t
msgbuf_have(struct msgbuf *msgbuf)
{
	if (msgbuf->rpmsg != NULL)
		return ((uint32_t)ibuf_size(msgbuf->rpmsg));
	return ((uint32_t)msgbuf->roff);
}

uint32_t
msgbuf_total(struct msgbuf *msgbuf)
{
	if (msgbuf->rpmsg != NULL)
		return ((uint32_t)msgbuf->rpmsg->max);
	return (msgbuf->roff > 0 ? (uint32_t)msgbuf->hdrsize : 0);
}

/*
 * The queue of ibufs to write.  bufs is the head of the queue in some revisions, and
 * in others a structure that begins with the head.
 */
TAILQ_HEAD(ibuf_head, ibuf);
static struct ibuf_head *
msgbuf_queue(struct msgbuf *msgbuf)
{
	return ((struct ibuf_head *)(void *)&msgbuf->bufs);
}

static int
msgbuf_bytes_queued(struct msgbuf *msgbuf)
{
	struct ibuf	*b;

	TAILQ_FOREACH(b, msgbuf_queue(msgbuf), entry)
		if (ibuf_size(b) > 0)
			return (1);
	return (0);
}

int
imsgbuf_flush_bounded(struct imsgbuf *imsgbuf)
{
	uint32_t	 before;
	int		 dictated;

	while (imsgbuf_queuelen(imsgbuf) > 0) {
		before = kernel_progress();
		dictated = kernel_dictated(imsgbuf->fd);
		if (imsgbuf_write(imsgbuf) == -1)
			return (-1);
		/* an outcome that the host has set holds for one write */
		if (kernel_progress() != before || dictated)
			continue;
		if (!msgbuf_bytes_queued(imsgbuf->w))
			return (0);
		errno = EAGAIN;
		return (-1);
	}
	return (0);
}
