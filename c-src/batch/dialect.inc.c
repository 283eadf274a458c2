/* Part of core.c, behind the originals: sees inside struct msgbuf. */

/*
 * The classic dialect has 16 bits of length and 16 of flags where the current
 * one has 32 of length; the mark of a descriptor is bit 0 of the flags there and
 * bit 31 of the length here.  The original speaks the current one; headers are
 * translated in the bytes that it reads, and in the ibufs that it has queued.
 */
#define CLASSIC_LEN	0xffffu
#define CLASSIC_MARK	0x10000u
#define CURRENT_MARK	0x80000000u
#define LEN_OFFSET	4

/* The headers in bytes about to be read, the first after so many bytes. */
static void
classic_read(unsigned char *bytes, size_t n, size_t next)
{
	uint32_t	 len, word;

	for (; next < n && n - next >= IMSG_HEADER_SIZE; next += len) {
		__builtin_memcpy(&word, bytes + next + LEN_OFFSET, sizeof(word));
		len = word & CLASSIC_LEN;
		word = len | (word & CLASSIC_MARK ? CURRENT_MARK : 0);
		__builtin_memcpy(bytes + next + LEN_OFFSET, &word, sizeof(word));
		if (len < IMSG_HEADER_SIZE)
			return;		/* the original will refuse it */
	}
}

/* The header of the message that was queued last. */
static void
classic_written(struct msgbuf *msgbuf)
{
	struct ibuf	*message = (struct ibuf *)(void *)
	    ((char *)msgbuf->bufs.tqh_last - offsetof(struct ibuf, entry));
	unsigned char	*at = (unsigned char *)ibuf_data(message) + LEN_OFFSET;
	uint32_t	 word;

	__builtin_memcpy(&word, at, sizeof(word));
	word = (word & CLASSIC_LEN) | (word & CURRENT_MARK ? CLASSIC_MARK : 0);
	__builtin_memcpy(at, &word, sizeof(word));
}
