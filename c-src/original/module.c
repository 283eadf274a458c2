/* The first unit of the module, with the names by which the host allocates. */

#include "original/unit.c"

void *
malloc(size_t n)
{
	return (mem_alloc(n));
}

void
free(void *p)
{
	mem_free(p);
}
