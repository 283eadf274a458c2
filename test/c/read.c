/* Tests of reading: deliveries, errors, the end, descriptors. */

#include "session.h"

static void
deliveries_come_in_order_with_errors_between(int fdpass)
{
	unsigned char	 m[64];
	struct imsg	 imsg;
	size_t		 n = wire(m, 1, 4, "abcd");

	begin(fdpass);
	CHECK(imsgbuf_read(&ib) == 1 && kernel_last_read() == -1);
	deliver(s, m, 10);
	CHECK(kernel_deliver_error(s, EAGAIN) == 0);
	CHECK(kernel_deliver_error(s, EINTR) == 0);
	deliver(s, m + 10, n - 10);
	CHECK(kernel_deliver_error(s, ECONNRESET) == 0);
	CHECK(kernel_deliver_end(s) == 0);
	CHECK(imsgbuf_read(&ib) == 1 && kernel_last_read() == 10);
	CHECK(msgbuf_have(ib.w) == 10 && msgbuf_total(ib.w) == 16);
	CHECK(imsgbuf_read(&ib) == 1 && kernel_last_read() == -1);
	CHECK(imsg_get(&ib, &imsg) == 0);
	/* the original reads again at once after EINTR */
	CHECK(imsgbuf_read(&ib) == 1 && kernel_last_read() == 10);
	CHECK(imsg_get(&ib, &imsg) == 20 && memcmp(imsg.data, "abcd", 4) == 0);
	imsg_free(&imsg);
	CHECK(errno_of(imsgbuf_read(&ib)) == ECONNRESET);
	CHECK(imsgbuf_read(&ib) == 0 && kernel_last_read() == 0);
	CHECK(imsgbuf_read(&ib) == 0);
	CHECK(msgbuf_have(ib.w) == 0 && msgbuf_total(ib.w) == 0);
	end();
}

static void
emsgsize_is_tried_again_by_recvmsg_only(void)
{
	begin(1);
	CHECK(kernel_deliver_error(s, EMSGSIZE) == 0);
	CHECK(kernel_deliver_end(s) == 0);
	CHECK(imsgbuf_read(&ib) == 0);
	end();
	begin(0);
	CHECK(kernel_deliver_error(s, EMSGSIZE) == 0);
	CHECK(errno_of(imsgbuf_read(&ib)) == EMSGSIZE);
	end();
}

static void
a_read_takes_what_there_is_room_for(void)
{
	static unsigned char	 many[70000];
	struct imsg		 imsg;
	size_t			 at, got = 0;

	for (at = 0; at + 16 <= sizeof(many); at += 16)
		wire(many + at, (uint32_t)at, 0, NULL);
	begin(0);
	deliver(s, many, at);
	CHECK(imsgbuf_read(&ib) == 1 && kernel_last_read() == IBUF_READ_SIZE);
	/* 15 bytes of the next header are in the buffer */
	CHECK(msgbuf_have(ib.w) == 15 && msgbuf_total(ib.w) == 16);
	CHECK(imsgbuf_read(&ib) == 1);
	CHECK(kernel_last_read() == (int)(at - IBUF_READ_SIZE));
	for (; imsg_get(&ib, &imsg) > 0; got += 16) {
		CHECK(imsg.hdr.type == got && imsg.data == NULL);
		imsg_free(&imsg);
	}
	CHECK(got == at);
	end();
}

static void
the_first_descriptor_arrives_and_the_others_are_closed(void)
{
	unsigned char	 m[64];
	struct imsg	 imsg;
	size_t		 n = wire(m, 1, 4, "abcd");
	int		 fds[4], i, fd;

	m[7] |= 0x80;
	begin(1);
	for (i = 0; i < 4; i++)
		fds[i] = value_open();
	CHECK(kernel_deliver(s, heap(m, n), n, fds, 4) == 0);
	CHECK(imsgbuf_read(&ib) == 1);
	/* the kernel closes the third and fourth, then the original the second */
	CHECK(nclosed == 3 && closed[0].fd == fds[2] &&
	    closed[1].fd == fds[3] && closed[2].fd == fds[1]);
	CHECK(imsg_get(&ib, &imsg) == 20);
	CHECK((fd = imsg_get_fd(&imsg)) == fds[0]);
	CHECK(kernel_close(fd) == 0);
	imsg_free(&imsg);
	end();
}

/* The original calls recvmsg again with the same msghdr, which must have room. */
static void
a_descriptor_arrives_after_an_interruption(int error)
{
	unsigned char	 m[64];
	struct imsg	 imsg;
	size_t		 n = wire(m, 1, 4, "abcd");
	int		 fd;

	m[7] |= 0x80;
	begin(1);
	fd = value_open();
	CHECK(kernel_deliver_error(s, error) == 0);
	CHECK(kernel_deliver(s, heap(m, n), n, &fd, 1) == 0);
	CHECK(imsgbuf_read(&ib) == 1);
	CHECK(imsg_get(&ib, &imsg) == 20);
	CHECK(imsg_get_fd(&imsg) == fd && kernel_close(fd) == 0);
	imsg_free(&imsg);
	end();
}

static void
readv_loses_all_descriptors(void)
{
	unsigned char	 m[64];
	size_t		 n = wire(m, 1, 4, "abcd");
	int		 fds[3], i;

	begin(0);
	for (i = 0; i < 3; i++)
		fds[i] = value_open();
	CHECK(kernel_deliver(s, heap(m, n), n, fds, 3) == 0);
	CHECK(imsgbuf_read(&ib) == 1);
	CHECK(nclosed == 3 && closed[0].fd == fds[0]);
	end();
}

static void
a_descriptor_with_half_a_header_or_without_a_mark_is_closed(void)
{
	unsigned char	 m[64];
	size_t		 n = wire(m, 1, 4, "abcd");
	int		 fd;

	begin(1);
	fd = value_open();
	CHECK(kernel_deliver(s, heap(m, 8), 8, &fd, 1) == 0);
	CHECK(imsgbuf_read(&ib) == 1);
	CHECK(nclosed == 1 && closed[0].fd == fd);
	fd = value_open();
	CHECK(kernel_deliver(s, heap(m + 8, n - 8), n - 8, &fd, 1) == 0);
	CHECK(imsgbuf_read(&ib) == 1);
	CHECK(nclosed == 2 && closed[1].fd == fd);
	end();
}

static void
a_bad_header_closes_the_descriptor_that_came_with_it(void)
{
	unsigned char	 m[64];
	int		 fd;

	begin(1);
	fd = value_open();
	memset(m, 0, sizeof(m));
	CHECK(kernel_deliver(s, heap(m, 16), 16, &fd, 1) == 0);
	CHECK(errno_of(imsgbuf_read(&ib)) == ERANGE);
	CHECK(kernel_last_read() == 16);	/* an error of the parser */
	CHECK(nclosed == 1 && closed[0].fd == fd);
	end();
}

static void
what_is_queued_goes_with_the_socket(void)
{
	int	 fds[2];

	begin(0);
	fds[0] = value_open();
	fds[1] = kernel_socket();
	CHECK(kernel_deliver(s, heap("x", 1), 1, fds, 2) == 0);
	CHECK(kernel_deliver_error(s, EINTR) == 0);
	CHECK(kernel_limit_write(s, 1) == 0 && kernel_fail_write(s, EPIPE) == 0);
	end();
	CHECK(nclosed == 3 && closed[0].fd == s && closed[1].fd == fds[0]);
	nclosed = 0;
}

/* A read that closes its own socket must not use the socket afterwards. */
static void
a_socket_that_arrives_on_itself_is_closed_safely(void)
{
	unsigned char	 m[64];
	struct imsg	 imsg;
	size_t		 n = wire(m, 1, 4, "abcd");
	int		 fds[2];

	begin(1);
	fds[0] = value_open();
	fds[1] = s;
	CHECK(kernel_deliver(s, heap(m, n), n, fds, 2) == 0);
	deliver(s, "more", 4);
	CHECK(imsgbuf_read(&ib) == 1 && kernel_last_read() == 20);
	CHECK(imsg_get(&ib, &imsg) == 20);
	imsg_free(&imsg);
	CHECK(errno_of(imsgbuf_read(&ib)) == EBADF);
	imsgbuf_clear(&ib);
	finish();
}

static void
what_is_no_socket_says_so(void)
{
	struct iovec	 iov;
	char		 byte = 0;
	int		 fd = value_open();

	iov.iov_base = &byte;
	iov.iov_len = 1;
	CHECK(errno_of(kernel_readv(fd, &iov, 1)) == ENOTSOCK);
	CHECK(errno_of(kernel_readv(fd + 1, &iov, 1)) == EBADF);
	CHECK(errno_of(kernel_writev(fd, &iov, 1)) == ENOTSOCK);
	CHECK(errno_of(kernel_deliver(fd, NULL, 0, NULL, 0)) == ENOTSOCK);
	CHECK(errno_of(kernel_deliver_error(fd, EINTR)) == ENOTSOCK);
	CHECK(errno_of(kernel_deliver_end(fd + 1)) == EBADF);
	CHECK(errno_of(kernel_limit_write(fd, 1)) == ENOTSOCK);
	CHECK(errno_of(kernel_fail_write(fd, EPIPE)) == ENOTSOCK);
	CHECK(errno_of(kernel_room(fd, 1)) == ENOTSOCK);
	CHECK(errno_of(kernel_sent(fd)) == ENOTSOCK);
	CHECK(kernel_written(fd) == NULL && kernel_dictated(fd) == 0);
	CHECK(kernel_close(fd) == 0);
	finish();
}

static void
failing_memory_leaves_a_delivery_with_its_owner(void)
{
	void	*p;
	int	 fd;

	begin(0);
	fd = value_open();
	p = heap("x", 1);
	mem_fail_at(1);
	CHECK(errno_of(kernel_deliver(s, p, 1, &fd, 1)) == ENOMEM);
	mem_fail_at(1);
	CHECK(errno_of(kernel_deliver_end(s)) == ENOMEM);
	mem_free(p);
	CHECK(kernel_close(fd) == 0);
	end();
	mem_fail_at(1);
	CHECK(errno_of(imsgbuf_init(&ib, 3)) == ENOMEM);
	mem_fail_at(2);
	CHECK(errno_of(imsgbuf_init(&ib, 3)) == ENOMEM);
	finish();
}

static void
failing_memory_in_the_parser_is_an_error_of_the_read(void)
{
	unsigned char	 m[64];
	size_t		 n = wire(m, 1, 4, "abcd");
	unsigned int	 which;

	for (which = 1; which <= 2; which++) {
		begin(1);
		deliver(s, m, n);
		mem_fail_at(which);
		CHECK(errno_of(imsgbuf_read(&ib)) == ENOMEM);
		CHECK(kernel_last_read() == (int)n);
		end();
	}
}

static void
a_msgbuf_without_a_reader_reads_nothing(void)
{
	struct msgbuf	*w = msgbuf_new();

	CHECK(errno_of(ibuf_read(3, w)) == EINVAL);
	CHECK(errno_of(msgbuf_read(3, w)) == EINVAL);
	msgbuf_free(w);
	finish();
}

int
main(void)
{
	on_close = note_close;
	deliveries_come_in_order_with_errors_between(0);
	deliveries_come_in_order_with_errors_between(1);
	emsgsize_is_tried_again_by_recvmsg_only();
	a_read_takes_what_there_is_room_for();
	the_first_descriptor_arrives_and_the_others_are_closed();
	a_descriptor_arrives_after_an_interruption(EINTR);
	a_descriptor_arrives_after_an_interruption(EMSGSIZE);
	readv_loses_all_descriptors();
	a_descriptor_with_half_a_header_or_without_a_mark_is_closed();
	a_bad_header_closes_the_descriptor_that_came_with_it();
	what_is_queued_goes_with_the_socket();
	a_socket_that_arrives_on_itself_is_closed_safely();
	what_is_no_socket_says_so();
	failing_memory_leaves_a_delivery_with_its_owner();
	failing_memory_in_the_parser_is_an_error_of_the_read();
	a_msgbuf_without_a_reader_reads_nothing();
	return (PASS());
}
