/* Tests of the table of descriptors: numbers, references, owners of host values. */

#include "check.h"

static void
numbers_are_the_lowest_free(void)
{
	int	 a = value_open(), b = value_open(), c = value_open();

	CHECK(a == 3 && b == 4 && c == 5);
	CHECK(kernel_close(b) == 0);
	CHECK(kernel_close(a) == 0);
	CHECK(value_open() == 3);
	CHECK(value_open() == 4);
	CHECK(value_open() == 6);
	CHECK(kernel_close(3) == 0 && kernel_close(4) == 0 &&
	    kernel_close(5) == 0 && kernel_close(6) == 0);
	finish();
}

static void
the_table_grows_and_goes(void)
{
	int	 fd, n;

	for (n = 3; n < 200; n++)
		CHECK(value_open() == n);
	CHECK(files_size >= 200);
	for (fd = 3; fd < 200; fd++)
		CHECK(kernel_value(fd) != 0);
	for (fd = 199; fd >= 3; fd--)
		CHECK(kernel_close(fd) == 0);
	CHECK(files_size == 0);
	finish();
}

static void
what_is_not_open_is_ebadf(void)
{
	int	 fd = value_open();

	CHECK(errno_of(kernel_close(-1)) == EBADF);
	CHECK(errno_of(kernel_close(0)) == EBADF);
	CHECK(errno_of(kernel_close(2)) == EBADF);
	CHECK(errno_of(kernel_close(fd + 1)) == EBADF);
	CHECK(errno_of(kernel_close(INT_MAX)) == EBADF);
	CHECK(kernel_value(fd + 1) == 0 && kernel_take(fd + 1) == 0);
	CHECK(kernel_close(fd) == 0);
	CHECK(errno_of(kernel_close(fd)) == EBADF);
	finish();
}

static void
a_taken_value_is_not_closed(void)
{
	int		 fd = value_open(), s = kernel_socket();
	uint32_t	 value = kernel_value(fd);

	nclosed = 0;
	CHECK(kernel_take(fd) == value);
	value_taken(value);
	CHECK(nclosed == 0);
	CHECK(errno_of(kernel_close(fd)) == EBADF);
	/* a socket has no host value */
	CHECK(kernel_value(s) == 0 && kernel_take(s) == 0);
	CHECK(kernel_close(s) == 0);
	CHECK(nclosed == 1 && closed[0].fd == s && closed[0].value == 0);
	finish();
}

static void
a_copy_under_way_keeps_what_it_stands_for(void)
{
	struct imsgbuf	 ib;
	int		 s = kernel_socket(), fd = value_open(), other;
	uint32_t	 value = kernel_value(fd);

	CHECK(imsgbuf_init(&ib, s) == 0);
	imsgbuf_allow_fdpass(&ib);
	CHECK(imsg_compose(&ib, 1, 0, 0, fd, NULL, 0) == 1);
	nclosed = 0;
	CHECK(imsgbuf_write(&ib) == 0);
	/* the number is closed; the segment still refers to the value */
	CHECK(nclosed == 1 && closed[0].fd == fd && closed[0].value == 0);
	CHECK(kernel_written(s)->value == value);
	CHECK(kernel_written(s)->fd == fd);
	CHECK(kernel_sent(s) == 0);
	value_taken(value);
	CHECK(nclosed == 1);

	/* closing the socket closes a value that was not removed */
	other = value_open();
	value = kernel_value(other);
	CHECK(imsg_compose(&ib, 1, 0, 0, other, NULL, 0) == 1);
	CHECK(imsgbuf_write(&ib) == 0);
	imsgbuf_clear(&ib);
	nclosed = 0;
	CHECK(kernel_close(s) == 0);
	CHECK(nclosed == 2 && closed[0].fd == s);
	CHECK(closed[1].fd == -1 && closed[1].value == value);
	finish();
}

/* A socket can be sent, too; it is freed with its last reference. */
static void
a_socket_under_way_lives_until_it_is_taken(void)
{
	struct imsgbuf	 ib;
	int		 s = kernel_socket(), sent = kernel_socket();

	deliver(sent, "waits", 5);
	CHECK(imsgbuf_init(&ib, s) == 0);
	imsgbuf_allow_fdpass(&ib);
	CHECK(imsg_compose(&ib, 1, 0, 0, sent, NULL, 0) == 1);
	CHECK(imsgbuf_write(&ib) == 0);
	CHECK(kernel_written(s)->fd == sent && kernel_written(s)->value == 0);
	CHECK(kernel_sent(s) == 0);
	CHECK(kernel_sent(s) == 0);	/* no segment: no error */
	imsgbuf_clear(&ib);
	CHECK(kernel_close(s) == 0);
	finish();
}

static void
failing_memory_opens_nothing(void)
{
	unsigned int	 n;
	int		 fd, first = value_open();

	mem_fail_at(1);
	CHECK(errno_of(kernel_open(7)) == ENOMEM);
	for (n = 1; n <= 2; n++) {
		mem_fail_at(n);
		CHECK(errno_of(kernel_socket()) == ENOMEM);
	}
	/* a new number fails only when the table has to grow */
	for (fd = first; fd < 15; fd++)
		CHECK(value_open() == fd + 1);
	mem_fail_at(2);
	CHECK(errno_of(kernel_open(7)) == ENOMEM);
	mem_fail_at(3);
	CHECK(errno_of(kernel_socket()) == ENOMEM);
	mem_fail_at(0);
	for (fd = first; fd <= 15; fd++)
		CHECK(kernel_close(fd) == 0);
	finish();
}

int
main(void)
{
	on_close = note_close;
	numbers_are_the_lowest_free();
	on_close = NULL;
	the_table_grows_and_goes();
	on_close = note_close;
	nclosed = 0;
	what_is_not_open_is_ebadf();
	a_taken_value_is_not_closed();
	a_copy_under_way_keeps_what_it_stands_for();
	a_socket_under_way_lives_until_it_is_taken();
	nclosed = 0;
	failing_memory_opens_nothing();
	return (PASS());
}
