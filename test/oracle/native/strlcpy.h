/* strlcpy for a libc that lacks it: glibc has it from 2.38 on. Later revisions of imsg-buffer.c call it. */
#ifndef IMSG_NATIVE_STRLCPY_H
#define IMSG_NATIVE_STRLCPY_H

#include <stddef.h>
#include <string.h>

#define strlcpy compat_strlcpy
static inline size_t
compat_strlcpy(char *dst, const char *src, size_t n)
{
	size_t	 len = strlen(src);

	if (n > 0) {
		memcpy(dst, src, len < n ? len : n - 1);
		dst[len < n ? len : n - 1] = '\0';
	}
	return (len);
}

#endif
