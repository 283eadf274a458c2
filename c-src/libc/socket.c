#include <sys/types.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>

#include "libc/alloc.h"
#include "libc/file.h"
#include "libc/socket.h"

/* A delivery of the host, or an outcome that it has set. */
struct event {
	struct event	*next;
	unsigned char	*data;		/* NULL: an outcome without bytes */
	size_t		 len, off;
	int		 error;		/* 0, an errno, or EVENT_END */
	uint32_t	 nfds;
	int		 fds[];
};
#define EVENT_END	-1

struct queue {
	struct event	*head, *tail;
};

struct socket {
	struct queue	 in;		/* deliveries */
	struct queue	 out;		/* outcomes of the next writes */
	struct segment	*head, *tail;	/* written, not yet removed */
	uint32_t	 room;
};

static void
queue_put(struct queue *q, struct event *e)
{
	if (q->head == NULL)
		q->head = e;
	else
		q->tail->next = e;
	q->tail = e;
}

/* Removes the first event and frees the bytes that it carries. */
static void
queue_drop(struct queue *q)
{
	struct event	*e = q->head;

	q->head = e->next;
	mem_free(e->data);
	mem_free(e);
}

static void
segment_drop(struct socket *s)
{
	struct segment	*g = s->head;

	s->head = g->next;
	mem_free(g);
}

static void
socket_free(struct file *f)
{
	struct socket	*s = f->socket;
	uint32_t	 i;

	while (s->in.head != NULL) {
		for (i = 0; i < s->in.head->nfds; i++)
			(void)kernel_close(s->in.head->fds[i]);
		queue_drop(&s->in);
	}
	while (s->out.head != NULL)
		queue_drop(&s->out);
	while (s->head != NULL) {
		if (s->head->file != NULL)
			file_release(s->head->file, -1);
		segment_drop(s);
	}
	mem_free(s);
}

/*
 * Hands received descriptors to the caller: the number of the first through
 * fdp.  The others are closed in the order in which they would be on 64-bit
 * Linux: two fit in the control message, the kernel closes those that do not
 * fit, and then the original closes the second one.
 */
static void
hand_out(const int *fds, uint32_t nfds, int *fdp)
{
	uint32_t	 i, first = 0;

	if (fdp != NULL)
		*fdp = fds[first++];
	for (i = first + (fdp != NULL); i < nfds; i++)
		(void)kernel_close(fds[i]);
	if (fdp != NULL && nfds > 1)
		(void)kernel_close(fds[1]);
}

static ssize_t
socket_read(struct file *f, const struct iovec *iov, int *fdp)
{
	struct socket	*s = f->socket;
	struct event	*e;
	size_t		 n;

	if ((e = s->in.head) == NULL) {
		errno = EAGAIN;
		return (-1);
	}
	if (e->error == EVENT_END)
		return (0);	/* the end stays: every later read returns 0 as well */
	if (e->error != 0) {
		errno = e->error;
		queue_drop(&s->in);
		return (-1);
	}
	n = e->len - e->off;
	if (n > iov->iov_len)
		n = iov->iov_len;
	memcpy(iov->iov_base, e->data + e->off, n);
	e->off += n;
	if (e->nfds > 0) {
		hand_out(e->fds, e->nfds, fdp);
		e->nfds = 0;
	}
	if (e->off == e->len)
		queue_drop(&s->in);
	return ((ssize_t)n);
}

/* Returns how many bytes a write takes: the number that the host has set, or the room. */
static ssize_t
socket_budget(struct socket *s, size_t want)
{
	size_t	 n;
	int	 error;

	if (s->out.head != NULL) {
		error = s->out.head->error;
		n = s->out.head->len;
		queue_drop(&s->out);
		if (error != 0) {
			errno = error;
			return (-1);
		}
		return ((ssize_t)(n < want ? n : want));
	}
	if (want > 0 && s->room == 0) {
		errno = EAGAIN;
		return (-1);
	}
	return ((ssize_t)(s->room < want ? s->room : want));
}

static struct segment *
segment_new(struct socket *s, size_t len)
{
	struct segment	*g;

	if ((g = mem_alloc(sizeof(*g) + len)) == NULL) {
		errno = ENOBUFS;	/* a kernel without memory reports the same */
		return (NULL);
	}
	g->data = (unsigned char *)(g + 1);
	g->fd = -1;
	g->len = (uint32_t)len;
	if (s->head == NULL)
		s->head = g;
	else
		s->tail->next = g;
	s->tail = g;
	return (g);
}

static ssize_t
socket_write(struct file *f, const struct iovec *iov, size_t want, int passed)
{
	struct socket	*s = f->socket;
	struct segment	*g;
	struct file	*along = NULL;
	ssize_t		 n;

	if ((passed != -1 && (along = file_at(passed)) == NULL) ||
	    (n = socket_budget(s, want)) == -1)
		return (-1);
	if (n > 0) {
		if ((g = segment_new(s, (size_t)n)) == NULL)
			return (-1);
		file_gather(g->data, iov, (size_t)n);
		if (along != NULL) {
			g->fd = passed;
			g->value = along->value;
			g->file = along;
			along->refs++;
		}
	}
	if (s->room != UINT32_MAX)
		s->room -= (uint32_t)n < s->room ? (uint32_t)n : s->room;
	return (n);
}

static const struct fileops	socket_ops = {
	socket_read, socket_write, socket_free
};

/* The socket of a number; NULL with EBADF or ENOTSOCK. */
static struct socket *
socket_at(int fd)
{
	struct file	*f;

	if ((f = file_at(fd)) == NULL)
		return (NULL);
	if (f->ops != &socket_ops) {
		errno = ENOTSOCK;
		return (NULL);
	}
	return (f->socket);
}

int
kernel_socket(void)
{
	struct socket	*s;
	int		 fd;

	if ((s = mem_alloc(sizeof(*s))) == NULL)
		return (-1);
	s->room = UINT32_MAX;
	if ((fd = file_new(&socket_ops, s, 0)) == -1)
		mem_free(s);
	return (fd);
}

static struct event *
event_new(struct queue *q, int error, uint32_t nfds)
{
	struct event	*e;

	if ((e = mem_alloc(sizeof(*e) + nfds * sizeof(int))) == NULL)
		return (NULL);
	e->error = error;
	e->nfds = nfds;
	queue_put(q, e);
	return (e);
}

int
kernel_deliver(int fd, void *data, size_t len, const int *fds, uint32_t nfds)
{
	struct socket	*s;
	struct event	*e;
	uint32_t	 i;

	if ((s = socket_at(fd)) == NULL)
		return (-1);
	if ((e = event_new(&s->in, 0, nfds)) == NULL)
		return (-1);
	e->data = data;
	e->len = len;
	for (i = 0; i < nfds; i++)
		e->fds[i] = fds[i];
	return (0);
}

static int
set_outcome(int fd, int read, int error, size_t len)
{
	struct socket	*s;
	struct event	*e;

	if ((s = socket_at(fd)) == NULL ||
	    (e = event_new(read ? &s->in : &s->out, error, 0)) == NULL)
		return (-1);
	e->len = len;
	return (0);
}

int
kernel_deliver_error(int fd, int error)
{
	return (set_outcome(fd, 1, error, 0));
}

int
kernel_deliver_end(int fd)
{
	return (set_outcome(fd, 1, EVENT_END, 0));
}

int
kernel_limit_write(int fd, uint32_t len)
{
	return (set_outcome(fd, 0, 0, len));
}

int
kernel_fail_write(int fd, int error)
{
	return (set_outcome(fd, 0, error, 0));
}

int
kernel_room(int fd, uint32_t room)
{
	struct socket	*s;

	if ((s = socket_at(fd)) == NULL)
		return (-1);
	s->room = room;
	return (0);
}

int
kernel_dictated(int fd)
{
	struct socket	*s;

	if ((s = socket_at(fd)) == NULL)
		return (0);
	return (s->out.head != NULL);
}

struct segment *
kernel_written(int fd)
{
	struct socket	*s;

	return ((s = socket_at(fd)) == NULL ? NULL : s->head);
}

int
kernel_sent(int fd)
{
	struct socket	*s;

	if ((s = socket_at(fd)) == NULL)
		return (-1);
	if (s->head == NULL)
		return (0);
	if (s->head->file != NULL)
		(void)file_detach(s->head->file);
	segment_drop(s);
	return (0);
}
