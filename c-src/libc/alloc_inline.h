#ifndef ALLOC_INLINE_H
#define ALLOC_INLINE_H

/*
 * The size classes of the allocator, for those who allocate inline: alloc.c and
 * the batch.  A class is a list of free blocks, which are zero but for what
 * stands at their start.
 */

#include <errno.h>

#include "libc/arena.h"

#define CLASS_MAX	32768
#define CLASSES		40
#define BLOCK_UNIT	16
#define FREE_MAGIC	((uintptr_t)0xf4eeb10c)	/* in debug builds */

struct freeblock {
	struct freeblock	*next;
#ifdef MEM_DEBUG
	uintptr_t		 magic;
#endif
};

struct sizeclass {
	struct freeblock	*free;
	unsigned char		*bump;	/* never used rest of the newest page */
	unsigned char		*end;
	size_t			 size;
	size_t			 carved;	/* blocks ever cut from pages */
};

extern struct sizeclass	mem_classes[CLASSES];
extern uint32_t		mem_countdown;

/* A block of a class whose list is empty, or NULL with ENOMEM. */
void	*class_refill(unsigned int);
/* More than CLASS_MAX bytes, in pages of their own. */
void	*span_get(size_t);
/* Frees such a span, of which so many bytes were used. */
void	 span_put(void *, size_t);
/* Whether this is the allocation that mem_fail_at has asked for. */
int	 mem_refused(void);
#ifdef MEM_DEBUG
void	 check_free_block(struct freeblock *, size_t);
void	 check_not_free(unsigned int, void *);
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
		return (class_refill(c));
#ifdef MEM_DEBUG
	check_free_block(b, sc->size);
	b->magic = 0;
#endif
	sc->free = b->next;
	b->next = NULL;
	return (b);
}

/* The block is zero already. */
static INLINE void
class_put(unsigned int c, void *p)
{
	struct freeblock	*b = p;

#ifdef MEM_DEBUG
	check_zero(p, mem_classes[c].size);
	b->magic = FREE_MAGIC;
#endif
	b->next = mem_classes[c].free;
	mem_classes[c].free = b;
}

/* mem_alloc, inline */
static INLINE void *
class_alloc(size_t n)
{
	if (UNLIKELY(mem_countdown != 0) && mem_refused())
		return (NULL);
	if (LIKELY(n <= CLASS_MAX))
		return (class_get(class_of(n)));
	return (span_get(n));
}

/* mem_free of what was allocated by this very size, which the compiler knows */
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
	check_not_free(class_of(size), p);
#endif
	__builtin_memset(p, 0, size);
	class_put(class_of(size), p);
}

/* mem_freezero, inline */
static INLINE void
class_freezero(void *p, size_t n)
{
	unsigned int	 c;

	if (p == NULL)
		return;
	if (UNLIKELY(!page_class(p, &c))) {
		span_put(p, n);
		return;
	}
#ifdef MEM_DEBUG
	check_not_free(c, p);
#endif
	mem_wipe16(p, n);	/* blocks are multiples of 16 bytes */
	class_put(c, p);
}

#endif
