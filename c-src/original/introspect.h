#ifndef INTROSPECT_H
#define INTROSPECT_H

#include <stdint.h>

/*
 * Functions for the wrapper that need the definitions of the original's private
 * structures.
 */

struct ibuf;
struct imsgbuf;
struct msgbuf;

/* The callback that imsgbuf_init passes to msgbuf_new_reader. */
extern struct ibuf *(*const imsg_reader)(struct ibuf *, void *, int *);

/*
 * msgbuf_new_reader for the host's callback with this number: host_header
 * returns the length of the message, and the ibuf is made here.  The arguments
 * are the size of a header and the number of the callback.
 */
struct msgbuf	*msgbuf_reader(uint32_t, uint32_t);
/*
 * Bytes that have been read of an incomplete message, and its total length (the
 * size of a header until the header is complete).  Both are 0 if no message is
 * incomplete.
 */
uint32_t	 msgbuf_have(struct msgbuf *);
uint32_t	 msgbuf_total(struct msgbuf *);
/*
 * imsgbuf_flush that always returns: with EAGAIN when a write takes no byte, and
 * with success when only empty ibufs are queued.
 */
int		 imsgbuf_flush_bounded(struct imsgbuf *);

#endif
