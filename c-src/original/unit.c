/*
 * The first of two units, kept small: the allocator, the kernel, the two
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

#include "libc/copy.h"
#include "original/introspect.h"
#ifdef MEM_SYSTEM
#include "libc/alloc_system.c"
#else
#include "libc/arena.c"
#include "libc/alloc.c"
#endif
#include "libc/file.c"
#include "libc/socket.c"
#include "libc/syscalls.c"

#include "original/begin.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpragmas"
#include "imsg.h"
/* What reads and writes is batch.c's; these are names that nobody calls. */
#define ibuf_read	unused_ibuf_read
#define ibuf_write	unused_ibuf_write
#define msgbuf_read	unused_msgbuf_read
#define msgbuf_write	unused_msgbuf_write
#define ibuf_free	unused_ibuf_free
#include "imsg-buffer.c"
#undef ibuf_read
#undef ibuf_write
#undef msgbuf_read
#undef msgbuf_write
#undef ibuf_free
#include "imsg.c"
#pragma GCC diagnostic pop

#include "original/end.h"

struct ibuf *(*const imsg_reader)(struct ibuf *, void *, int *) = imsg_parse_hdr;

#include "original/introspect.inc.c"
