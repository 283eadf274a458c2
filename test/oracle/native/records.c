/*
 * Prints the messages that the native decoder reads from bytes, for a test to compare.
 *
 * A message is the line
 *	message TYPE LEN PEERID PID MARK FD PAYLOAD
 * LEN without the mark, MARK 1 if the header says that a descriptor is
 * attached, FD 1 if one came along, PAYLOAD in hexadecimal or "-" if empty.
 * "end" follows the last message, or "error NAME" where reading failed.
 *
 * --mode records reads records from stdin, u32 in host order:
 *	u32 maxsize (0: default), u32 flags, u32 n, u32 length[n], then the bytes
 * of n parts, and prints what each record decodes to. The parts are read one
 * by one, so a test decides where the reads are cut. Flag 1 reads with recvmsg
 * (imsgbuf_allow_fdpass) and not readv.
 */
#include <sys/types.h>
#include <sys/queue.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "peer.h"

#define RECORD_FDPASS	0x01
/* Well below the read buffer and what a socket takes at once. */
#define SLICE		32768

const char *
errno_name(int error)
{
	static char	 text[32];

	switch (error) {
	case EBADMSG:
		return "EBADMSG";
	case ECONNRESET:
		return "ECONNRESET";
	case EINVAL:
		return "EINVAL";
	case ENOMEM:
		return "ENOMEM";
	case EPIPE:
		return "EPIPE";
	case ERANGE:
		return "ERANGE";
	}
	snprintf(text, sizeof(text), "errno-%d", error);
	return text;
}

void
print_message(struct imsg *imsg)
{
	const unsigned char	*data = imsg->data;
	struct imsg_hdr		 raw;
	size_t			 j, len = imsg_get_len(imsg);
	int			 fd;

	/* imsg_get hides the mark; the buffer still has the header as it came */
	ibuf_rewind(imsg->buf);
	if (ibuf_get(imsg->buf, &raw, sizeof(raw)) == -1)
		err(1, "ibuf_get");
	if ((fd = imsg_get_fd(imsg)) != -1)
		close(fd);
	printf("message %u %u %u %u %d %d ", imsg_get_type(imsg),
	    imsg->hdr.len, imsg_get_id(imsg), (uint32_t)imsg_get_pid(imsg),
	    raw.len != imsg->hdr.len, fd != -1);
	if (len == 0)
		putchar('-');
	for (j = 0; j < len; j++)
		printf("%02x", data[j]);
	putchar('\n');
}

void
print_end(int error)
{
	if (error == 0)
		printf("end\n");
	else
		printf("error %s\n", errno_name(error));
}

static int
print_available(struct imsgbuf *ib)
{
	struct imsg	 imsg;
	ssize_t		 n;

	while ((n = imsg_get(ib, &imsg)) > 0) {
		print_message(&imsg);
		imsg_free(&imsg);
	}
	return (int)n;
}

/* Returns 0 to continue, or an errno. */
static int
feed(int fd, struct imsgbuf *ib, const unsigned char *data, size_t len)
{
	size_t	 n;
	int	 left, ret;

	for (; len > 0; data += n, len -= n) {
		n = len < SLICE ? len : SLICE;
		if (write(fd, data, n) != (ssize_t)n)
			err(1, "write");
		do {
			errno = 0;
			ret = imsgbuf_read(ib);
			if (print_available(ib) == -1)
				err(1, "imsg_get");
			if (ret != 1)
				return errno == 0 ? EIO : errno;
			if (ioctl(ib->fd, FIONREAD, &left) == -1)
				err(1, "FIONREAD");
		} while (left > 0);
	}
	return 0;
}

static void
run(uint32_t maxsize, uint32_t flags, uint32_t n, const uint32_t *lengths,
    const unsigned char *data)
{
	struct imsgbuf	 ib;
	uint32_t	 i;
	int		 fds[2], error = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		err(1, "socketpair");
	if (imsgbuf_init(&ib, fds[1]) == -1)
		err(1, "imsgbuf_init");
	if (maxsize != 0 && imsgbuf_set_maxsize(&ib, maxsize) == -1)
		err(1, "imsgbuf_set_maxsize");
	if (flags & RECORD_FDPASS)
		imsgbuf_allow_fdpass(&ib);
	for (i = 0; i < n && error == 0; i++) {
		error = feed(fds[0], &ib, data, lengths[i]);
		data += lengths[i];
	}
	close(fds[0]);
	if (error == 0 && imsgbuf_read(&ib) != 0)
		errx(1, "no end after the last part");
	print_end(error);
	imsgbuf_clear(&ib);
	close(fds[1]);
}

static int
get(void *data, size_t len)
{
	return len == 0 || fread(data, len, 1, stdin) == 1;
}

int
records_run(void)
{
	uint32_t	 head[3], i, *lengths;
	unsigned char	*data;
	size_t		 total;

	while (get(head, sizeof(head))) {
		if ((lengths = calloc((size_t)head[2] + 1,
		    sizeof(*lengths))) == NULL)
			err(1, NULL);
		if (!get(lengths, head[2] * sizeof(*lengths)))
			errx(1, "stdin ends inside a record");
		for (i = 0, total = 0; i < head[2]; i++)
			total += lengths[i];
		if ((data = malloc(total + 1)) == NULL)
			err(1, NULL);
		if (!get(data, total))
			errx(1, "stdin ends inside a record");
		run(head[0], head[1], head[2], lengths, data);
		free(data);
		free(lengths);
	}
	return fflush(stdout) == EOF;
}
