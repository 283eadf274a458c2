#include <errno.h>
#include <string.h>

#include "libc/alloc.h"
#include "libc/alloc_inline.h"

/*
 * A free block that is back in its page, in the list of all such blocks of its
 * class.  page_back counts those of each page, and the blocks that were never
 * carved.
 */
struct pageblock {
	struct pageblock	*next;
	struct pageblock	*prev;	/* NULL: the first */
};

struct sizeclass	mem_classes[CLASSES];
static size_t		span_live;	/* bytes in spans in use */
static uint32_t		countdown;	/* of mem_fail_at */
static int		unlisted;	/* mem_fail_at: the lists have no room */

static uint32_t
class_size(unsigned int c)
{
	if (c < 8)
		return ((c + 1) * BLOCK_UNIT);
	return ((5 + c % 4) << (3 + c / 4));
}

#ifdef MEM_DEBUG
void
check_zero(const void *block, size_t n)
{
	const unsigned char	*p = block;

	while (n-- > 0)
		if (*p++ != 0)
			mem_corrupt("write after free, or beyond the wipe");
}

void
check_free_block(struct freeblock *b, size_t size)
{
	const unsigned char	*p = (unsigned char *)b;
	size_t			 i;

	if (b->magic != FREE_MAGIC)
		mem_corrupt("write after free");
	for (i = sizeof(*b); i < size; i++)
		if (p[i] != 0)
			mem_corrupt("write after free");
}

/* Whether a block's content is that of a block in the list of its class's pages. */
static int
looks_back(const struct sizeclass *sc, const struct pageblock *b)
{
	size_t	 page;

	if (b->prev == NULL)
		return (sc->back == b);
	page = page_index(b->prev);
	return (page < PAGES_MAX && page_back[page] != 0 &&
	    b->prev->next == b);
}

/* Looks for a block among the free ones if its content is like theirs. */
void
check_not_free(struct sizeclass *sc, void *p)
{
	struct freeblock	*f = p;
	struct pageblock	*b = p;

	if (f->magic == FREE_MAGIC)
		for (f = sc->free; f != NULL; f = f->next)
			if (f == p)
				mem_corrupt("double free");
	if (page_back[page_index(p)] != 0 && looks_back(sc, b))
		for (b = sc->back; b != NULL; b = b->next)
			if (b == p)
				mem_corrupt("double free");
}
#endif

static void
block_unlink(struct sizeclass *sc, struct pageblock *b)
{
	if (b->next != NULL)
		b->next->prev = b->prev;
	if (b->prev != NULL)
		b->prev->next = b->next;
	else
		sc->back = b->next;
#ifdef MEM_DEBUG
	check_zero(b + 1, sc->size - sizeof(*b));
#endif
	memset(b, 0, sizeof(*b));
}

void
page_put(struct sizeclass *sc, void *p)
{
	struct pageblock	*b = p, *start;
	size_t			 page = page_index(p);
	uint32_t		 n;

	if ((b->next = sc->back) != NULL)
		b->next->prev = b;
	sc->back = b;
	sc->out--;
	if (++page_back[page] < (n = sc->blocks))
		return;
	if (page_index(sc->bump) == page) {
		n -= sc->uncarved;
		sc->uncarved = 0;
	}
	page_back[page] = 0;
	b = start = (struct pageblock *)(void *)page_address(page);
	for (; n > 0; n--) {
		block_unlink(sc, b);
		b = (struct pageblock *)(void *)((char *)b + sc->size);
	}
	pages_put(start, 0);
}

int
mem_trim(void)
{
	struct sizeclass	*sc;
	struct freeblock	*b;
	int			 trimmed = 0;

	for (sc = mem_classes; sc < mem_classes + CLASSES; sc++)
		while ((b = sc->free) != NULL) {
			sc->free = b->next;
			sc->room++;
			memset(b, 0, sizeof(*b));
			page_put(sc, b);
			trimmed = 1;
		}
	return (trimmed);
}

/* How many blocks the list of a class may have. */
static uint32_t
list_length(const struct sizeclass *sc)
{
	return (unlisted ? 0 : KEPT(sc->blocks));
}

/* Whether mem_fail_at has asked for this allocation to fail. */
static int
refused(void)
{
	if (countdown == 0 || --countdown != 0)
		return (0);
	errno = ENOMEM;
	return (1);
}

/* Gets a page to carve; -1 with ENOMEM. */
static int
page_new(struct sizeclass *sc)
{
	const unsigned int	 c = (unsigned int)(sc - mem_classes);
	unsigned char		*p;

	if ((p = pages_get(0)) == NULL)
		return (-1);
	if (sc->size == 0) {
		sc->size = class_size(c);
		sc->blocks = ARENA_PAGE / sc->size;
		sc->room = list_length(sc);
	}
	page_state[page_index(p)] = (uint8_t)(1 + c);
	page_back[page_index(p)] = (uint16_t)sc->blocks;
	sc->bump = p;
	sc->uncarved = sc->blocks;
	return (0);
}

void *
class_refill(struct sizeclass *sc)
{
	unsigned char	*p;

	if (refused())
		return (NULL);
	if ((p = (unsigned char *)sc->back) != NULL)
		block_unlink(sc, sc->back);
	else {
		if (sc->uncarved == 0 && page_new(sc) == -1)
			return (NULL);
		p = sc->bump;
		sc->bump += sc->size;
		sc->uncarved--;
	}
	page_back[page_index(p)]--;
	sc->out++;
	return (p);
}

void *
span_get(size_t n)
{
	unsigned int	 order = 0;
	void		*p;

	while (order < ORDERS && ((size_t)ARENA_PAGE << order) < n)
		order++;
	if (refused() || (p = pages_get(order)) == NULL)
		return (NULL);
	page_state[page_index(p)] = (uint8_t)(1 + CLASSES + order);
	span_live += (size_t)ARENA_PAGE << order;
	return (p);
}

static size_t
block_size(const void *p)
{
	unsigned int	 state = page_state[page_index(p)] & ~PAGE_WHOLE;

#ifdef MEM_DEBUG
	if (state == 0 || state >= PAGE_FREE)
		mem_corrupt("free of memory that is not allocated");
#endif
	if (state <= CLASSES)
		return (mem_classes[state - 1].size);
	return ((size_t)ARENA_PAGE << (state - 1 - CLASSES));
}

void
mem_wipe_whole(void *p)
{
	page_state[page_index(p)] |= PAGE_WHOLE;
}

void *
mem_alloc(size_t n)
{
	return (class_alloc(n));
}

void
mem_free(void *p)
{
	mem_freezero(p, SIZE_MAX);
}

void
mem_freezero(void *p, size_t n)
{
	unsigned int	 state;
	size_t		 size;

	if (p == NULL)
		return;
	size = block_size(p);
	state = page_state[page_index(p)];
	if (n > size || state & PAGE_WHOLE)
		n = size;
	state = (state & ~PAGE_WHOLE) - 1;
#ifdef MEM_DEBUG
	if (state < CLASSES)
		check_not_free(&mem_classes[state], p);
	check_zero((unsigned char *)p + n, size - n);
#endif
	memset(p, 0, n);
	if (state < CLASSES) {
		class_put(state, p);
		return;
	}
	span_live -= size;
	pages_put(p, state - CLASSES);
}

NOINLINE void *
mem_realloc(void *p, size_t n)
{
	void	*new;
	size_t	 have;

	if (p == NULL)
		return (mem_alloc(n));
	have = block_size(p);
	if (n <= have)
		return (refused() ? NULL : p);
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

/* While this is armed the lists stay empty: every allocation is a refill. */
void
mem_fail_at(uint32_t n)
{
	struct sizeclass	*sc;

	(void)mem_trim();
	countdown = n;
	unlisted = n != 0;
	for (sc = mem_classes; sc < mem_classes + CLASSES; sc++)
		sc->room = list_length(sc);
}

size_t
mem_live(void)
{
	const struct sizeclass	*sc;
	size_t			 live = span_live;

	for (sc = mem_classes; sc < mem_classes + CLASSES; sc++)
		/* blocks in the list are free */
		live += sc->size *
		    (size_t)(sc->out + sc->room - list_length(sc));
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
