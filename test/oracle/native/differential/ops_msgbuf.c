#include "driver.h"

/* Operations on msgbufs: queues of ibufs, and readers with rules of ours. */

OP(new)
{
	struct queue	*q = drop_queue(arg_slot(a));

	if ((q->msgbuf = C(msgbuf_new)) == NULL) {
		result_errno();
		return;
	}
	q->state = LIVE;
	result_ok();
}

OP(reader)
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

OP(qfree)
{
	C(msgbuf_free, a->q->msgbuf);
	a->q->state = DISPOSED;
	result_ok();
}

static void
queuelen(const struct queue *q)
{
	out(" [%u]", C(msgbuf_queuelen, q->msgbuf));
}

OP(qclear)
{
	C(msgbuf_clear, a->q->msgbuf);
	a->q->tracker.have = 0;
	result_ok();
	queuelen(a->q);
}

OP(qlen)
{
	result_number(C(msgbuf_queuelen, a->q->msgbuf));
}

OP(qget)
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
	buf_made(b, p);
}

/* The queue, and the socket of the second argument; 0 if one cannot be used. */
static int
queue_and_socket(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a), s = arg_slot(a);

	return (have_queue(slot) && have_socket(s) &&
	    (a->q = use_queue(slot)) != NULL &&
	    (a->fd = use_socket(sockets[s])) != -1);
}

OP(qwrite)
{
	if (!queue_and_socket(a))
		return;
	result_status(C(msgbuf_write, a->fd, a->q->msgbuf));
	queuelen(a->q);
}

OP(bwrite)
{
	if (!queue_and_socket(a))
		return;
	result_status(C(ibuf_write, a->fd, a->q->msgbuf));
	queuelen(a->q);
}

static void
reading(struct arguments *a, int with_fds)
{
	struct queue	*q;
	int		 rv;

	if (!queue_and_socket(a))
		return;
	q = a->q;
	if (q->broken != NULL) {
		result_error(q->broken);
		return;
	}
	kernel_last_read = -1;
	kernel_tracker = q->tracker.hdrsize == 0 ? NULL : &q->tracker;
	if (with_fds)
		rv = C(msgbuf_read, a->fd, q->msgbuf);
	else
		rv = C(ibuf_read, a->fd, q->msgbuf);
	kernel_tracker = NULL;
	read_outcome(rv, &q->tracker, &q->broken);
}

OP(qread)
{
	reading(a, 1);
}

OP(bread)
{
	reading(a, 0);
}

const struct operation	 ops_msgbuf[] = {
	ON(NO_SUBJECT, new), ON(NO_SUBJECT, reader), ON(QUEUE, qfree),
	ON(QUEUE, qclear), ON(QUEUE, qlen), ON(NO_SUBJECT, qget),
	ON(NO_SUBJECT, qwrite), ON(NO_SUBJECT, bwrite), ON(NO_SUBJECT, qread),
	ON(NO_SUBJECT, bread),
	LAST_OP
};
