#include "driver.h"

/* Descriptors as the program's own: opened, taken, closed, delivered. */

OP(fdopen)
{
	unsigned int	 slot = arg_slot(a);

	result_held(slot, kernel_open());
}

OP(fdagain)
{
	unsigned int	 slot = arg_slot(a), value;

	if ((value = hand_get()) == 0)
		result_skip("none");
	else
		result_held(slot, kernel_reopen(value));
}

static void
result_value(unsigned int value)
{
	if (value == 0)
		result_error("EBADF");
	else
		out(" = #%u", value);
}

OP(fdvalue)
{
	result_value(kernel_value(arg_number(a, 1)));
}

OP(fdtake)
{
	unsigned int	 value = kernel_take_value(arg_number(a, 0));

	hand_put(value);
	result_value(value);
}

OP(closefd)
{
	int	 fd = arg_descriptor(a);

	if (fd == -1) {
		result_skip("none");
		return;
	}
	result_status(kernel_close(fd));
}

/* Bytes for a socket, with the descriptors that are some. */
static void
deliver(unsigned int slot, const struct bytes *b, const int *fds, int n)
{
	int	 fd, i, given[8], ngiven = 0;

	for (i = 0; i < n; i++)
		if (fds[i] >= 0) {
			out_char(' ');
			out_descriptor(fds[i], kernel_value(fds[i]));
			given[ngiven++] = fds[i];
		}
	if ((fd = use_socket(sockets[slot])) != -1)
		result_status(kernel_deliver(fd, b, given, ngiven));
}

static int
deliverable(unsigned int slot, const struct bytes *b)
{
	if (!have_socket(slot))
		return (0);
	if (b->len == 0)	/* a stream has no empty deliveries */
		result_skip("empty");
	return (b->len > 0);
}

OP(deliver)
{
	unsigned int	 slot = arg_slot(a);
	int		 i, n = (int)arg_int(a), fds[8];
	struct bytes	 b = arg_bytes(a);

	if (!deliverable(slot, &b))
		return;
	for (i = 0; i < n; i++)
		fds[i] = kernel_open();
	deliver(slot, &b, fds, n);
}

OP(give)
{
	unsigned int	 slot = arg_slot(a);
	struct bytes	 b = arg_bytes(a);
	int		 fds[2];

	if (!deliverable(slot, &b)) {
		a->next = a->count;
		return;
	}
	fds[0] = arg_descriptor(a);
	fds[1] = arg_descriptor(a);
	deliver(slot, &b, fds, 2);
}

OP(pass)
{
	unsigned int	 slot = arg_slot(a), value;
	struct bytes	 b = arg_bytes(a);
	int		 i, n = (int)arg_int(a), fds[8];

	if (!deliverable(slot, &b))
		return;
	for (i = 0; i < n && i < 8 && (value = hand_get()) != 0; i++)
		fds[i] = kernel_reopen(value);
	deliver(slot, &b, fds, i);
}

const struct operation	 ops_value[] = {
	ON(NO_SUBJECT, fdopen), ON(NO_SUBJECT, fdagain), ON(NO_SUBJECT, fdvalue),
	ON(NO_SUBJECT, fdtake), ON(NO_SUBJECT, closefd), ON(NO_SUBJECT, deliver),
	ON(NO_SUBJECT, give), ON(NO_SUBJECT, pass),
	LAST_OP
};
