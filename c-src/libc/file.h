#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <stdint.h>

/*
 * The table behind the numbers that the original calls file descriptors.
 * What a number stands for lives until its last reference goes: numbers hold
 * one, and so does each written piece on which a copy is on its way.
 */
struct file {
	struct socket	*socket;	/* or NULL for a host value */
	uint32_t	 value;		/* or 0 for a socket */
	uint32_t	 refs;
};

/* What a number stands for; NULL with EBADF. */
struct file	*file_at(int);
/* A new file under the lowest free number; -1 with ENOMEM. */
int		 file_new(struct socket *, uint32_t);
/* Drops a reference; fd is the number closed with it, or -1. */
void		 file_release(struct file *, int);
/* Drops a reference without closing: the host value is the caller's now. */
uint32_t	 file_give(struct file *);

/* kernel.c: frees a socket with all that is queued on it. */
void		 socket_free(struct socket *);

#endif
