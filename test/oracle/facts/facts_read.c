#include "facts.h"

/* Facts about reading from sockets and from ibufs. */

static struct imsgbuf	 ib;
static unsigned char	 in[70000];

static void
start(int fdpass)
{
	if (imsgbuf_init(&ib, 0) == -1)
		abort();
	if (fdpass)
		imsgbuf_allow_fdpass(&ib);
}

/* Prints the types of all messages that wait. */
static void
drain(void)
{
	struct imsg	 m;

	while (imsg_get(&ib, &m) > 0) {
		printf(" %u", imsg_get_type(&m));
		imsg_free(&m);
	}
}

static void
read_once(const char *what)
{
	int	 rv = imsgbuf_read(&ib);

	printf("%s %d:", what, rv);
	drain();
	printf("; ");
}

static void
bad_header_again(void)
{
	size_t	 n;

	start(0);
	n = message(in, 1, 0, 0);
	n += message(in + n, 2, 4, 'x');
	memset(in + n, 0xff, 16);
	deliver(in, n + 16, -1);
	read_once("first");
	deliver(in, 1, -1);
	read_once("again");
	printf("\n");
}

static void
bad_header_false_end(void)
{
	start(0);
	memset(in, 0xff, sizeof(in));
	deliver(in, 65535, -1);
	printf("first %d, ", imsgbuf_read(&ib));
	deliver(in, 100, -1);
	printf("again %d\n", imsgbuf_read(&ib));
}

static void
malloc_fails_again(void)
{
	size_t	 n;

	start(0);
	n = message(in, 1, 0, 0);
	n += message(in + n, 2, 4, 'x');
	deliver(in, n, -1);
	fail_at = 3;		/* two for the first message */
	read_once("first");
	deliver(in, 1, -1);
	read_once("again");
	printf("\n");
}

/* The original reads the end of a message that was begun earlier as a header. */
static void
malloc_fails_out_of_step(void)
{
	size_t	 n;

	start(0);
	n = message(in, 1, 32, 0);
	n += message(in + n, 2, 4, 'x');
	deliver(in, 20, -1);
	read_once("begun");
	deliver(in + 20, n - 20, -1);
	fail_at = 1;
	read_once("failed");
	deliver(in, 1, -1);
	errno = 0;
	read_once("again");
	printf("errno %s\n", errno == ERANGE ? "ERANGE" : "none");
}

static void
end_inside_message(void)
{
	size_t	 n = message(in, 1, 4, 'x');

	start(0);
	deliver(in, n - 1, -1);
	imsgbuf_read(&ib);
	read_error = 0;
	printf("returned %d\n", imsgbuf_read(&ib));
}

static void
emsgsize(void)
{
	start(1);
	read_error = EMSGSIZE;
	imsgbuf_read(&ib);
}

static void
eintr(void)
{
	start(0);
	read_error = EINTR;
	imsgbuf_read(&ib);
}

static void
half_header_fd(void)
{
	struct imsg_hdr	 hdr = { 1, 16 | 0x80000000U, 0, 1 };
	struct imsg	 m;

	start(1);
	memcpy(in, &hdr, sizeof(hdr));
	deliver(in, 8, 77);
	imsgbuf_read(&ib);
	deliver(in + 8, 8, -1);
	imsgbuf_read(&ib);
	imsg_get(&ib, &m);
	printf("closed %u, first %d, the message has %d\n", nclosed, closed[0],
	    imsg_get_fd(&m));
}

static unsigned int	 headers;

static struct ibuf *
full_header(struct ibuf *hdr, void *arg, int *fd)
{
	struct ibuf	*b = ibuf_open(1);

	(void)hdr;
	(void)arg;
	(void)fd;
	if (++headers == 1000) {
		printf("asked %u times for one header\n", headers);
		fflush(stdout);
		_exit(0);
	}
	ibuf_add_zero(b, 1);
	return (b);
}

static void
reader_full_ibuf(void)
{
	struct msgbuf	*m = msgbuf_new_reader(4, full_header, NULL);

	deliver(in, 4, -1);
	ibuf_read(0, m);
}

static struct ibuf *
empty_header(struct ibuf *hdr, void *arg, int *fd)
{
	(void)hdr;
	(void)arg;
	(void)fd;
	errno = 0;
	return (NULL);
}

static void
reader_refuses(void)
{
	struct msgbuf	*m = msgbuf_new_reader(4, empty_header, NULL);
	int		 rv;

	deliver(in, 4, -1);
	rv = ibuf_read(0, m);
	printf("returned %d, errno %d\n", rv, errno);
}

static void
get_swaps(void)
{
	struct ibuf	*b = ibuf_open(1);
	uint16_t	 v16 = 0x0102;
	uint32_t	 v32 = 0x01020304;
	int		 rv;

	rv = ibuf_get_n16(b, &v16);
	printf("returned %d, value %04x, ", rv, v16);
	rv = ibuf_get_n32(b, &v32);
	printf("returned %d, value %08x\n", rv, v32);
}

static void
no_memory_yet(void)
{
	struct ibuf	*b = ibuf_dynamic(0, 10);
	int		 rv;

	errno = 0;
	rv = ibuf_add(b, "", 0);
	printf("add %d, errno %d; ", rv, errno);
	rv = ibuf_add_zero(b, 0);
	printf("add_zero %d, errno %d; ", rv, errno);
	rv = ibuf_set(b, 0, "", 0);
	printf("set %d, errno %d; ", rv, errno);
	printf("reserve %s, seek %s\n",
	    ibuf_reserve(b, 0) == NULL ? "NULL" : "memory",
	    ibuf_seek(b, 0, 0) == NULL ? "NULL" : "memory");
}

static void
set_after_reading(void)
{
	struct ibuf	*b = ibuf_open(4);
	char		 c;

	ibuf_add(b, "abcd", 4);
	ibuf_get(b, &c, 1);
	ibuf_set(b, 0, "X", 1);
	ibuf_rewind(b);
	printf("%.4s\n", (char *)ibuf_data(b));
}

const struct fact facts_read[] = {
	{ "bad-header-again", bad_header_again },
	{ "bad-header-false-end", bad_header_false_end },
	{ "malloc-fails-again", malloc_fails_again },
	{ "malloc-fails-out-of-step", malloc_fails_out_of_step },
	{ "end-inside-message", end_inside_message },
	{ "emsgsize", emsgsize },
	{ "eintr", eintr },
	{ "half-header-fd", half_header_fd },
	{ "reader-full-ibuf", reader_full_ibuf },
	{ "reader-refuses", reader_refuses },
	{ "get-swaps", get_swaps },
	{ "no-memory-yet", no_memory_yet },
	{ "set-after-reading", set_after_reading },
	{ NULL, NULL }
};
