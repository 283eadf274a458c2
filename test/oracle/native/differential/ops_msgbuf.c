#include "driver.h"

/* Operations on msgbufs: queues of ibufs, and readers with rules of ours. */

static void
op_new(struct arguments *a)
{
	struct queue	*q = drop_queue(arg_slot(a));

	if ((q->msgbuf = C(msgbuf_new)) == NULL) {
		result_errno();
		return;
	}
	q->state = LIVE;
	result_ok();
}

static void
op_reader(struct arguments *a)
{
	struct queue	*q = drop_queue(arg_slot(a));
	size_t		 hdrsize = arg_size(a);

	q->base = (uint32_t)arg_u64(a);
	q->at = (uint32_t)arg_u64(a);
	q->width = (uint32_t)arg_u64(a);
	q->refuse = (uint32_t)arg_u64(a);
	if ((q->msgbuf = C(msgbuf_new_reader, hdrsize, queue_readhdr, q)) ==
	    NULL) {
		result_errno();
		return;
	}
	tracker_start(&q->tracker, hdrsize, queue_length, q);
	q->state = LIVE;
	result_ok();
}

static void
op_qfree(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct queue	*q;

	if (!have_queue(slot) || (q = use_queue(slot)) == NULL)
		return;
	C(msgbuf_free, q->msgbuf);
	q->state = DISPOSED;
	result_ok();
}

static void
op_qclear(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct queue	*q;

	if (!have_queue(slot) || (q = use_queue(slot)) == NULL)
		return;
	C(msgbuf_clear, q->msgbuf);
	q->tracker.have = 0;
	result_ok();
	out(" [%u]", C(msgbuf_queuelen, q->msgbuf));
}

static void
op_qlen(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct queue	*q;

	if (have_queue(slot) && (q = use_queue(slot)) != NULL)
		result_number(C(msgbuf_queuelen, q->msgbuf));
}

static void
op_qget(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a), to = arg_slot(a);
	struct queue	*q;
	struct ibuf	*p;
	struct buf	*b;

	if (!have_queue(slot))
		return;
	b = drop_buf(to);
	if ((q = use_queue(slot)) == NULL)
		return;
	if ((p = C(msgbuf_get, q->msgbuf)) == NULL) {
		result_signed(0);
		return;
	}
	buf_own(b, p);
	result_ok();
	observe(b);
}

static void
writing(struct arguments *a, int with_fds)
{
	unsigned int	 slot = arg_slot(a), s = arg_slot(a);
	struct queue	*q;
	int		 fd, rv;

	if (!have_queue(slot) || !have_socket(s) ||
	    (q = use_queue(slot)) == NULL ||
	    (fd = use_socket(sockets[s])) == -1)
		return;
	if (with_fds)
		rv = C(msgbuf_write, fd, q->msgbuf);
	else
		rv = C(ibuf_write, fd, q->msgbuf);
	(void)result_status(rv);
	out(" [%u]", C(msgbuf_queuelen, q->msgbuf));
}

static void
op_qwrite(struct arguments *a)
{
	writing(a, 1);
}

static void
op_bwrite(struct arguments *a)
{
	writing(a, 0);
}

static void
reading(struct arguments *a, int with_fds)
{
	unsigned int	 slot = arg_slot(a), s = arg_slot(a);
	struct queue	*q;
	int		 fd, rv;

	if (!have_queue(slot) || !have_socket(s) ||
	    (q = use_queue(slot)) == NULL ||
	    (fd = use_socket(sockets[s])) == -1)
		return;
	if (q->broken != NULL) {
		result_error(q->broken);
		return;
	}
	kernel_last_read = -1;
	kernel_tracker = q->tracker.hdrsize == 0 ? NULL : &q->tracker;
	if (with_fds)
		rv = C(msgbuf_read, fd, q->msgbuf);
	else
		rv = C(ibuf_read, fd, q->msgbuf);
	kernel_tracker = NULL;
	read_outcome(rv, &q->tracker, &q->broken);
}

static void
op_qread(struct arguments *a)
{
	reading(a, 1);
}

static void
op_bread(struct arguments *a)
{
	reading(a, 0);
}

const struct operation	 ops_msgbuf[] = {
	{ "new", op_new },
	{ "reader", op_reader },
	{ "qfree", op_qfree },
	{ "qclear", op_qclear },
	{ "qlen", op_qlen },
	{ "qget", op_qget },
	{ "qwrite", op_qwrite },
	{ "bwrite", op_bwrite },
	{ "qread", op_qread },
	{ "bread", op_bread },
	{ NULL, NULL }
};
