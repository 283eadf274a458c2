#ifndef SYSCALLS_H
#define SYSCALLS_H

#include <sys/types.h>
#include <stdint.h>

struct iovec;
struct msghdr;

/*
 * The system calls of the original, on the table of file.h.  They return -1 with
 * errno on failure, as the calls that they replace do.
 */
ssize_t		 kernel_readv(int, const struct iovec *, int);
ssize_t		 kernel_writev(int, const struct iovec *, int);
ssize_t		 kernel_recvmsg(int, struct msghdr *, int);
ssize_t		 kernel_sendmsg(int, const struct msghdr *, int);
pid_t		 kernel_getpid(void);

/* Sets the result of kernel_getpid. */
void		 kernel_setpid(pid_t);
/*
 * Bytes that the last read delivered, or -1 if it failed: an error of the
 * original after a read that succeeded is an error of its parser.
 */
int		 kernel_last_read(void);
/* Bytes that all writes together have taken so far. */
uint32_t	 kernel_progress(void);

#endif
