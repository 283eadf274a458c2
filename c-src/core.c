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

#include "inline.h"
#include "inside.h"
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

#include "compat/ours.h"

struct ibuf *(*const imsg_reader)(struct ibuf *, void *, int *) = imsg_parse_hdr;

#include "inside.c"
