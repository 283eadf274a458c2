/*
 * The parts of OpenBSD's libc that the original expects and glibc lacks: freezero, and
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

#include "strlcpy.h"

#endif
