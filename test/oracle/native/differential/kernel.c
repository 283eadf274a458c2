#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "kernel.h"

/*
 * The descriptors of the driver.  A new one gets the lowest free number, as in
 * POSIX, and stands for a socket or a value.  That object lives until its last
 * reference goes; a piece on its way in a socket holds a reference.
 */

#define FIRST_FD	3
#define MAX_FD		4096

static struct file	*files[MAX_FD];
static struct {
	int		 fd;	/* or -1 */
	unsigned int	 value;	/* the value that the number stood for, or 0 */
	int		 last;	/* its last reference has gone */
} closed[MAX_FD];
static struct {
	int		 fd, to;
	unsigned int	 value;
	size_t		 at, len;
} moved[MAX_FD];
static unsigned int	 nclosed, nmoved;

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
kernel_reopen(unsigned int value)
{
	struct file	*f = file_new();

	value_fate(f->value = value, ALIVE);
	return (install(f));
}

int
kernel_open(void)
{
	return (kernel_reopen(value_new()));
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
note(int fd, unsigned int value, int last)
{
	if (nclosed == MAX_FD)
		abort();
	closed[nclosed].fd = fd;
	closed[nclosed].value = value;
	closed[nclosed++].last = last;
}

void
kernel_moved(int fd, int to, size_t at, size_t len)
{
	if (nmoved == MAX_FD)
		abort();
	moved[nmoved].fd = fd;
	moved[nmoved].to = to;
	moved[nmoved].value = kernel_value(fd);
	moved[nmoved].at = at;
	moved[nmoved++].len = len;
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
	if (fd != -1)
		files[fd] = NULL;
	note(fd, f->value, --f->refs == 0);
	if (f->refs > 0)
		return;
	if (f->value != 0)
		value_fate(f->value, GONE);
	if (f->sock != NULL)
		sock_free(f->sock);
	free(f);
}

/* Drops a reference without closing: the caller owns the object. */
void
kernel_give(struct file *f)
{
	if (--f->refs > 0)
		return;
	if (f->value != 0)
		value_fate(f->value, KEPT);
	if (f->sock != NULL)
		sock_free(f->sock);
	free(f);
}

unsigned int
kernel_value(int fd)
{
	struct file	*f;

	return ((f = kernel_file(fd)) == NULL ? 0 : f->value);
}

unsigned int
kernel_take_value(int fd)
{
	unsigned int	 value;

	if ((value = kernel_value(fd)) != 0) {
		kernel_give(files[fd]);
		files[fd] = NULL;
	}
	return (value);
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
	nmoved = 0;
	values_reset();
}

void
kernel_report(void)
{
	unsigned int	 i;
	const char	*before = " moved ";

	for (i = 0; i < nmoved; i++, before = ", ") {
		out("%s", before);
		out_descriptor(moved[i].fd, moved[i].value);
		out(" to %d@%zu+%zu", moved[i].to, moved[i].at, moved[i].len);
	}
	for (before = " closed ", i = 0; i < nclosed; i++)
		if (closed[i].fd != -1) {
			out("%s", before);
			out_descriptor(closed[i].fd, closed[i].value);
			before = ", ";
		}
	for (before = " gone", i = 0; i < nclosed; i++)
		if (closed[i].last && closed[i].value != 0) {
			out("%s #%u", before, closed[i].value);
			before = ",";
		}
	nmoved = nclosed = 0;
	values_report_alive();
}

void
kernel_report_table(void)
{
	int	 fd;

	for (fd = FIRST_FD; fd < MAX_FD; fd++)
		if (kernel_value(fd) != 0) {
			out_char(' ');
			out_descriptor(fd, files[fd]->value);
		}
}
