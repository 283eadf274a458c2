/* One connection of the native peer: reading, writing and ending. */
#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

/* Messages of a SEND are composed while the queue is shorter than this. */
#define GENERATE_AHEAD	256

uint64_t
now_ms(void)
{
	struct timespec	 ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(1, "clock_gettime");
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

struct conn *
conn_new(int fd)
{
	struct conn	*c;
	int		 flags, size;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		goto fail;
	if (options.sndbuf != 0) {
		size = (int)options.sndbuf;
		if (setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size,
		    sizeof(size)) == -1)
			goto fail;
	}
	if (imsgbuf_init(&c->ib, fd) == -1)
		goto fail;
	if (options.fdpass)
		imsgbuf_allow_fdpass(&c->ib);
	if (options.maxsize != 0 &&
	    imsgbuf_set_maxsize(&c->ib, options.maxsize) == -1)
		goto fail;
	if (options.pid != 0)
		c->ib.pid = (pid_t)options.pid;
	c->fnv = 0xcbf29ce484222325ULL;
	if (command_start(c) == -1)
		conn_fail(c, "start", errno);
	return c;
 fail:
	free(c);
	return NULL;
}

void
conn_free(struct conn *c)
{
	char	 buf[4096];

	if (options.mode != MODE_RESET && shutdown(c->ib.fd, SHUT_RDWR) == 0)
		while (read(c->ib.fd, buf, sizeof(buf)) > 0)
			continue;
	close(c->ib.fd);
	imsgbuf_clear(&c->ib);
	free(c);
}

void
conn_fail(struct conn *c, const char *what, int error)
{
	fprintf(stderr, "peer: %s: %s\n", what, errno_name(error));
	c->failed = 1;
	c->closing = 1;
}

/* Queue bytes as they are, behind the messages that are already there. */
int
conn_raw(struct conn *c, const void *data, size_t len)
{
	struct ibuf	*buf;

	if (len == 0)
		return 0;
	if ((buf = ibuf_open(len)) == NULL)
		return -1;
	/* ibuf_open makes a buffer of a fixed size with nothing in it yet */
	if (ibuf_add(buf, data, len) == -1) {
		ibuf_free(buf);
		return -1;
	}
	ibuf_close(c->ib.w, buf);
	return 0;
}

/* The reading end of a pipe that holds a text and then ends. */
int
conn_pipe(const char *text)
{
	int	 fds[2];

	if (pipe(fds) == -1)
		return -1;
	if (write(fds[1], text, strlen(text)) != (ssize_t)strlen(text)) {
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	close(fds[1]);
	return fds[0];
}

/* Messages wait for as long as this is true. */
static int
busy(const struct conn *c)
{
	return c->left > 0 || c->tail != TAIL_NONE || c->stalled_until != 0;
}

short
conn_events(const struct conn *c)
{
	short	 events = 0;

	if (c->stalled_until == 0 && !c->eof && !c->closing &&
	    c->read_errno == 0)
		events |= POLLIN;
	/* with an empty queue, the next message of a SEND may still be due */
	if (msgbuf_queuelen(c->ib.w) > 0 || c->left > 0 ||
	    c->tail != TAIL_NONE || c->closing)
		events |= POLLOUT;
	return events;
}

static void
read_more(struct conn *c)
{
	char	 buf[65536];
	ssize_t	 n;

	if (options.mode == MODE_RESET) {
		c->closing = 1;
		return;
	}
	if (c->deaf) {
		if ((n = read(c->ib.fd, buf, sizeof(buf))) == 0 ||
		    (n == -1 && errno != EAGAIN && errno != EINTR))
			c->eof = 1;
		return;
	}
	errno = 0;
	switch (imsgbuf_read(&c->ib)) {
	case -1:
		/* the good messages before it are answered first */
		c->read_errno = errno == 0 ? EIO : errno;
		break;
	case 0:
		c->eof = 1;
		break;
	}
}

/* Does everything that needs no waiting for the other end. */
static void
progress(struct conn *c)
{
	struct imsg	 imsg;
	ssize_t		 n = 0;

	while (!c->closing) {
		while (c->left > 0 &&
		    imsgbuf_queuelen(&c->ib) < GENERATE_AHEAD)
			if (command_generate(c) == -1) {
				conn_fail(c, "compose", errno);
				return;
			}
		if (c->left == 0 && c->tail != TAIL_NONE &&
		    command_tail(c) == -1)
			conn_fail(c, "compose", errno);
		if (busy(c) || c->closing || c->deaf)
			break;
		if ((n = imsg_get(&c->ib, &imsg)) <= 0)
			break;
		if (command_handle(c, &imsg) == -1)
			conn_fail(c, "compose", errno);
		imsg_free(&imsg);
	}
	if (c->closing || busy(c))
		return;
	if (n == -1)
		conn_fail(c, "imsg_get", errno);
	else if (c->read_errno != 0) {
		if (options.mode == MODE_DUMP || options.mode == MODE_HANDOVER)
			print_end(c->read_errno);
		conn_fail(c, "imsgbuf_read", c->read_errno);
	} else if (c->eof) {
		if (command_end(c) == -1)
			conn_fail(c, "compose", errno);
		c->closing = 1;
	}
}

/* Returns 0 when the connection is over. */
int
conn_ready(struct conn *c, short revents)
{
	if (c->stalled_until != 0 && c->stalled_until <= now_ms()) {
		c->stalled_until = 0;
		if (command_woken(c) == -1)
			conn_fail(c, "compose", errno);
	}
	if ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
	    (conn_events(c) & POLLIN) != 0)
		read_more(c);
	progress(c);
	if (imsgbuf_queuelen(&c->ib) > 0 && imsgbuf_write(&c->ib) == -1) {
		conn_fail(c, "imsgbuf_write", errno);
		return 0;
	}
	if (options.mode == MODE_RESET && c->closing)
		return 0;
	if (options.mode == MODE_HANDOVER && !c->ended &&
	    imsgbuf_queuelen(&c->ib) == 0) {
		c->ended = 1;
		shutdown(c->ib.fd, SHUT_WR);
	}
	return !(c->closing && imsgbuf_queuelen(&c->ib) == 0);
}
