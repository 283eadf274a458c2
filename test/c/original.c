/* Tests of the original: the arguments that it refuses, and its aborts. */

#include "check.h"

static unsigned char	 bytes[64];

static void
free_of_a_view(void)
{
	struct ibuf	 view;

	ibuf_from_buffer(&view, bytes, sizeof(bytes));
	ibuf_free(&view);
}

static void
descriptor_for_a_view(void)
{
	struct ibuf	 view;

	ibuf_from_buffer(&view, bytes, sizeof(bytes));
	ibuf_fd_set(&view, 3);
}

static void
queueing_a_view(void)
{
	struct msgbuf	*m = msgbuf_new();
	struct ibuf	 view;

	ibuf_from_buffer(&view, bytes, sizeof(bytes));
	ibuf_close(m, &view);
}

static struct ibuf	 reader_view;

static struct ibuf *
read_into_a_view(struct ibuf *header, void *arg, int *fd)
{
	(void)header;
	(void)arg;
	(void)fd;
	ibuf_from_buffer(&reader_view, bytes, 0);
	return (&reader_view);
}

/* The read fails; msgbuf_free then frees the view and aborts. */
static void
reading_into_a_view(void)
{
	struct msgbuf	*m = msgbuf_new_reader(1, read_into_a_view, NULL);
	int		 s = kernel_socket();

	deliver(s, "x", 1);
	CHECK(errno_of(ibuf_read(s, m)) == EINVAL);
	msgbuf_free(m);
}

/* A reader whose ibuf has no memory for the bytes of the message. */
static struct ibuf *
read_into_too_little(struct ibuf *header, void *arg, int *fd)
{
	struct ibuf	*b = ibuf_dynamic(0, 10);

	(void)header;
	(void)arg;
	(void)fd;
	return (b);
}

static void
an_ibuf_that_cannot_grow_fails_the_read(void)
{
	struct msgbuf	*m = msgbuf_new_reader(1, read_into_too_little, NULL);
	int		 s = kernel_socket();

	deliver(s, "0123456789", 10);
	mem_fail_at(2);
	CHECK(errno_of(ibuf_read(s, m)) == ENOMEM);
	msgbuf_free(m);
	CHECK(kernel_close(s) == 0);
	finish();
}

static struct ibuf *
read_too_short(struct ibuf *header, void *arg, int *fd)
{
	(void)header;
	(void)arg;
	(void)fd;
	return (ibuf_open(4));
}

/* imsg_get of a message that is shorter than a header. */
static void
a_message_without_a_header_is_none(void)
{
	struct imsgbuf	 ib;
	struct imsg	 imsg;
	int		 s = kernel_socket();

	CHECK(imsgbuf_init(&ib, s) == 0);
	ib.w->readhdr = read_too_short;
	deliver(s, bytes, 16);
	CHECK(imsgbuf_read(&ib) == 1);
	/* imsg_get loses this ibuf: keep it to free it */
	struct ibuf	*lost = TAILQ_FIRST((struct ibuf_head *)(void *)
	    &ib.w->rbufs);
	CHECK(errno_of(imsg_get(&ib, &imsg)) == EBADMSG);
	ibuf_free(lost);
	imsgbuf_clear(&ib);
	CHECK(kernel_close(s) == 0);
	finish();
}

static void
sizes_are_checked(void)
{
	struct ibuf	*b, view, inner;
	uint64_t	 n64;
	uint32_t	 n32;
	uint16_t	 n16;
	uint8_t		 n8;

	CHECK(ibuf_dynamic(1, 0) == NULL && errno == EINVAL);
	CHECK(ibuf_dynamic(2, 1) == NULL && errno == EINVAL);
	CHECK((b = ibuf_dynamic(2, 5)) != NULL);
	CHECK(errno_of(ibuf_add_n8(b, 0x100)) == EINVAL);
	CHECK(errno_of(ibuf_add_n16(b, 0x10000)) == EINVAL);
	CHECK(errno_of(ibuf_add_n32(b, 0x100000000)) == EINVAL);
	CHECK(errno_of(ibuf_add_h16(b, 0x10000)) == EINVAL);
	CHECK(errno_of(ibuf_add_h32(b, 0x100000000)) == EINVAL);
	CHECK(ibuf_add_n8(b, 1) == 0 && ibuf_add_n16(b, 0x203) == 0);
	CHECK(errno_of(ibuf_add_n64(b, 1)) == ERANGE);
	CHECK(errno_of(ibuf_add_h64(b, 1)) == ERANGE);
	CHECK(errno_of(ibuf_add_zero(b, SIZE_MAX)) == ERANGE);
	CHECK(errno_of(ibuf_add_zero(b, 3)) == ERANGE);
	CHECK(errno_of(ibuf_set_n8(b, 0, 0x100)) == EINVAL);
	CHECK(errno_of(ibuf_set_n16(b, 0, 0x10000)) == EINVAL);
	CHECK(errno_of(ibuf_set_n32(b, 0, 0x100000000)) == EINVAL);
	CHECK(errno_of(ibuf_set_h16(b, 0, 0x10000)) == EINVAL);
	CHECK(errno_of(ibuf_set_h32(b, 0, 0x100000000)) == EINVAL);
	CHECK(errno_of(ibuf_set_n64(b, 0, 1)) == ERANGE);
	CHECK(errno_of(ibuf_set_h64(b, 0, 1)) == ERANGE);
	CHECK(errno_of(ibuf_set(b, 2, "ab", 2)) == ERANGE);
	CHECK(ibuf_seek(b, SIZE_MAX, 2) == NULL && errno == ERANGE);
	CHECK(ibuf_set_n8(b, 0, 9) == 0 && ibuf_set_n16(b, 1, 0x405) == 0);
	CHECK(memcmp(ibuf_data(b), "\11\4\5", 3) == 0);
	CHECK(ibuf_left(b) == 2);
	CHECK(errno_of(ibuf_get_n32(b, &n32)) == EBADMSG);
	CHECK(errno_of(ibuf_get_n64(b, &n64)) == EBADMSG);
	CHECK(errno_of(ibuf_get_h32(b, &n32)) == EBADMSG);
	CHECK(errno_of(ibuf_get_h64(b, &n64)) == EBADMSG);
	CHECK(ibuf_get_string(b, 4) == NULL && errno == EBADMSG);
	CHECK(errno_of(ibuf_skip(b, 4)) == EBADMSG);
	CHECK(errno_of(ibuf_get_ibuf(b, 4, &view)) == EBADMSG);
	CHECK(ibuf_get_ibuf(b, 2, &view) == 0);
	CHECK(ibuf_left(&view) == 0);
	CHECK(errno_of(ibuf_add(&view, "x", 1)) == EINVAL);
	CHECK(errno_of(ibuf_truncate(&view, 3)) == ERANGE);
	CHECK(ibuf_truncate(&view, 2) == 0);
	ibuf_from_ibuf(&inner, &view);
	CHECK(ibuf_get_h16(&inner, &n16) == 0);
	CHECK(ibuf_get_n8(b, &n8) == 0 && n8 == 5);
	ibuf_rewind(b);
	CHECK(ibuf_get_n16(b, &n16) == 0 && n16 == 0x904);
	CHECK(ibuf_truncate(b, 0) == 0);
	mem_fail_at(1);
	CHECK(ibuf_get_string(b, 0) == NULL && errno == ENOMEM);
	mem_fail_at(1);
	CHECK(errno_of(ibuf_truncate(b, 3)) == ENOMEM);
	ibuf_free(b);
	ibuf_free(NULL);
	mem_fail_at(1);
	CHECK(ibuf_open(5) == NULL);
	mem_fail_at(2);
	CHECK(ibuf_open(5) == NULL);
	mem_fail_at(1);
	CHECK(ibuf_dynamic(5, 5) == NULL);
	mem_fail_at(2);
	CHECK(ibuf_dynamic(5, 5) == NULL);
	finish();
}

static void
numbers_go_in_and_come_out(void)
{
	struct ibuf	*b = ibuf_dynamic(0, 200);
	uint64_t	 n64;
	uint32_t	 n32;
	uint16_t	 n16;
	uint8_t		 n8;

	CHECK(ibuf_add_n8(b, 0xfe) == 0 && ibuf_add_n16(b, 0xfedc) == 0);
	CHECK(ibuf_add_n32(b, 0xfedcba98) == 0);
	CHECK(ibuf_add_n64(b, 0xfedcba9876543210) == 0);
	CHECK(ibuf_add_h16(b, 1) == 0 && ibuf_add_h32(b, 2) == 0 &&
	    ibuf_add_h64(b, 3) == 0);
	CHECK(ibuf_size(b) == 29);
	CHECK(memcmp(ibuf_data(b), "\xfe\xfe\xdc\xfe\xdc\xba\x98", 7) == 0);
	CHECK(ibuf_set_n8(b, 0, 0x11) == 0 && ibuf_set_n16(b, 1, 0x22) == 0 &&
	    ibuf_set_n32(b, 3, 0x33) == 0 && ibuf_set_n64(b, 7, 0x44) == 0);
	CHECK(ibuf_set_h16(b, 15, 0x55) == 0 && ibuf_set_h32(b, 17, 0x66) == 0
	    && ibuf_set_h64(b, 21, 0x77) == 0);
	CHECK(ibuf_get_n8(b, &n8) == 0 && n8 == 0x11);
	CHECK(ibuf_get_n16(b, &n16) == 0 && n16 == 0x22);
	CHECK(ibuf_get_n32(b, &n32) == 0 && n32 == 0x33);
	CHECK(ibuf_get_n64(b, &n64) == 0 && n64 == 0x44);
	CHECK(ibuf_get_h16(b, &n16) == 0 && n16 == 0x55);
	CHECK(ibuf_get_h32(b, &n32) == 0 && n32 == 0x66);
	CHECK(ibuf_get_h64(b, &n64) == 0 && n64 == 0x77);
	CHECK(ibuf_size(b) == 0);
	ibuf_free(b);
	finish();
}

static void
messages_are_checked(void)
{
	struct imsgbuf	 ib;
	struct imsg	 imsg;
	struct ibuf	*b, view;
	struct iovec	 iov = { bytes, 30 };
	unsigned int	 n;
	int		 s = kernel_socket();

	CHECK(imsgbuf_init(&ib, s) == 0);
	CHECK(errno_of(imsgbuf_set_maxsize(&ib, 15)) == EINVAL);
	CHECK(imsgbuf_set_maxsize(&ib, 40) == 0);
	CHECK(errno_of(imsg_compose(&ib, 1, 0, 0, -1, bytes, 25)) == ERANGE);
	CHECK(errno_of(imsg_composev(&ib, 1, 0, 0, -1, &iov, 1)) == ERANGE);
	CHECK(imsg_create(&ib, 1, 0, 0, 25) == NULL && errno == ERANGE);
	CHECK((b = ibuf_open(25)) != NULL && ibuf_add(b, bytes, 25) == 0);
	CHECK(errno_of(imsg_compose_ibuf(&ib, 1, 0, 0, b)) == ERANGE);
	/* lengths that overflow when the header is added */
	CHECK(errno_of(imsg_compose(&ib, 1, 0, 0, -1, bytes, SIZE_MAX)) ==
	    ERANGE);
	CHECK(errno_of(imsg_compose(&ib, 1, 0, 0, -1, bytes,
	    SIZE_MAX - 15)) == ERANGE);
	iov.iov_len = SIZE_MAX - 15;
	CHECK(errno_of(imsg_composev(&ib, 1, 0, 0, -1, &iov, 1)) == ERANGE);
	mem_fail_at(2);
	CHECK(errno_of(imsg_compose(&ib, 1, 0, 0, -1, bytes,
	    SIZE_MAX - 15)) == ENOMEM);
	iov.iov_len = 10;
	for (n = 1; n <= 2; n++) {
		mem_fail_at(n);
		CHECK(errno_of(imsg_composev(&ib, 1, 0, 0, -1, &iov, 1)) ==
		    ENOMEM);
		CHECK((b = ibuf_open(1)) != NULL);
		mem_fail_at(n);
		CHECK(errno_of(imsg_compose_ibuf(&ib, 1, 0, 0, b)) == ENOMEM);
	}
	mem_fail_at(0);
	CHECK(imsg_compose(&ib, 1, 2, 3, -1, "abc", 3) == 1);
	CHECK(imsg_compose(&ib, 4, 5, 6, -1, NULL, 0) == 1);
	CHECK(imsg_composev(&ib, 7, 8, 9, -1, &iov, 1) == 1);
	CHECK(imsgbuf_flush(&ib) == 0);
	deliver(s, kernel_written(s)->data, 19 + 16 + 26);
	CHECK(kernel_sent(s) == 0);
	CHECK(imsgbuf_read(&ib) == 1);
	CHECK(imsg_get(&ib, &imsg) == 19);
	CHECK(imsg_get_id(&imsg) == 2 && imsg_get_type(&imsg) == 1 &&
	    imsg_get_pid(&imsg) == 3 && imsg_get_len(&imsg) == 3);
	CHECK(errno_of(imsg_get_data(&imsg, bytes, 0)) == EINVAL);
	CHECK(errno_of(imsg_get_data(&imsg, bytes, 4)) == EBADMSG);
	CHECK(imsg_get_ibuf(&imsg, &view) == 0 && ibuf_size(&view) == 3);
	/* imsg_forward rewinds to the start of the payload */
	CHECK(imsg_forward(&ib, &imsg) == 1);
	CHECK(imsgbuf_set_maxsize(&ib, 18) == 0);
	CHECK(errno_of(imsg_forward(&ib, &imsg)) == ERANGE);
	imsg_free(&imsg);
	CHECK(imsg_get(&ib, &imsg) == 16);
	CHECK(errno_of(imsg_get_ibuf(&imsg, &view)) == EBADMSG);
	CHECK(imsg_forward(&ib, &imsg) == 1);
	imsg_free(&imsg);
	CHECK(imsg_get(&ib, &imsg) == 26);
	CHECK(imsg_get_data(&imsg, bytes, 10) == 0);
	CHECK(imsg_get_len(&imsg) == 0);
	imsg_free(&imsg);
	CHECK(imsg_get(&ib, &imsg) == 0);
	CHECK(kernel_fail_write(s, EPIPE) == 0);
	CHECK(errno_of(imsgbuf_flush(&ib)) == EPIPE);
	imsgbuf_clear(&ib);
	CHECK(kernel_close(s) == 0);
	finish();
}

static void
a_new_descriptor_closes_the_old_one(void)
{
	struct ibuf	*b = ibuf_open(1);
	int		 first = value_open(), second = value_open();

	ibuf_fd_set(b, first);
	nclosed = 0;
	ibuf_fd_set(b, second);
	CHECK(nclosed == 1 && closed[0].fd == first);
	CHECK(ibuf_fd_avail(b) == 1 && ibuf_fd_get(b) == second);
	CHECK(ibuf_fd_get(b) == -1);
	ibuf_fd_set(b, second);
	ibuf_free(b);
	CHECK(nclosed == 2 && closed[1].fd == second);
	finish();
}

int
main(void)
{
	on_close = note_close;
	expect_abort(free_of_a_view);
	expect_abort(descriptor_for_a_view);
	expect_abort(queueing_a_view);
	expect_abort(reading_into_a_view);
	an_ibuf_that_cannot_grow_fails_the_read();
	a_message_without_a_header_is_none();
	sizes_are_checked();
	numbers_go_in_and_come_out();
	messages_are_checked();
	a_new_descriptor_closes_the_old_one();
	return (PASS());
}
