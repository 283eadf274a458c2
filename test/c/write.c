/* Tests of writing: room, outcomes that the host has set, descriptors. */

#include "session.h"

static void
compose(const char *text, int fd)
{
	CHECK(imsg_compose(&ib, 1, 0, 0, fd, text, strlen(text)) == 1);
}

/* Removes the oldest segment and returns its length, or 0 if there is none. */
static uint32_t
take(void)
{
	struct segment	*g = kernel_written(s);
	uint32_t	 n = g == NULL ? 0 : g->len;

	if (g != NULL && g->value != 0)
		value_taken(g->value);
	CHECK(kernel_sent(s) == 0);
	return (n);
}

static void
writes_take_what_there_is_room_for(int fdpass)
{
	uint32_t	 before = kernel_progress();

	begin(fdpass);
	compose("0123456789", -1);
	CHECK(kernel_room(s, 20) == 0);
	CHECK(imsgbuf_write(&ib) == 0 && imsgbuf_queuelen(&ib) == 1);
	CHECK(kernel_progress() - before == 20);
	CHECK(imsgbuf_write(&ib) == 0);		/* EAGAIN counts as success */
	CHECK(kernel_room(s, 100) == 0);
	CHECK(imsgbuf_write(&ib) == 0 && imsgbuf_queuelen(&ib) == 0);
	CHECK(kernel_progress() - before == 26);
	CHECK(memcmp(kernel_written(s)->next->data, "456789", 6) == 0);
	CHECK(take() == 20 && take() == 6 && take() == 0);
	end();
}

static void
dictated_outcomes_come_first(int fdpass)
{
	begin(fdpass);
	compose("0123456789", -1);
	CHECK(kernel_dictated(s) == 0);
	CHECK(kernel_limit_write(s, 3) == 0 && kernel_fail_write(s, EINTR) == 0 &&
	    kernel_fail_write(s, ENOBUFS) == 0 && kernel_limit_write(s, 0) == 0 &&
	    kernel_limit_write(s, 500) == 0 && kernel_fail_write(s, EPIPE) == 0);
	CHECK(kernel_room(s, 2) == 0);
	CHECK(kernel_dictated(s) == 1);
	CHECK(imsgbuf_write(&ib) == 0 && take() == 3);
	CHECK(imsgbuf_write(&ib) == 0 && take() == 0);	/* EINTR, ENOBUFS */
	CHECK(imsgbuf_write(&ib) == 0 && take() == 0);
	CHECK(imsgbuf_write(&ib) == 0 && take() == 23);
	CHECK(imsgbuf_write(&ib) == 0);			/* the queue is empty */
	compose("", -1);
	CHECK(errno_of(imsgbuf_write(&ib)) == EPIPE);
	CHECK(kernel_dictated(s) == 0);
	end();
}

static void
a_descriptor_leaves_with_the_first_byte_of_its_message(void)
{
	int	 a, b;

	begin(1);
	a = value_open();
	b = value_open();
	compose("one", -1);
	compose("two", a);
	compose("three", b);
	CHECK(imsgbuf_write(&ib) == 0);		/* the descriptor does not leave with these bytes */
	CHECK(kernel_written(s)->fd == -1 && take() == 19);
	CHECK(kernel_limit_write(s, 5) == 0);
	CHECK(imsgbuf_write(&ib) == 0);
	CHECK(kernel_written(s)->fd == a && take() == 5);
	CHECK(nclosed == 1 && closed[0].fd == a);
	CHECK(imsgbuf_write(&ib) == 0);		/* the rest of it */
	CHECK(kernel_written(s)->fd == -1 && take() == 14);
	CHECK(imsgbuf_write(&ib) == 0);
	CHECK(kernel_written(s)->fd == b && take() == 21);
	end();
}

static void
a_descriptor_that_is_none_fails_the_write(void)
{
	begin(1);
	compose("x", 77);
	CHECK(errno_of(imsgbuf_write(&ib)) == EBADF);
	end();
}

static void
writev_does_not_send_descriptors(void)
{
	int	 fd;

	begin(0);
	fd = value_open();
	compose("x", fd);
	CHECK(imsgbuf_write(&ib) == 0);
	CHECK(kernel_written(s)->fd == -1 && take() == 17);
	CHECK(nclosed == 1 && closed[0].fd == fd);
	end();
}

static void
failing_memory_is_a_full_socket(void)
{
	begin(0);
	compose("x", -1);
	mem_fail_at(1);
	CHECK(imsgbuf_write(&ib) == 0 && imsgbuf_queuelen(&ib) == 1);
	CHECK(kernel_written(s) == NULL);
	mem_fail_at(1);
	CHECK(errno_of(imsgbuf_flush_bounded(&ib)) == EAGAIN);
	CHECK(imsgbuf_flush_bounded(&ib) == 0 && take() == 17);
	mem_fail_at(1);
	CHECK(errno_of(kernel_limit_write(s, 1)) == ENOMEM);
	end();
}

static void
a_write_has_iov_max_pieces_at_most(int fdpass)
{
	int	 i;

	begin(fdpass);
	for (i = 0; i < IOV_MAX + 6; i++)
		compose("", -1);
	CHECK(imsgbuf_write(&ib) == 0 && imsgbuf_queuelen(&ib) == 6);
	CHECK(take() == IOV_MAX * 16);
	CHECK(imsgbuf_flush(&ib) == 0 && take() == 6 * 16);
	end();
}

int
main(void)
{
	on_close = note_close;
	writes_take_what_there_is_room_for(0);
	writes_take_what_there_is_room_for(1);
	dictated_outcomes_come_first(0);
	dictated_outcomes_come_first(1);
	a_descriptor_leaves_with_the_first_byte_of_its_message();
	a_descriptor_that_is_none_fails_the_write();
	writev_does_not_send_descriptors();
	failing_memory_is_a_full_socket();
	a_write_has_iov_max_pieces_at_most(0);
	a_write_has_iov_max_pieces_at_most(1);
	return (PASS());
}
