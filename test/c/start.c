/* Tests of how the arena starts; without address space the program stops. */

#include <sys/resource.h>

#include "check.h"

static void
allocate_without_address_space(void)
{
	struct rlimit	 limit = { 1 << 30, 1 << 30 };

	CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	(void)mem_alloc(1);
}

/* The memory of a module is larger than its data from the start. */
static void
what_is_there_from_the_start_is_used_first(void)
{
	void	*p;

	native_end = native_max = 9;
	CHECK((p = mem_alloc(4 * ARENA_PAGE)) != NULL);
	CHECK(mem_arena() == (size_t)9 << ARENA_SHIFT);
	mem_free(p);
	native_max = PAGES_MAX;
	CHECK((p = mem_alloc(40 * ARENA_PAGE)) != NULL);
	mem_free(p);
}

int
main(void)
{
	expect_abort(allocate_without_address_space);
	what_is_there_from_the_start_is_used_first();
	return (PASS());
}
