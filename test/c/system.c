/* Tests that alloc_system.c does what alloc.h says. */

#include "check.h"

static void
corrupt(void)
{
	mem_corrupt("said so");
}

static void
live_bytes_are_counted(void)
{
	void	*p, *q;
	char	*s;

	CHECK((p = mem_alloc(10)) != NULL && mem_live() >= 10);
	CHECK((q = mem_realloc(NULL, 20)) != NULL && mem_live() >= 30);
	CHECK((q = mem_realloc(q, 4000)) != NULL && mem_live() >= 4010);
	CHECK((s = mem_strndup("abc", 2)) != NULL && strcmp(s, "ab") == 0);
	mem_free(p);
	mem_free(s);
	mem_freezero(q, 4000);
	mem_freezero(NULL, 7);
	mem_free(NULL);
	CHECK(mem_live() == 0);
}

static void
each_kind_of_allocation_fails_when_told(void)
{
	void	*p = mem_alloc(10);

	mem_fail_at(1);
	CHECK(mem_alloc(1) == NULL && errno == ENOMEM);
	mem_fail_at(1);
	CHECK(mem_alloc(1) == NULL && errno == ENOMEM);
	mem_fail_at(1);
	CHECK(mem_realloc(p, 100) == NULL && errno == ENOMEM);
	mem_fail_at(1);
	CHECK(mem_strndup("x", 1) == NULL && errno == ENOMEM);
	mem_free(p);
}

int
main(void)
{
	live_bytes_are_counted();
	each_kind_of_allocation_fails_when_told();
	/* this allocator has no arena */
	mem_limit(1);
	CHECK(mem_arena() == 0);
	mem_limit(0);
	expect_abort(corrupt);
	return (PASS());
}
