#include "facts.h"

/* Facts about composing, queueing and writing. */

static struct imsgbuf	 ib;

static void
start(void)
{
	if (imsgbuf_init(&ib, 0) == -1)
		abort();
}

static void
flush_eagain(void)
{
	start();
	imsg_compose(&ib, 1, 0, 0, -1, "x", 1);
	write_outcome = (struct outcome){ -1, EAGAIN };
	imsgbuf_flush(&ib);
}

static void
flush_empty_ibuf(void)
{
	start();
	imsg_compose_ibuf(&ib, 1, 0, 0, ibuf_dynamic(0, 10));
	imsgbuf_flush(&ib);
}

static void
compose_ibuf_queues_two(void)
{
	start();
	imsg_compose_ibuf(&ib, 1, 0, 0, ibuf_open(4));
	printf("queue length %u\n", imsgbuf_queuelen(&ib));
}

static void
sendmsg_takes_nothing(void)
{
	start();
	imsgbuf_allow_fdpass(&ib);
	imsg_compose(&ib, 1, 0, 0, 77, "x", 1);
	write_outcome.n = 0;
	printf("returned %d, ", imsgbuf_write(&ib));
	printf("closed %u, first %d, queue length %u\n", nclosed, closed[0],
	    imsgbuf_queuelen(&ib));
}

static void
compose_fails_fd_stays(void)
{
	static char	 big[20000];
	int		 rv;

	start();
	rv = imsg_compose(&ib, 1, 0, 0, 77, big, sizeof(big));
	printf("returned %d, errno %s, closed %u\n", rv,
	    errno == ERANGE ? "ERANGE" : "?", nclosed);
}

static void
close_view(void)
{
	struct ibuf	 view;

	start();
	ibuf_from_buffer(&view, "abc", 3);
	imsg_close(&ib, &view);
}

static void
compose_ibuf_view(void)
{
	struct ibuf	 view;

	start();
	ibuf_from_buffer(&view, "abc", 3);
	imsg_compose_ibuf(&ib, 1, 0, 0, &view);
}

static void
compose_ibuf_view_too_large(void)
{
	static char	 big[20000];
	struct ibuf	 view;

	start();
	ibuf_from_buffer(&view, big, sizeof(big));
	imsg_compose_ibuf(&ib, 1, 0, 0, &view);
}

static void
free_view(void)
{
	struct ibuf	 view;

	ibuf_from_buffer(&view, "abc", 3);
	ibuf_free(&view);
}

static void
fd_set_view(void)
{
	struct ibuf	 view;

	ibuf_from_buffer(&view, "abc", 3);
	ibuf_fd_set(&view, -1);
}

static void
add_to_view(void)
{
	struct ibuf	 view;

	ibuf_from_buffer(&view, "abc", 3);
	imsg_add(&view, "d", 1);
}

static void
after_clear(void)
{
	start();
	imsgbuf_clear(&ib);
	imsgbuf_queuelen(&ib);
}

static void
create_wraps(void)
{
	struct ibuf	*msg;

	start();
	msg = imsg_create(&ib, 1, 0, 0, SIZE_MAX - 15);
	printf("%s, size %zu\n", msg == NULL ? "refused" : "made",
	    msg == NULL ? 0 : ibuf_size(msg));
}

static void
close_short_ibuf(void)
{
	struct ibuf	*b = ibuf_dynamic(4, 100);

	start();
	ibuf_add(b, "abcd", 4);
	imsg_close(&ib, b);
	printf("queue length %u, errno %s\n", imsgbuf_queuelen(&ib),
	    errno == ERANGE ? "ERANGE" : "?");
}

static void
forward_keeps_fd(void)
{
	static unsigned char	 in[64];
	struct imsg		 m;
	struct imsg_hdr		 hdr = { 1, 17 | 0x80000000U, 0, 1 };

	start();
	imsgbuf_allow_fdpass(&ib);
	memcpy(in, &hdr, sizeof(hdr));
	deliver(in, 17, 77);
	imsgbuf_read(&ib);
	imsg_get(&ib, &m);
	imsg_forward(&ib, &m);
	printf("closed %u, the message has %d\n", nclosed, imsg_get_fd(&m));
}

const struct fact facts_write[] = {
	{ "flush-eagain", flush_eagain },
	{ "flush-empty-ibuf", flush_empty_ibuf },
	{ "compose-ibuf-queues-two", compose_ibuf_queues_two },
	{ "sendmsg-takes-nothing", sendmsg_takes_nothing },
	{ "compose-fails-fd-stays", compose_fails_fd_stays },
	{ "close-view", close_view },
	{ "compose-ibuf-view", compose_ibuf_view },
	{ "compose-ibuf-view-too-large", compose_ibuf_view_too_large },
	{ "free-view", free_view },
	{ "fd-set-view", fd_set_view },
	{ "add-to-view", add_to_view },
	{ "after-clear", after_clear },
	{ "create-wraps", create_wraps },
	{ "close-short-ibuf", close_short_ibuf },
	{ "forward-keeps-fd", forward_keeps_fd },
	{ NULL, NULL }
};
