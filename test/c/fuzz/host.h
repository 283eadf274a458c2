#ifndef FUZZ_HOST_H
#define FUZZ_HOST_H

/*
 * The host of the native programs under test/c/fuzz and test/c: it includes the
 * C side but for batch.c, which is linked, and provides the functions of host.h.
 */

#include <stdio.h>

#include "original/unit.c"
#include "batch/batch.h"

#define CHECK(x)							\
	do {								\
		if (!(x))						\
			check_failed(__FILE__, __LINE__, #x);		\
	} while (0)

static _Noreturn __attribute__((unused)) void
check_failed(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: check failed: %s (errno %d)\n", file, line,
	    what, errno);
	abort();
}

/* Every host value is opened once, and then closed or taken exactly once. */
#define VALUES	65536
enum { VALUE_UNUSED, VALUE_OPEN, VALUE_CLOSED, VALUE_TAKEN };
static unsigned char	 value_state[VALUES];
static uint32_t		 values_used = 1;	/* 0 stands for no value */
static void		(*on_close)(int, uint32_t);

void
host_close(int fd, uint32_t value)
{
	if (value != 0) {
		CHECK(value < values_used && value_state[value] == VALUE_OPEN);
		value_state[value] = VALUE_CLOSED;
	}
	if (on_close != NULL)
		on_close(fd, value);
}

/* Opens a new host value; returns its descriptor, or -1. */
static __attribute__((unused)) int
value_open(void)
{
	int	 fd;

	CHECK(values_used < VALUES);
	if ((fd = kernel_open(values_used)) == -1)
		return (-1);
	CHECK(fd >= 3);
	CHECK(kernel_value(fd) == values_used);
	value_state[values_used++] = VALUE_OPEN;
	return (fd);
}

static __attribute__((unused)) void
value_taken(uint32_t value)
{
	if (value == 0)
		return;
	CHECK(value < values_used && value_state[value] == VALUE_OPEN);
	value_state[value] = VALUE_TAKEN;
}

/* Checks that every value was closed or taken; numbers start at 1 again. */
static __attribute__((unused)) void
values_end(void)
{
	uint32_t	 v;

	for (v = 1; v < values_used; v++) {
		CHECK(value_state[v] != VALUE_OPEN);
		value_state[v] = VALUE_UNUSED;
	}
	values_used = 1;
}

/*
 * The length of a message whose header this is, for readers: a byte of the
 * header scaled by the reader's number; 0xff refuses.
 */
uint32_t
host_header(uint32_t reader, const void *header, uint32_t size)
{
	const unsigned char	*p = header;

	if (p[0] == 0xff)
		return (0);
	return (size + ((uint32_t)p[0] << (reader & 7)));
}

#endif
