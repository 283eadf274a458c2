/*
 * The C side but for the batch, in one unit: the allocator, the kernel, the two
 * originals as they were fetched, and what we add on top.  The originals are
 * included, not edited; batch.c includes them once more, for speed.
 */

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inline.h"
#ifdef MEM_SYSTEM
#include "alloc_system.c"
#else
#include "arena.c"
#include "alloc.c"
#endif
#include "descriptor.c"
#include "socket.c"
#include "kernel.c"

#include "compat/original.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpragmas"
#include "imsg-buffer.c"
#include "imsg.c"
#pragma GCC diagnostic pop

#include "compat/ours.h"

#include "inside.c"
