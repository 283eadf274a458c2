/*
 * Part of unit.c, behind the originals, because it knows struct msgbuf.
 *
 * A header of the classic dialect has a length of 16 bits and flags of 16 bits,
 * and bit 0 of the flags marks a descriptor.  A header of the current dialect,
 * which the original speaks, has a length of 32 bits, and bit 31 marks a
 * descriptor.  Headers are translated in the bytes that the original is about to
 * read, and in the ibufs that it has queued.
 */
#define CLASSIC_LEN	0xffffu
#define CLASSIC_MARK	0x10000u
#define CURRENT_MARK	0x80000000u
#define LEN_OFFSET	4

void
classic_read(unsigned char *bytes, size_t n, size_t next)
{
	uint32_t	 len, word;

	for (; next < n && n - next >= IMSG_HEADER_SIZE; next += len) {
		__builtin_memcpy(&word, bytes + next + LEN_OFFSET, sizeof(word));
		len = word & CLASSIC_LEN;
		word = len | (word & CLASSIC_MARK ? CURRENT_MARK : 0);
		__builtin_memcpy(bytes + next + LEN_OFFSET, &word, sizeof(word));
		if (len < IMSG_HEADER_SIZE)
			return;		/* the original refuses such a length */
	}
}

void
classic_written(struct msgbuf *msgbuf)
{
	struct ibuf	*message = TAILQ_LAST(msgbuf_queue(msgbuf), ibuf_head);
	unsigned char	*at = (unsigned char *)ibuf_data(message) + LEN_OFFSET;
	uint32_t	 word;

	__builtin_memcpy(&word, at, sizeof(word));
	word = (word & CLASSIC_LEN) | (word & CURRENT_MARK ? CLASSIC_MARK : 0);
	__builtin_memcpy(at, &word, sizeof(word));
}
