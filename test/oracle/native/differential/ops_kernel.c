#include <stdio.h>

#include "driver.h"

/* The program's operations on the kernel. */

static void
op_socket(struct arguments *a)
{
	unsigned int	 s = arg_slot(a);

	/* not queued again in its place: its number may belong to another object by now */
	if (sockets[s] != NULL) {
		result_skip("there");
		return;
	}
	sockets[s] = scratch(sizeof(*sockets[s]));
	sockets[s]->state = LIVE;
	sockets[s]->fd = kernel_socket();
	result_signed(sockets[s]->fd);
}

static void
op_end(struct arguments *a)
{
	unsigned int	 s = arg_slot(a);
	int		 fd;

	if (have_socket(s) && (fd = use_socket(sockets[s])) != -1)
		(void)result_status(kernel_outcome(fd, 1, OUTCOME_END, 0));
}

static void
op_fail(struct arguments *a)
{
	unsigned int	 s = arg_slot(a);
	int		 error = error_number(arg_word(a));
	int		 fd;

	if (have_socket(s) && (fd = use_socket(sockets[s])) != -1)
		(void)result_status(kernel_outcome(fd, 1, error, 0));
}

static void
op_accept(struct arguments *a)
{
	unsigned int	 s = arg_slot(a);
	size_t		 n = arg_size(a);
	int		 fd;

	if (have_socket(s) && (fd = use_socket(sockets[s])) != -1)
		(void)result_status(kernel_outcome(fd, 0, 0, n));
}

static void
op_refuse(struct arguments *a)
{
	unsigned int	 s = arg_slot(a);
	int		 error = error_number(arg_word(a));
	int		 fd;

	if (have_socket(s) && (fd = use_socket(sockets[s])) != -1)
		(void)result_status(kernel_outcome(fd, 0, error, 0));
}

static void
op_room(struct arguments *a)
{
	unsigned int	 s = arg_slot(a);
	size_t		 n = arg_size(a);
	int		 fd;

	if (have_socket(s) && (fd = use_socket(sockets[s])) != -1)
		(void)result_status(kernel_room(fd, n));
}

static void
op_take(struct arguments *a)
{
	unsigned int	 s = arg_slot(a);
	int		 fd;

	if (have_socket(s) && (fd = use_socket(sockets[s])) != -1)
		kernel_take(fd);
}

static void
op_transfer(struct arguments *a)
{
	unsigned int	 from = arg_slot(a), to = arg_slot(a);
	size_t		 cut = arg_size(a);
	int		 f, t;

	if (have_socket(from) && have_socket(to) &&
	    (f = use_socket(sockets[from])) != -1 &&
	    (t = use_socket(sockets[to])) != -1)
		kernel_transfer(f, t, cut);
}

static void
op_closesock(struct arguments *a)
{
	unsigned int	 s = arg_slot(a);

	if (!have_socket(s))
		return;
	if (sockets[s]->state == LIVE)
		(void)kernel_close(sockets[s]->fd);
	sockets[s]->state = DISPOSED;
	result_ok();
}

static void
op_pid(struct arguments *a)
{
	kernel_setpid((pid_t)arg_int(a));
	result_ok();
}

static void
op_nomem(struct arguments *a)
{
	next_failure.allocation = (unsigned int)arg_u64(a);
	(void)snprintf(next_failure.operation, sizeof(next_failure.operation),
	    "%s", arg_word(a));
	result_ok();
}

const struct operation	 ops_kernel[] = {
	{ "socket", op_socket },
	{ "end", op_end },
	{ "fail", op_fail },
	{ "accept", op_accept },
	{ "refuse", op_refuse },
	{ "room", op_room },
	{ "take", op_take },
	{ "transfer", op_transfer },
	{ "closesock", op_closesock },
	{ "nomem", op_nomem },
	{ "pid", op_pid },
	{ NULL, NULL }
};
