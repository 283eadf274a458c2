#ifndef BATCH_SESSION_H
#define BATCH_SESSION_H

/* Chunks and records of the tests of the batch. */

#include "check.h"

static struct batch_result	*r;

static int
read_chunk(struct batch *b, const void *data, size_t n, int fd)
{
	memcpy(batch_window(), data, n);
	return (batch_read(b, (uint32_t)n, fd));
}

/* Puts a message into the window; returns where the next one goes. */
static unsigned char *
record(unsigned char *p, uint32_t type, const void *data, uint32_t len)
{
	struct imsg_hdr	 hdr = { type, sizeof(hdr) + len, 2, 3 };

	memcpy(p, &hdr, sizeof(hdr));
	memcpy(p + sizeof(hdr), data, len);
	return (p + hdr.len);
}

#endif
