#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

/*
 * For sanitizers and the fuzzer: every block comes from the system, so that a
 * write one byte past the end is seen.
 */

static uint32_t	mem_countdown;

_Noreturn void
mem_corrupt(const char *why)
{
	(void)why;
	abort();
}

static int
mem_refused(void)
{
	if (mem_countdown == 0 || --mem_countdown != 0)
		return (0);
	errno = ENOMEM;
	return (1);
}

void *
mem_alloc(size_t n)
{
	return (mem_refused() ? NULL : calloc(1, n));
}

void *
mem_calloc(size_t count, size_t size)
{
	return (mem_refused() ? NULL : calloc(count, size));
}

void *
mem_realloc(void *p, size_t n)
{
	return (mem_refused() ? NULL : realloc(p, n));
}

char *
mem_strndup(const char *s, size_t n)
{
	return (mem_refused() ? NULL : strndup(s, n));
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_freezero(void *p, size_t n)
{
	if (p != NULL)
		memset(p, 0, n);
	free(p);
}

void
mem_fail_at(uint32_t n)
{
	mem_countdown = n;
}

size_t
mem_live(void)
{
	return (0);
}

size_t
mem_arena(void)
{
	return (0);
}

void
mem_limit(size_t n)
{
	(void)n;
}

