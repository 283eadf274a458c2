#ifndef COMPAT_H
#define COMPAT_H

/*
 * Included before the original's files: the functions that they expect of OpenBSD's libc,
 * and the platform constant that the WASM build fixes as well.
 */

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "../strlcpy.h"

#undef IOV_MAX
#define IOV_MAX	64	/* as in c-src/original/begin.h */

void	freezero(void *, size_t);

#endif
