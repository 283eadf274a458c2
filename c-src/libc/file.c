#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "libc/alloc.h"
#include "libc/file.h"
#include "libc/syscalls.h"

#define FIRST_FD	3	/* nothing of ours is anybody's stdio */

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

static int
file_install(struct file *f)
{
	struct file	**grown;
	int		 fd = files_lowest, size;

	while (fd < files_size && files[fd] != NULL)
		fd++;
	if (fd >= files_size) {
		size = files_size == 0 ? 16 : files_size * 2;
		grown = mem_calloc((size_t)size, sizeof(*files));
		if (grown == NULL)
			return (-1);
		if (files != NULL)
			memcpy(grown, files,
			    (size_t)files_size * sizeof(*files));
		mem_free(files);
		files = grown;
		files_size = size;
	}
	files[fd] = f;
	files_used++;
	files_lowest = fd + 1;
	return (fd);
}

/* An empty table holds no memory, so that what is left over is a leak. */
static void
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
file_new(struct socket *s, uint32_t value)
{
	struct file	*f;
	int		 fd;

	if ((f = mem_alloc(sizeof(*f))) == NULL)
		return (-1);
	f->socket = s;
	f->value = value;
	f->refs = 1;
	if ((fd = file_install(f)) == -1)
		mem_free(f);
	return (fd);
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
	if (f->socket != NULL)
		socket_free(f->socket);
	mem_free(f);
}

uint32_t
file_give(struct file *f)
{
	uint32_t	 value = f->value;

	if (--f->refs == 0) {
		if (f->socket != NULL)
			socket_free(f->socket);
		mem_free(f);
	}
	return (value);
}

int
kernel_close(int fd)
{
	struct file	*f;

	if ((f = file_at(fd)) == NULL)
		return (-1);
	file_release(f, fd);
	return (0);
}

int
kernel_open(uint32_t value)
{
	return (file_new(NULL, value));
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

	if ((f = file_at(fd)) == NULL || f->socket != NULL)
		return (0);
	file_remove(fd);
	return (file_give(f));
}
