#ifndef COPY_H
#define COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef INLINE		/* coverage counts functions that are not inlined */
#define INLINE		inline __attribute__((always_inline, unused))
#endif
#define NOINLINE	__attribute__((noinline, unused))
#define LIKELY(x)	__builtin_expect(!!(x), 1)
#define UNLIKELY(x)	__builtin_expect(!!(x), 0)

/*
 * An engine makes a call for each memory.copy, which takes longer
 * than most copies of messages.  So short ones are loops over blocks,
 * the last of which overlaps the one before.
 */
#ifndef SHORT_MAX
#define SHORT_MAX	128
#endif
/* Barrier: stops the compiler from turning the loop back into memcpy. */
#define KEEP_LOOP()	__asm__ volatile("" : : : "memory")

void	*mem_copy_any(void *, const void *, size_t);

#ifndef __wasm__
/* strlcpy of a string that ends. */
static inline size_t
mem_strlcpy(char *dst, const char *src, size_t n)
{
	size_t	 len = strlen(src);

	if (n > 0) {
		memcpy(dst, src, len < n ? len : n - 1);
		dst[len < n ? len : n - 1] = '\0';
	}
	return (len);
}
#endif

/* The compiler sees a constant size and emits plain loads and stores. */
static INLINE void *
mem_copy(void *dst, const void *src, size_t n)
{
	if (__builtin_constant_p(n))
		return (__builtin_memcpy(dst, src, n));
	return (mem_copy_any(dst, src, n));
}

#endif
