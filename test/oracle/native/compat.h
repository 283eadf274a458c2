/*
 * What the original expects of OpenBSD's libc and glibc lacks: freezero, and
 * the integer types of stdint.h as a part of sys/types.h. Force-included
 * (-include) in native builds.
 */
#ifndef IMSG_NATIVE_COMPAT_H
#define IMSG_NATIVE_COMPAT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline void
freezero(void *ptr, size_t size)
{
	if (ptr == NULL)
		return;
	explicit_bzero(ptr, size);
	free(ptr);
}

/* glibc has it from 2.38 on; later revisions of imsg-buffer.c call it. */
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
