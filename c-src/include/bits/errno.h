/*
 * The numbers of errno in the module, which <errno.h> includes: Linux's, as in
 * ts/module/errno.ts, instead of WASI's, which Emscripten has. It has the names
 * that the original, the kernel and the host use; another one does not compile.
 */
#define EINTR		  4
#define EIO		  5
#define EBADF		  9
#define EAGAIN		 11
#define ENOMEM		 12
#define EBUSY		 16
#define EINVAL		 22
#define EMFILE		 24
#define EPIPE		 32
#define ERANGE		 34
#define EBADMSG		 74
#define ENOTSOCK	 88
#define EMSGSIZE	 90
#define ENETUNREACH	101
#define ECONNABORTED	103
#define ECONNRESET	104
#define ENOBUFS		105
#define ENOTCONN	107
#define ETIMEDOUT	110
#define EHOSTUNREACH	113
