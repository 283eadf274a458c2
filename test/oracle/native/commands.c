/* The native peer's handling of messages; peer.c describes the protocol. */
#include <sys/types.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

static const char descriptor_text[] = "descriptor";

static void
fill(unsigned char *data, size_t len, uint32_t i)
{
	size_t	 j;

	for (j = 0; j < len; j++)
		data[j] = (i * 31 + j * 7 + (j >> 8)) & 0xff;
}

static void
count(struct conn *c, const struct imsg *imsg, size_t len)
{
	const unsigned char	*data = imsg->data;
	size_t			 j;

	c->count++;
	c->bytes += len;
	for (j = 0; j < len; j++)
		c->fnv = (c->fnv ^ data[j]) * 0x100000001b3ULL;
}

static int
reply(struct conn *c, uint32_t type, uint32_t id, int fd, const void *data,
    size_t len)
{
	return imsg_compose(&c->ib, type, id, 0, fd, data, len) == -1 ? -1 : 0;
}

static int
reply_sum(struct conn *c, uint32_t id)
{
	uint64_t	 sum[3] = { c->count, c->bytes, c->fnv };

	return reply(c, CMD_SUM, id, -1, sum, sizeof(sum));
}

static int
echo(struct conn *c, struct imsg *imsg, size_t len)
{
	struct ibuf	*buf;

	if ((buf = imsg_create(&c->ib, imsg_get_type(imsg), imsg_get_id(imsg),
	    imsg_get_pid(imsg), len)) == NULL)
		return -1;
	if (imsg_add(buf, imsg->data, len) == -1)
		return -1;
	/* imsg_create put our own pid where the sender's is 0 */
	if (ibuf_set_h32(buf, offsetof(struct imsg_hdr, pid),
	    imsg->hdr.pid) == -1) {
		ibuf_free(buf);
		return -1;
	}
	ibuf_fd_set(buf, imsg_get_fd(imsg));
	imsg_close(&c->ib, buf);
	return 0;
}

static int
give_fd(struct conn *c, uint32_t type, uint32_t id)
{
	int	 fd = -1;

	if (options.fdpass && (fd = conn_pipe(descriptor_text)) == -1)
		return -1;
	return reply(c, type, id, fd, descriptor_text,
	    strlen(descriptor_text));
}

static int
take_fd(struct conn *c, struct imsg *imsg)
{
	struct {
		uint32_t	 had;
		char		 text[1024];
	}	 answer;
	ssize_t	 n = 0;
	int	 fd;

	memset(&answer, 0, sizeof(answer));
	if ((fd = imsg_get_fd(imsg)) != -1) {
		answer.had = 1;
		if ((n = read(fd, answer.text, sizeof(answer.text))) == -1)
			n = 0;
		close(fd);
	}
	return reply(c, CMD_TAKE_FD, imsg_get_id(imsg), -1, &answer,
	    offsetof(__typeof__(answer), text) + (size_t)n);
}

static void
stall(struct conn *c, uint32_t ms)
{
	/* 0 means that there is no stall, and it may be due at once */
	c->stalled_until = now_ms() + ms;
}

static void
cut_after(struct conn *c, uint32_t size, uint32_t cut)
{
	c->tail = TAIL_PARTIAL;
	c->tail_size = size;
	c->tail_cut = cut < size + IMSG_HEADER_SIZE ? cut :
	    size + (uint32_t)IMSG_HEADER_SIZE;
}

static void
send_by_formula(struct conn *c, uint32_t n, uint32_t size)
{
	c->next = 0;
	c->left = n;
	c->size = size;
	c->type = options.type;
}

static int
serve(struct conn *c, struct imsg *imsg, size_t len)
{
	uint32_t	 type = imsg_get_type(imsg), id = imsg_get_id(imsg);
	uint32_t	 arg[2] = { 0, 0 };
	size_t		 nargs = len / sizeof(arg[0]);

	if (nargs > 2)
		nargs = 2;
	if (nargs > 0)
		memcpy(arg, imsg->data, nargs * sizeof(arg[0]));

	switch (type) {
	case CMD_SUM:
		return reply_sum(c, id);
	case CMD_SEND:
		send_by_formula(c, nargs > 0 ? arg[0] : 1, arg[1]);
		return 0;
	case CMD_DIE:
		if (nargs < 1)
			arg[0] = 64;
		c->type = options.type;
		cut_after(c, arg[0], nargs > 1 ? arg[1] :
		    (uint32_t)IMSG_HEADER_SIZE + arg[0] / 2);
		return 0;
	case CMD_BAD:
		c->type = options.type;
		c->tail = TAIL_BAD;
		c->tail_len = arg[0];
		return 0;
	case CMD_QUIT:
		c->closing = 1;
		return 0;
	case CMD_STALL:
		stall(c, arg[0]);
		c->stall_reply = 1;
		c->stall_id = id;
		return 0;
	case CMD_GIVE_FD:
		return give_fd(c, type, id);
	case CMD_TAKE_FD:
		return take_fd(c, imsg);
	}
	count(c, imsg, len);
	return type == CMD_ECHO ? echo(c, imsg, len) : 0;
}

/* The actions of a connection before anything has arrived. */
int
command_start(struct conn *c)
{
	static const char	 hello[] = "hello";
	int			 fd;

	switch (options.mode) {
	case MODE_SEND:
		send_by_formula(c, options.count, options.size);
		c->tail = TAIL_CLOSE;
		break;
	case MODE_DIE:
		send_by_formula(c, options.good, options.size);
		cut_after(c, options.size, options.has_cut ? options.cut :
		    (uint32_t)IMSG_HEADER_SIZE + options.size / 2);
		break;
	case MODE_BAD:
		send_by_formula(c, options.good, options.size);
		c->tail = TAIL_BAD;
		c->tail_len = options.len;
		break;
	case MODE_CLOSE:
		c->closing = 1;
		break;
	case MODE_STALL:
		stall(c, options.ms);
		break;
	case MODE_GREET:
		return reply(c, TYPE_GREETING, 0, -1, hello, strlen(hello));
	case MODE_HANDOVER:
		if ((fd = conn_pipe(descriptor_text)) == -1 ||
		    reply(c, CMD_TAKE_FD, 0, fd, NULL, 0) == -1)
			return -1;
		break;
	default:
		break;
	}
	return 0;
}

int
command_handle(struct conn *c, struct imsg *imsg)
{
	size_t	 len = imsg_get_len(imsg);

	switch (options.mode) {
	case MODE_ECHO:
	case MODE_STALL:
	case MODE_GREET:
		return echo(c, imsg, len);
	case MODE_SUM:
		count(c, imsg, len);
		return options.each ? reply_sum(c, imsg_get_id(imsg)) : 0;
	case MODE_SERVE:
		return serve(c, imsg, len);
	case MODE_DUMP:
	case MODE_HANDOVER:
		print_message(imsg);
		return 0;
	default:
		return 0;
	}
}

/* The other end has ended, and all its messages have been processed. */
int
command_end(struct conn *c)
{
	if (options.mode == MODE_SUM)
		return reply_sum(c, 0);
	if (options.mode == MODE_DUMP || options.mode == MODE_HANDOVER)
		print_end(0);
	return 0;
}

/* The next message by formula. */
int
command_generate(struct conn *c)
{
	struct ibuf	*buf;
	void		*data;

	if ((buf = imsg_create(&c->ib, c->type, c->next, 0, c->size)) == NULL)
		return -1;
	if (c->size > 0) {
		if ((data = ibuf_reserve(buf, c->size)) == NULL) {
			ibuf_free(buf);
			return -1;
		}
		fill(data, c->size, c->next);
	}
	imsg_close(&c->ib, buf);
	c->next++;
	c->left--;
	return 0;
}

/* The bytes that follow the messages by formula. */
int
command_tail(struct conn *c)
{
	struct imsg_hdr	 hdr;
	unsigned char	*data;
	enum tail	 tail = c->tail;
	int		 ret;

	c->tail = TAIL_NONE;
	hdr.type = c->type;
	hdr.peerid = c->next;
	hdr.pid = (uint32_t)c->ib.pid;

	if (tail == TAIL_BAD) {
		hdr.len = c->tail_len;
		c->deaf = 1;
		return conn_raw(c, &hdr, sizeof(hdr));
	}
	c->closing = 1;
	if (tail == TAIL_CLOSE)
		return 0;

	hdr.len = (uint32_t)sizeof(hdr) + c->tail_size;
	if ((data = malloc(hdr.len)) == NULL)
		return -1;
	memcpy(data, &hdr, sizeof(hdr));
	fill(data + sizeof(hdr), c->tail_size, c->next);
	ret = conn_raw(c, data, c->tail_cut);
	free(data);
	return ret;
}

int
command_woken(struct conn *c)
{
	if (!c->stall_reply)
		return 0;
	c->stall_reply = 0;
	return reply(c, CMD_STALL, c->stall_id, -1, NULL, 0);
}
