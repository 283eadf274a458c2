#ifndef HOT_H
#define HOT_H

/*
 * What a compiler that is asked for small code should inline all the same:
 * the leaves of the original's paths for one message.  Declared anew, with an
 * attribute, before the original defines them.
 */

#include "imsg.h"

#ifdef __clang__
#define HOT	__attribute__((always_inline))

HOT size_t	 ibuf_size(const struct ibuf *);
HOT size_t	 ibuf_left(const struct ibuf *);
HOT void	*ibuf_data(const struct ibuf *);
HOT void	 ibuf_from_buffer(struct ibuf *, void *, size_t);
HOT int		 ibuf_get(struct ibuf *, void *, size_t);
HOT int		 ibuf_get_ibuf(struct ibuf *, size_t, struct ibuf *);
HOT int		 ibuf_add(struct ibuf *, const void *, size_t);
HOT int		 ibuf_add_ibuf(struct ibuf *, const struct ibuf *);
HOT struct ibuf	*msgbuf_get(struct msgbuf *);
HOT ssize_t	 imsg_get(struct imsgbuf *, struct imsg *);
#endif

/* Mostly the callback of readers is imsg.c's own: then it can be inlined. */
static struct ibuf	*imsg_parse_hdr(struct ibuf *, void *, int *);
#define readhdr(m, a, f)						\
	readhdr == imsg_parse_hdr ? imsg_parse_hdr(m, a, f) :		\
	    msgbuf->readhdr(m, a, f)

#endif
