#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "kernel.h"

/*
 * The descriptors of the driver: numbers are given as POSIX does, the lowest
 * that is free, and mean a socket or a value.  What a number stands for lives
 * until its last reference goes; what is on its way in a socket holds one.
 */

#define FIRST_FD	3
#define MAX_FD		4096

static struct file	*files[MAX_FD];
static unsigned int	 live, values;
static struct {
	int		 fd;	/* or -1 */
	unsigned int	 gone;	/* the value that nobody refers to any more */
} closed[MAX_FD];
static unsigned int	 nclosed;

struct file *
kernel_file(int fd)
{
	if (fd < FIRST_FD || fd >= MAX_FD || files[fd] == NULL) {
		errno = EBADF;
		return (NULL);
	}
	return (files[fd]);
}

struct sock *
kernel_sock(int fd)
{
	struct file	*f;

	if ((f = kernel_file(fd)) == NULL)
		return (NULL);
	if (f->sock == NULL) {
		errno = ENOTSOCK;
		return (NULL);
	}
	return (f->sock);
}

int
kernel_is_socket(int fd)
{
	return (kernel_sock(fd) != NULL);
}

static int
install(struct file *f)
{
	int	 fd;

	for (fd = FIRST_FD; fd < MAX_FD; fd++)
		if (files[fd] == NULL) {
			files[fd] = f;
			live++;
			return (fd);
		}
	fprintf(stderr, "no descriptors left\n");
	exit(2);
}

static struct file *
file_new(void)
{
	struct file	*f;

	if ((f = calloc(1, sizeof(*f))) == NULL)
		abort();
	f->refs = 1;
	return (f);
}

int
kernel_open(void)
{
	struct file	*f = file_new();

	f->value = ++values;
	return (install(f));
}

int
kernel_socket(void)
{
	struct file	*f = file_new();

	if ((f->sock = calloc(1, sizeof(*f->sock))) == NULL)
		abort();
	f->sock->room = SIZE_MAX;
	return (install(f));
}

static void
note(int fd, unsigned int gone)
{
	if (nclosed == MAX_FD)
		abort();
	closed[nclosed].fd = fd;
	closed[nclosed++].gone = gone;
}

static void
sock_free(struct sock *s)
{
	struct event	*e;
	struct piece	*p;
	int		 i;

	while ((e = s->in.head) != NULL) {
		for (i = 0; i < e->nfds; i++)
			kernel_close(e->fds[i]);
		kernel_event_drop(&s->in);
	}
	while (s->out.head != NULL)
		kernel_event_drop(&s->out);
	while ((p = s->head) != NULL) {
		s->head = p->next;
		if (p->file != NULL)
			kernel_release(p->file, -1);
		free(p);
	}
	free(s);
}

void
kernel_release(struct file *f, int fd)
{
	if (fd != -1) {
		files[fd] = NULL;
		live--;
	}
	if (--f->refs > 0) {
		note(fd, 0);
		return;
	}
	note(fd, f->value);
	if (f->sock != NULL)
		sock_free(f->sock);
	free(f);
}

/* Drops a reference without closing: what it stands for is the taker's. */
void
kernel_give(struct file *f)
{
	if (--f->refs > 0)
		return;
	if (f->sock != NULL)
		sock_free(f->sock);
	free(f);
}

int
kernel_close(int fd)
{
	struct file	*f;

	if ((f = kernel_file(fd)) == NULL)
		return (-1);
	kernel_release(f, fd);
	return (0);
}

int
kernel_install(struct file *f)
{
	return (install(f));
}

void
kernel_reset(void)
{
	int	 fd;

	for (fd = FIRST_FD; fd < MAX_FD; fd++)
		if (files[fd] != NULL)
			kernel_close(fd);
	values = 0;
}

unsigned int
kernel_live(void)
{
	return (live);
}

void
kernel_report(void)
{
	unsigned int	 i;
	const char	*before = " closed";

	for (i = 0; i < nclosed; i++)
		if (closed[i].fd != -1) {
			out("%s %d", before, closed[i].fd);
			before = ",";
		}
	for (before = " gone", i = 0; i < nclosed; i++)
		if (closed[i].gone != 0) {
			out("%s #%u", before, closed[i].gone);
			before = ",";
		}
	nclosed = 0;
}
