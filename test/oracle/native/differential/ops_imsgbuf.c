#include "driver.h"

#define MAXSIZE_KEPT	131072

/* Operations on imsgbufs: reading and writing channels of messages. */

OP(init)
{
	unsigned int	 slot = arg_slot(a), s = arg_slot(a);
	struct channel	*c;
	int		 fd;

	if (!have_socket(s))
		return;
	c = drop_channel(slot);
	if ((fd = use_socket(sockets[s])) == -1)
		return;
	/* the wrapper has the structure on its heap */
	if (memory_refused() || C(imsgbuf_init, &c->imsgbuf, fd) == -1) {
		result_errno();
		return;
	}
	tracker_start(&c->tracker, IMSG_HEADER_SIZE, imsg_length, NULL);
	c->state = LIVE;
	c->socket = sockets[s];
	result_ok();
}

OP(fdpass)
{
	C(imsgbuf_allow_fdpass, &a->c->imsgbuf);
	result_ok();
}

OP(maxsize)
{
	struct channel	*c = a->c;

	result_status(C(imsgbuf_set_maxsize, &c->imsgbuf,
	    (uint32_t)arg_u64(a)));
	/* a wrong length in a stream must not make the test allocate gigabytes */
	if (c->imsgbuf.maxsize > MAXSIZE_KEPT)
		(void)C(imsgbuf_set_maxsize, &c->imsgbuf, MAXSIZE_KEPT);
}

OP(iread)
{
	struct channel	*c = a->c;
	int		 rv;

	if (use_socket(c->socket) == -1)
		return;
	if (c->broken != NULL) {
		result_error(c->broken);
		return;
	}
	kernel_last_read = -1;
	kernel_tracker = &c->tracker;
	rv = C(imsgbuf_read, &c->imsgbuf);
	kernel_tracker = NULL;
	read_outcome(rv, &c->tracker, &c->broken);
}

static void
queuelen(struct channel *c)
{
	out(" [%u]", C(imsgbuf_queuelen, &c->imsgbuf));
}

static void
status(struct channel *c, int rv)
{
	result_status(rv);
	queuelen(c);
}

OP(iwrite)
{
	if (use_socket(a->c->socket) != -1)
		status(a->c, C(imsgbuf_write, &a->c->imsgbuf));
}

OP(flush)
{
	struct channel	*c = a->c;

	if (use_socket(c->socket) == -1)
		return;
	kernel_flush(1);
	if (setjmp(kernel_stuck) == 0)
		result_status(C(imsgbuf_flush, &c->imsgbuf));
	else if (queued_bytes(c->imsgbuf.w))
		result_error("EAGAIN");
	else
		result_ok();
	kernel_flush(0);
	queuelen(c);
}

OP(clear)
{
	C(imsgbuf_clear, &a->c->imsgbuf);
	a->c->state = DISPOSED;
	result_ok();
}

OP(ilen)
{
	result_number(C(imsgbuf_queuelen, &a->c->imsgbuf));
}

OP(forward)
{
	unsigned int	 slot = arg_slot(a), msg = arg_slot(a);
	struct channel	*c;
	struct message	*m;

	if (!have_channel(slot) || !have_message(msg))
		return;
	if ((c = use_channel(slot)) == NULL || (m = use_message(msg)) == NULL)
		return;
	status(c, C(imsg_forward, &c->imsgbuf, &m->imsg));
}

/* Skips the arguments of an operation whose object is missing. */
static int
have_sender(struct arguments *a, unsigned int slot)
{
	if (have_channel(slot))
		return (1);
	a->next = a->count;
	return (0);
}

OP(compose)
{
	unsigned int	 slot = arg_slot(a);
	uint32_t	 type, id;
	pid_t		 pid;
	int		 fd;
	struct bytes	 data;
	struct channel	*c;

	if (!have_sender(a, slot))
		return;
	type = (uint32_t)arg_u64(a);
	id = (uint32_t)arg_u64(a);
	pid = (pid_t)arg_int(a);
	fd = arg_descriptor(a);
	data = arg_bytes(a);
	if ((c = use_channel(slot)) == NULL)
		return;
	status(c, C(imsg_compose, &c->imsgbuf, type, id, pid, fd,
	    data.data, data.len));
}

OP(composev)
{
	unsigned int	 slot = arg_slot(a);
	uint32_t	 type, id;
	pid_t		 pid;
	int		 fd, i, n;
	struct bytes	 data;
	struct iovec	 iov[16];
	struct channel	*c;

	if (!have_sender(a, slot))
		return;
	type = (uint32_t)arg_u64(a);
	id = (uint32_t)arg_u64(a);
	pid = (pid_t)arg_int(a);
	fd = arg_descriptor(a);
	n = (int)arg_int(a);
	for (i = 0; i < n && i < 16; i++) {
		data = arg_bytes(a);
		iov[i].iov_base = data.data;
		iov[i].iov_len = data.len;
	}
	if ((c = use_channel(slot)) == NULL)
		return;
	status(c, C(imsg_composev, &c->imsgbuf, type, id, pid, fd,
	    iov, n));
}

OP(composeibuf)
{
	unsigned int	 slot = arg_slot(a), from = arg_slot(a);
	uint32_t	 type = (uint32_t)arg_u64(a), id = (uint32_t)arg_u64(a);
	pid_t		 pid = (pid_t)arg_int(a);
	struct channel	*c;
	struct buf	*b;

	if (!have_channel(slot) || !have_buf(from))
		return;
	if ((c = use_channel(slot)) == NULL || (b = use_owner(from)) == NULL)
		return;
	/* the original frees the ibuf if it cannot be sent */
	result_status(C(imsg_compose_ibuf, &c->imsgbuf, type, id, pid,
	    b->ibuf));
	buf_gone(b, MOVED);
	queuelen(c);
}

OP(create)
{
	unsigned int	 slot = arg_slot(a), to = arg_slot(a);
	uint32_t	 type = (uint32_t)arg_u64(a), id = (uint32_t)arg_u64(a);
	pid_t		 pid = (pid_t)arg_int(a);
	size_t		 len = arg_size(a);
	struct channel	*c;
	struct ibuf	*p;
	struct buf	*b;

	if (!have_channel(slot))
		return;
	b = drop_buf(to);
	if ((c = use_channel(slot)) == NULL)
		return;
	p = C(imsg_create, &c->imsgbuf, type, id, pid, len);
	if (p == NULL) {
		result_errno();
		return;
	}
	buf_own(b, p);
	/* the original does not set the header's len: it has the bytes of the stack */
	(void)C(ibuf_set_h32, p, offsetof(struct imsg_hdr, len), 0);
	result_ok();
	observe(b);
}

OP(iclose)
{
	unsigned int	 slot = arg_slot(a), from = arg_slot(a);
	struct channel	*c;
	struct buf	*b;

	if (!have_channel(slot) || !have_buf(from))
		return;
	if ((c = use_channel(slot)) == NULL || (b = use_owner(from)) == NULL)
		return;
	C(imsg_close, &c->imsgbuf, b->ibuf);
	buf_gone(b, MOVED);
	result_ok();
	queuelen(c);
}

const struct operation	 ops_imsgbuf[] = {
	ON(NO_SUBJECT, init), ON(CHANNEL, fdpass), ON(CHANNEL, maxsize),
	ON(CHANNEL, iread), ON(CHANNEL, iwrite), ON(CHANNEL, flush),
	ON(CHANNEL, clear), ON(CHANNEL, ilen), ON(NO_SUBJECT, forward),
	ON(NO_SUBJECT, compose), ON(NO_SUBJECT, composev),
	ON(NO_SUBJECT, composeibuf), ON(NO_SUBJECT, create), ON(NO_SUBJECT, iclose),
	LAST_OP
};
