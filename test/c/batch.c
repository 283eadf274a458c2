/* Tests of the batch: reading chunks, composing records, descriptors, errors. */

#include "batch-session.h"

/* Queues a message with a descriptor. */
static void
compose_fd(struct batch *b, uint32_t type, int fd, const void *data,
    uint32_t len)
{
	void	*p;

	CHECK((p = batch_create(b, type, 2, 3, len)) != NULL);
	memcpy(p, data, len);
	batch_finish(b, fd);
}

static void
a_message_over_three_chunks_is_handed_over_whole(void)
{
	unsigned char	 m[64];
	struct batch	*b = batch_open(1000, 9, 0);
	size_t		 n = wire(m, 1, 10, "0123456789");

	CHECK(b != NULL);
	CHECK(read_chunk(b, m, 5, -1) == 1 && r->count == 0 && r->need == 11);
	CHECK(read_chunk(b, m + 5, 15, -1) == 1 && r->count == 0 &&
	    r->need == 6);
	CHECK(read_chunk(b, m + 20, n - 20, -1) == 1 && r->count == 1);
	CHECK(r->need == 16 && r->first != NULL);
	CHECK(memcmp(r->first, "0123456789", 10) == 0);
	CHECK(batch_headers()[0].type == 1 && batch_headers()[0].len == 26);
	batch_release();
	batch_release();
	/* the stream ends between messages */
	CHECK(batch_read(b, 0, -1) == 0 && r->have == 0 && r->total == 0);
	batch_close(b);
	finish();
}

static void
a_full_window_of_headers_has_a_place_for_each(void)
{
	static unsigned char	 many[BATCH_WINDOW];
	struct batch		*b = batch_open(100, 0, 0);
	size_t			 at;

	for (at = 0; at + 16 <= sizeof(many); at += 16)
		wire(many + at, (uint32_t)at, 0, NULL);
	CHECK(at == sizeof(many));
	CHECK(read_chunk(b, many, 15, -1) == 1 && r->count == 0);
	/* one byte completes the header of 15 bytes before; 65519 follow */
	memcpy(batch_window(), many + 15, 1);
	memcpy(batch_window() + 1, many, BATCH_WINDOW - 1);
	CHECK(batch_read(b, BATCH_WINDOW, -1) == 1);
	CHECK(r->count == 1 + (BATCH_WINDOW - 1) / 16);
	CHECK(r->count <= BATCH_MESSAGES);
	CHECK(r->need == 1);
	CHECK(r->first == NULL);	/* no payload */
	CHECK(batch_read(b, 0, -1) == 0 && r->have == 15 && r->total == 16);
	batch_close(b);
	batch_release();
	finish();
}

static void
messages_before_a_bad_header_are_there(void)
{
	unsigned char	 m[64];
	struct batch	*b = batch_open(1000, 0, 0);
	size_t		 n = wire(m, 1, 3, "abc");

	memset(m + n, 0, 16);
	CHECK(read_chunk(b, m, n + 16, -1) == -1);
	CHECK(r->error == ERANGE && r->count == 1 && r->first == NULL);
	batch_close(b);
	finish();
}

static void
a_cut_message_is_told_at_the_end(void)
{
	unsigned char	 m[64];
	struct batch	*b = batch_open(1000, 0, 0);

	wire(m, 1, 10, "0123456789");
	CHECK(read_chunk(b, m, 20, -1) == 1);
	CHECK(batch_read(b, 0, -1) == 0 && r->have == 20 && r->total == 26);
	batch_close(b);
	finish();
}

static void
one_read_can_complete_two_messages_with_descriptors(void)
{
	unsigned char	 m[128];
	struct batch	*b = batch_open(1000, 0, BATCH_FDPASS);
	size_t		 n = wire(m, 1, 3, "abc"), all;
	int		 first = value_open(), second = value_open();

	m[7] |= 0x80;
	all = n + wire(m + n, 2, 0, NULL);
	m[n + 7] |= 0x80;
	CHECK(read_chunk(b, m, n - 1, first) == 1 && r->count == 0);
	CHECK(read_chunk(b, m + n - 1, all - n + 1, second) == 1);
	CHECK(r->count == 2 && r->nfds == 2 && r->ndrops == 0);
	CHECK(r->fd_message[0] == 0 && r->fd[0] == first);
	CHECK(r->fd_message[1] == 1 && r->fd[1] == second);
	CHECK(batch_headers()[1].len == 16);
	CHECK(kernel_close(first) == 0 && kernel_close(second) == 0);
	batch_release();
	batch_close(b);

	/* without BATCH_FDPASS, a descriptor that arrives is closed */
	b = batch_open(1000, 0, 0);
	first = value_open();
	nclosed = 0;
	CHECK(read_chunk(b, m, n, first) == 1 && r->nfds == 0);
	CHECK(r->ndrops == 1 && batch_drops[0] == 0);
	CHECK(nclosed == 1 && closed[0].fd == first);
	batch_close(b);
	finish();
}

static void
records_leave_as_messages(void)
{
	struct batch	*b = batch_open(1000, 0, 0);
	unsigned char	*p = batch_window();
	struct imsg_hdr	 hdr;

	p = record(p, 5, "abcde", 5);
	(void)record(p, 6, "", 0);
	CHECK(batch_compose(b, 2, 1) == 2 && r->error == 0);
	CHECK(r->txlen == 37 && r->more == 0 && r->txvalue == 0);
	CHECK(r->tx == batch_window());
	memcpy(&hdr, r->tx, sizeof(hdr));
	CHECK(hdr.type == 5 && hdr.len == 21 && hdr.peerid == 2 &&
	    hdr.pid == 3);
	CHECK(memcmp((const char *)r->tx + 16, "abcde", 5) == 0);
	memcpy(&hdr, (const char *)r->tx + 21, sizeof(hdr));
	CHECK(hdr.type == 6 && hdr.len == 16);
	batch_close(b);
	finish();
}

/* Messages that were queued before leave first, from the outgoing window. */
static void
records_behind_other_messages_leave_after_them(void)
{
	struct batch	*b = batch_open(1000, 7, 0);
	unsigned char	*p;

	CHECK((p = batch_create(b, 4, 0, 0, 2)) != NULL);
	memcpy(p, "xy", 2);
	batch_finish(b, -1);
	(void)record(batch_window(), 5, "abcde", 5);
	CHECK(batch_compose(b, 1, 1) == 1 && r->error == 0);
	CHECK(r->tx == batch_outgoing() && r->txlen == 39 && r->more == 0);
	CHECK(memcmp(batch_outgoing() + 18 + 16, "abcde", 5) == 0);
	batch_close(b);
	finish();
}

static void
a_record_that_is_refused_ends_the_batch(void)
{
	struct batch	*b = batch_open(100, 0, 0);
	unsigned char	*p = batch_window(), big[200] = { 0 };

	p = record(p, 1, "a", 1);
	p = record(p, 2, big, sizeof(big));
	(void)record(p, 3, "b", 1);
	CHECK(batch_compose(b, 3, 0) == 1 && r->error == ERANGE);
	CHECK(batch_flush(b) == 0 && r->txlen == 17);
	batch_close(b);
	finish();
}

static void
a_descriptor_leaves_first_in_a_piece_of_its_own(void)
{
	struct batch	*b = batch_open(1000, 0, BATCH_FDPASS);
	int		 fd = value_open(), other = value_open();
	uint32_t	 value = kernel_value(fd);
	uint32_t	 second = kernel_value(other);

	(void)record(batch_window(), 1, "a", 1);
	CHECK(batch_compose(b, 1, 0) == 1);
	compose_fd(b, 2, fd, "bb", 2);
	compose_fd(b, 3, other, "ccc", 3);
	CHECK(batch_flush(b) == 0);
	CHECK(r->txlen == 17 && r->txvalue == 0 && r->more == 1);
	CHECK(batch_flush(b) == 0);
	CHECK(r->txlen == 18 && r->txvalue == value && r->more == 1);
	CHECK(batch_flush(b) == 0);
	CHECK(r->txlen == 19 && r->txvalue == second && r->more == 0);
	CHECK(batch_flush(b) == 0 && r->txlen == 0 && r->txvalue == 0);
	value_taken(value);
	value_taken(second);
	batch_close(b);
	finish();
}

static void
a_descriptor_that_is_none_fails_the_flush(void)
{
	struct batch	*b = batch_open(1000, 0, BATCH_FDPASS);

	compose_fd(b, 1, 99, "a", 1);
	CHECK(batch_flush(b) == -1 && r->error == EBADF && r->more == 1);
	batch_close(b);
	finish();
}

static void
a_message_larger_than_the_windows_leaves_in_pieces(void)
{
	struct batch	*b = batch_open(1000000, 0, 0);
	unsigned char	*p;
	size_t		 sent;

	CHECK((p = batch_create(b, 1, 2, 3, 200000)) != NULL);
	memset(p, 'x', 200000);
	batch_finish(b, -1);
	CHECK(batch_flush(b) == 0 && r->txlen == 65536 && r->more == 1);
	for (sent = r->txlen; r->more; sent += r->txlen)
		CHECK(batch_flush(b) == 0 && r->txlen > 0);
	CHECK(sent == 200016);
	/* batch_close frees a message that was not finished */
	CHECK(batch_create(b, 1, 2, 3, 0) != NULL);
	CHECK(batch_create(b, 1, 2, 3, 10) != NULL);
	CHECK(batch_create(b, 1, 2, 3, 1000000) == NULL &&
	    r->error == ERANGE);
	CHECK(batch_create(b, 1, 2, 3, 10) != NULL);
	batch_close(b);
	finish();
}

static uint32_t
length_word(const unsigned char *header)
{
	uint32_t	 word;

	memcpy(&word, header + offsetof(struct imsg_hdr, len), sizeof(word));
	return (word);
}

static void
the_classic_dialect_is_translated_both_ways(void)
{
	unsigned char	 m[128];
	struct batch	*b = batch_open(70000, 0, BATCH_CLASSIC | BATCH_FDPASS);
	size_t		 n = wire(m, 1, 3, "abc"), all, at;
	int		 fd = value_open();
	uint32_t	 value = kernel_value(fd);

	CHECK(b->imsgbuf.maxsize == CLASSIC_MAXSIZE);
	m[6] |= 1;				/* the mark of a descriptor */
	all = n + wire(m + n, 2, 5, "defgh");
	CHECK(read_chunk(b, m, all, fd) == 1 && r->count == 2);
	CHECK(batch_headers()[0].len == 19 && batch_headers()[1].len == 21);
	CHECK(r->nfds == 1 && r->fd[0] == fd && r->fd_message[0] == 0);
	/* the stream is cut at every byte */
	for (at = 1; at < all; at++) {
		CHECK(read_chunk(b, m, at, -1) == 1);
		batch_release();
		CHECK(read_chunk(b, m + at, all - at, -1) == 1);
		CHECK(batch_headers()[r->count - 1].len == 21);
	}
	batch_release();

	(void)record(batch_window(), 1, "a", 1);
	CHECK(batch_compose(b, 1, 0) == 1);
	compose_fd(b, 2, fd, "bb", 2);
	CHECK(batch_flush(b) == 0 && r->txlen == 17);
	CHECK(length_word(r->tx) == 17);
	CHECK(batch_flush(b) == 0 && r->txlen == 18 && r->txvalue == value);
	CHECK(length_word(batch_outgoing()) == (18 | 0x10000));
	value_taken(value);
	CHECK(batch_create(b, 1, 2, 3, 4) != NULL);
	batch_finish(b, -1);
	CHECK(batch_flush(b) == 0 && length_word(batch_outgoing()) == 20);

	/* a length that is shorter than the header */
	memset(m, 0, sizeof(m));
	CHECK(read_chunk(b, m, 32, -1) == -1 && r->error == ERANGE);
	batch_close(b);
	finish();
}

/* Other code that has the number of a batch's file cannot use or close it. */
static void
the_file_of_a_batch_serves_the_batch_alone(void)
{
	struct batch	*b = batch_open(1000, 0, BATCH_FDPASS);
	struct imsgbuf	 ib;
	const int	 fd = b->imsgbuf.fd;

	(void)record(batch_window(), 1, "a", 1);
	CHECK(batch_compose(b, 1, 1) == 1 && r->txlen == 17);
	CHECK(imsgbuf_init(&ib, fd) == 0);
	CHECK(imsg_compose(&ib, 1, 0, 0, -1, "x", 1) == 1);
	CHECK(imsgbuf_write(&ib) == 0 && imsgbuf_queuelen(&ib) == 1);
	CHECK(imsgbuf_read(&ib) == 1 && kernel_last_read() == -1);
	imsgbuf_clear(&ib);
	CHECK(errno_of(kernel_close(fd)) == EBADF);
	CHECK(kernel_take(fd) == 0 && kernel_value(fd) == 0);
	CHECK(errno_of(kernel_deliver_end(fd)) == ENOTSOCK);
	/* sending it closes nothing either */
	compose_fd(b, 2, fd, "", 0);
	CHECK(batch_flush(b) == 0 && r->txlen == 16 && r->txvalue == 0);
	compose_fd(b, 3, -1, "", 0);
	CHECK(batch_flush(b) == 0 && r->txlen == 16);
	batch_close(b);
	finish();
}

static void
a_batch_opens_whole_or_not_at_all(void)
{
	struct batch	*b;
	unsigned int	 n;

	for (n = 1; n <= 4; n++) {
		mem_fail_at(n);
		CHECK(batch_open(1000, 0, 0) == NULL && errno == ENOMEM);
		finish();
	}
	CHECK(batch_open(15, 0, 0) == NULL && errno == EINVAL);
	CHECK(batch_open(0x80000000, 0, 0) == NULL && errno == EINVAL);
	finish();
	kernel_setpid(4711);
	CHECK((b = batch_open(100, 0, 0)) != NULL);
	CHECK(b->imsgbuf.pid == 4711 && kernel_getpid() == 4711);
	batch_close(b);
	CHECK((b = batch_open(100, -5, 0)) != NULL && b->imsgbuf.pid == -5);
	batch_close(b);
	finish();
}

static void
failing_memory_fails_one_call(void)
{
	unsigned char	 m[64];
	struct batch	*b = batch_open(1000, 0, 0);
	size_t		 n = wire(m, 1, 3, "abc");
	unsigned int	 k;

	for (k = 1; k <= 2; k++) {
		(void)record(batch_window(), 1, "a", 1);
		mem_fail_at(k);
		CHECK(batch_compose(b, 1, 0) == 0 && r->error == ENOMEM);
		mem_fail_at(k);
		CHECK(batch_create(b, 1, 1, 1, 1) == NULL &&
		    r->error == ENOMEM);
	}
	mem_fail_at(1);
	CHECK(read_chunk(b, m, n, -1) == -1 && r->error == ENOMEM &&
	    r->count == 0);
	batch_close(b);
	finish();
}

int
main(void)
{
	r = batch_result();
	on_close = note_close;
	a_message_over_three_chunks_is_handed_over_whole();
	a_full_window_of_headers_has_a_place_for_each();
	messages_before_a_bad_header_are_there();
	a_cut_message_is_told_at_the_end();
	one_read_can_complete_two_messages_with_descriptors();
	records_leave_as_messages();
	records_behind_other_messages_leave_after_them();
	a_record_that_is_refused_ends_the_batch();
	nclosed = 0;
	a_descriptor_leaves_first_in_a_piece_of_its_own();
	a_descriptor_that_is_none_fails_the_flush();
	a_message_larger_than_the_windows_leaves_in_pieces();
	the_classic_dialect_is_translated_both_ways();
	the_file_of_a_batch_serves_the_batch_alone();
	a_batch_opens_whole_or_not_at_all();
	failing_memory_fails_one_call();
	return (PASS());
}
