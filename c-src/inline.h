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
 * here: by blocks, the last of which overlaps the one before.
 */
#ifndef SHORT_MAX
#define SHORT_MAX	128
#endif
/* or the compiler would make the very calls of the loops that replace them */
#define KEEP_LOOP()	__asm__ volatile("" : : : "memory")

struct block16 { uint64_t w[2]; };

#define COPY(type, to, from) do {					\
	type	 block_;						\
	__builtin_memcpy(&block_, from, sizeof(block_));		\
	__builtin_memcpy(to, &block_, sizeof(block_));			\
} while (0)

#define COPY_ENDS(type) do {						\
	type	 head_, tail_;						\
	__builtin_memcpy(&head_, s, sizeof(head_));			\
	__builtin_memcpy(&tail_, s + n - sizeof(tail_), sizeof(tail_));	\
	__builtin_memcpy(d, &head_, sizeof(head_));			\
	__builtin_memcpy(d + n - sizeof(tail_), &tail_, sizeof(tail_));	\
} while (0)

#define WIPE_ENDS(type) do {						\
	__builtin_memset(d, 0, sizeof(type));				\
	__builtin_memset(d + n - sizeof(type), 0, sizeof(type));	\
} while (0)

static NOINLINE void *
mem_copy_any(void *dst, const void *src, size_t n)
{
	unsigned char		*d = dst;
	const unsigned char	*s = src;
	size_t			 at;
	unsigned char		 middle, last;

	if (n > SHORT_MAX)
		return (__builtin_memcpy(dst, src, n));
	if (n >= 16) {
		for (at = 0; at + 16 < n; at += 16) {
			COPY(struct block16, d + at, s + at);
			KEEP_LOOP();
		}
		COPY(struct block16, d + n - 16, s + n - 16);
	} else if (n >= 8)
		COPY_ENDS(uint64_t);
	else if (n >= 4)
		COPY_ENDS(uint32_t);
	else if (n > 0) {
		middle = s[n / 2];
		last = s[n - 1];
		d[0] = s[0];
		d[n / 2] = middle;
		d[n - 1] = last;
	}
	return (dst);
}

static INLINE void
mem_wipe(void *dst, size_t n)
{
	unsigned char	*d = dst;
	size_t		 at;

	if (n > SHORT_MAX)
		__builtin_memset(dst, 0, n);
	else if (n >= 16) {
		for (at = 0; at + 16 < n; at += 16) {
			__builtin_memset(d + at, 0, 16);
			KEEP_LOOP();
		}
		__builtin_memset(d + n - 16, 0, 16);
	} else if (n >= 8)
		WIPE_ENDS(uint64_t);
	else if (n >= 4)
		WIPE_ENDS(uint32_t);
	else if (n > 0) {
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

#endif
