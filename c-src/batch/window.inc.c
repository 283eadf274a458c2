/*
 * Part of batch.c: what the kernel does for LOAN_FD, the descriptor of every
 * batch.  The bytes that are read lie in the window where the reader wants them,
 * and what is written goes to the outgoing one.
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
int	loan_fd = -1;

/* The window holds what a read buffer has room for: it is taken whole. */
ssize_t
loan_read(int *fdp)
{
	if (loan.rxfd != -1) {
		if (fdp != NULL)
			*fdp = loan.rxfd;
		else
			(void)kernel_close(loan.rxfd);
	}
	return ((ssize_t)loan.rxlen);
}

/* A descriptor begins a piece of its own, and ends the loan until it's taken. */
ssize_t
loan_write(const struct iovec *iov, size_t n, int passed)
{
	unsigned char	*to = outgoing + loan.txlen;
	size_t		 room = sizeof(outgoing) - loan.txlen, part, i;
	struct file	*f = NULL;

	if (room == 0 || loan.txfile != NULL ||
	    (passed != -1 && loan.txlen > 0)) {
		errno = EAGAIN;
		return (-1);
	}
	if (passed != -1 && (f = file_at(passed)) == NULL)
		return (-1);
	for (i = 0; i < n && room > 0; i++, to += part, room -= part) {
		part = iov[i].iov_len < room ? iov[i].iov_len : room;
		mem_copy(to, iov[i].iov_base, part);
	}
	part = (size_t)(to - outgoing) - loan.txlen;
	loan.txlen += (uint32_t)part;
	if (part > 0 && f != NULL) {
		f->refs++;
		loan.txfile = f;
	}
	return ((ssize_t)part);
}
