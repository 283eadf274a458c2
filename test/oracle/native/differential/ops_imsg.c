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

OP(iget)
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

OP(hdr)
{
	header(a->m);
}

OP(mgetibuf)
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
	buf_done(b, 0);
}

static void
get_data(struct message *m, size_t len)
{
	void	*data = scratch_for(len);

	result_copied(C(imsg_get_data, &m->imsg, data, len), data, len);
}

OP(mgetdata)
{
	get_data(a->m, arg_size(a));
}

/* The same with the length that fits. */
OP(mgetall)
{
	get_data(a->m, C(imsg_get_len, &a->m->imsg));
}

OP(mgetfd)
{
	result_held(arg_slot(a), C(imsg_get_fd, &a->m->imsg));
}

OP(mgetid)
{
	result_number(C(imsg_get_id, &a->m->imsg));
}

OP(mgetlen)
{
	result_size(C(imsg_get_len, &a->m->imsg));
}

OP(mgetpid)
{
	result_signed(C(imsg_get_pid, &a->m->imsg));
}

OP(mgettype)
{
	result_number(C(imsg_get_type, &a->m->imsg));
}

OP(mfree)
{
	a->m->root->ibuf = NULL;
	C(imsg_free, &a->m->imsg);
	a->m->state = DISPOSED;
	result_ok();
}

/* Bytes that do not fit end the ibuf; a view is never ended, but refused. */
OP(iadd)
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
	ON(NO_SUBJECT, iget), ON(MESSAGE, hdr), ON(NO_SUBJECT, mgetibuf),
	ON(MESSAGE, mgetdata), ON(MESSAGE, mgetall), ON(MESSAGE, mgetfd),
	ON(MESSAGE, mgetid), ON(MESSAGE, mgetlen), ON(MESSAGE, mgetpid),
	ON(MESSAGE, mgettype), ON(MESSAGE, mfree), ON(NO_SUBJECT, iadd),
	LAST_OP
};
