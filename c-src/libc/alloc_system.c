#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "libc/alloc.h"

/*
 * The allocator of the sanitizers and the fuzzer: every block is one of the
 * system's, so that AddressSanitizer sees a write one byte past its end.
 */

static uint32_t	mem_countdown;
static size_t	live;

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

static void *
counted(void *p)
{
	if (p != NULL)
		live += malloc_usable_size(p);
	return (p);
}

void *
mem_alloc(size_t n)
{
	return (mem_refused() ? NULL : counted(calloc(1, n)));
}

void *
mem_realloc(void *p, size_t n)
{
	size_t	 before = malloc_usable_size(p);
	void	*grown;

	if (mem_refused() || (grown = realloc(p, n)) == NULL)
		return (NULL);
	if (malloc_usable_size(grown) > before)
		memset((char *)grown + before, 0,
		    malloc_usable_size(grown) - before);
	live -= before;
	return (counted(grown));
}

char *
mem_strndup(const char *s, size_t n)
{
	return (mem_refused() ? NULL :
	    counted(strndup(n == 0 ? "" : s, n)));	/* s may be NULL */
}

void
mem_free(void *p)
{
	live -= malloc_usable_size(p);
	free(p);
}

void
mem_freezero(void *p, size_t n)
{
	if (p != NULL)
		memset(p, 0, n);
	mem_free(p);
}

void
mem_wipe_whole(void *p)
{
	(void)p;
}

void
mem_fail_at(uint32_t n)
{
	mem_countdown = n;
}

size_t
mem_live(void)
{
	return (live);
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

