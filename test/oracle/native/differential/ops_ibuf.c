#include <string.h>

#include "driver.h"

/* Operations that make, fill and change ibufs. */

static void
op_open(struct arguments *a)
{
	struct buf	*b = drop_buf(arg_slot(a));
	struct ibuf	*p = C(ibuf_open, arg_size(a));

	if (p == NULL) {
		result_errno();
		return;
	}
	buf_own(b, p);
	result_ok();
	observe(b);
}

static void
op_dynamic(struct arguments *a)
{
	struct buf	*b = drop_buf(arg_slot(a));
	size_t		 len = arg_size(a), max = arg_size(a);
	struct ibuf	*p = C(ibuf_dynamic, len, max);

	if (p == NULL) {
		result_errno();
		return;
	}
	buf_own(b, p);
	result_ok();
	observe(b);
}

static void
op_frombuffer(struct arguments *a)
{
	struct buf	*b = drop_buf(arg_slot(a));
	struct bytes	 data = arg_bytes(a);

	C(ibuf_from_buffer, &b->view, data.data, data.len);
	buf_view(b, root_new(&b->view));
	result_ok();
	observe(b);
}

static void
op_fromibuf(struct arguments *a)
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
	result_ok();
	observe(b);
}

static void
done(struct buf *b, int status)
{
	(void)result_status(status);
	observe(b);
}

static void
op_add(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct bytes	 data = arg_bytes(a);
	struct buf	*b;

	if (have_buf(slot) && (b = use_buf(slot)) != NULL)
		done(b, C(ibuf_add, b->ibuf, data.data, data.len));
}

static void
op_addibuf(struct arguments *a)
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
		done(b, C(ibuf_add_ibuf, b->ibuf, &own));
		return;
	}
	done(b, C(ibuf_add_ibuf, b->ibuf, f->ibuf));
}

static void
op_addzero(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	size_t		 len = arg_size(a);
	struct buf	*b;

	if (have_buf(slot) && (b = use_buf(slot)) != NULL)
		done(b, C(ibuf_add_zero, b->ibuf, len));
}

/* Reserved memory is checked before it is written: it must be zero. */
static void
op_reserve(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	size_t		 len = arg_size(a);
	uint32_t	 seed = (uint32_t)arg_u64(a);
	struct buf	*b;
	void		*p;

	if (!have_buf(slot) || (b = use_buf(slot)) == NULL)
		return;
	if ((p = C(ibuf_reserve, b->ibuf, len)) == NULL)
		result_errno();
	else {
		result_bytes(p, len);
		pattern_fill(p, seed, len);
	}
	observe(b);
}

static void
op_seek(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	size_t		 pos = arg_size(a), len = arg_size(a);
	uint32_t	 seed = (uint32_t)arg_u64(a);
	struct buf	*b;
	void		*p;

	if (!have_buf(slot) || (b = use_buf(slot)) == NULL)
		return;
	if ((p = C(ibuf_seek, b->ibuf, pos, len)) == NULL)
		result_errno();
	else {
		result_bytes(p, len);
		pattern_fill(p, seed, len);
	}
	observe(b);
}

static void
op_set(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	size_t		 pos = arg_size(a);
	struct bytes	 data = arg_bytes(a);
	struct buf	*b;

	if (have_buf(slot) && (b = use_buf(slot)) != NULL)
		done(b, C(ibuf_set, b->ibuf, pos, data.data, data.len));
}

#define ADD(width)							\
static void								\
op_add##width(struct arguments *a)					\
{									\
	unsigned int	 slot = arg_slot(a);				\
	uint64_t	 value = arg_u64(a);				\
	struct buf	*b;						\
									\
	if (have_buf(slot) && (b = use_buf(slot)) != NULL)		\
		done(b, C(ibuf_add_##width, b->ibuf, value));		\
}
#define SET(width)							\
static void								\
op_set##width(struct arguments *a)					\
{									\
	unsigned int	 slot = arg_slot(a);				\
	size_t		 pos = arg_size(a);				\
	uint64_t	 value = arg_u64(a);				\
	struct buf	*b;						\
									\
	if (have_buf(slot) && (b = use_buf(slot)) != NULL)		\
		done(b, C(ibuf_set_##width, b->ibuf, pos, value));	\
}
ADD(n8) ADD(n16) ADD(n32) ADD(n64) ADD(h16) ADD(h32) ADD(h64)
SET(n8) SET(n16) SET(n32) SET(n64) SET(h16) SET(h32) SET(h64)

static void
op_truncate(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	size_t		 len = arg_size(a);
	struct buf	*b;

	if (have_buf(slot) && (b = use_buf(slot)) != NULL)
		done(b, C(ibuf_truncate, b->ibuf, len));
}

static void
op_rewind(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct buf	*b;

	if (!have_buf(slot) || (b = use_buf(slot)) == NULL)
		return;
	C(ibuf_rewind, b->ibuf);
	result_ok();
	observe(b);
}

static void
op_close(struct arguments *a)
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

static void
op_free(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct buf	*b;

	if (!have_buf(slot) || (b = use_owner(slot)) == NULL)
		return;
	C(ibuf_free, b->ibuf);
	buf_gone(b, DISPOSED);
	result_ok();
}

static void
op_fdset(struct arguments *a)
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
	result_ok();
	observe(b);
}

#define NUMBER(name, op)	{ "add" name, op_add##op }, { "set" name, op_set##op }

const struct operation	 ops_ibuf[] = {
	{ "open", op_open },
	{ "dynamic", op_dynamic },
	{ "frombuffer", op_frombuffer },
	{ "fromibuf", op_fromibuf },
	{ "add", op_add },
	{ "addibuf", op_addibuf },
	{ "addzero", op_addzero },
	NUMBER("n8", n8), NUMBER("n16", n16), NUMBER("n32", n32),
	NUMBER("n64", n64), NUMBER("h16", h16), NUMBER("h32", h32),
	NUMBER("h64", h64),
	{ "reserve", op_reserve },
	{ "seek", op_seek },
	{ "set", op_set },
	{ "truncate", op_truncate },
	{ "rewind", op_rewind },
	{ "close", op_close },
	{ "free", op_free },
	{ "fdset", op_fdset },
	{ NULL, NULL }
};
