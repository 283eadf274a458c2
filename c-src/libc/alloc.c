#include <errno.h>
#include <string.h>

#include "libc/alloc.h"
#include "libc/alloc_inline.h"

struct sizeclass	mem_classes[CLASSES];
uint32_t		mem_countdown;
static size_t		span_live;	/* bytes in live spans of pages */

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

#ifdef MEM_DEBUG
void
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

void
check_not_free(unsigned int c, void *p)
{
	struct freeblock	*b = p, *f;

	if (b->magic != FREE_MAGIC)
		return;		/* cannot be on the list */
	for (f = mem_classes[c].free; f != NULL; f = f->next)
		if (f == b)
			mem_corrupt("double free");
}

void
check_zero(const void *block, size_t n)
{
	const unsigned char	*p = block;

	while (n-- > 0)
		if (*p++ != 0)
			mem_corrupt("freed memory is not zero");
}
#endif

void *
class_refill(unsigned int c)
{
	struct sizeclass	*sc = &mem_classes[c];
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

void *
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

void
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

int
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
	return (class_alloc(n));
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

static size_t
block_size(void *p)
{
	unsigned int	 c;

	if (page_class(p, &c))
		return (mem_classes[c].size);
	return ((size_t)ARENA_PAGE << page_span_order(p));
}

void
mem_free(void *p)
{
	if (p != NULL)
		mem_freezero(p, block_size(p));
}

void
mem_freezero(void *p, size_t n)
{
	unsigned int	 c;

	if (p == NULL)
		return;
	if (!page_class(p, &c)) {
		span_put(p, n);
		return;
	}
#ifdef MEM_DEBUG
	check_not_free(c, p);
#endif
	memset(p, 0, n);
	class_put(c, p);
}

void *
mem_realloc(void *p, size_t n)
{
	void	*new;
	size_t	 have;

	if (p == NULL)
		return (mem_alloc(n));
	have = block_size(p);
	if (n <= have)
		return (mem_refused() ? NULL : p);
	if ((new = mem_alloc(n)) == NULL)
		return (NULL);
	memcpy(new, p, have);
	mem_free(p);
	return (new);
}

char *
mem_strndup(const char *s, size_t n)
{
	char	*d;
	size_t	 len;

	/* strnlen of musl is larger than the loop; s may be NULL if n is 0 */
	for (len = 0; len < n && s[len] != '\0'; len++)
		KEEP_LOOP();
	if ((d = mem_alloc(len + 1)) != NULL && len > 0)
		memcpy(d, s, len);
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
		blocks = mem_classes[c].carved;
		for (b = mem_classes[c].free; b != NULL; b = b->next)
			blocks--;
		live += blocks * mem_classes[c].size;
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
