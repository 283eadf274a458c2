#ifndef ALLOC_H
#define ALLOC_H

#include <stddef.h>
#include <stdint.h>

/*
 * The allocator under the original: blocks of 40 size classes on pages of
 * 64 KiB, and larger blocks in spans of pages.
 *
 * Free memory is zero.  The original wipes what it frees (freezero) and asks for
 * zeroed memory (calloc), so one wipe serves both.  Only bytes that were written
 * are wiped: memory that was allocated but never written is never touched, and
 * so the system has no reason to make it resident.
 *
 * Every function that allocates returns zeroed memory, or NULL with ENOMEM.
 */

void	*mem_alloc(size_t);
/* Grows only: a smaller size keeps the block, and its tail is not wiped. */
void	*mem_realloc(void *, size_t);
char	*mem_strndup(const char *, size_t);
/* Wipes the whole block and frees it. */
void	 mem_free(void *);
/* Frees a block of which only the first n bytes were written, and wipes them. */
void	 mem_freezero(void *, size_t);
/*
 * Makes mem_freezero wipe the whole block: for a caller that will pass fewer
 * bytes than it has written.
 */
void	 mem_wipe_whole(void *);

/* Makes the n-th allocation from now fail, once; 0 disarms. */
void	 mem_fail_at(uint32_t);
/* Bytes in blocks that are allocated, rounded to their class. */
size_t	 mem_live(void);
/* Bytes that the arena has taken from its host. */
size_t	 mem_arena(void);
/* Makes growth beyond so many bytes fail; 0 lifts the limit. */
void	 mem_limit(size_t);

/* Stops the program, whose memory can no longer be trusted. */
#ifdef __wasm__
#define mem_corrupt(why)	__builtin_trap()
#else
_Noreturn void	mem_corrupt(const char *);
#endif

#endif
