#ifndef INLINE_H
#define INLINE_H

/*
 * Included before the originals in batch.c.  This unit has its own copy of
 * every function of imsg.h.  The generated header declares the copies static,
 * so that the compiler can inline or drop them.  imsg.h must not have been
 * included before.
 */

/* This unit exports these functions; unit.c's copies are weak, so the linker drops them. */
#define EXPORTS_ibuf_free
#define EXPORTS_ibuf_read
#define EXPORTS_ibuf_write
#define EXPORTS_msgbuf_read
#define EXPORTS_msgbuf_write
#include "static_prototypes.h"

#undef calloc
#undef freezero
#ifdef MEM_SYSTEM
#define calloc(n, s)		INPLACE_ALLOC(n, s, mem_alloc)
#define freezero(p, n)		INPLACE_FREE(p, mem_freezero(p, buf->wpos))
#else
#undef free
#define calloc(n, s)		INPLACE_ALLOC(n, s, class_alloc)
/*
 * A structure was allocated by its size, so sizeof yields its class.  Only
 * ibuf_free is hot: in other functions, inlining would waste space.
 */
#define free(p)								\
	(__builtin_strcmp(__func__, "ibuf_free") == 0 ?			\
	    class_free(p, sizeof(*(p))) : mem_free(p))
#define freezero(p, n)		INPLACE_FREE(p, mem_freezero(p, buf->wpos))
#endif

/* The original allocates bytes of messages with a size of 1, and structures with a count of 1. */
#define INPLACE_ALLOC(n, s, alloc)					\
	((s) == 1 && inplace_has(n) ? inplace_next(n) : alloc((n) * (s)))
#define INPLACE_FREE(p, free)						\
	(in_window(p) ? (void)0 : free)

#undef memcpy
#define memcpy(d, s, n)		inplace_copy(d, s, n)

/* The functions that every message goes through. */
#define HOT(f)	static INLINE __typeof__(f) f
HOT(ibuf_open);
HOT(ibuf_dynamic);
HOT(ibuf_reserve);
HOT(ibuf_add);
HOT(ibuf_add_ibuf);
HOT(ibuf_seek);
HOT(ibuf_set);
HOT(ibuf_set_h32);
HOT(ibuf_data);
HOT(ibuf_size);
HOT(ibuf_left);
HOT(ibuf_close);
HOT(ibuf_from_buffer);
HOT(ibuf_get);
HOT(ibuf_get_ibuf);
HOT(ibuf_fd_avail);
HOT(ibuf_fd_get);
HOT(ibuf_fd_set);
HOT(msgbuf_queuelen);
HOT(msgbuf_get);
HOT(imsgbuf_read);
HOT(imsgbuf_write);
HOT(imsgbuf_queuelen);
HOT(imsg_get);
HOT(imsg_get_fd);
HOT(imsg_compose);
HOT(imsg_create);
HOT(imsg_add);
HOT(imsg_close);
HOT(imsg_free);

/* The same for functions that only the original's files declare. */
static INLINE struct ibuf *imsg_parse_hdr(struct ibuf *, void *, int *);
static NOINLINE int	 ibuf_read_process(struct msgbuf *, int);
static NOINLINE void	 msgbuf_drain(struct msgbuf *, size_t);
#ifdef DECLARES_ibufq_push	/* later revisions of imsg.h have ibufqueues */
HOT(ibufq_push);
HOT(ibufq_pop);
#else
static INLINE void	 msgbuf_read_enqueue(struct msgbuf *, struct ibuf *);
static INLINE void	 msgbuf_enqueue(struct msgbuf *, struct ibuf *);
static INLINE void	 msgbuf_dequeue(struct msgbuf *, struct ibuf *);
#endif
/* inlined, and exported: imsg.h declares it without inline */
INLINE void		 ibuf_free(struct ibuf *);

/*
 * Most readers have the callback of imsgbuf_init: then imsg_parse_hdr of this
 * unit, which does the same, is inlined.
 */
#define readhdr(m, a, f)						\
	readhdr == imsg_reader ? imsg_parse_hdr(m, a, f) :		\
	    msgbuf->readhdr(m, a, f)

#endif
