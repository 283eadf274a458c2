#include <errno.h>

#include "libc/alloc.h"
#include "libc/file.h"
#include "libc/syscalls.h"
#include "libc/socket.h"

struct socket *
socket_at(int fd)
{
	struct file	*f;

	if ((f = file_at(fd)) == NULL)
		return (NULL);
	if (f->socket == NULL) {
		errno = ENOTSOCK;
		return (NULL);
	}
	return (f->socket);
}

static void
queue_put(struct queue *q, struct event *e)
{
	if (q->head == NULL)
		q->head = e;
	else
		q->tail->next = e;
	q->tail = e;
}

void
queue_drop(struct queue *q)
{
	struct event	*e = q->head;

	q->head = e->next;
	mem_free(e->data);
	mem_free(e);
}

void
socket_free(struct socket *s)
{
	struct segment	*g;
	uint32_t	 i;

	while (s->in.head != NULL) {
		for (i = 0; i < s->in.head->nfds; i++)
			(void)kernel_close(s->in.head->fds[i]);
		queue_drop(&s->in);
	}
	while (s->out.head != NULL)
		queue_drop(&s->out);
	while ((g = s->head) != NULL) {
		s->head = g->next;
		if (g->file != NULL)
			file_release(g->file, -1);
		mem_free(g);
	}
	mem_free(s);
}

int
kernel_socket(void)
{
	struct socket	*s;
	int		 fd;

	if ((s = mem_alloc(sizeof(*s))) == NULL)
		return (-1);
	s->room = UINT32_MAX;
	if ((fd = file_new(s, 0)) == -1)
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
dictate(int fd, int read, int error, size_t len)
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
	return (dictate(fd, 1, error, 0));
}

int
kernel_deliver_end(int fd)
{
	return (dictate(fd, 1, EVENT_END, 0));
}

int
kernel_accept(int fd, uint32_t len)
{
	return (dictate(fd, 0, 0, len));
}

int
kernel_refuse(int fd, int error)
{
	return (dictate(fd, 0, error, 0));
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
	struct segment	*g;

	if ((s = socket_at(fd)) == NULL)
		return (-1);
	if ((g = s->head) != NULL) {
		s->head = g->next;
		if (g->file != NULL)
			(void)file_give(g->file);
		mem_free(g);
	}
	return (0);
}
