#ifndef FILE_H
#define FILE_H

#include <sys/types.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct iovec;

/*
 * The functions that read, write and free a kind of file.  read and write
 * return -1 with errno on failure.
 */
struct fileops {
	/*
	 * Reads into one buffer.  Of the descriptors that arrive, the number of
	 * the first is stored through the last argument, and the others are
	 * closed; all are closed if that is NULL.
	 */
	ssize_t	(*read)(struct file *, const struct iovec *, int *);
	/*
	 * Writes buffers of so many bytes in all, with a copy of a descriptor
	 * unless that is -1.
	 */
	ssize_t	(*write)(struct file *, const struct iovec *, size_t, int);
	/*
	 * Frees the memory of the file, after its last reference is dropped.  NULL:
	 * the file is static, and kernel_close refuses its numbers.
	 */
	void	(*free)(struct file *);
};

/*
 * The file behind a descriptor's number.  A file lives until its last reference
 * goes: each number holds one, and so does each written segment that carries a
 * copy of the descriptor.
 */
struct file {
	const struct fileops	*ops;
	struct socket		*socket;	/* NULL: not a socket */
	uint32_t		 value;		/* 0: not a host value */
	uint32_t		 refs;
};

/* Copies the first bytes of the buffers, so many in all. */
void		 file_gather(unsigned char *, const struct iovec *, size_t);

/* The file of a number; NULL with EBADF. */
struct file	*file_at(int);
/* Returns a new number for a file, the lowest free one from 3; -1 with ENOMEM. */
int		 file_install(struct file *);
/* Frees a number; the reference that it held is the caller's now. */
void		 file_remove(int);
/* A new file with a number, which holds its only reference; -1 with ENOMEM. */
int		 file_new(const struct fileops *, struct socket *, uint32_t);
/*
 * Drops a reference, and closes the host value with the last one.  The host is
 * notified of the number that was closed, or of -1.
 */
void		 file_release(struct file *, int);
/* Drops a reference without closing: the caller owns the host value now. */
uint32_t	 file_detach(struct file *);

/* Closes a number, as close(2) does; -1 with EBADF. */
int		 kernel_close(int);
/* Makes a descriptor for a host value, which must not be 0. */
int		 kernel_open(uint32_t);
/* Frees the number without closing its host value; 0 if it has none. */
uint32_t	 kernel_take(int);
/* The host value of a descriptor; 0 if it has none. */
uint32_t	 kernel_value(int);

#endif
