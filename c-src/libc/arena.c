#include <errno.h>
#include <string.h>

#include "libc/arena.h"

struct freespan {
	struct freespan	*next;
	struct freespan	**link;		/* the pointer to this one */
};

static struct freespan	*spans[ORDERS];
static size_t		 arena_first, arena_end;	/* pages */
static size_t		 arena_limit = PAGES_MAX;

#ifdef __wasm__

extern unsigned char	__heap_base;

static size_t
host_end(void)
{
	return (__builtin_wasm_memory_size(0));
}

static int
host_grow(size_t pages)
{
	return (__builtin_wasm_memory_grow(0, pages) == (size_t)-1 ? -1 : 0);
}

static size_t
host_start(void)
{
	return (((uintptr_t)&__heap_base + ARENA_PAGE - 1) >> ARENA_SHIFT);
}

#else /* !__wasm__ */

#include <sys/mman.h>
#include <stdio.h>
#include <stdlib.h>

uintptr_t	arena_base;
static size_t	native_end, native_max = PAGES_MAX;	/* pages */

_Noreturn void
mem_corrupt(const char *why)
{
	fprintf(stderr, "alloc: %s\n", why);
	abort();
}

static size_t
host_end(void)
{
	return (native_end);
}

static int
host_grow(size_t pages)
{
	if (native_end + pages > native_max)
		return (-1);
	native_end += pages;
	return (0);
}

static size_t
host_start(void)
{
	const size_t	 align = (size_t)ARENA_PAGE << (ORDERS - 1);
	const size_t	 size = (size_t)PAGES_MAX << ARENA_SHIFT;
	void		*p;

	p = mmap(NULL, size + align, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		mem_corrupt("no address space for the arena");
	arena_base = ((uintptr_t)p + align - 1) & ~(align - 1);
	if (native_end == 0)
		native_end = 1;
	return (1);		/* page 0 stays unused, as in WebAssembly */
}

#endif /* __wasm__ */

static struct freespan *
span_at(size_t page)
{
	return ((struct freespan *)(void *)page_address(page));
}

static void
span_link(size_t page, unsigned int order)
{
	struct freespan	*s = span_at(page);

	page_state[page] = (uint8_t)(PAGE_FREE | order);
	s->next = spans[order];
	s->link = &spans[order];
	if (s->next != NULL)
		s->next->link = &s->next;
	spans[order] = s;
}

static void
span_unlink(size_t page)
{
	struct freespan	*s = span_at(page);

	*s->link = s->next;
	if (s->next != NULL)
		s->next->link = s->link;
	memset(s, 0, sizeof(*s));	/* free memory stays zeroed */
	page_state[page] = 0;
}

static void
span_release(size_t page, unsigned int order)
{
	size_t	 buddy;

	for (; order + 1 < ORDERS; order++) {
		buddy = page ^ ((size_t)1 << order);
		if (buddy < arena_first || buddy >= arena_end ||
		    page_state[buddy] != (PAGE_FREE | order))
			break;
		span_unlink(buddy);
		page &= ~((size_t)1 << order);
	}
	span_link(page, order);
}

/* Adds pages up to an index, as the largest aligned spans that fit. */
static void
arena_add(size_t to)
{
	size_t		 from = arena_end;
	unsigned int	 order;

	for (; from < to; from = arena_end) {
		for (order = 0; order + 1 < ORDERS &&
		    (from & ((size_t)1 << order)) == 0 &&
		    from + ((size_t)2 << order) <= to; order++)
			;
		arena_end = from + ((size_t)1 << order);
		span_release(from, order);
	}
}

static int
arena_grow(unsigned int order)
{
	size_t	 size = (size_t)1 << order, end, want, extra;

	if (arena_first == 0)
		arena_first = arena_end = host_start();
	end = host_end();
	if (end > arena_end) {
		/* memory beyond the arena: the initial memory, or grown by other code */
		arena_add(end);
		return (0);
	}
	want = ((end + size - 1) & ~(size - 1)) + size;
	/* an eighth more than needed: growth detaches the host's views */
	extra = (end / 8) & ~(size - 1);
	while (want + extra > arena_limit ||
	    host_grow(want + extra - end) == -1) {
		if (extra == 0)
			return (-1);
		extra = 0;
	}
	arena_add(want + extra);
	return (0);
}

void *
pages_get(unsigned int order)
{
	unsigned int	 o;
	size_t		 page;

	for (;;) {
		for (o = order; o < ORDERS && spans[o] == NULL; o++)
			;
		if (o < ORDERS)
			break;
		if (arena_grow(order) == -1 && !mem_trim()) {
			errno = ENOMEM;
			return (NULL);
		}
	}
	page = page_index(spans[o]);
	span_unlink(page);
	while (o > order) {
		o--;
		span_link(page + ((size_t)1 << o), o);
	}
	return (span_at(page));
}

void
pages_put(void *p, unsigned int order)
{
	page_state[page_index(p)] = 0;
	span_release(page_index(p), order);
}

size_t
pages_total(void)
{
	return (arena_end << ARENA_SHIFT);
}

void
pages_limit(size_t bytes)
{
	arena_limit = bytes == 0 ? PAGES_MAX : bytes >> ARENA_SHIFT;
}
