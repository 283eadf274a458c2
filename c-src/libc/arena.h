#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "libc/alloc.h"
#include "libc/copy.h"

/*
 * Pages of 64 KiB, WebAssembly's own, in spans of a power of two (buddies).  In
 * WebAssembly the arena is the linear memory behind the static data; natively it
 * is one large reservation, so that the same code is measured and tested.
 */
#define ARENA_SHIFT	16
#define ARENA_PAGE	(1u << ARENA_SHIFT)
#define PAGES_MAX	32768	/* 2 GiB, the most that the module may have */
#define ORDERS		16

/*
 * The values of page_state.  For a page of a class: 1 + the class of its blocks.
 * For the first page of a span: 1 + CLASSES + the order of a span in use, or
 * PAGE_FREE + the order of a free span.  0 is the inside of a span.
 */
#define CLASSES		40
#define PAGE_FREE	0x40
#define PAGE_WHOLE	0x80	/* a flag: blocks are wiped whole */

extern uint8_t	 page_state[PAGES_MAX];
extern uint16_t	 page_back[PAGES_MAX];	/* see alloc.c */
#ifdef __wasm__
#define arena_base	((uintptr_t)0)
#else
extern uintptr_t arena_base;
#endif

/* 2^order pages, zeroed and aligned to their size, or NULL with ENOMEM. */
void	*pages_get(unsigned int order);
/* Frees a span of pages_get, which must be zero again. */
void	 pages_put(void *, unsigned int order);
size_t	 pages_total(void);
void	 pages_limit(size_t);
/*
 * Called before pages_get fails: frees every page whose blocks are all free.
 * Returns 0 if there were no free blocks.
 */
int	 mem_trim(void);

static INLINE size_t
page_index(const void *p)
{
	return (((uintptr_t)p - arena_base) >> ARENA_SHIFT);
}

static INLINE unsigned char *
page_address(size_t page)
{
	return ((unsigned char *)(arena_base + (page << ARENA_SHIFT)));
}

#endif
