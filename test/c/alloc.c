/* Tests of the allocator. */

#include <sys/mman.h>

#include "check.h"

static void
sizes_are_rounded_to_their_class(void)
{
	size_t	 n;
	void	*p;

	for (n = 0; n <= 70000; n = n < 300 ? n + 1 : n + 97) {
		CHECK((p = mem_alloc(n)) != NULL);
		CHECK(block_size(p) >= n && mem_live() == block_size(p));
		/* above 64 bytes, rounding wastes at most a quarter */
		CHECK(n < 64 || n > CLASS_MAX || block_size(p) <= n + n / 4 + 16);
		memset(p, 0xa5, n);
		mem_free(p);
		CHECK(mem_live() == 0);
	}
}

static void
memory_is_zero_again_whatever_was_in_it(void)
{
	static const size_t	 sizes[] = { 1, 3, 4, 7, 8, 15, 16, 31, 32,
				    64, 65, 128, 5000, 40000, 70000 };
	unsigned char		*p;
	size_t			 i, k;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		p = mem_alloc(sizes[i]);
		memset(p, 0xff, sizes[i]);
		mem_freezero(p, sizes[i]);
		p = mem_alloc(sizes[i]);
		for (k = 0; k < block_size(p); k++)
			CHECK(p[k] == 0);
		mem_free(p);
	}
	mem_free(NULL);
	mem_freezero(NULL, 100);
	CHECK(mem_live() == 0);
}

/* Blocks that the batch allocates inline can be freed by alloc.c, and the reverse. */
static void
inline_and_out_of_line_are_the_same_allocator(void)
{
	static const size_t	 sizes[] = { 0, 1, 16, 100, 5000, 40000 };
	struct imsg_hdr		*hdr;
	unsigned char		*p;
	size_t			 i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CHECK((p = class_alloc(sizes[i])) != NULL);
		memset(p, 0xff, sizes[i]);
		mem_freezero(p, sizes[i]);
		CHECK((p = mem_alloc(sizes[i])) != NULL);
		CHECK(sizes[i] == 0 || (p[0] == 0 && p[sizes[i] - 1] == 0));
		mem_freezero(p, 0);
		CHECK(mem_live() == 0);
	}
	CHECK((hdr = class_alloc(sizeof(*hdr))) != NULL);
	memset(hdr, 0xff, sizeof(*hdr));
	class_free(hdr, sizeof(*hdr));
	CHECK((hdr = mem_alloc(sizeof(*hdr))) != NULL && hdr->type == 0);
	class_free(hdr, sizeof(*hdr));
	CHECK((p = mem_alloc(300)) != NULL);
	class_free(p, 1);	/* the size is not known */
	class_free(NULL, sizeof(*hdr));
	mem_freezero(NULL, 100);
	CHECK(mem_live() == 0);
	mem_fail_at(1);
	CHECK(class_alloc(16) == NULL && errno == ENOMEM);
}

static void
growing_keeps_what_was_there(void)
{
	unsigned char	*p = mem_realloc(NULL, 10), *q;
	size_t		 n, have = 10, k;

	memset(p, 'x', have);
	for (n = 20; n < 300000; n = n * 3 / 2) {
		CHECK((q = mem_realloc(p, n)) != NULL);
		p = q;
		for (k = 0; k < have; k++)
			CHECK(p[k] == 'x');
		for (; k < n; k++)
			CHECK(p[k] == 0);
		memset(p, 'x', n);
		have = n;
	}
	CHECK(mem_realloc(p, 5) == p);
	mem_fail_at(1);
	CHECK(mem_realloc(p, 5) == NULL && errno == ENOMEM);
	CHECK(mem_realloc(p, (size_t)1 << 40) == NULL && errno == ENOMEM);
	CHECK(p[have - 1] == 'x');
	mem_free(p);
	CHECK(mem_live() == 0);
}

static void
strings_end_at_their_zero_or_at_the_length(void)
{
	char	*p;

	CHECK(strcmp(p = mem_strndup("hello", 3), "hel") == 0);
	mem_free(p);
	CHECK(strcmp(p = mem_strndup("he\0lo", 5), "he") == 0);
	mem_free(p);
	/* ibuf_get_string passes NULL for an empty ibuf */
	CHECK(strcmp(p = mem_strndup(NULL, 0), "") == 0);
	mem_free(p);
	mem_fail_at(1);
	CHECK(mem_strndup("x", 1) == NULL && errno == ENOMEM);
}

static void
the_nth_allocation_fails_once(void)
{
	void	*p, *q;

	mem_fail_at(3);
	CHECK((p = mem_alloc(1)) != NULL && (q = mem_alloc(1)) != NULL);
	CHECK(mem_alloc(1) == NULL && errno == ENOMEM);
	mem_free(p);
	CHECK((p = mem_alloc(1)) != NULL);
	mem_free(p);
	mem_free(q);
	mem_fail_at(1);
	mem_fail_at(0);
	CHECK((p = mem_alloc(1)) != NULL);
	mem_free(p);
}

static void
what_no_memory_can_hold_is_enomem(void)
{
	CHECK(mem_alloc((size_t)-1) == NULL && errno == ENOMEM);
	CHECK(mem_alloc(((size_t)1 << 31) + 1) == NULL && errno == ENOMEM);
}

/* Every length of a short copy. */
static void
short_copies_touch_what_they_should(void)
{
	unsigned char	 from[300], to[300];
	size_t		 n, i;

	for (i = 0; i < sizeof(from); i++)
		from[i] = (unsigned char)(i + 1);
	for (n = 0; n < 200; n++) {
		memset(to, 0xee, sizeof(to));
		CHECK(mem_copy(to + 8, from, n) == to + 8);
		CHECK(memcmp(to + 8, from, n) == 0);
		CHECK(to[7] == 0xee && to[8 + n] == 0xee);
	}
}

/* The n-th of so many blocks to free, in one of three orders. */
static size_t
in_order(int order, size_t n, size_t count)
{
	switch (order) {
	case 0:
		return (n);
	case 1:
		return (count - 1 - n);
	default:	/* 7919 is a prime, so each index comes once */
		return (n * 7919 % count);
	}
}

/* Fills the memory that the arena has with blocks; returns how many there are. */
static size_t
fill_arena(size_t size, unsigned char **blocks, size_t max)
{
	size_t	 n;

	for (n = 0; n < max && (blocks[n] = mem_alloc(size)) != NULL; n++)
		memset(blocks[n], 0xff, size);
	CHECK(n < max && errno == ENOMEM);
	return (n);
}

/*
 * When a class has used all memory and freed it, every other size finds it: in
 * whatever order the blocks are freed, all their pages return to the arena.
 */
static void
pages_of_free_blocks_return_to_the_arena(void)
{
	static const size_t	 sizes[] = { 16, 48, 128, 160, 1000, 3000,
				    10240, 20000, 32768, 65536, 300000 };
	static unsigned char	*blocks[1 << 18];
	const size_t		 kinds = sizeof(sizes) / sizeof(sizes[0]);
	size_t			 i, k, n, arena, again[11];
	int			 order;

	/* one span of 1 MiB, besides the arena's memory before */
	CHECK((blocks[0] = mem_alloc(1 << 20)) != NULL);
	mem_free(blocks[0]);
	arena = mem_arena();
	mem_limit(arena);
	for (order = 0; order < 3; order++)
		for (i = 0; i < kinds; i++) {
			n = fill_arena(sizes[i], blocks, 1 << 18);
			if (order == 0)
				again[i] = n;
			/* two pages of the class and a few tables may be lost to fragments */
			CHECK(n * sizes[i] + 2 * ARENA_PAGE + 65536 * 4 >=
			    again[i] * sizes[i]);
			for (k = 0; k < n; k++)
				mem_freezero(blocks[in_order(order, k, n)],
				    sizes[i]);
			CHECK(mem_live() == 0 && mem_arena() == arena);
			CHECK((blocks[0] = mem_alloc(1 << 20)) != NULL);
			mem_free(blocks[0]);
		}
	mem_limit(0);
}

/* A page with one block in use stays; the free blocks on it are used again. */
static void
a_block_in_use_keeps_its_page(void)
{
	static unsigned char	*blocks[1 << 15];
	size_t			 i, n, live;

	mem_limit(mem_arena());
	n = fill_arena(1000, blocks, 1 << 15);
	for (i = 0; i < n; i++)
		if (i % 64 != 0) {
			mem_free(blocks[i]);
			blocks[i] = NULL;
		}
	live = mem_live();
	for (i = 0; i < n; i++)
		if (blocks[i] == NULL)
			CHECK((blocks[i] = mem_alloc(1000)) != NULL);
	CHECK(mem_live() >= live + (n - n / 64 - 1) * 1000);
	for (i = 0; i < n; i++)
		mem_free(blocks[i]);
	CHECK(mem_live() == 0);
	mem_limit(0);
}

#ifndef MEM_DEBUG	/* the checks of the debug build read all memory */
/* How many pages of the system are resident in a block. */
static size_t
resident(const void *p, size_t n)
{
	static unsigned char	 pages[1 << 15];
	size_t			 i, count = 0;

	CHECK(n / 4096 <= sizeof(pages));
	CHECK(mincore((void *)(uintptr_t)p, n, pages) == 0);
	for (i = 0; i < n / 4096; i++)
		count += pages[i] & 1;
	return (count);
}

static void
memory_that_is_not_written_never_becomes_resident(void)
{
	static const size_t	 sizes[] = { 1 << 16, 1 << 20, 1 << 26 };
	unsigned char		*p[256];
	size_t			 i, n;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		/* until the memory is new: other tests have written to some */
		n = 0;
		do {
			CHECK(n < 256 && (p[n] = mem_alloc(sizes[i])) != NULL);
		} while (resident(p[n++], sizes[i]) > 2);
		n--;
		memset(p[n], 0xff, 100);
		mem_freezero(p[n], 100);
		CHECK(resident(p[n], sizes[i]) <= 2);
		while (n-- > 0)
			mem_freezero(p[n], 0);
	}
	CHECK(mem_live() == 0);
}
#endif

/* For a caller that does not know how many bytes it has written. */
static void
a_block_can_be_marked_to_be_wiped_whole(void)
{
	static const size_t	 sizes[] = { 100, 5000, 100000 };
	unsigned char		*p, *q;
	size_t			 i, k;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CHECK((p = mem_alloc(sizes[i])) != NULL);
		memset(p, 0xff, sizes[i]);
		mem_wipe_whole(p);
		mem_wipe_whole(p);
		CHECK(block_size(p) >= sizes[i]);
		mem_freezero(p, 1);
		CHECK(mem_live() == 0);
		CHECK((q = mem_alloc(sizes[i])) != NULL);
		for (k = 0; k < sizes[i]; k++)
			CHECK(q[k] == 0);
		mem_free(q);
	}
}

int
main(void)
{
	sizes_are_rounded_to_their_class();
	memory_is_zero_again_whatever_was_in_it();
	inline_and_out_of_line_are_the_same_allocator();
	growing_keeps_what_was_there();
	strings_end_at_their_zero_or_at_the_length();
	the_nth_allocation_fails_once();
	what_no_memory_can_hold_is_enomem();
	short_copies_touch_what_they_should();
	pages_of_free_blocks_return_to_the_arena();
	a_block_in_use_keeps_its_page();
#ifndef MEM_DEBUG
	memory_that_is_not_written_never_becomes_resident();
#endif
	a_block_can_be_marked_to_be_wiped_whole();
	return (PASS());
}
