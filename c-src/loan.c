/*
 * Part of batch.c: the system calls of the original's second inclusion.  What
 * they read lies in the window where the reader wants it, and what they write
 * goes to the outgoing one.
 */

static _Alignas(16) unsigned char	window[BATCH_LEAD + BATCH_WINDOW];
static _Alignas(16) unsigned char	outgoing[BATCH_OUTGOING];

/* Lent for the length of one call of the host. */
static struct loan {
	uint32_t	 rxlen;		/* bytes in the window, or 0: the end */
	int		 rxfd;		/* arrives with them, or -1 */
	uint32_t	 txlen;
	struct file	*txfile;	/* sent along with tx, or NULL */
} loan;

/* The window holds what a read buffer has room for: it is taken whole. */
static INLINE ssize_t
loan_readv(const struct iovec *iov)
{
	(void)iov;
	if (UNLIKELY(loan.rxfd != -1))
		(void)kernel_close(loan.rxfd);
	return ((ssize_t)loan.rxlen);
}

static INLINE ssize_t
loan_recvmsg(struct msghdr *msg)
{
	struct cmsghdr	*cmsg;

	if (loan.rxfd == -1) {
		msg->msg_controllen = 0;
		return ((ssize_t)loan.rxlen);
	}
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	__builtin_memcpy(CMSG_DATA(cmsg), &loan.rxfd, sizeof(int));
	msg->msg_controllen = CMSG_SPACE(sizeof(int));
	return ((ssize_t)loan.rxlen);
}

static NOINLINE ssize_t
loan_writev(const struct iovec *iov, size_t n)
{
	unsigned char	*to = outgoing + loan.txlen;
	size_t		 room = sizeof(outgoing) - loan.txlen, part, i;

	if (room == 0 || loan.txfile != NULL) {
		errno = EAGAIN;
		return (-1);
	}
	for (i = 0; i < n && room > 0; i++, to += part, room -= part) {
		part = iov[i].iov_len < room ? iov[i].iov_len : room;
		mem_copy(to, iov[i].iov_base, part);
	}
	part = (size_t)(to - outgoing) - loan.txlen;
	loan.txlen += (uint32_t)part;
	return ((ssize_t)part);
}

/* A descriptor begins a piece of its own, and ends the loan until it's taken. */
static INLINE ssize_t
loan_sendmsg(const struct msghdr *msg)
{
	struct file	*f = NULL;
	int		 passed;
	ssize_t		 n;

	if (msg->msg_control != NULL) {
		__builtin_memcpy(&passed,
		    CMSG_DATA((struct cmsghdr *)msg->msg_control),
		    sizeof(passed));
		if (loan.txlen > 0) {
			errno = EAGAIN;
			return (-1);
		}
		if ((f = file_at(passed)) == NULL)
			return (-1);
	}
	if ((n = loan_writev(msg->msg_iov, (size_t)msg->msg_iovlen)) > 0 &&
	    f != NULL) {
		f->refs++;
		loan.txfile = f;
	}
	return (n);
}
