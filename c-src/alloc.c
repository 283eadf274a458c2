#include <errno.h>
#include <string.h>

#include "alloc.h"
#include "inline.h"

#include "arena.h"

#define CLASS_MAX	32768
#define CLASSES		40
#define BLOCK_UNIT	16

/* What stands at the start of a free block; the rest of it is zero. */
struct freeblock {
	struct freeblock	*next;
#ifdef MEM_DEBUG
	uintptr_t		 magic;
#endif
};

static struct sizeclass {
	struct freeblock	*free;
	unsigned char		*bump;	/* never used rest of the newest page */
	unsigned char		*end;
	size_t			 size;
	size_t			 carved;	/* blocks ever cut from pages */
} classes[CLASSES];

static uint32_t	mem_countdown;
static size_t	span_live;	/* bytes in live spans of pages */

/* 16, 32, ... 128, then four classes for each doubling. */
static size_t
class_size(unsigned int c)
{
	unsigned int	 doubling;

	if (c < 8)
		return ((c + 1) * BLOCK_UNIT);
	doubling = (c - 8) / 4;
	return (((size_t)128 << doubling) +
	    ((c - 8) % 4 + 1) * ((size_t)32 << doubling));
}

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

#ifdef MEM_DEBUG
#define FREE_MAGIC	((uintptr_t)0xf4eeb10c)

static void
check_free_block(struct freeblock *b, size_t size)
{
	unsigned char	*p = (unsigned char *)b;
	size_t		 i;

	if (b->magic != FREE_MAGIC)
		mem_corrupt("write after free");
	for (i = sizeof(*b); i < size; i++)
		if (p[i] != 0)
			mem_corrupt("write after free");
}

static void
check_not_free(struct sizeclass *sc, struct freeblock *b)
{
	struct freeblock	*f;

	if (b->magic != FREE_MAGIC)
		return;		/* cannot be on the list */
	for (f = sc->free; f != NULL; f = f->next)
		if (f == b)
			mem_corrupt("double free");
}

static void
check_zero(const unsigned char *p, size_t n)
{
	while (n-- > 0)
		if (*p++ != 0)
			mem_corrupt("freed memory is not zero");
}
#endif

static NOINLINE void *
class_refill(unsigned int c)
{
	struct sizeclass	*sc = &classes[c];
	unsigned char		*p;

	if (sc->bump == sc->end) {
		sc->size = class_size(c);
		if ((p = pages_get(0)) == NULL) {
			errno = ENOMEM;
			return (NULL);
		}
		page_set_class(p, c);
		sc->bump = p;
		sc->end = p + ARENA_PAGE / sc->size * sc->size;
	}
	p = sc->bump;
	sc->bump += sc->size;
	sc->carved++;
	return (p);
}

static INLINE void *
class_get(unsigned int c)
{
	struct sizeclass	*sc = &classes[c];
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
	check_zero(p, classes[c].size);
	b->magic = FREE_MAGIC;
#endif
	b->next = classes[c].free;
	classes[c].free = b;
}

static NOINLINE void *
span_get(size_t n)
{
	unsigned int	 order = 0;
	void		*p;

	if (n > (size_t)1 << 31 || n == 0) {
		errno = ENOMEM;
		return (NULL);
	}
	while (((size_t)ARENA_PAGE << order) < n)
		order++;
	if ((p = pages_get(order)) == NULL) {
		errno = ENOMEM;
		return (NULL);
	}
	page_set_span(p, order);
	span_live += (size_t)ARENA_PAGE << order;
	return (p);
}

static NOINLINE void
span_put(void *p, size_t used)
{
	unsigned int	 order = page_span_order(p);
	size_t		 size = (size_t)ARENA_PAGE << order;

#ifdef MEM_DEBUG
	check_zero((unsigned char *)p + used, size - used);
#endif
	memset(p, 0, used);
	span_live -= size;
	pages_put(p, order);
}

static NOINLINE int
mem_refused(void)
{
	if (--mem_countdown != 0)
		return (0);
	errno = ENOMEM;
	return (1);
}

void *
mem_alloc(size_t n)
{
	if (UNLIKELY(mem_countdown != 0) && mem_refused())
		return (NULL);
	if (LIKELY(n <= CLASS_MAX))
		return (class_get(class_of(n)));
	return (span_get(n));
}

void *
mem_calloc(size_t count, size_t size)
{
	size_t	 n;

	if (__builtin_mul_overflow(count, size, &n)) {
		errno = ENOMEM;
		return (NULL);
	}
	return (mem_alloc(n));
}

/*
 * The same for a size that the compiler knows: no look-up, no loop.  A block
 * that is freed by its size must have been allocated by it.
 */
static INLINE void *
mem_calloc_known(size_t count, size_t size)
{
	size_t	 n = count * size;

	if (count != 1 || !__builtin_constant_p(size) || n > 128 ||
	    UNLIKELY(mem_countdown != 0))
		return (mem_calloc(count, size));
	return (class_get(class_of(n)));
}

static INLINE void
mem_free_known(void *p, size_t size)
{
	if (size == 1 || size > 128) {
		mem_free(p);
		return;
	}
	if (p == NULL)
		return;
#ifdef MEM_DEBUG
	check_not_free(&classes[class_of(size)], p);
#endif
	__builtin_memset(p, 0, size);
	class_put(class_of(size), p);
}

/* Wipes the first n bytes; the caller knows that the rest is zero. */
static INLINE void
mem_put(void *p, size_t n, int whole)
{
	unsigned int	 c;

	if (p == NULL)
		return;
	if (LIKELY(page_class(p, &c))) {
#ifdef MEM_DEBUG
		check_not_free(&classes[c], p);
#endif
		mem_wipe(p, whole ? classes[c].size : n);
		class_put(c, p);
	} else
		span_put(p, whole ? (size_t)ARENA_PAGE << page_span_order(p) : n);
}

void
mem_free(void *p)
{
	mem_put(p, 0, 1);
}

void
mem_freezero(void *p, size_t n)
{
	mem_put(p, n, 0);
}

static size_t
block_size(void *p)
{
	unsigned int	 c;

	if (page_class(p, &c))
		return (classes[c].size);
	return ((size_t)ARENA_PAGE << page_span_order(p));
}

void *
mem_realloc(void *p, size_t n)
{
	void	*new;
	size_t	 have;

	if (p == NULL)
		return (mem_alloc(n));
	if (UNLIKELY(mem_countdown != 0) && mem_refused())
		return (NULL);
	have = block_size(p);
	if (n <= have)
		return (p);
	if ((new = n <= CLASS_MAX ? class_get(class_of(n)) :
	    span_get(n)) == NULL)
		return (NULL);
	mem_copy(new, p, have);
	mem_free(p);
	return (new);
}

char *
mem_strndup(const char *s, size_t n)
{
	char	*d;
	size_t	 len = n == 0 ? 0 : strnlen(s, n);	/* s may be NULL */

	if ((d = mem_alloc(len + 1)) != NULL)
		mem_copy(d, s, len);
	return (d);
}

void
mem_fail_at(uint32_t n)
{
	mem_countdown = n;
}

size_t
mem_live(void)
{
	struct freeblock	*b;
	size_t			 live = span_live, blocks;
	unsigned int		 c;

	for (c = 0; c < CLASSES; c++) {
		blocks = classes[c].carved;
		for (b = classes[c].free; b != NULL; b = b->next)
			blocks--;
		live += blocks * classes[c].size;
	}
	return (live);
}

size_t
mem_arena(void)
{
	return (pages_total());
}

void
mem_limit(size_t n)
{
	pages_limit(n);
}
