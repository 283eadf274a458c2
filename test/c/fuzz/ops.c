/*
 * Fuzz target: a program of operations over the whole C interface, in which
 * the outcomes of the system calls and of allocations are operations, too.
 * Operations on which C aborts are left out: the wrapper refuses them.
 */

#include "ops.h"

#include "ops-ibuf.h"
#include "ops-msgbuf.h"
#include "ops-imsg.h"

static void
start(struct input *in)
{
	size_t	 i;

	memset(&w, 0, sizeof(w));
	w.in = in;
	for (i = 0; i < SOCKETS; i++)
		saw_descriptor(w.socket[i] = kernel_socket());
	for (i = 0; i < HELD; i++)
		w.held[i] = -1;
}

/* Frees everything, and checks that no memory and no descriptor is left. */
static void
finish(void)
{
	size_t	 i;
	int	 fd;

	mem_fail_at(0);
	for (i = 0; i < IBUFS; i++)
		ibuf_free(w.ibuf[i]);
	for (i = 0; i < IMSGS; i++)
		if (w.imsg[i].buf != NULL)
			imsg_free(&w.imsg[i]);
	for (i = 0; i < MSGBUFS; i++)
		msgbuf_free(w.msgbuf[i]);
	for (i = 0; i < IMSGBUFS; i++)
		if (w.imsgbuf[i].w != NULL)
			imsgbuf_clear(&w.imsgbuf[i]);
	batch_release();
	for (i = 0; i < BATCHES; i++)
		if (w.batch[i] != NULL)
			batch_close(w.batch[i]);
	for (fd = 3; fd <= w.highest; fd++)
		if (kernel_close(fd) == -1)
			CHECK(errno == EBADF);
	CHECK(files == NULL);
	CHECK(mem_live() == 0);
	values_end();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void	(*const kinds[])(uint8_t) = {
		ops_ibuf, ops_ibuf, ops_view, ops_msgbuf, ops_imsgbuf,
		ops_imsg, ops_kernel, ops_batch
	};
	struct input	 in = { data, size };
	uint8_t		 op;

	start(&in);
	while (in.n > 0 && values_used < VALUES - 1) {
		op = next8(&in);
		kinds[op % 8](next8(&in));
	}
	finish();
	return (0);
}
