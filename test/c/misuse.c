/* Tests of the checks that MEM_DEBUG adds to the allocator. */

#include "check.h"

/* A block that is back in its page: 100 are more than the list has room for. */
static unsigned char *
block_back_in_its_page(void)
{
	unsigned char	*blocks[100];
	size_t		 i;

	for (i = 0; i < 100; i++)
		CHECK((blocks[i] = mem_alloc(1000)) != NULL);
	for (i = 0; i < 99; i++)
		mem_free(blocks[i]);
	return (blocks[98]);
}

static void
write_to_a_block_that_is_back(void)
{
	block_back_in_its_page()[500] = 1;
	for (;;)
		(void)mem_alloc(1000);
}

static void
double_free_of_a_block_that_is_back(void)
{
	mem_free(block_back_in_its_page());
}

static void
write_after_free(void)
{
	unsigned char	*p = mem_alloc(100);

	mem_free(p);
	p[50] = 1;
	(void)mem_alloc(100);
}

static void
write_over_the_mark_of_a_free_block(void)
{
	unsigned char	*p = mem_alloc(100);

	mem_free(p);
	memset(p + offsetof(struct freeblock, magic), 1, 4);
	(void)mem_alloc(100);
}

static void
double_free(void)
{
	void	*p = mem_alloc(100), *q = mem_alloc(100);

	mem_free(p);
	mem_free(q);
	mem_free(p);
}

static void
freezero_of_less_than_was_used(void)
{
	unsigned char	*p = mem_alloc(100);

	memset(p, 1, 100);
	mem_freezero(p, 50);
}

static void
freezero_of_less_than_was_used_of_a_span(void)
{
	unsigned char	*p = mem_alloc(100000);

	memset(p, 1, 100000);
	mem_freezero(p, 50);
}

static void
free_of_what_was_not_allocated(void)
{
	unsigned char	*p = mem_alloc(100000);

	mem_free(p + ARENA_PAGE);
}

static void
freezero_of_what_was_not_allocated(void)
{
	unsigned char	*p = mem_alloc(200000);

	mem_freezero(p + ARENA_PAGE, 1);
}

static void
free_of_a_free_span(void)
{
	void		*p = mem_alloc(100000);
	unsigned int	 order;

	mem_free(p);
	for (order = 0; order < ORDERS; order++)
		if (spans[order] != NULL)
			mem_free(spans[order]);
}

/* A block whose content looks like the magic of a free block is not a double free. */
static void
a_block_may_hold_the_mark(void)
{
	struct freeblock	*b = mem_alloc(64), *other = mem_alloc(64);

	mem_free(other);
	b->magic = FREE_MAGIC;
	mem_free(b);
	CHECK(mem_live() == 0);
}

int
main(void)
{
	expect_abort(write_after_free);
	expect_abort(write_over_the_mark_of_a_free_block);
	expect_abort(write_to_a_block_that_is_back);
	expect_abort(double_free_of_a_block_that_is_back);
	expect_abort(double_free);
	expect_abort(freezero_of_less_than_was_used);
	expect_abort(freezero_of_less_than_was_used_of_a_span);
	expect_abort(free_of_what_was_not_allocated);
	expect_abort(freezero_of_what_was_not_allocated);
	expect_abort(free_of_a_free_span);
	a_block_may_hold_the_mark();
	return (PASS());
}
