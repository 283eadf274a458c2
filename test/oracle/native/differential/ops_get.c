#include <string.h>

#include "driver.h"

/* Operations that read ibufs. */

void	 dt_free(void *);

OP(data)
{
	size_t	 len = C(ibuf_size, a->b->ibuf);

	result_bytes(C(ibuf_data, a->b->ibuf), len);
}

OP(size)
{
	result_size(C(ibuf_size, a->b->ibuf));
}

OP(left)
{
	result_size(C(ibuf_left, a->b->ibuf));
}

OP(get)
{
	size_t	 len = arg_size(a);
	void	*data = scratch_for(len);

	result_copied(C(ibuf_get, a->b->ibuf, data, len), data, len);
	observe(a->b);
}

OP(getibuf)
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
OP(get##width)								\
{									\
	type	 value = 0;						\
									\
	if (C(ibuf_get_##width, a->b->ibuf, &value) == -1)		\
		result_errno();						\
	else								\
		result_number(value);					\
	observe(a->b);							\
}
GET(n8, uint8_t) GET(n16, uint16_t) GET(n32, uint32_t) GET(n64, uint64_t)
GET(h16, uint16_t) GET(h32, uint32_t) GET(h64, uint64_t)

OP(getstring)
{
	char	*s = C(ibuf_get_string, a->b->ibuf, arg_size(a));

	result_copied(s == NULL ? -1 : 0, s, s == NULL ? 0 : strlen(s));
	dt_free(s);
	observe(a->b);
}

OP(skip)
{
	buf_done(a->b, C(ibuf_skip, a->b->ibuf, arg_size(a)));
}

OP(fdavail)
{
	result_signed(C(ibuf_fd_avail, a->b->ibuf));
}

OP(fdget)
{
	result_held(arg_slot(a), C(ibuf_fd_get, a->b->ibuf));
	observe(a->b);
}

const struct operation	 ops_get[] = {
	ON(BUF, data), ON(BUF, size), ON(BUF, left), ON(BUF, get),
	ON(NO_SUBJECT, getibuf), ON(BUF, getn8), ON(BUF, getn16), ON(BUF, getn32),
	ON(BUF, getn64), ON(BUF, geth16), ON(BUF, geth32), ON(BUF, geth64),
	ON(BUF, getstring), ON(BUF, skip), ON(BUF, fdavail), ON(BUF, fdget),
	LAST_OP
};
