#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>

#include "libc/file.h"
#include "libc/syscalls.h"

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

static ssize_t
file_read(int fd, const struct iovec *iov, int *fdp)
{
	struct file	*f;
	ssize_t		 n = -1;

	if ((f = file_at(fd)) != NULL) {
		/* the read may close this number: keep the file until it ends */
		f->refs++;
		n = f->ops->read(f, iov, fdp);
		(void)file_detach(f);
	}
	last_read = (int)n;
	return (n);
}

static ssize_t
file_write(int fd, const struct iovec *iov, size_t iovcnt, int passed)
{
	struct file	*f;
	size_t		 want = 0, i;
	ssize_t		 n;

	for (i = 0; i < iovcnt; i++)
		want += iov[i].iov_len;
	if ((f = file_at(fd)) == NULL ||
	    (n = f->ops->write(f, iov, want, passed)) == -1)
		return (-1);
	progress += (uint32_t)n;
	return (n);
}

ssize_t
kernel_readv(int fd, const struct iovec *iov, int iovcnt)
{
	(void)iovcnt;		/* the original reads into one */
	return (file_read(fd, iov, NULL));
}

ssize_t
kernel_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct cmsghdr	*cmsg;
	ssize_t		 n;
	int		 passed = -1;

	(void)flags;
	if ((n = file_read(fd, msg->msg_iov,
	    msg->msg_control == NULL ? NULL : &passed)) == -1)
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

ssize_t
kernel_writev(int fd, const struct iovec *iov, int iovcnt)
{
	return (file_write(fd, iov, (size_t)iovcnt, -1));
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
	return (file_write(fd, msg->msg_iov, (size_t)msg->msg_iovlen,
	    passed));
}
