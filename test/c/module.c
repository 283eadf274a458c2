/*
 * Tests original/module.c natively.  Its malloc and free are linked under other
 * names, because the process needs its own.
 */

#include <string.h>

#include "batch/batch.h"
#include "libc/alloc.h"
#include "libc/syscalls.h"

#include <stdio.h>
#include <stdlib.h>

void	*module_malloc(size_t);
void	 module_free(void *);

void
host_close(int fd, uint32_t value)
{
	(void)fd;
	(void)value;
}

uint32_t
host_header(uint32_t reader, const void *header, uint32_t size)
{
	(void)reader;
	(void)header;
	return (size);
}

int
main(void)
{
	static const unsigned char	 zero[1000];
	void				*p = module_malloc(1000);

	if (p == NULL || mem_live() < 1000 ||
	    memcmp(p, zero, sizeof(zero)) != 0)
		abort();
	module_free(p);
	if (mem_live() != 0)
		abort();
	printf("ok %s\n", __FILE__);
	return (0);
}
