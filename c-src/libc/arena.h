#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "libc/alloc.h"
#include "libc/copy.h"

/*
 * Pages of 64 KiB, WebAssembly's own, in power-of-two spans (buddies).  In
 * WebAssembly the arena is the linear memory behind the static data; natively
 * it is one large reservation, so that the same code is measured and tested.
 */
#define ARENA_SHIFT	16
#define ARENA_PAGE	(1u << ARENA_SHIFT)
#define PAGES_MAX	65536
#define ORDERS		16

#define PAGE_SPAN	0x80	/* first page of a live span, with its order */
#define PAGE_FREE	0x40	/* first page of a free span, with its order */
#define PAGE_CLASS	0x01	/* 1 + class of the blocks cut from the page */

extern uint8_t	 page_state[PAGES_MAX];
extern uintptr_t arena_base;

/* 2^order pages, zeroed and aligned to their size, or NULL. */
void	*pages_get(unsigned int order);
/* Takes back what pages_get gave, zeroed again. */
void	 pages_put(void *, unsigned int order);
size_t	 pages_total(void);
void	 pages_limit(size_t);

static INLINE size_t
page_index(const void *p)
{
	return (((uintptr_t)p - arena_base) >> ARENA_SHIFT);
}

static INLINE void
page_set_class(void *p, unsigned int c)
{
	page_state[page_index(p)] = (uint8_t)(PAGE_CLASS + c);
}

static INLINE int
page_class(const void *p, unsigned int *c)
{
	uint8_t	 state = page_state[page_index(p)];

#ifdef MEM_DEBUG
	if (state == 0)
		mem_corrupt("free of what was not allocated");
#endif
	*c = state - PAGE_CLASS;
	return (state < PAGE_FREE);
}

static INLINE void
page_set_span(void *p, unsigned int order)
{
	page_state[page_index(p)] = (uint8_t)(PAGE_SPAN | order);
}

static INLINE unsigned int
page_span_order(const void *p)
{
	uint8_t	 state = page_state[page_index(p)];

#ifdef MEM_DEBUG
	if ((state & PAGE_SPAN) == 0)
		mem_corrupt("free of what was not allocated");
#endif
	return (state & 0x1f);
}

#endif
