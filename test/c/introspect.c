/* Tests of introspect.h: bounded flushes, readers of the host, incomplete messages. */

#include "check.h"

static void
a_flush_stops_where_no_byte_can_move(void)
{
	struct imsgbuf	 ib;
	int		 s = kernel_socket();

	CHECK(imsgbuf_init(&ib, s) == 0);
	CHECK(imsgbuf_flush_bounded(&ib) == 0);
	CHECK(imsg_compose(&ib, 1, 0, 0, -1, "abc", 3) == 1);
	CHECK(kernel_room(s, 4) == 0);
	CHECK(errno_of(imsgbuf_flush_bounded(&ib)) == EAGAIN);
	CHECK(kernel_written(s)->len == 4 && imsgbuf_queuelen(&ib) == 1);
	/* outcomes that take no byte do not end the flush */
	CHECK(kernel_fail_write(s, EAGAIN) == 0 && kernel_limit_write(s, 0) == 0 &&
	    kernel_limit_write(s, 2) == 0);
	CHECK(errno_of(imsgbuf_flush_bounded(&ib)) == EAGAIN);
	CHECK(kernel_written(s)->next->len == 2);
	CHECK(kernel_fail_write(s, ECONNRESET) == 0);
	CHECK(errno_of(imsgbuf_flush_bounded(&ib)) == ECONNRESET);
	CHECK(kernel_room(s, 1000) == 0);
	CHECK(imsgbuf_flush_bounded(&ib) == 0);
	imsgbuf_clear(&ib);
	CHECK(kernel_close(s) == 0);
	finish();
}

/* imsgbuf_flush itself would never return. */
static void
a_queue_of_empty_ibufs_counts_as_flushed(void)
{
	struct imsgbuf	 ib;
	int		 s = kernel_socket();

	CHECK(imsgbuf_init(&ib, s) == 0);
	CHECK(imsg_compose_ibuf(&ib, 1, 0, 0, ibuf_open(0)) == 1);
	CHECK(imsgbuf_flush_bounded(&ib) == 0);
	CHECK(kernel_written(s)->len == 16 && imsgbuf_queuelen(&ib) == 1);
	CHECK(imsgbuf_flush_bounded(&ib) == 0);
	imsgbuf_clear(&ib);
	CHECK(kernel_close(s) == 0);
	finish();
}

/*
 * The original writes a message with a descriptor only when it is the first of
 * the queue, and removes an empty ibuf only together with bytes.  So an empty ibuf
 * before such a message blocks the queue for good: EAGAIN, however much room.
 */
static void
an_empty_ibuf_before_a_descriptor_stops_the_queue(void)
{
	struct imsgbuf	 ib;
	int		 s = kernel_socket(), fd = value_open();

	CHECK(imsgbuf_init(&ib, s) == 0);
	imsgbuf_allow_fdpass(&ib);
	CHECK(imsg_compose_ibuf(&ib, 1, 0, 0, ibuf_open(0)) == 1);
	CHECK(imsg_compose(&ib, 2, 0, 0, fd, NULL, 0) == 1);
	CHECK(errno_of(imsgbuf_flush_bounded(&ib)) == EAGAIN);
	CHECK(kernel_written(s)->len == 16 && kernel_sent(s) == 0);
	CHECK(errno_of(imsgbuf_flush_bounded(&ib)) == EAGAIN);
	CHECK(kernel_written(s) == NULL && imsgbuf_queuelen(&ib) == 2);
	imsgbuf_clear(&ib);
	CHECK(kernel_close(s) == 0);
	finish();
}

static void
the_host_tells_the_length_from_the_header(void)
{
	unsigned char	 bytes[] = { 3, 'a', 'b', 'c', 0, 1, 'd', 9 };
	struct msgbuf	*m = msgbuf_reader(1, 0);
	struct ibuf	*b;
	int		 s = kernel_socket(), fd = value_open();

	CHECK(m != NULL);
	CHECK(msgbuf_have(m) == 0 && msgbuf_total(m) == 0);
	CHECK(kernel_deliver(s, heap(bytes, 3), 3, &fd, 1) == 0);
	CHECK(msgbuf_read(s, m) == 1);
	CHECK(msgbuf_have(m) == 3 && msgbuf_total(m) == 4);
	deliver(s, bytes + 3, 5);
	CHECK(msgbuf_read(s, m) == 1);
	CHECK((b = msgbuf_get(m)) != NULL && ibuf_size(b) == 4);
	CHECK(memcmp(ibuf_data(b), bytes, 4) == 0);
	/* the descriptor arrived with the header of the first message */
	CHECK(ibuf_fd_get(b) == fd && kernel_close(fd) == 0);
	ibuf_free(b);
	CHECK((b = msgbuf_get(m)) != NULL && ibuf_size(b) == 1);
	ibuf_free(b);
	CHECK((b = msgbuf_get(m)) != NULL && ibuf_size(b) == 2);
	CHECK(ibuf_fd_get(b) == -1);
	ibuf_free(b);
	CHECK(msgbuf_get(m) == NULL);
	CHECK(msgbuf_have(m) == 1 && msgbuf_total(m) == 10);
	msgbuf_free(m);
	CHECK(kernel_close(s) == 0);
	finish();
}

static void
a_header_that_the_host_refuses_is_an_error(void)
{
	struct msgbuf	*m = msgbuf_reader(2, 0);
	int		 s = kernel_socket(), fd = value_open();

	nclosed = 0;
	CHECK(kernel_deliver(s, heap("\xff\xff", 2), 2, &fd, 1) == 0);
	CHECK(errno_of(msgbuf_read(s, m)) == EINVAL);
	CHECK(nclosed == 1 && closed[0].fd == fd);
	msgbuf_clear(m);
	/* after msgbuf_clear the msgbuf can be used again */
	deliver(s, "\1", 1);
	CHECK(ibuf_read(s, m) == 1);
	CHECK(msgbuf_have(m) == 1 && msgbuf_total(m) == 2);
	msgbuf_free(m);
	CHECK(kernel_close(s) == 0);
	finish();
}

static void
failing_memory_in_a_reader_keeps_no_descriptor(void)
{
	struct msgbuf	*m;
	unsigned int	 n;
	int		 s, fd;

	for (n = 1; n <= 2; n++) {
		s = kernel_socket();
		fd = value_open();
		CHECK((m = msgbuf_reader(1, 0)) != NULL);
		CHECK(kernel_deliver(s, heap("\5", 1), 1, &fd, 1) == 0);
		nclosed = 0;
		mem_fail_at(n);
		CHECK(errno_of(msgbuf_read(s, m)) == ENOMEM);
		CHECK(nclosed == 1 && closed[0].fd == fd);
		msgbuf_free(m);
		CHECK(kernel_close(s) == 0);
		finish();
	}
}

static void
header_sizes_have_bounds(void)
{
	struct msgbuf	*m;

	CHECK(msgbuf_reader(0, 0) == NULL && errno == EINVAL);
	CHECK(msgbuf_reader(IBUF_READ_SIZE / 2 + 1, 0) == NULL &&
	    errno == EINVAL);
	CHECK((m = msgbuf_reader(IBUF_READ_SIZE / 2, 0)) != NULL);
	msgbuf_free(m);
	msgbuf_free(NULL);
	mem_fail_at(1);
	CHECK(msgbuf_reader(4, 0) == NULL && errno == ENOMEM);
	finish();
}

/*
 * ibuf_free wipes up to wpos, but a truncated ibuf was written beyond it.  The
 * truncation of a view does not change the ibuf that owns the memory.
 */
static void
a_truncated_ibuf_is_wiped_whole(void)
{
	static const size_t	 sizes[] = { 100, 5000, 100000 };
	unsigned char		*p;
	struct ibuf		*b, view;
	size_t			 i, k;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CHECK((b = ibuf_open(sizes[i])) != NULL);
		CHECK((p = ibuf_reserve(b, sizes[i])) != NULL);
		memset(p, 0xff, sizes[i]);
		ibuf_from_ibuf(&view, b);
		CHECK(ibuf_truncate(&view, 3) == 0 && p[3] == 0xff);
		CHECK(ibuf_truncate(b, 10) == 0 && ibuf_size(b) == 10);
		/* views of the cut bytes are as valid as in C */
		CHECK(p[sizes[i] - 1] == 0xff);
		ibuf_free(b);
		CHECK((p = mem_alloc(sizes[i])) != NULL);
		for (k = 0; k < sizes[i]; k++)
			CHECK(p[k] == 0);
		mem_free(p);
	}
	CHECK((b = ibuf_dynamic(0, 10)) != NULL);
	CHECK(ibuf_truncate(b, 0) == 0 && ibuf_truncate(b, 5) == 0);
	CHECK(ibuf_size(b) == 5);
	ibuf_free(b);
	finish();
}

int
main(void)
{
	on_close = note_close;
	a_flush_stops_where_no_byte_can_move();
	a_queue_of_empty_ibufs_counts_as_flushed();
	an_empty_ibuf_before_a_descriptor_stops_the_queue();
	the_host_tells_the_length_from_the_header();
	a_header_that_the_host_refuses_is_an_error();
	failing_memory_in_a_reader_keeps_no_descriptor();
	header_sizes_have_bounds();
	a_truncated_ibuf_is_wiped_whole();
	return (PASS());
}
