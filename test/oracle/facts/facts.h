#ifndef FACTS_H
#define FACTS_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imsg.h"

/*
 * Behaviour of the original, shown on the original: each fact prints one line.
 * Every call that the original makes goes through the functions below.
 */

/* Makes the n-th allocation from now on fail, once; 0: none. */
extern unsigned int	 fail_at;
extern unsigned int	 blocks;	/* allocated and not freed */
extern unsigned int	 moved;		/* bytes poisoned by the last realloc */

/* The outcomes of the next system calls. */
struct outcome {
	ssize_t	 n;		/* bytes taken, or -1 */
	int	 error;
};
extern struct outcome	 write_outcome;	/* of every write; n -2: all of it */
extern unsigned int	 write_calls, write_limit;
extern const void	*read_data;
extern size_t		 read_len;
extern int		 read_fd, read_error;
extern unsigned int	 read_calls, read_limit;
extern int		 closed[16];
extern unsigned int	 nclosed;

void	 deliver(const void *, size_t, int);
/* A message of so many bytes of payload, all of them c; its length. */
size_t	 message(unsigned char *, uint32_t, size_t, int);

struct fact {
	const char	*name;
	void		(*show)(void);
};
extern const struct fact	 facts_write[], facts_read[], facts_memory[];

#endif
