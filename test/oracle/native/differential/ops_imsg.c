#include "driver.h"

/* Operations on received messages, and imsg_add. */

static void
header(const struct message *m)
{
	const struct imsg_hdr	*h = &m->imsg.hdr;

	out(" = %u %u %u %u ", h->type, h->len, h->peerid, h->pid);
	out_bytes(m->imsg.data, m->imsg.data == NULL ? 0 :
	    h->len - IMSG_HEADER_SIZE);
}

static void
op_iget(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a), to = arg_slot(a);
	struct channel	*c;
	struct message	*m;
	ssize_t		 n;

	if (!have_channel(slot))
		return;
	m = drop_message(to);
	if ((c = use_channel(slot)) == NULL)
		return;
	if ((n = C(imsg_get, &c->imsgbuf, &m->imsg)) == -1) {
		result_errno();
		return;
	}
	if (n == 0) {
		result_signed(0);
		return;
	}
	m->state = LIVE;
	m->root = root_new(m->imsg.buf);
	header(m);
	/* imsg_get returned the total, and hdr.len must be equal */
	out(" %zd", n);
	if (m->imsg.buf->fd >= 0) {
		out(" with ");
		out_descriptor(m->imsg.buf->fd, kernel_value(m->imsg.buf->fd));
	}
}

static void
op_hdr(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct message	*m;

	if (have_message(slot) && (m = use_message(slot)) != NULL)
		header(m);
}

static void
op_mgetibuf(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a), to = arg_slot(a);
	struct message	*m;
	struct buf	*b;

	if (!have_message(slot))
		return;
	b = drop_buf(to);
	if ((m = use_message(slot)) == NULL)
		return;
	if (C(imsg_get_ibuf, &m->imsg, &b->view) == -1) {
		result_errno();
		return;
	}
	buf_view(b, m->root);
	result_ok();
	observe(b);
}

static void
op_mgetdata(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	size_t		 len = arg_size(a);
	struct message	*m;
	void		*data;

	if (!have_message(slot) || (m = use_message(slot)) == NULL)
		return;
	data = scratch(len > 0x100000 ? 0 : len);
	if (C(imsg_get_data, &m->imsg, data, len) == -1)
		result_errno();
	else
		result_bytes(data, len);
}

/* The same with the length that fits. */
static void
op_mgetall(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct message	*m;
	void		*data;
	size_t		 len;

	if (!have_message(slot) || (m = use_message(slot)) == NULL)
		return;
	data = scratch(len = C(imsg_get_len, &m->imsg));
	if (C(imsg_get_data, &m->imsg, data, len) == -1)
		result_errno();
	else
		result_bytes(data, len);
}

static void
op_mgetfd(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a), to = arg_slot(a);
	struct message	*m;
	int		 fd;

	if (!have_message(slot) || (m = use_message(slot)) == NULL)
		return;
	fd = C(imsg_get_fd, &m->imsg);
	result_held(to, fd);
}

static void
op_mgetid(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct message	*m;

	if (have_message(slot) && (m = use_message(slot)) != NULL)
		result_number(C(imsg_get_id, &m->imsg));
}

static void
op_mgetlen(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct message	*m;

	if (have_message(slot) && (m = use_message(slot)) != NULL)
		result_size(C(imsg_get_len, &m->imsg));
}

static void
op_mgetpid(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct message	*m;

	if (have_message(slot) && (m = use_message(slot)) != NULL)
		result_signed(C(imsg_get_pid, &m->imsg));
}

static void
op_mgettype(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct message	*m;

	if (have_message(slot) && (m = use_message(slot)) != NULL)
		result_number(C(imsg_get_type, &m->imsg));
}

static void
op_mfree(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct message	*m;

	if (!have_message(slot) || (m = use_message(slot)) == NULL)
		return;
	m->root->ibuf = NULL;
	C(imsg_free, &m->imsg);
	m->state = DISPOSED;
	result_ok();
}

/* Bytes that do not fit end the ibuf; a view is never ended, but refused. */
static void
op_iadd(struct arguments *a)
{
	unsigned int	 slot = arg_slot(a);
	struct bytes	 data = arg_bytes(a);
	struct buf	*b;
	int		 n;

	if (!have_buf(slot))
		return;
	b = data.len == 0 ? use_buf(slot) : use_owner(slot);
	if (b == NULL)
		return;
	if ((n = C(imsg_add, b->ibuf, data.data, data.len)) == -1) {
		result_errno();
		buf_gone(b, DISPOSED);
		return;
	}
	result_signed(n);
	observe(b);
}

const struct operation	 ops_imsg[] = {
	{ "iget", op_iget },
	{ "hdr", op_hdr },
	{ "mgetibuf", op_mgetibuf },
	{ "mgetdata", op_mgetdata },
	{ "mgetall", op_mgetall },
	{ "mgetfd", op_mgetfd },
	{ "mgetid", op_mgetid },
	{ "mgetlen", op_mgetlen },
	{ "mgetpid", op_mgetpid },
	{ "mgettype", op_mgettype },
	{ "mfree", op_mfree },
	{ "iadd", op_iadd },
	{ NULL, NULL }
};
