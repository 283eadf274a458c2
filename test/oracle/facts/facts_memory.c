#include "facts.h"

/* Facts about memory that moves, and about failing allocations. */

static unsigned char	 in[256];

static void
add_itself(void)
{
	struct ibuf	*b = ibuf_dynamic(4, 100);

	ibuf_add(b, "abcd", 4);
	ibuf_add_ibuf(b, b);
	printf("%02x %02x %02x %02x\n", b->buf[4], b->buf[5], b->buf[6],
	    b->buf[7]);
}

static void
add_own_view(void)
{
	struct ibuf	*b = ibuf_dynamic(4, 100), view;

	ibuf_add(b, "abcd", 4);
	ibuf_from_ibuf(&view, b);
	ibuf_add_ibuf(b, &view);
	printf("%02x %02x %02x %02x\n", b->buf[4], b->buf[5], b->buf[6],
	    b->buf[7]);
}

static void
view_after_growth(void)
{
	struct ibuf	*b = ibuf_dynamic(4, 100), view;
	uint8_t		 v;

	ibuf_add(b, "abcd", 4);
	ibuf_from_ibuf(&view, b);
	ibuf_add_zero(b, 50);
	ibuf_get_n8(&view, &v);
	printf("%02x\n", v);
}

static void
imsg_add_frees(void)
{
	struct ibuf	*b = ibuf_dynamic(0, 4);
	unsigned int	 before = blocks;
	int		 rv = imsg_add(b, "abcdef", 6);

	printf("returned %d, freed %u\n", rv, before - blocks);
}

static void
compose_ibuf_frees(void)
{
	struct imsgbuf	 ib;
	struct ibuf	*b;
	unsigned int	 before;
	int		 rv;

	imsgbuf_init(&ib, 0);
	b = ibuf_open(20000);
	ibuf_add_zero(b, 20000);
	before = blocks;
	rv = imsg_compose_ibuf(&ib, 1, 0, 0, b);
	printf("returned %d, freed %u\n", rv, before - blocks);
}

/* A session of all calls that allocate; any failure ends it early. */
static int
session(void)
{
	struct imsgbuf	 ib;
	struct imsg	 m;
	struct iovec	 iov = { "pieces", 6 };
	struct ibuf	*b;
	struct msgbuf	*q;
	char		*s;
	int		 ok = 0;

	if (imsgbuf_init(&ib, 0) == -1)
		return (0);
	if (imsg_compose(&ib, 1, 0, 0, -1, "data", 4) == -1 ||
	    imsg_composev(&ib, 2, 0, 0, -1, &iov, 1) == -1)
		goto out;
	if ((b = ibuf_dynamic(0, 100)) == NULL)
		goto out;
	if (ibuf_add(b, "abc", 4) == -1 || ibuf_add_zero(b, 10) == -1 ||
	    (s = ibuf_get_string(b, 4)) == NULL) {
		ibuf_free(b);
		goto out;
	}
	extern void	 fact_free(void *);
	fact_free(s);
	if (imsg_compose_ibuf(&ib, 3, 0, 0, b) == -1 ||
	    (b = imsg_create(&ib, 4, 0, 0, 0)) == NULL ||
	    imsg_add(b, "later", 5) == -1)
		goto out;
	imsg_close(&ib, b);
	deliver(in, message(in, 5, 20, 'x'), -1);
	if (imsgbuf_read(&ib) != 1 || imsg_get(&ib, &m) <= 0)
		goto out;
	if (imsg_forward(&ib, &m) == 1 && (q = msgbuf_new()) != NULL) {
		msgbuf_free(q);
		ok = 1;
	}
	imsg_free(&m);
 out:
	imsgbuf_clear(&ib);
	return (ok);
}

static void
no_leaks(void)
{
	unsigned int	 n, leaked = 0;

	for (n = 1;; n++) {
		fail_at = n;
		if (session() && fail_at != 0)
			break;
		leaked += blocks;
		fail_at = 0;
	}
	printf("%s allocations failed in turn, %u blocks leaked\n",
	    n > 10 ? "more than ten" : "few", leaked);
}

const struct fact facts_memory[] = {
	{ "add-itself", add_itself },
	{ "add-own-view", add_own_view },
	{ "view-after-growth", view_after_growth },
	{ "imsg-add-frees", imsg_add_frees },
	{ "compose-ibuf-frees", compose_ibuf_frees },
	{ "no-leaks", no_leaks },
	{ NULL, NULL }
};
