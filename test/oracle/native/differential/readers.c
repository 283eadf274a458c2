#include <string.h>

#include "driver.h"

/*
 * The wrapper's additions to reading: an end inside a message is an error, and
 * the parser's error is repeated without calling the original again.
 */

/* The wrapper's error of the last header, which is kept apart from errno. */
static const char	*refused;

void
tracker_start(struct tracker *t, size_t hdrsize,
    size_t (*length)(const unsigned char *, void *), void *arg)
{
	t->hdrsize = hdrsize;
	t->length = length;
	t->arg = arg;
	t->hdr = scratch(hdrsize);
	t->have = t->need = 0;
}

size_t
imsg_length(const unsigned char *hdr, void *arg)
{
	uint32_t	 len;

	(void)arg;
	memcpy(&len, hdr + 4, sizeof(len));
	return (len & 0x7fffffff);
}

/* The length of the message with this header, by the program's rule. */
size_t
queue_length(const unsigned char *hdr, void *arg)
{
	const struct queue	*q = arg;
	size_t			 n = q->base, hdrsize = q->tracker.hdrsize;
	uint32_t		 i;

	for (i = 0; i < q->width; i++)
		n += (size_t)hdr[(q->at + i) % hdrsize] << (8 * i);
	return (n);
}

/* Does the same as the header callback in introspect.inc.c. */
struct ibuf *
queue_readhdr(struct ibuf *hdr, void *arg, int *fd)
{
	struct queue		*q = arg;
	const unsigned char	*p = C(ibuf_data, hdr);
	struct ibuf		*b;
	size_t			 len;

	if (q->refuse != 0 && p[0] % q->refuse == 1) {
		refused = "REFUSED";
		return (NULL);
	}
	len = queue_length(p, q);
	if (len < C(ibuf_size, hdr)) {
		refused = "EINVAL";
		b = NULL;
	} else
		b = C(ibuf_open, len);
	if (b != NULL && *fd != -1) {
		C(ibuf_fd_set, b, *fd);
		*fd = -1;
	}
	return (b);
}

void
read_outcome(int rv, struct tracker *t, const char **broken)
{
	const char	*name = error_name(errno);

	if (refused != NULL)
		name = refused;
	refused = NULL;
	if (rv == -1) {
		if (kernel_last_read > 0)
			*broken = name;
		result_error(name);
	} else if (rv == 0 && t->have > 0)
		result_error("ERR_IMSG_TRUNCATED");
	else
		result_signed(rv);
}

/* Whether anything but empty ibufs is queued. */
int
queued_bytes(struct msgbuf *msgbuf)
{
	TAILQ_HEAD(, ibuf)	*head = (void *)msgbuf;
	struct ibuf		*b;

	TAILQ_FOREACH(b, head, entry)
		if (ibuf_size(b) > 0)
			return (1);
	return (0);
}
