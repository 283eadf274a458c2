#include <string.h>

#include "driver.h"

/* Operations that make, fill and change ibufs. */

OP(open)
{
	struct buf	*b = drop_buf(arg_slot(a));

	buf_made(b, C(ibuf_open, arg_size(a)));
}

OP(dynamic)
{
	struct buf	*b = drop_buf(arg_slot(a));
	size_t		 len = arg_size(a), max = arg_size(a);

	buf_made(b, C(ibuf_dynamic, len, max));
}

OP(frombuffer)
{
	struct buf	*b = drop_buf(arg_slot(a));
	struct bytes	 data = arg_bytes(a);

	C(ibuf_from_buffer, &b->view, data.data, data.len);
	buf_view(b, root_new(&b->view));
	buf_done(b, 0);
}

OP(fromibuf)
{
	unsigned int	 to = arg_slot(a), slot = arg_slot(a);
	struct buf	*from, *b;

	if (!have_buf(slot))
		return;
	if (to == slot) {
		result_skip("same");
		return;
	}
	/* disposing of the old object may make the other stale */
	b = drop_buf(to);
	if ((from = use_buf(slot)) == NULL)
		return;
	C(ibuf_from_ibuf, &b->view, from->ibuf);
	buf_view(b, from->root);
	buf_done(b, 0);
}

OP(add)
{
	struct bytes	 data = arg_bytes(a);

	buf_done(a->b, C(ibuf_add, a->b->ibuf, data.data, data.len));
}

OP(addibuf)
{
	unsigned int	 slot = arg_slot(a), from = arg_slot(a);
	struct buf	*b, *f;
	struct ibuf	 own;
	void		*copy;
	size_t		 len;

	if (!have_buf(slot) || !have_buf(from))
		return;
	if ((b = use_buf(slot)) == NULL || (f = use_buf(from)) == NULL)
		return;
	if (b->root == f->root && b->ibuf != &b->view) {
		/* the original would copy from memory it has moved */
		len = C(ibuf_size, f->ibuf);
		copy = scratch(len);
		if (len > 0)
			memcpy(copy, C(ibuf_data, f->ibuf), len);
		C(ibuf_from_buffer, &own, copy, len);
		buf_done(b, C(ibuf_add_ibuf, b->ibuf, &own));
		return;
	}
	buf_done(b, C(ibuf_add_ibuf, b->ibuf, f->ibuf));
}

OP(addzero)
{
	buf_done(a->b, C(ibuf_add_zero, a->b->ibuf, arg_size(a)));
}

/* Prints the memory, which must be zero or have its former content, and fills it. */
static void
fill(struct buf *b, void *p, size_t len, uint32_t seed)
{
	result_copied(p == NULL ? -1 : 0, p, len);
	if (p != NULL)
		pattern_fill(p, seed, len);
	observe(b);
}

OP(reserve)
{
	size_t		 len = arg_size(a);
	uint32_t	 seed = (uint32_t)arg_u64(a);

	fill(a->b, C(ibuf_reserve, a->b->ibuf, len), len, seed);
}

OP(seek)
{
	size_t		 pos = arg_size(a), len = arg_size(a);
	uint32_t	 seed = (uint32_t)arg_u64(a);

	fill(a->b, C(ibuf_seek, a->b->ibuf, pos, len), len, seed);
}

OP(set)
{
	size_t		 pos = arg_size(a);
	struct bytes	 data = arg_bytes(a);

	buf_done(a->b, C(ibuf_set, a->b->ibuf, pos, data.data, data.len));
}

#define ADD(width)							\
OP(add##width)								\
{									\
	buf_done(a->b, C(ibuf_add_##width, a->b->ibuf, arg_u64(a)));	\
}
#define SET(width)							\
OP(set##width)								\
{									\
	size_t	 pos = arg_size(a);					\
									\
	buf_done(a->b, C(ibuf_set_##width, a->b->ibuf, pos, arg_u64(a)));	\
}
ADD(n8) ADD(n16) ADD(n32) ADD(n64) ADD(h16) ADD(h32) ADD(h64)
SET(n8) SET(n16) SET(n32) SET(n64) SET(h16) SET(h32) SET(h64)

OP(truncate)
{
	buf_done(a->b, C(ibuf_truncate, a->b->ibuf, arg_size(a)));
}

OP(rewind)
{
	C(ibuf_rewind, a->b->ibuf);
	buf_done(a->b, 0);
}

OP(close)
{
	unsigned int	 slot = arg_slot(a), queue = arg_slot(a);
	struct buf	*b;
	struct queue	*q;

	if (!have_buf(slot) || !have_queue(queue))
		return;
	if ((b = use_owner(slot)) == NULL || (q = use_queue(queue)) == NULL)
		return;
	C(ibuf_close, q->msgbuf, b->ibuf);
	buf_gone(b, MOVED);
	result_ok();
}

OP(free)
{
	C(ibuf_free, a->b->ibuf);
	buf_gone(a->b, DISPOSED);
	result_ok();
}

OP(fdset)
{
	unsigned int	 slot = arg_slot(a);
	struct buf	*b;
	int		 fd;

	if (!have_buf(slot)) {
		a->next++;
		return;
	}
	fd = arg_descriptor(a);
	if ((b = use_owner(slot)) == NULL)
		return;
	C(ibuf_fd_set, b->ibuf, fd);
	buf_done(b, 0);
}

#define NUMBER(width)	ON(BUF, add##width), ON(BUF, set##width)

const struct operation	 ops_ibuf[] = {
	ON(NO_SUBJECT, open), ON(NO_SUBJECT, dynamic), ON(NO_SUBJECT, frombuffer),
	ON(NO_SUBJECT, fromibuf), ON(BUF, add), ON(NO_SUBJECT, addibuf),
	ON(BUF, addzero), NUMBER(n8), NUMBER(n16), NUMBER(n32), NUMBER(n64),
	NUMBER(h16), NUMBER(h32), NUMBER(h64), ON(BUF, reserve), ON(BUF, seek),
	ON(BUF, set), ON(BUF, truncate), ON(BUF, rewind), ON(NO_SUBJECT, close),
	ON(OWNER, free), ON(NO_SUBJECT, fdset),
	LAST_OP
};
