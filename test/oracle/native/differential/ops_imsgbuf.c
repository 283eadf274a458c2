#include "driver.h"

#define MAXSIZE_KEPT	131072

/* Operations on imsgbufs: reading and writing channels of messages. */

static void
op_init(struct arguments *a)
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

static void
op_fdpass(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct channel	*c;

	if (!have_channel(slot) || (c = use_channel(slot)) == NULL)
		return;
	C(imsgbuf_allow_fdpass, &c->imsgbuf);
	result_ok();
}

static void
op_maxsize(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	uint32_t	 max = (uint32_t)arg_u64(a);
	struct channel	*c;

	if (!have_channel(slot) || (c = use_channel(slot)) == NULL)
		return;
	(void)result_status(C(imsgbuf_set_maxsize, &c->imsgbuf, max));
	/* a wrong length in a stream must not make the test allocate gigabytes */
	if (c->imsgbuf.maxsize > MAXSIZE_KEPT)
		(void)C(imsgbuf_set_maxsize, &c->imsgbuf, MAXSIZE_KEPT);
}

static void
op_iread(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct channel	*c;
	int		 rv;

	if (!have_channel(slot) || (c = use_channel(slot)) == NULL ||
	    use_socket(c->socket) == -1)
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
op_iwrite(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct channel	*c;

	if (!have_channel(slot) || (c = use_channel(slot)) == NULL ||
	    use_socket(c->socket) == -1)
		return;
	(void)result_status(C(imsgbuf_write, &c->imsgbuf));
	out(" [%u]", C(imsgbuf_queuelen, &c->imsgbuf));
}

static void
op_flush(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct channel	*c;

	if (!have_channel(slot) || (c = use_channel(slot)) == NULL ||
	    use_socket(c->socket) == -1)
		return;
	kernel_flush(1);
	if (setjmp(kernel_stuck) == 0)
		(void)result_status(C(imsgbuf_flush, &c->imsgbuf));
	else if (queued_bytes(c->imsgbuf.w))
		result_error("EAGAIN");
	else
		result_ok();
	kernel_flush(0);
	out(" [%u]", C(imsgbuf_queuelen, &c->imsgbuf));
}

static void
op_clear(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct channel	*c;

	if (!have_channel(slot) || (c = use_channel(slot)) == NULL)
		return;
	C(imsgbuf_clear, &c->imsgbuf);
	c->state = DISPOSED;
	result_ok();
}

static void
op_ilen(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct channel	*c;

	if (have_channel(slot) && (c = use_channel(slot)) != NULL)
		result_number(C(imsgbuf_queuelen, &c->imsgbuf));
}

static void
op_forward(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a), msg = arg_slot(a);
	struct channel	*c;
	struct message	*m;

	if (!have_channel(slot) || !have_message(msg))
		return;
	if ((c = use_channel(slot)) == NULL || (m = use_message(msg)) == NULL)
		return;
	(void)result_status(C(imsg_forward, &c->imsgbuf, &m->imsg));
	out(" [%u]", C(imsgbuf_queuelen, &c->imsgbuf));
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

static void
op_compose(struct arguments *a)
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
	(void)result_status(C(imsg_compose, &c->imsgbuf, type, id, pid, fd,
	    data.data, data.len));
	out(" [%u]", C(imsgbuf_queuelen, &c->imsgbuf));
}

static void
op_composev(struct arguments *a)
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
	(void)result_status(C(imsg_composev, &c->imsgbuf, type, id, pid, fd,
	    iov, n));
	out(" [%u]", C(imsgbuf_queuelen, &c->imsgbuf));
}

static void
op_composeibuf(struct arguments *a)
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
	(void)result_status(C(imsg_compose_ibuf, &c->imsgbuf, type, id, pid,
	    b->ibuf));
	buf_gone(b, MOVED);
	out(" [%u]", C(imsgbuf_queuelen, &c->imsgbuf));
}

static void
op_create(struct arguments *a)
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

static void
op_iclose(struct arguments *a)
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
	out(" [%u]", C(imsgbuf_queuelen, &c->imsgbuf));
}

const struct operation	 ops_imsgbuf[] = {
	{ "init", op_init },
	{ "fdpass", op_fdpass },
	{ "maxsize", op_maxsize },
	{ "iread", op_iread },
	{ "iwrite", op_iwrite },
	{ "flush", op_flush },
	{ "clear", op_clear },
	{ "ilen", op_ilen },
	{ "forward", op_forward },
	{ "compose", op_compose },
	{ "composev", op_composev },
	{ "composeibuf", op_composeibuf },
	{ "create", op_create },
	{ "iclose", op_iclose },
	{ NULL, NULL }
};
