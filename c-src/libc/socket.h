#ifndef SOCKET_H
#define SOCKET_H

#include <stddef.h>
#include <stdint.h>

/* Something the host delivered, or an outcome it dictated. */
struct event {
	struct event	*next;
	unsigned char	*data;		/* NULL: an outcome without bytes */
	size_t		 len, off;
	int		 error;		/* 0, an errno, or EVENT_END */
	uint32_t	 nfds;
	int		 fds[];
};
#define EVENT_END	-1

struct queue {
	struct event	*head, *tail;
};

struct socket {
	struct queue	 in;		/* deliveries */
	struct queue	 out;		/* dictated outcomes of writes */
	struct segment	*head, *tail;	/* written, not yet taken */
	uint32_t	 room;
};

/* The socket behind a descriptor; NULL with EBADF or ENOTSOCK. */
struct socket	*socket_at(int);
/* Takes away the first event, and frees the bytes that it carries. */
void		 queue_drop(struct queue *);

#endif
