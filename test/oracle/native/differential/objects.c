#include <stdlib.h>
#include <string.h>

#include "driver.h"

struct buf	 bufs[SLOTS];
struct queue	 queues[SLOTS];
struct channel	 channels[SLOTS];
struct message	 messages[SLOTS];
struct socket	*sockets[SLOTS];
int		 held[SLOTS];

static int
have(int there)
{
	if (!there)
		result_skip("none");
	return (there);
}

int
have_buf(unsigned int slot)
{
	return (have(bufs[slot].state != EMPTY));
}

int
have_queue(unsigned int slot)
{
	return (have(queues[slot].state != EMPTY));
}

int
have_channel(unsigned int slot)
{
	return (have(channels[slot].state != EMPTY));
}

int
have_message(unsigned int slot)
{
	return (have(messages[slot].state != EMPTY));
}

int
have_socket(unsigned int slot)
{
	return (have(sockets[slot] != NULL));
}

static int
usable(enum state state)
{
	if (state == MOVED)
		result_error("ERR_IMSG_MOVED");
	else if (state == DISPOSED)
		result_error("ERR_IMSG_DISPOSED");
	return (state == LIVE);
}

/*
 * The one place that decides when a view is stale: its memory is gone (freed,
 * queued or given away), or the ibuf that owns it has grown since.
 */
static int
stale(const struct buf *b)
{
	if (b->ibuf != &b->view || b->root->ibuf == b->ibuf)
		return (0);
	return (b->root->ibuf == NULL || b->root->ibuf->size != b->size);
}

struct buf *
use_buf(unsigned int slot)
{
	struct buf	*b = &bufs[slot];

	if (!usable(b->state))
		return (NULL);
	if (stale(b)) {
		result_error("ERR_IMSG_STALE");
		return (NULL);
	}
	return (b);
}

struct buf *
use_owner(unsigned int slot)
{
	struct buf	*b;

	if ((b = use_buf(slot)) == NULL)
		return (NULL);
	if (b->ibuf == &b->view) {
		result_error("EINVAL");
		return (NULL);
	}
	return (b);
}

struct queue *
use_queue(unsigned int slot)
{
	return (usable(queues[slot].state) ? &queues[slot] : NULL);
}

struct channel *
use_channel(unsigned int slot)
{
	return (usable(channels[slot].state) ? &channels[slot] : NULL);
}

struct message *
use_message(unsigned int slot)
{
	return (usable(messages[slot].state) ? &messages[slot] : NULL);
}

int
use_socket(const struct socket *s)
{
	return (usable(s->state) ? s->fd : -1);
}

int
subject_ready(enum subject subject, struct arguments *a)
{
	unsigned int	 s = subject == NO_SUBJECT ? 0 : arg_slot(a);
	int		 ready = 1;

	switch (subject) {
	case NO_SUBJECT:
		break;
	case BUF:
		ready = have_buf(s) && (a->b = use_buf(s)) != NULL;
		break;
	case OWNER:
		ready = have_buf(s) && (a->b = use_owner(s)) != NULL;
		break;
	case QUEUE:
		ready = have_queue(s) && (a->q = use_queue(s)) != NULL;
		break;
	case CHANNEL:
		ready = have_channel(s) && (a->c = use_channel(s)) != NULL;
		break;
	case MESSAGE:
		ready = have_message(s) && (a->m = use_message(s)) != NULL;
		break;
	case SOCKET:
		ready = have_socket(s) && (a->fd = use_socket(sockets[s])) != -1;
		break;
	}
	if (!ready)
		a->next = a->count;
	return (ready);
}

struct root *
root_new(const struct ibuf *ibuf)
{
	struct root	*r = scratch(sizeof(*r));

	r->ibuf = ibuf;
	return (r);
}

void
buf_own(struct buf *b, struct ibuf *ibuf)
{
	b->state = LIVE;
	b->ibuf = ibuf;
	b->root = root_new(ibuf);
}

/* b->view was just made; it points into root's memory. */
void
buf_view(struct buf *b, struct root *root)
{
	b->state = LIVE;
	b->ibuf = &b->view;
	b->root = root;
	b->size = root->ibuf->size;
}

/* The program no longer owns the object. */
void
buf_gone(struct buf *b, enum state state)
{
	if (b->ibuf != &b->view || b->root->ibuf == b->ibuf)
		b->root->ibuf = NULL;
	b->state = state;
	b->ibuf = NULL;
}

struct buf *
drop_buf(unsigned int slot)
{
	struct buf	*b = &bufs[slot];

	if (b->state == LIVE) {
		if (b->ibuf != &b->view)
			C(ibuf_free, b->ibuf);
		buf_gone(b, DISPOSED);
	}
	memset(b, 0, sizeof(*b));
	return (b);
}

struct queue *
drop_queue(unsigned int slot)
{
	struct queue	*q = &queues[slot];

	if (q->state == LIVE)
		C(msgbuf_free, q->msgbuf);
	memset(q, 0, sizeof(*q));
	return (q);
}

struct channel *
drop_channel(unsigned int slot)
{
	struct channel	*c = &channels[slot];

	if (c->state == LIVE)
		C(imsgbuf_clear, &c->imsgbuf);
	memset(c, 0, sizeof(*c));
	return (c);
}

struct message *
drop_message(unsigned int slot)
{
	struct message	*m = &messages[slot];

	if (m->state == LIVE) {
		m->root->ibuf = NULL;
		C(imsg_free, &m->imsg);
	}
	memset(m, 0, sizeof(*m));
	return (m);
}

void
observe(const struct buf *b)
{
	size_t	 size = C(ibuf_size, b->ibuf);

	out(" [");
	out_size(size);
	out_char(' ');
	out_size(C(ibuf_left, b->ibuf));
	out(" %d ", C(ibuf_fd_avail, b->ibuf));
	out_bytes(C(ibuf_data, b->ibuf), size);
	out_char(']');
}

void
buf_made(struct buf *b, struct ibuf *ibuf)
{
	if (ibuf == NULL) {
		result_errno();
		return;
	}
	buf_own(b, ibuf);
	buf_done(b, 0);
}

void
buf_done(const struct buf *b, int status)
{
	result_status(status);
	observe(b);
}

/* Keeps a descriptor for later; the one that was kept there before is closed. */
void
hold(unsigned int slot, int fd)
{
	if (held[slot] != 0)
		(void)kernel_close(held[slot] - 1);
	held[slot] = fd + 1;	/* 0: none, so that descriptor 0 is one */
}

void
result_held(unsigned int slot, int fd)
{
	out(" = ");
	out_descriptor(fd, kernel_value(fd));
	hold(slot, fd);
}

int
arg_number(struct arguments *a, int stays)
{
	const char	*w = arg_word(a);
	int		*slot, fd;

	if (w[0] != 'h')
		return (atoi(w));
	slot = &held[w[1] - '0'];
	fd = *slot - 1;
	if (!stays)
		*slot = 0;
	return (fd);
}

/*
 * The descriptor that an argument names: "n" a new one, "h" and a slot a kept one,
 * a number that number.  The number of a socket becomes -1, because a socket that
 * is passed through itself would never be freed.
 */
int
arg_descriptor(struct arguments *a)
{
	char	 kind = a->next < a->count ? a->word[a->next][0] : '\0';
	int	 fd;

	if (kind == 'n') {
		(void)arg_word(a);
		return (kernel_open());
	}
	fd = arg_number(a, 0);
	return (kind != 'h' && kernel_is_socket(fd) ? -1 : fd);
}

void
objects_end(void)
{
	unsigned int	 i;

	for (i = 0; i < SLOTS; i++)
		(void)drop_message(i);
	for (i = 0; i < SLOTS; i++)
		(void)drop_buf(i);
	for (i = 0; i < SLOTS; i++)
		(void)drop_queue(i);
	for (i = 0; i < SLOTS; i++)
		(void)drop_channel(i);
	for (i = 0; i < SLOTS; i++) {
		if (sockets[i] != NULL && sockets[i]->state == LIVE)
			(void)kernel_close(sockets[i]->fd);
		sockets[i] = NULL;
		held[i] = 0;
	}
}
