#ifndef INLINE_H
#define INLINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef INLINE		/* what counts coverage wants them out of line */
#define INLINE		inline __attribute__((always_inline, unused))
#endif
#define NOINLINE	__attribute__((noinline, unused))
#define LIKELY(x)	__builtin_expect(!!(x), 1)
#define UNLIKELY(x)	__builtin_expect(!!(x), 0)

/*
 * Copies and wipes of messages are mostly shorter than what an engine asks
 * for the call behind memory.copy and memory.fill, so short ones are done
 * here: blocks from both ends, overlapping in the middle, cover every length
 * between a block's size and twice that.  No loops: the compiler would turn
 * them into the very calls that they replace.
 */
#define SHORT_MAX	32

struct block8 { uint64_t w[1]; };
struct block16 { uint64_t w[2]; };

#define COPY_ENDS(block) do {						\
	struct block	 head_, tail_;					\
	__builtin_memcpy(&head_, s, sizeof(head_));			\
	__builtin_memcpy(&tail_, s + n - sizeof(tail_), sizeof(tail_));	\
	__builtin_memcpy(d, &head_, sizeof(head_));			\
	__builtin_memcpy(d + n - sizeof(tail_), &tail_, sizeof(tail_));	\
} while (0)

#define WIPE_ENDS(block) do {						\
	__builtin_memset(d, 0, sizeof(struct block));			\
	__builtin_memset(d + n - sizeof(struct block), 0,		\
	    sizeof(struct block));					\
} while (0)

static NOINLINE void *
mem_copy_any(void *dst, const void *src, size_t n)
{
	unsigned char		*d = dst;
	const unsigned char	*s = src;
	unsigned char		 middle, last;

	if (n > SHORT_MAX)
		return (__builtin_memcpy(dst, src, n));
	if (n >= 16)
		COPY_ENDS(block16);
	else if (n >= 8)
		COPY_ENDS(block8);
	else if (n >= 4) {
		uint32_t	 head, tail;

		__builtin_memcpy(&head, s, sizeof(head));
		__builtin_memcpy(&tail, s + n - sizeof(tail), sizeof(tail));
		__builtin_memcpy(d, &head, sizeof(head));
		__builtin_memcpy(d + n - sizeof(tail), &tail, sizeof(tail));
	} else if (n > 0) {
		middle = s[n / 2];
		last = s[n - 1];
		d[0] = s[0];
		d[n / 2] = middle;
		d[n - 1] = last;
	}
	return (dst);
}

static NOINLINE void
mem_wipe(void *dst, size_t n)
{
	unsigned char	*d = dst;

	if (n > SHORT_MAX)
		__builtin_memset(dst, 0, n);
	else if (n >= 16)
		WIPE_ENDS(block16);
	else if (n >= 8)
		WIPE_ENDS(block8);
	else if (n >= 4) {
		__builtin_memset(d, 0, 4);
		__builtin_memset(d + n - 4, 0, 4);
	} else if (n > 0) {
		d[0] = 0;
		d[n / 2] = 0;
		d[n - 1] = 0;
	}
}

/* The compiler sees a constant size and emits plain loads and stores. */
static INLINE void *
mem_copy(void *dst, const void *src, size_t n)
{
	if (__builtin_constant_p(n))
		return (__builtin_memcpy(dst, src, n));
	return (mem_copy_any(dst, src, n));
}

static INLINE void *
mem_set(void *dst, int c, size_t n)
{
	if (c == 0 && !__builtin_constant_p(n)) {
		mem_wipe(dst, n);
		return (dst);
	}
	return (__builtin_memset(dst, c, n));
}

#endif
