#include <stdio.h>

#include "driver.h"

/* The program's operations on the kernel. */

OP(socket)
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

OP(end)
{
	result_status(kernel_outcome(a->fd, 1, OUTCOME_END, 0));
}

OP(fail)
{
	result_status(kernel_outcome(a->fd, 1, error_number(arg_word(a)), 0));
}

OP(accept)
{
	result_status(kernel_outcome(a->fd, 0, 0, arg_size(a)));
}

OP(refuse)
{
	result_status(kernel_outcome(a->fd, 0, error_number(arg_word(a)), 0));
}

OP(room)
{
	result_status(kernel_room(a->fd, arg_size(a)));
}

OP(take)
{
	kernel_take(a->fd);
}

OP(transfer)
{
	unsigned int	 from = arg_slot(a), to = arg_slot(a);
	size_t		 cut = arg_size(a);
	int		 f, t;

	if (have_socket(from) && have_socket(to) &&
	    (f = use_socket(sockets[from])) != -1 &&
	    (t = use_socket(sockets[to])) != -1)
		kernel_transfer(f, t, cut);
}

OP(closesock)
{
	unsigned int	 s = arg_slot(a);

	if (!have_socket(s))
		return;
	if (sockets[s]->state == LIVE)
		(void)kernel_close(sockets[s]->fd);
	sockets[s]->state = DISPOSED;
	result_ok();
}

OP(pid)
{
	kernel_setpid((pid_t)arg_int(a));
	result_ok();
}

OP(nomem)
{
	next_failure.allocation = (unsigned int)arg_u64(a);
	(void)snprintf(next_failure.operation, sizeof(next_failure.operation),
	    "%s", arg_word(a));
	result_ok();
}

const struct operation	 ops_kernel[] = {
	ON(NO_SUBJECT, socket), ON(SOCKET, end), ON(SOCKET, fail),
	ON(SOCKET, accept), ON(SOCKET, refuse), ON(SOCKET, room),
	ON(SOCKET, take), ON(NO_SUBJECT, transfer), ON(NO_SUBJECT, closesock),
	ON(NO_SUBJECT, nomem), ON(NO_SUBJECT, pid),
	LAST_OP
};
