/*
 * The first of two units, compiled for size: the allocator, the system calls,
 * the two originals as they were fetched, and our additions.  The originals are
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

#include "libc/copy.h"
#include "libc/host.h"
#ifdef MEM_SYSTEM
#include "libc/alloc_system.c"
#else
#include "libc/arena.c"
#include "libc/alloc.c"
#endif
#include "libc/copy.c"
#include "libc/file.c"
#include "libc/socket.c"
#include "libc/syscalls.c"

#include "original/begin.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpragmas"
#include "imsg.h"
/* Wrapped below: see introspect.inc.c. */
static int original_ibuf_truncate(struct ibuf *, size_t);
#define ibuf_truncate	original_ibuf_truncate

/* batch.c exports these functions; the copies here are weak, so the linker drops them. */
#pragma weak ibuf_free
#pragma weak ibuf_read
#pragma weak ibuf_write
#pragma weak msgbuf_read
#pragma weak msgbuf_write
#include "imsg-buffer.c"
#undef ibuf_truncate
#include "imsg.c"
#pragma GCC diagnostic pop

#include "original/end.h"

struct ibuf *(*const imsg_reader)(struct ibuf *, void *, int *) = imsg_parse_hdr;

#include "original/introspect.inc.c"
#include "batch/open.inc.c"

#include "abi.h"
