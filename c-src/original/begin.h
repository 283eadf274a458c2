/*
 * From here on the names that the original calls mean our own functions, so
 * that the same code serves in WebAssembly and, beside the real libc, in a
 * native process.  compat/ours.h takes the names back.
 */

#define malloc(n)		mem_alloc(n)
#define calloc(n, s)		mem_calloc(n, s)
#define realloc(p, n)		mem_realloc(p, n)
#define free(p)			mem_free(p)
#define freezero(p, n)		mem_freezero(p, n)
#undef strndup
#define strndup(s, n)		mem_strndup(s, n)

#define readv(d, v, n)		kernel_readv(d, v, n)
#define writev(d, v, n)		kernel_writev(d, v, n)
#define recvmsg(d, m, f)	kernel_recvmsg(d, m, f)
#define sendmsg(d, m, f)	kernel_sendmsg(d, m, f)
#define close(d)		kernel_close(d)
#define getpid()		kernel_getpid()
#define abort()			mem_corrupt("the original called abort")

#ifndef __wasm__	/* sanitizers refuse NULL, also where nothing is copied */
#undef memcpy
#define memcpy(d, s, n)		mem_copy(d, s, n)
#endif

/* A constant of the platform; POSIX asks for 16 at least. */
#undef IOV_MAX
#define IOV_MAX			64
