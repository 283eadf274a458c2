#ifndef DT_KERNEL_H
#define DT_KERNEL_H

#include <sys/types.h>
#include <sys/socket.h>

#include <stddef.h>

/*
 * Inside the driver's kernel: kernel.c has the table, sockets.c the calls,
 * wire.c what was written.
 */

struct event {			/* a delivery, or a dictated outcome */
	struct event	*next;
	unsigned char	*data;
	size_t		 len, off;
	int		 error;	/* 0, an errno, or OUTCOME_END */
	int		 nfds;
	int		 fds[8];
};
struct events {
	struct event	*head, *tail;
};
struct piece {			/* of what was written */
	struct piece	*next;
	struct file	*file;	/* travels with its first byte */
	int		 fd;	/* the number it was sent under */
	size_t		 len;
	unsigned char	 data[];
};
struct sock {
	struct events	 in, out;
	struct piece	*head, *tail;
	size_t		 room;
};
struct file {
	struct sock	*sock;	/* or NULL */
	unsigned int	 value;
	unsigned int	 refs;
};

struct file	*kernel_file(int);
struct sock	*kernel_sock(int);
void		 kernel_release(struct file *, int);
void		 kernel_give(struct file *);
/* Where the next piece begins in what was written. */
size_t		 kernel_untaken(const struct sock *);
/* Notes for the transcript that a descriptor was put on the wire. */
void		 kernel_moved(int, int, size_t, size_t);
int		 kernel_install(struct file *);
void		 kernel_event_drop(struct events *);

/* The functions that the original's objects call instead of the system's. */
ssize_t	dt_readv(int, const struct iovec *, int);
ssize_t	dt_writev(int, const struct iovec *, int);
ssize_t	dt_recvmsg(int, struct msghdr *, int);
ssize_t	dt_sendmsg(int, const struct msghdr *, int);
int	dt_close(int);
pid_t	dt_getpid(void);

#endif
