/* Part of ops.c: operations on ibufs and on views of them. */

/* Sizes that the original accepts but that are too large for a fuzzer. */
static int
unwise(const struct ibuf *b, size_t n)
{
	return (b->fd != IBUF_FD_MARK_ON_STACK && n <= SIZE_MAX - b->wpos &&
	    b->wpos + n <= b->max && b->wpos + n > SCRATCH);
}

static void
check_ibuf(const struct ibuf *b)
{
	CHECK(b->rpos <= b->wpos && b->wpos <= b->size);
	CHECK(b->fd == IBUF_FD_MARK_ON_STACK || b->size <= b->max);
	CHECK(ibuf_size(b) == b->wpos - b->rpos);
}

/* The functions for integers: the number of the program, the suffix, the type. */
#define NUMBERS(X)							\
	X(0, n8, uint8_t) X(1, n16, uint16_t) X(2, n32, uint32_t)	\
	X(3, n64, uint64_t) X(4, h16, uint16_t) X(5, h32, uint32_t)	\
	X(6, h64, uint64_t)

#define READ(n, suffix, type)						\
	case n: {							\
		type	 value = 0;					\
									\
		rv = ibuf_get_##suffix(b, &value);			\
		width = sizeof(value);					\
		break;							\
	}
#define ADD(n, suffix, type)	case n: return (ibuf_add_##suffix(b, v));
#define SET(n, suffix, type)	case n: return (ibuf_set_##suffix(b, at, v));

static void
read_number(struct ibuf *b, uint8_t op)
{
	size_t	 before = ibuf_size(b), width = 0;
	int	 rv = -1;

	switch (op % 7) {
	NUMBERS(READ)
	}
	CHECK(rv == (before >= width ? 0 : -1));
	CHECK(rv == 0 || errno == EBADMSG);
	CHECK(ibuf_size(b) == before - (rv == 0 ? width : 0));
}

static int
add_number(struct ibuf *b, uint8_t op)
{
	uint64_t	 v = any_value();

	switch (op % 7) {
	NUMBERS(ADD)
	}
	return (-1);
}

static int
set_number(struct ibuf *b, uint8_t op)
{
	size_t		 at = any_size();
	uint64_t	 v = any_value();

	switch (op % 7) {
	NUMBERS(SET)
	}
	return (-1);
}

/* Operations on an ibuf or a view; how selects the variant. */
static void
use_ibuf(struct ibuf *b, uint8_t op, uint8_t how)
{
	struct ibuf	*other;
	size_t		 n, at, before = ibuf_size(b);
	char		*s;
	void		*p;

	switch (op % 12) {
	case 0:
		n = any_size();
		if (unwise(b, n))
			break;
		if (n > SCRATCH) {
			CHECK(ibuf_add(b, w.scratch, n) == -1);
			break;
		}
		(void)next_bytes(w.in, w.scratch, n < 64 ? n : 64);
		if (ibuf_add(b, w.scratch, n) == 0 && n > 0)
			CHECK(memcmp((char *)ibuf_data(b) + before,
			    w.scratch, n) == 0);
		break;
	case 1:
		(void)add_number(b, how);
		break;
	case 2:
		n = any_size();
		if (unwise(b, n))
			break;
		if (how & 1)
			(void)ibuf_add_zero(b, n);
		else if ((p = ibuf_reserve(b, n)) != NULL)
			memset(p, how, n);
		break;
	case 3:
		(void)set_number(b, how);
		break;
	case 4:
		at = any_size();
		n = any_size();
		if ((p = ibuf_seek(b, at, n)) != NULL) {
			memset(p, how, n);
			CHECK(ibuf_set(b, at, w.scratch, n) == 0);
		} else if (ibuf_set(b, at, w.scratch, n) == -1 && n > 0)
			CHECK(errno == ERANGE);
		break;
	case 5:
		n = any_size();
		/* ibuf_truncate can make the ibuf longer */
		if (n > before && unwise(b, n - before))
			break;
		if (ibuf_truncate(b, n) == 0)
			CHECK(ibuf_size(b) == n);
		break;
	case 6:
		ibuf_rewind(b);
		CHECK(b->rpos == 0);
		break;
	case 7:
		read_number(b, how);
		break;
	case 8:
		n = any_size();
		if (n <= SCRATCH) {
			if (ibuf_get(b, w.scratch, n) == 0)
				CHECK(ibuf_size(b) == before - n);
		} else
			CHECK(ibuf_get(b, w.scratch, n) == -1);
		break;
	case 9:
		n = any_size();
		if ((s = ibuf_get_string(b, n)) != NULL) {
			CHECK(strlen(s) <= n);
			mem_free(s);
		} else
			CHECK(errno == EBADMSG || errno == ENOMEM);
		break;
	case 10:
		n = any_size();
		CHECK(ibuf_skip(b, n) == (n <= before ? 0 : -1));
		break;
	case 11:
		/* an ibuf added to itself would read memory that realloc has freed */
		if ((other = *any_ibuf()) != NULL && other != b &&
		    !unwise(b, ibuf_size(other)))
			(void)ibuf_add_ibuf(b, other);
		break;
	}
	check_ibuf(b);
	(void)ibuf_left(b);
}

void
ops_ibuf(uint8_t op)
{
	struct ibuf	**slot = any_ibuf(), *b = *slot;
	size_t		 n, max;
	int		*held;

	switch (op % 16) {
	case 0:
		n = any_size();
		if (n <= SCRATCH)
			put_ibuf(slot, ibuf_open(n));
		break;
	case 1:
		n = any_size();
		max = any_size();
		if (n <= SCRATCH || max < n)
			put_ibuf(slot, ibuf_dynamic(n, max));
		break;
	case 2:
		put_ibuf(slot, NULL);
		break;
	case 3:
		if (b == NULL)
			break;
		held = any_held();
		ibuf_fd_set(b, *held);
		CHECK(ibuf_fd_avail(b) == (*held != -1));
		*held = -1;
		break;
	case 4:
		if (b == NULL)
			break;
		hold(ibuf_fd_get(b));
		CHECK(!ibuf_fd_avail(b));
		break;
	default:
		if (b != NULL)
			use_ibuf(b, op, next8(w.in));
		break;
	}
}

/* A view lives for a few operations, none of which touches its parent. */
void
ops_view(uint8_t op)
{
	unsigned char	 own[48];
	struct ibuf	**slot = any_ibuf(), *parent = *slot, view, inner;
	struct imsg	*m = &w.imsg[op % IMSGS];
	uint8_t		 count, i;

	switch (op % 4) {
	case 0:
		memset(own, op, sizeof(own));
		ibuf_from_buffer(&view, own, op % (sizeof(own) + 1));
		parent = NULL;
		break;
	case 1:
		if (parent == NULL)
			return;
		ibuf_from_ibuf(&view, parent);
		break;
	case 2:
		if (parent == NULL ||
		    ibuf_get_ibuf(parent, any_size(), &view) == -1)
			return;
		break;
	default:
		if (m->buf == NULL || imsg_get_ibuf(m, &view) == -1)
			return;
		parent = NULL;
		break;
	}
	CHECK(ibuf_left(&view) == 0 && !ibuf_fd_avail(&view) &&
	    ibuf_fd_get(&view) == -1);
	/* removed from its slot, so that the parent is not added to its own view */
	if (parent != NULL)
		*slot = NULL;
	count = next8(w.in) & 7;
	for (i = 0; i < count; i++)
		use_ibuf(&view, next8(w.in), next8(w.in));
	ibuf_from_ibuf(&inner, &view);
	use_ibuf(&inner, 7, op);
	if (parent != NULL)
		*slot = parent;
}
