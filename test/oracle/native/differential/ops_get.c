#include <string.h>

#include "driver.h"

/* Operations that read ibufs. */

void	 dt_free(void *);

static void
op_data(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct buf	*b;
	size_t		 len;

	if (!have_buf(slot) || (b = use_buf(slot)) == NULL)
		return;
	len = C(ibuf_size, b->ibuf);
	result_bytes(C(ibuf_data, b->ibuf), len);
}

static void
op_size(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct buf	*b;

	if (have_buf(slot) && (b = use_buf(slot)) != NULL)
		result_size(C(ibuf_size, b->ibuf));
}

static void
op_left(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct buf	*b;

	if (have_buf(slot) && (b = use_buf(slot)) != NULL)
		result_size(C(ibuf_left, b->ibuf));
}

static void
op_get(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	size_t		 len = arg_size(a);
	struct buf	*b;
	void		*data;

	if (!have_buf(slot) || (b = use_buf(slot)) == NULL)
		return;
	/* no more than the ibuf can have is ever copied */
	data = scratch(len > 0x100000 ? 0 : len);
	if (C(ibuf_get, b->ibuf, data, len) == -1)
		result_errno();
	else
		result_bytes(data, len);
	observe(b);
}

static void
op_getibuf(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a), to = arg_slot(a);
	size_t		 len = arg_size(a);
	struct buf	*b, *n;

	if (!have_buf(slot))
		return;
	if (to == slot) {
		result_skip("same");
		return;
	}
	n = drop_buf(to);
	if ((b = use_buf(slot)) == NULL)
		return;
	if (C(ibuf_get_ibuf, b->ibuf, len, &n->view) == -1)
		result_errno();
	else {
		buf_view(n, b->root);
		result_ok();
		observe(n);
	}
	observe(b);
}

#define GET(width, type)						\
static void								\
op_get##width(struct arguments *a)					\
{									\
	unsigned int	 slot = arg_slot(a);				\
	type		 value = 0;					\
	struct buf	*b;						\
									\
	if (!have_buf(slot) || (b = use_buf(slot)) == NULL)		\
		return;							\
	if (C(ibuf_get_##width, b->ibuf, &value) == -1)			\
		result_errno();						\
	else								\
		result_number(value);					\
	observe(b);							\
}
GET(n8, uint8_t) GET(n16, uint16_t) GET(n32, uint32_t) GET(n64, uint64_t)
GET(h16, uint16_t) GET(h32, uint32_t) GET(h64, uint64_t)

static void
op_getstring(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	size_t		 len = arg_size(a);
	struct buf	*b;
	char		*s;

	if (!have_buf(slot) || (b = use_buf(slot)) == NULL)
		return;
	if ((s = C(ibuf_get_string, b->ibuf, len)) == NULL)
		result_errno();
	else
		result_bytes(s, strlen(s));
	dt_free(s);
	observe(b);
}

static void
op_skip(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	size_t		 len = arg_size(a);
	struct buf	*b;

	if (!have_buf(slot) || (b = use_buf(slot)) == NULL)
		return;
	(void)result_status(C(ibuf_skip, b->ibuf, len));
	observe(b);
}

static void
op_fdavail(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct buf	*b;

	if (have_buf(slot) && (b = use_buf(slot)) != NULL)
		result_signed(C(ibuf_fd_avail, b->ibuf));
}

static void
op_fdget(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a), to = arg_slot(a);
	struct buf	*b;
	int		 fd;

	if (!have_buf(slot) || (b = use_buf(slot)) == NULL)
		return;
	fd = C(ibuf_fd_get, b->ibuf);
	result_held(to, fd);
	observe(b);
}

const struct operation	 ops_get[] = {
	{ "data", op_data },
	{ "size", op_size },
	{ "left", op_left },
	{ "get", op_get },
	{ "getibuf", op_getibuf },
	{ "getn8", op_getn8 },
	{ "getn16", op_getn16 },
	{ "getn32", op_getn32 },
	{ "getn64", op_getn64 },
	{ "geth16", op_geth16 },
	{ "geth32", op_geth32 },
	{ "geth64", op_geth64 },
	{ "getstring", op_getstring },
	{ "skip", op_skip },
	{ "fdavail", op_fdavail },
	{ "fdget", op_fdget },
	{ NULL, NULL }
};
