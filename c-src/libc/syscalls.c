#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>

#include "libc/alloc.h"
#include "libc/file.h"
#include "libc/syscalls.h"
#include "libc/socket.h"

static pid_t		 process_id = 1;
static int		 last_read = -1;
static uint32_t		 progress;

pid_t
kernel_getpid(void)
{
	return (process_id);
}

void
kernel_setpid(pid_t pid)
{
	process_id = pid;
}

int
kernel_last_read(void)
{
	return (last_read);
}

uint32_t
kernel_progress(void)
{
	return (progress);
}

/*
 * Hands received descriptors to the caller: the first through fdp, the others
 * are closed in the order in which 64-bit Linux and the original do it there
 * (two fit in the control message, the original closes the second itself).
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

static int
is_lent(int fd)
{
	return (fd == loan_fd && fd != -1);
}

static ssize_t
socket_read(int fd, const struct iovec *iov, int *fdp)
{
	struct file	*f = NULL;
	struct socket	*s;
	struct event	*e;
	size_t		 n;

	if (is_lent(fd))
		return (loan_read(fdp));
	last_read = -1;
	if ((s = socket_at(fd)) == NULL)
		return (-1);
	if ((e = s->in.head) == NULL) {
		errno = EAGAIN;
		return (-1);
	}
	if (e->error == EVENT_END) {
		last_read = 0;
		return (0);	/* and again for every later read */
	}
	if (e->error != 0) {
		errno = e->error;
		queue_drop(&s->in);
		return (-1);
	}
	n = e->len - e->off;
	if (n > iov->iov_len)
		n = iov->iov_len;
	memcpy(iov->iov_base, e->data + e->off, n);
	last_read = (int)n;
	e->off += n;
	if (e->nfds > 0) {
		/* this very socket may be one of those that get closed */
		f = file_at(fd);
		f->refs++;
		hand_out(e->fds, e->nfds, fdp);
		e->nfds = 0;
	}
	if (e->off == e->len)
		queue_drop(&s->in);
	if (f != NULL)
		(void)file_give(f);
	return (last_read);
}

ssize_t
kernel_readv(int fd, const struct iovec *iov, int iovcnt)
{
	(void)iovcnt;		/* the original reads into one */
	return (socket_read(fd, iov, NULL));
}

ssize_t
kernel_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct cmsghdr	*cmsg;
	ssize_t		 n;
	int		 passed = -1;

	(void)flags;
	if ((n = socket_read(fd, msg->msg_iov, &passed)) == -1)
		return (-1);	/* the original tries again with this msg */
	if (passed == -1) {
		msg->msg_controllen = 0;
		return (n);
	}
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	memcpy(CMSG_DATA(cmsg), &passed, sizeof(passed));
	msg->msg_controllen = CMSG_SPACE(sizeof(int));
	return (n);
}

/* How much a write of want bytes may take: what was dictated, or the room. */
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
		errno = ENOBUFS;	/* what a kernel short of memory says */
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

static void
gather(unsigned char *to, const struct iovec *iov, size_t n)
{
	size_t	 part;

	for (; n > 0; iov++, n -= part, to += part) {
		part = iov->iov_len < n ? iov->iov_len : n;
		if (part > 0)
			memcpy(to, iov->iov_base, part);
	}
}

static ssize_t
socket_write(int fd, const struct iovec *iov, size_t iovcnt, int passed)
{
	struct socket	*s;
	struct segment	*g;
	struct file	*f = NULL;
	size_t		 want = 0, i;
	ssize_t		 n;

	if (is_lent(fd))
		return (loan_write(iov, iovcnt, passed));
	for (i = 0; i < iovcnt; i++)
		want += iov[i].iov_len;
	if ((s = socket_at(fd)) == NULL ||
	    (passed != -1 && (f = file_at(passed)) == NULL) ||
	    (n = socket_budget(s, want)) == -1)
		return (-1);
	if (n > 0) {
		if ((g = segment_new(s, (size_t)n)) == NULL)
			return (-1);
		gather(g->data, iov, (size_t)n);
		if (f != NULL) {
			g->fd = passed;
			g->value = f->value;
			g->file = f;
			f->refs++;
		}
	}
	if (s->room != UINT32_MAX)
		s->room -= (uint32_t)n < s->room ? (uint32_t)n : s->room;
	progress += (uint32_t)n;
	return (n);
}

ssize_t
kernel_writev(int fd, const struct iovec *iov, int iovcnt)
{
	return (socket_write(fd, iov, (size_t)iovcnt, -1));
}

ssize_t
kernel_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct cmsghdr	*cmsg;
	int		 passed = -1;

	(void)flags;
	if (msg->msg_control != NULL) {
		cmsg = (struct cmsghdr *)msg->msg_control;
		memcpy(&passed, CMSG_DATA(cmsg), sizeof(passed));
	}
	return (socket_write(fd, msg->msg_iov, (size_t)msg->msg_iovlen,
	    passed));
}
