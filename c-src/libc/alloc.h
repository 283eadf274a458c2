#ifndef ALLOC_H
#define ALLOC_H

#include <stddef.h>
#include <stdint.h>

/*
 * The allocator under the original: size classes on 64 KiB pages, spans of
 * pages by the buddy system above.  Free memory is kept zeroed, because the
 * original wipes what it frees (freezero) and asks for zeroed memory (calloc):
 * paying once is enough.
 *
 * Every function that allocates returns NULL with errno ENOMEM on failure.
 * Memory is always returned zeroed.
 */

void	*mem_alloc(size_t);
void	*mem_calloc(size_t, size_t);
/* Grows only: shrinking keeps the block, and its tail is not wiped. */
void	*mem_realloc(void *, size_t);
char	*mem_strndup(const char *, size_t);
void	 mem_free(void *);
/* Wipes n bytes and frees; the rest of the block must never have been used. */
void	 mem_freezero(void *, size_t);

/* The n-th allocation from now fails, once; 0 disarms. */
void	 mem_fail_at(uint32_t);
/* Bytes in blocks handed out and not yet freed, rounded to their class. */
size_t	 mem_live(void);
/* Bytes that the arena has taken from its host. */
size_t	 mem_arena(void);
/* Refuses to grow beyond so many bytes; 0 lifts the limit. */
void	 mem_limit(size_t);

/* Stops the program, whose memory can no longer be trusted. */
#ifdef __wasm__
#define mem_corrupt(why)	__builtin_trap()
#else
_Noreturn void	mem_corrupt(const char *);
#endif

#endif
