/*
 * Fuzz target: the allocator and its arena against a shadow model.  Built with
 * MEM_DEBUG and never with MEM_SYSTEM.
 */

#include "host.h"
#include "input.h"

#define SLOTS	64
#define LIMIT	((size_t)24 << 20)

static struct slot {
	unsigned char	*p;
	size_t		 n;		/* most bytes that were ever in use */
	size_t		 room;		/* bytes that the block occupies by the model */
	unsigned char	 fill;
} slots[SLOTS];

/* The bytes that a block of n bytes occupies, by the description in alloc.h. */
static size_t
model_room(size_t n)
{
	size_t	 room = 16, step = 16;

	if (n > 32768) {
		for (room = 65536; room < n; room *= 2)
			continue;
		return (room);
	}
	while (room < n) {
		if (room >= 128 && (room & (room - 1)) == 0)
			step = room / 4;
		room += step;
	}
	return (room);
}

/* Mostly small sizes, some near classes and pages, a few large ones. */
static size_t
next_size(struct input *in)
{
	uint8_t	 how = next8(in);

	switch (how & 7) {
	case 0:
		return (next16(in));
	case 1:
		return (((size_t)1 << (how >> 3 & 15)) + 16 -
		    (next8(in) & 31));
	case 2:
		return (how < 0xe0 ? next8(in) : (size_t)next16(in) << 4);
	default:
		return (next8(in));
	}
}

static void
check_content(const struct slot *s)
{
	size_t	 i;

	for (i = 0; i < s->n; i++)
		CHECK(s->p[i] == (unsigned char)(s->fill + i));
}

static void
fill(struct slot *s, size_t from)
{
	size_t	 i;

	for (i = from; i < s->n; i++)
		s->p[i] = (unsigned char)(s->fill + i);
}

static void
check_live(void)
{
	size_t	 i, live = 0;

	for (i = 0; i < SLOTS; i++)
		if (slots[i].p != NULL)
			live += slots[i].room;
	CHECK(mem_live() == live);
}

/* A new block is zero, aligned, and overlaps no other block. */
static void
adopt(struct slot *s, void *p, size_t n, unsigned char pattern)
{
	size_t	 i;

	s->p = NULL;
	s->n = n;
	s->room = model_room(n);
	s->fill = pattern;
	CHECK((uintptr_t)p % 16 == 0);
	for (i = 0; i < s->room; i++)
		CHECK(((unsigned char *)p)[i] == 0);
	for (i = 0; i < SLOTS; i++)
		CHECK(slots[i].p == NULL ||
		    (unsigned char *)p + s->room <= slots[i].p ||
		    slots[i].p + slots[i].room <= (unsigned char *)p);
	s->p = p;
	fill(s, 0);
}

static void
release(struct slot *s, int zero)
{
	if (s->p == NULL)
		return;
	check_content(s);
	if (zero && s->n % 3 == 0) {
		mem_wipe_whole(s->p);
		mem_freezero(s->p, s->n / 2);
	} else if (zero)
		mem_freezero(s->p, s->n);
	else
		mem_free(s->p);
	s->p = NULL;
}

static void
grow(struct slot *s, size_t n)
{
	unsigned char	*p;
	size_t		 i;

	if (n < s->n)
		n = s->n;
	if ((p = mem_realloc(s->p, n)) == NULL) {
		CHECK(errno == ENOMEM);
		check_content(s);
		return;
	}
	s->p = p;
	check_content(s);
	if (n > s->room)
		s->room = model_room(n);
	for (i = s->n; i < s->room; i++)
		CHECK(p[i] == 0);
	i = s->n;
	s->n = n;
	fill(s, i);
}

static void
step(struct input *in)
{
	char		 text[300];
	uint8_t		 op = next8(in);
	struct slot	*s = &slots[next8(in) % SLOTS];
	size_t		 n;
	void		*p;

	switch (op % 8) {
	case 0:
	case 1:
		release(s, op & 1);
		n = next_size(in);
		if ((p = mem_alloc(n)) != NULL)
			adopt(s, p, n, op);
		else
			CHECK(errno == ENOMEM);
		break;
	case 2:
		release(s, 0);
		n = next8(in);
		if ((p = mem_alloc(n * op)) != NULL)
			adopt(s, p, n * op, op);
		break;
	case 3:
		release(s, 1);
		break;
	case 4:
		if (s->p != NULL)
			grow(s, next_size(in));
		break;
	case 5:
		release(s, 0);
		memset(text, 0, sizeof(text));
		n = next_bytes(in, text, next8(in));
		if ((p = mem_strndup(text, n)) != NULL) {
			CHECK(strncmp(p, text, n) == 0 &&
			    ((char *)p)[strnlen(text, n)] == '\0');
			/* the model has an empty block of that size */
			memset(p, 0, strnlen(text, n));
			adopt(s, p, strnlen(text, n) + 1, op);
		}
		break;
	case 6:
		mem_fail_at(op >> 3);
		break;
	case 7:
		mem_limit(op & 8 ? LIMIT : mem_arena());
		CHECK(mem_alloc((size_t)-1) == NULL);
		break;
	}
	check_live();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input	 in = { data, size };
	size_t		 i;

	mem_limit(LIMIT);
	while (in.n > 0)
		step(&in);
	mem_fail_at(0);
	for (i = 0; i < SLOTS; i++)
		release(&slots[i], (int)(i & 1));
	CHECK(mem_live() == 0);
	CHECK(mem_arena() <= LIMIT + ARENA_PAGE);
	return (0);
}
