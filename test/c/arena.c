/* Tests of the arena: spans, buddies, limits, and a host without memory. */

#include "check.h"

static void
a_limit_refuses_growth_and_can_be_lifted(void)
{
	void	*p, *q;

	CHECK((p = mem_alloc(100000)) != NULL);
	mem_limit(mem_arena());
	CHECK(mem_alloc(64 << 20) == NULL && errno == ENOMEM);
	/* memory that the arena has can still be allocated */
	mem_free(p);
	CHECK((p = mem_alloc(100000)) != NULL);
	mem_limit(0);
	CHECK((q = mem_alloc(64 << 20)) != NULL);
	mem_free(p);
	mem_free(q);
	CHECK(mem_live() == 0);
}

static void
a_class_without_a_page_is_enomem(void)
{
	struct ibuf	*b;

	mem_limit(mem_arena());
	while ((b = mem_alloc(1 << 20)) != NULL)
		continue;
	while ((b = mem_alloc(ARENA_PAGE)) != NULL)
		continue;
	/* no block of this size was ever carved */
	CHECK(mem_alloc(9000) == NULL && errno == ENOMEM);
	mem_limit(0);
}

static void
a_span_beyond_the_largest_is_refused(void)
{
	CHECK(pages_get(ORDERS) == NULL);
	CHECK(mem_alloc(((size_t)1 << 31) + 1) == NULL && errno == ENOMEM);
}

/* The arena requests an eighth more than it needs; the host may refuse that. */
static void
a_host_without_reserve_gives_what_is_needed(void)
{
	size_t	 had = native_end;
	void	*p;

	native_max = native_end + 1;
	while ((p = pages_get(0)) != NULL && native_end == had)
		continue;
	CHECK(p != NULL && native_end == had + 1);
	native_max = native_end;
	while ((p = pages_get(0)) != NULL)
		continue;
	CHECK(native_end == native_max);
	native_max = PAGES_MAX;
	CHECK(pages_get(0) != NULL && native_end > had + 1);
}

static void
buddies_meet_again(void)
{
	unsigned char	*p[8];
	size_t		 i, arena;

	arena = mem_arena();
	for (i = 0; i < 8; i++)
		CHECK((p[i] = pages_get(3)) != NULL);
	for (i = 0; i < 8; i++)
		pages_put(p[(i * 5) % 8], 3);
	for (i = 0; i < 8; i++)
		CHECK(pages_get(3) != NULL);
	CHECK(mem_arena() <= arena + (80u << ARENA_SHIFT));
}

static void
all_of_the_address_space_is_the_end(void)
{
	unsigned int	 order = ORDERS;

	while (order-- > 0)
		while (pages_get(order) != NULL)
			continue;
	CHECK(mem_arena() <= (size_t)PAGES_MAX << ARENA_SHIFT);
	CHECK(mem_alloc(1 << 20) == NULL && errno == ENOMEM);
}

int
main(void)
{
	a_limit_refuses_growth_and_can_be_lifted();
	a_class_without_a_page_is_enomem();
	a_span_beyond_the_largest_is_refused();
	a_host_without_reserve_gives_what_is_needed();
	buddies_meet_again();
	all_of_the_address_space_is_the_end();
	printf("ok %s\n", __FILE__);
	return (0);
}
