#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "libc/alloc.h"
#include "libc/copy.h"
#include "libc/file.h"
#include "libc/host.h"

#define FIRST_FD	3	/* 0 to 2 are standard input, output and error */

static struct file	**files;
static int		 files_size, files_used, files_lowest = FIRST_FD;

struct file *
file_at(int fd)
{
	if (fd < FIRST_FD || fd >= files_size || files[fd] == NULL) {
		errno = EBADF;
		return (NULL);
	}
	return (files[fd]);
}

int
file_install(struct file *f)
{
	struct file	**grown;
	int		 fd = files_lowest, size;

	while (fd < files_size && files[fd] != NULL)
		fd++;
	if (fd >= files_size) {
		size = files_size == 0 ? 16 : files_size * 2;
		grown = mem_realloc(files, (size_t)size * sizeof(*files));
		if (grown == NULL)
			return (-1);
		files = grown;
		files_size = size;
	}
	files[fd] = f;
	files_used++;
	files_lowest = fd + 1;
	return (fd);
}

/* An empty table holds no memory: tests count every live byte as a leak. */
void
file_remove(int fd)
{
	files[fd] = NULL;
	if (fd < files_lowest)
		files_lowest = fd;
	if (--files_used > 0)
		return;
	mem_free(files);
	files = NULL;
	files_size = 0;
}

int
file_new(const struct fileops *ops, struct socket *s, uint32_t value)
{
	struct file	*f;
	int		 fd;

	if ((f = mem_alloc(sizeof(*f))) == NULL)
		return (-1);
	f->ops = ops;
	f->socket = s;
	f->value = value;
	f->refs = 1;
	if ((fd = file_install(f)) == -1)
		mem_free(f);
	return (fd);
}

static void
file_free(struct file *f)
{
	f->ops->free(f);
	mem_free(f);
}

void
file_release(struct file *f, int fd)
{
	if (fd != -1)
		file_remove(fd);
	if (--f->refs > 0) {
		host_close(fd, 0);
		return;
	}
	host_close(fd, f->value);
	file_free(f);
}

uint32_t
file_detach(struct file *f)
{
	uint32_t	 value = f->value;

	if (--f->refs == 0)
		file_free(f);
	return (value);
}

void
file_gather(unsigned char *to, const struct iovec *iov, size_t n)
{
	size_t	 part;

	for (; n > 0; iov++, n -= part, to += part) {
		part = iov->iov_len < n ? iov->iov_len : n;
		mem_copy(to, iov->iov_base, part);
	}
}

/* A host value can travel, but nothing can be read from it or written to it. */
static ssize_t
value_read(struct file *f, const struct iovec *iov, int *fdp)
{
	(void)f;
	(void)iov;
	(void)fdp;
	errno = ENOTSOCK;
	return (-1);
}

static ssize_t
value_write(struct file *f, const struct iovec *iov, size_t n, int passed)
{
	(void)f;
	(void)iov;
	(void)n;
	(void)passed;
	errno = ENOTSOCK;
	return (-1);
}

/* The host closes the value when host_close has notified it. */
static void
value_free(struct file *f)
{
	(void)f;
}

static const struct fileops	value_ops = {
	value_read, value_write, value_free
};

int
kernel_close(int fd)
{
	struct file	*f;

	if ((f = file_at(fd)) == NULL)
		return (-1);
	if (f->ops->free == NULL) {
		errno = EBADF;
		return (-1);
	}
	file_release(f, fd);
	return (0);
}

int
kernel_open(uint32_t value)
{
	return (file_new(&value_ops, NULL, value));
}

uint32_t
kernel_value(int fd)
{
	struct file	*f;

	return ((f = file_at(fd)) == NULL ? 0 : f->value);
}

uint32_t
kernel_take(int fd)
{
	struct file	*f;

	if ((f = file_at(fd)) == NULL || f->ops != &value_ops)
		return (0);
	file_remove(fd);
	return (file_detach(f));
}
