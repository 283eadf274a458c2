#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "compat.h"
#include "kernel.h"

ssize_t		 kernel_last_read;
jmp_buf		 kernel_stuck;
static int	 flushes, stuck, was_dictated;
struct tracker	*kernel_tracker;
static pid_t	 process_id = 1;

pid_t
dt_getpid(void)
{
	return (process_id);
}

void
kernel_setpid(pid_t pid)
{
	process_id = pid;
}

int
dt_close(int fd)
{
	return (kernel_close(fd));
}

static struct event *
event_new(struct events *q)
{
	struct event	*e;

	if ((e = calloc(1, sizeof(*e))) == NULL)
		abort();
	if (q->head == NULL)
		q->head = e;
	else
		q->tail->next = e;
	q->tail = e;
	return (e);
}

void
kernel_event_drop(struct events *q)
{
	struct event	*e = q->head;

	q->head = e->next;
	free(e->data);
	free(e);
}

int
kernel_deliver(int fd, const struct bytes *b, const int *fds, int nfds)
{
	struct sock	*s;
	struct event	*e;

	if ((s = kernel_sock(fd)) == NULL)
		return (-1);
	e = event_new(&s->in);
	if ((e->data = malloc(b->len + 1)) == NULL)
		abort();
	if (b->len > 0)
		memcpy(e->data, b->data, b->len);
	e->len = b->len;
	memcpy(e->fds, fds, (size_t)nfds * sizeof(fds[0]));
	e->nfds = nfds;
	return (0);
}

int
kernel_outcome(int fd, int reading, int error, size_t len)
{
	struct sock	*s;
	struct event	*e;

	if ((s = kernel_sock(fd)) == NULL)
		return (-1);
	e = event_new(reading ? &s->in : &s->out);
	e->error = error;
	e->len = len;
	return (0);
}

int
kernel_room(int fd, size_t room)
{
	struct sock	*s;

	if ((s = kernel_sock(fd)) == NULL)
		return (-1);
	s->room = room;
	return (0);
}

/* The stream as its reader must cut it, to know whether an end is untimely. */
static void
track(struct tracker *t, const unsigned char *p, size_t n)
{
	size_t	 part;

	while (n > 0 && t != NULL) {
		if (t->have < t->hdrsize) {
			part = t->hdrsize - t->have;
			if (part > n)
				part = n;
			memcpy(t->hdr + t->have, p, part);
			t->have += part;
			if (t->have == t->hdrsize)
				t->need = t->length(t->hdr, t->arg);
		} else {
			part = t->need - t->have;
			if (part > n)
				part = n;
			t->have += part;
		}
		p += part;
		n -= part;
		if (t->have >= t->hdrsize && t->have >= t->need)
			t->have = 0;
	}
}

/* fds gets the descriptors that fit the control message; the others are closed. */
static ssize_t
sock_read(int fd, const struct iovec *iov, int *fds, int maxfds, int *nfds)
{
	struct sock	*s;
	struct event	*e;
	size_t		 n;
	int		 i;

	kernel_last_read = -1;
	*nfds = 0;
	if ((s = kernel_sock(fd)) == NULL)
		return (-1);
	if ((e = s->in.head) == NULL) {
		errno = EAGAIN;
		return (-1);
	}
	if (e->error == OUTCOME_END)
		return (kernel_last_read = 0);
	if (e->error != 0) {
		errno = e->error;
		kernel_event_drop(&s->in);
		return (-1);
	}
	n = e->len - e->off;
	if (n > iov->iov_len)
		n = iov->iov_len;
	memcpy(iov->iov_base, e->data + e->off, n);
	track(kernel_tracker, e->data + e->off, n);
	for (i = 0; i < e->nfds; i++) {
		if (*nfds < maxfds)
			fds[(*nfds)++] = e->fds[i];
		else
			kernel_close(e->fds[i]);
	}
	e->nfds = 0;
	e->off += n;
	if (e->off == e->len)
		kernel_event_drop(&s->in);
	return (kernel_last_read = (ssize_t)n);
}

ssize_t
dt_readv(int fd, const struct iovec *iov, int iovcnt)
{
	int	 none;

	if (iovcnt != 1)
		abort();
	return (sock_read(fd, iov, NULL, 0, &none));
}

ssize_t
dt_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct cmsghdr	*cmsg;
	ssize_t		 n;
	size_t		 fit;
	int		 fds[8], nfds;

	(void)flags;
	/*
	 * As Linux does: whatever fits behind the header, padding included.
	 * Without room for a header, the descriptors are closed.
	 */
	fit = msg->msg_control == NULL ? 0 :
	    (msg->msg_controllen - CMSG_LEN(0)) / sizeof(int);
	n = sock_read(fd, msg->msg_iov, fds, fit < 8 ? (int)fit : 8, &nfds);
	if (n == -1)
		return (-1);	/* nothing changes for the next attempt */
	if (nfds == 0) {
		msg->msg_controllen = 0;
		return (n);
	}
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(cmsg), fds, (size_t)nfds * sizeof(int));
	msg->msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
	return (n);
}

static int
fail_with(int error)
{
	errno = error;
	return (-1);
}

static ssize_t
budget(struct sock *s, size_t want)
{
	size_t	 n;
	int	 error;

	was_dictated = s->out.head != NULL;
	if (was_dictated) {
		error = s->out.head->error;
		n = s->out.head->len;
		kernel_event_drop(&s->out);
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

static ssize_t
sock_write(int fd, const struct iovec *iov, size_t iovcnt, int passed)
{
	struct sock	*s;
	struct file	*f = NULL;
	struct piece	*p;
	size_t		 want = 0, done = 0, part, i;
	ssize_t		 n;

	if (iovcnt > IOV_MAX)
		return (fail_with(EINVAL));
	for (i = 0; i < iovcnt; i++)
		want += iov[i].iov_len;
	if ((s = kernel_sock(fd)) == NULL ||
	    (passed != -1 && (f = kernel_file(passed)) == NULL) ||
	    (n = budget(s, want)) == -1)
		return (-1);
	if (n > 0) {
		if ((p = calloc(1, sizeof(*p) + (size_t)n)) == NULL)
			abort();
		p->len = (size_t)n;
		for (i = 0; done < p->len; i++, done += part) {
			part = iov[i].iov_len;
			if (part > p->len - done)
				part = p->len - done;
			if (part > 0)
				memcpy(p->data + done, iov[i].iov_base, part);
		}
		p->fd = passed;
		if ((p->file = f) != NULL) {
			f->refs++;
			kernel_moved(passed, fd, kernel_untaken(s), p->len);
		}
		if (s->head == NULL)
			s->head = p;
		else
			s->tail->next = p;
		s->tail = p;
	}
	if (s->room != SIZE_MAX)
		s->room -= (size_t)n < s->room ? (size_t)n : s->room;
	return (n);
}

/*
 * The original's flush writes until its queue is empty.  It never ends if a write
 * moves nothing although no outcome was queued.  The wrapper stops after that
 * write; the driver leaves the flush when the original makes the next write.
 */
static ssize_t
flushing(int fd, ssize_t n)
{
	struct sock	*s;

	if (flushes && (n == 0 ||
	    (n == -1 && (errno == EAGAIN || errno == ENOBUFS))) &&
	    (s = kernel_sock(fd)) != NULL && s->out.head == NULL &&
	    !was_dictated)
		stuck = 1;
	return (n);
}

/* A flush that has ended by itself leaves no mark for the next one. */
void
kernel_flush(int begins)
{
	flushes = begins;
	stuck = 0;
}

static void
flush_again(void)
{
	if (!stuck)
		return;
	stuck = 0;
	longjmp(kernel_stuck, 1);
}

ssize_t
dt_writev(int fd, const struct iovec *iov, int iovcnt)
{
	flush_again();
	return (flushing(fd, sock_write(fd, iov, (size_t)iovcnt, -1)));
}

ssize_t
dt_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct cmsghdr	*cmsg;
	int		 passed = -1;

	(void)flags;
	flush_again();
	if (msg->msg_control != NULL) {
		cmsg = (struct cmsghdr *)msg->msg_control;
		memcpy(&passed, CMSG_DATA(cmsg), sizeof(passed));
	}
	return (flushing(fd, sock_write(fd, msg->msg_iov, msg->msg_iovlen,
	    passed)));
}
