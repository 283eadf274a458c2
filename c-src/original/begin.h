/*
 * Included before the originals: the names of the system calls and of malloc
 * become macros that call our functions.  They are macros and not symbols so
 * that the same code also works beside the real libc, in a native process.
 * original/end.h removes the macros.
 */

#define malloc(n)		mem_alloc(n)
/* The original passes a count or a size of 1, so that nothing overflows. */
#define calloc(n, s)		mem_alloc((n) * (s))
#define realloc(p, n)		mem_realloc(p, n)
#define free(p)			mem_free(p)
/*
 * ibuf_free is the only caller, and what it frees was written up to wpos at most:
 * memory of an announced message that has not arrived is never touched.
 */
#define freezero(p, n)		mem_freezero(p, buf->wpos)
#undef strndup
#define strndup(s, n)		mem_strndup(s, n)

#define readv(d, v, n)		kernel_readv(d, v, n)
#define writev(d, v, n)		kernel_writev(d, v, n)
#define recvmsg(d, m, f)	kernel_recvmsg(d, m, f)
#define sendmsg(d, m, f)	kernel_sendmsg(d, m, f)
#define close(d)		kernel_close(d)
#define getpid()		kernel_getpid()
#define abort()			mem_corrupt("the original called abort")

#ifndef __wasm__	/* later revisions call strlcpy; glibc has it from 2.38 on */
#define strlcpy(d, s, n)	mem_strlcpy(d, s, n)
#endif
#ifndef __wasm__	/* sanitizers report NULL even if 0 bytes are copied */
#undef memcpy
#define memcpy(d, s, n)		mem_copy(d, s, n)
#endif

/* A constant of the platform; POSIX demands at least 16. */
#undef IOV_MAX
#define IOV_MAX			64
