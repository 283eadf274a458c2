/*
 * Part of batch.c: the file of every batch.  Reads find their bytes in the
 * window, where the host has put them and where the read buffer lies; writes go
 * to the outgoing window.  Both windows are lent to one batch for the length of
 * one call.
 */

static struct loan {
	int		 lent;		/* or reads and writes are EAGAIN */
	uint32_t	 rxlen;		/* bytes in the window, or 0: the end */
	int		 rxfd;		/* arrives with them, or -1 */
	unsigned char	*tx;		/* where written bytes go */
	uint32_t	 txlen;
	struct file	*txfile;	/* travels with them, or NULL */
} loan;

/*
 * The bytes of the next messages, where they lie in the window one after the
 * other.  The original allocates an ibuf for each message and copies the bytes
 * into it.  The ibuf of a message that is whole gets the memory where these
 * bytes lie, so that nothing has to be copied or wiped.  All such ibufs are
 * freed before the call returns, except for batch_result.first.
 */
static struct {
	unsigned char	*at;
	unsigned char	*end;
} inplace;

static INLINE int
inplace_has(size_t n)
{
	return (n <= (size_t)(inplace.end - inplace.at));
}

/* The memory is not zero, but all of it is about to be written. */
static INLINE void *
inplace_next(size_t n)
{
	inplace.at += n;
	return (inplace.at - n);
}

static INLINE int
in_window(const void *p)
{
	return ((uintptr_t)p - (uintptr_t)batch_in < sizeof(batch_in));
}

/* The original's memcpy: the bytes of a message in place are there already. */
static INLINE void *
inplace_copy(void *d, const void *s, size_t n)
{
	if (!__builtin_constant_p(n) && d == s)
		return (d);
	return (mem_copy(d, s, n));
}

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
	size_t		 room = sizeof(batch_out) - loan.txlen;
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
	/* in place, the first ibuf is followed by the others */
	if (iov->iov_base != loan.tx + loan.txlen)
		file_gather(loan.tx + loan.txlen, iov, n);
	loan.txlen += (uint32_t)n;
	if (n > 0 && along != NULL) {
		along->refs++;
		loan.txfile = along;
	}
	return ((ssize_t)n);
}

static const struct fileops	window_ops = { window_read, window_write, NULL };
struct file			batch_file = { .ops = &window_ops, .refs = 1 };
