#include "libc/copy.h"

struct block16 { uint64_t w[2]; };

#define COPY(type, to, from) do {					\
	type	 block_;						\
	__builtin_memcpy(&block_, from, sizeof(block_));		\
	__builtin_memcpy(to, &block_, sizeof(block_));			\
} while (0)

void *
mem_copy_any(void *dst, const void *src, size_t n)
{
	unsigned char		*d = dst;
	const unsigned char	*s = src;
	size_t			 at;

	if (n > SHORT_MAX)
		return (__builtin_memcpy(dst, src, n));
	if (n >= 16) {
		for (at = 0; at + 16 < n; at += 16) {
			COPY(struct block16, d + at, s + at);
			KEEP_LOOP();
		}
		COPY(struct block16, d + n - 16, s + n - 16);
		return (dst);
	}
	for (at = 0; at + 8 <= n; at += 8)
		COPY(uint64_t, d + at, s + at);
	for (; at < n; at++) {
		d[at] = s[at];
		KEEP_LOOP();
	}
	return (dst);
}

