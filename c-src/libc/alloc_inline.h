#ifndef ALLOC_INLINE_H
#define ALLOC_INLINE_H

/*
 * The fast paths of the allocator, included by alloc.c and batch.c.
 *
 * A class has a short list of free blocks for the next allocations.  A block that
 * is freed when the list is full goes back to its page (alloc.c), and a page with
 * all blocks back returns to the arena.
 */

#include <errno.h>

#include "libc/arena.h"

#define CLASS_MAX	32768
#define BLOCK_UNIT	16
/* How long the list of a class may be, by the blocks that fit a page. */
#ifdef MEM_DEBUG
#define KEPT(blocks)	((blocks) / 32)	/* so that tests return blocks often */
#else
#define KEPT(blocks)	((blocks) * 4)
#endif
#define FREE_MAGIC	0xf4eeb10c	/* marks free blocks in debug builds */

/* A block in the list of its class; the rest of the block is zero. */
struct freeblock {
	struct freeblock	*next;
#ifdef MEM_DEBUG
	uint32_t		 magic;
#endif
};

struct sizeclass {
	struct freeblock	*free;
	uint32_t		 room;	/* blocks that the list has room for */
	uint32_t		 size;	/* of a block, in bytes; 0 until one is carved */
	uint32_t		 blocks; /* blocks of a page */
	uint32_t		 out;	/* blocks in use or in the list */
	struct pageblock	*back;	/* free blocks that are not in the list */
	unsigned char		*bump;	/* rest of the newest page, not carved */
	uint32_t		 uncarved; /* blocks in that rest */
};

extern struct sizeclass	mem_classes[CLASSES];

/* A block of a class whose list is empty, or NULL with ENOMEM. */
void	*class_refill(struct sizeclass *);
/* Returns a zero block to its page: the list of its class is full. */
void	 page_put(struct sizeclass *, void *);
/* A block of more than CLASS_MAX bytes, in pages of its own. */
void	*span_get(size_t);
#ifdef MEM_DEBUG
void	 check_free_block(struct freeblock *, size_t);
void	 check_not_free(struct sizeclass *, void *);
void	 check_zero(const void *, size_t);
#endif

/* 16, 32, ... 128, then four classes for each doubling. */
static INLINE unsigned int
class_of(size_t n)
{
	unsigned int	 last, shift;

	last = n == 0 ? 0 : (unsigned int)n - 1;
	if (last < 128)
		return (last / BLOCK_UNIT);
	shift = 31 - (unsigned int)__builtin_clz(last);
	return (8 + (shift - 7) * 4 + (last >> (shift - 2)) - 4);
}

static INLINE void *
class_get(unsigned int c)
{
	struct sizeclass	*sc = &mem_classes[c];
	struct freeblock	*b;

	if ((b = sc->free) == NULL)
		return (class_refill(sc));
#ifdef MEM_DEBUG
	check_free_block(b, sc->size);
	b->magic = 0;
#endif
	sc->free = b->next;
	sc->room++;
	b->next = NULL;
	return (b);
}

/* The block is zero already. */
static INLINE void
class_put(unsigned int c, void *p)
{
	struct sizeclass	*sc = &mem_classes[c];
	struct freeblock	*b = p;

#ifdef MEM_DEBUG
	check_zero(p, sc->size);
#endif
	if (UNLIKELY(sc->room == 0)) {
		page_put(sc, p);
		return;
	}
#ifdef MEM_DEBUG
	b->magic = FREE_MAGIC;
#endif
	sc->room--;
	b->next = sc->free;
	sc->free = b;
}

/* mem_alloc, inline */
static INLINE void *
class_alloc(size_t n)
{
	if (LIKELY(n <= CLASS_MAX))
		return (class_get(class_of(n)));
	return (span_get(n));
}

/* mem_free of a block that was allocated with this size, a constant */
static INLINE void
class_free(void *p, size_t size)
{
	if (size == 1 || size > CLASS_MAX) {
		mem_free(p);
		return;
	}
	if (p == NULL)
		return;
#ifdef MEM_DEBUG
	check_not_free(&mem_classes[class_of(size)], p);
#endif
	__builtin_memset(p, 0, size);
	class_put(class_of(size), p);
}

#endif
