/*
 * Part of batch.c: the file of every batch.  Reads find their bytes in the
 * window, where the host has put them and where the read buffer lies; writes go
 * to the outgoing window.  Both windows are lent to one batch for the length of
 * one call.
 */

static _Alignas(16) unsigned char	window[BATCH_LEAD + BATCH_WINDOW];
static _Alignas(16) unsigned char	outgoing[BATCH_OUTGOING];

static struct loan {
	int		 lent;		/* or reads and writes are EAGAIN */
	uint32_t	 rxlen;		/* bytes in the window, or 0: the end */
	int		 rxfd;		/* arrives with them, or -1 */
	uint32_t	 txlen;
	struct file	*txfile;	/* travels with them, or NULL */
} loan;

/* A batch has room for all of the window, so one read takes it whole. */
static ssize_t
window_read(struct file *f, const struct iovec *iov, int *fdp)
{
	(void)f;
	(void)iov;
	if (!loan.lent) {
		errno = EAGAIN;
		return (-1);
	}
	if (loan.rxfd != -1) {
		if (fdp != NULL)
			*fdp = loan.rxfd;
		else
			(void)kernel_close(loan.rxfd);
	}
	return ((ssize_t)loan.rxlen);
}

/*
 * A descriptor travels with the first byte of what is written.  So it must come
 * first, and until the host has taken it nothing more is written.
 */
static ssize_t
window_write(struct file *f, const struct iovec *iov, size_t n, int passed)
{
	size_t		 room = sizeof(outgoing) - loan.txlen;
	struct file	*along = NULL;

	(void)f;
	if (!loan.lent || room == 0 || loan.txfile != NULL ||
	    (passed != -1 && loan.txlen > 0)) {
		errno = EAGAIN;
		return (-1);
	}
	if (passed != -1 && (along = file_at(passed)) == NULL)
		return (-1);
	if (n > room)
		n = room;
	file_gather(outgoing + loan.txlen, iov, n);
	loan.txlen += (uint32_t)n;
	if (n > 0 && along != NULL) {
		along->refs++;
		loan.txfile = along;
	}
	return ((ssize_t)n);
}

static const struct fileops	window_ops = { window_read, window_write, NULL };
struct file			batch_file = { .ops = &window_ops, .refs = 1 };
