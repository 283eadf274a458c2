/*
 * Fuzz target: one stream of bytes, in chunks, with descriptors, read through
 * the batch and through imsgbuf_read on an in-memory socket.  Both must read
 * the same messages as a plain decoder, with the same descriptors.  The messages
 * are then sent in both ways, which must write the bytes of a plain encoder.
 *
 * Input: flags, maxsize, repetitions, which chunks carry a descriptor, the
 * number of chunks and their lengths, the bytes.
 */

#include <stdlib.h>

#include "host.h"
#include "input.h"

#define STREAM_MAX	(256 * 1024)
#define CHUNKS		24
#define PID		4711

struct bytes {
	unsigned char	*p;
	size_t		 n, size;
};

struct message {
	struct imsg_hdr	 hdr;
	size_t		 at;		/* offset of its payload in the stream */
	int		 kind;		/* how it is sent on */
	int		 has_fd;
};

static struct {
	int		 fdpass, end, refuse, classic;
	uint32_t	 maxsize, fds;
	size_t		 nchunks;
	size_t		 chunks[CHUNKS];
	size_t		 len;
	unsigned char	 stream[STREAM_MAX];
	unsigned char	 peer[STREAM_MAX];	/* in the peer's dialect */
} plan;

static struct bytes	 batch_story, single_story, *story;
static struct bytes	 batch_wire, single_wire;
static struct bytes	 model_wire, peer_wire;	/* in the peer's dialect */
static struct message	*messages;
static size_t		 nmessages, messages_size;

static void
put(struct bytes *b, const void *data, size_t n)
{
	if (b->n + n > b->size) {
		b->size = (b->n + n) * 2;
		b->p = realloc(b->p, b->size);
		CHECK(b->p != NULL);
	}
	if (n > 0)
		memcpy(b->p + b->n, data, n);
	b->n += n;
}

static void
put_word(struct bytes *b, uint32_t word)
{
	put(b, &word, sizeof(word));
}

static void
close_seen(int fd, uint32_t value)
{
	(void)fd;
	if (story != NULL && value != 0) {
		put_word(story, 'C');
		put_word(story, value);
	}
}

static void
message_seen(const struct imsg_hdr *hdr, const void *data, int fd)
{
	uint32_t	 value = 0;

	if (fd != -1) {
		value = kernel_take(fd);
		CHECK(value != 0);
		value_taken(value);
	}
	put_word(story, 'M');
	put_word(story, value);
	put(story, hdr, sizeof(*hdr));
	put(story, data, hdr->len - sizeof(*hdr));
}

static void
end_seen(int rv, int error, uint32_t have, uint32_t total)
{
	put_word(story, (uint32_t)rv);
	put_word(story, (uint32_t)error);
	put_word(story, have);
	put_word(story, total);
}

/* Converts a stream of the classic dialect to the current one. */
static void
translate(void)
{
	size_t		 at, len;
	uint32_t	 word;

	memcpy(plan.peer, plan.stream, plan.len);
	if (!plan.classic)
		return;
	if (plan.maxsize > CLASSIC_MAXSIZE)
		plan.maxsize = CLASSIC_MAXSIZE;
	for (at = 0; plan.len - at >= 16; at += len) {
		memcpy(&word, plan.stream + at + 4, sizeof(word));
		len = word % 65536;
		word = (uint32_t)len + (word >> 16 & 1) * 0x80000000;
		memcpy(plan.stream + at + 4, &word, sizeof(word));
		if (len < 16 || len > plan.len - at)
			break;
	}
}

static void
make_plan(struct input *in)
{
	size_t		 i, piece, repeat;
	uint32_t	 flags = next8(in), scale;

	memset(&plan, 0, offsetof(__typeof__(plan), stream));
	plan.fdpass = flags & 1;
	plan.end = flags >> 1 & 1;
	plan.refuse = flags >> 2 & 1;
	scale = flags >> 3 & 7;
	plan.classic = flags >> 6 & 1;
	plan.maxsize = next16(in);
	plan.maxsize = plan.maxsize == 0 ? MAX_IMSGSIZE :
	    (plan.maxsize << scale) + (uint32_t)IMSG_HEADER_SIZE;
	repeat = 1 + (next8(in) & 31);
	plan.fds = next32(in);
	plan.nchunks = next8(in) % (CHUNKS + 1);
	for (i = 0; i < plan.nchunks; i++)
		plan.chunks[i] = next16(in);
	piece = in->n;
	for (i = 0; i < repeat && plan.len + piece <= STREAM_MAX; i++) {
		if (piece > 0)
			memcpy(plan.stream + plan.len, in->p, piece);
		plan.len += piece;
	}
	translate();
}

/* The length of chunk i at an offset, 0 at the end. */
static size_t
chunk(size_t i, size_t at)
{
	size_t	 n = i < plan.nchunks ? plan.chunks[i] : BATCH_WINDOW;

	if (n == 0)
		n = 1;
	if (n > BATCH_WINDOW)
		n = BATCH_WINDOW;
	return (n < plan.len - at ? n : plan.len - at);
}

static int
chunk_fd(size_t i)
{
	int	 fd = -1;

	if (i < 32 && plan.fds >> i & 1) {
		fd = value_open();
		CHECK(fd != -1);
	}
	return (fd);
}

#include "stream-read.h"
#include "stream-write.h"

static void
check_same(const struct bytes *a, const struct bytes *b)
{
	CHECK(a->n == b->n);
	CHECK(a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input	 in = { data, size };
	size_t		 i;

	batch_story.n = single_story.n = batch_fds.n = single_fds.n = 0;
	batch_wire.n = single_wire.n = model_wire.n = peer_wire.n = 0;
	on_close = close_seen;
	make_plan(&in);
	read_batched();
	read_single();
	check_same(&batch_story, &single_story);
	read_plainly();
	for (i = 0; i < nmessages; i++) {
		messages[i].kind = (int)((i + messages[i].hdr.peerid) % 5);
		/* msgbuf_write never gets behind an empty ibuf to a descriptor */
		if (plan.fdpass && messages[i].kind == 3 &&
		    messages[i].hdr.len == 16)
			messages[i].kind = 1;
		/* imsg_compose_ibuf and imsg_forward send no descriptor */
		messages[i].has_fd = messages[i].kind < 3 &&
		    (plan.fds >> i % 32 & 1) && i < 4096;
	}
	write_batched();
	write_single();
	write_plainly();
	check_same(&single_wire, &model_wire);
	check_same(&batch_wire, &peer_wire);
	check_same(&batch_fds, &single_fds);
	return (0);
}
