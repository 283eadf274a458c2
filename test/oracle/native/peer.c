/*
 * peer: a program that speaks imsg natively, with the original C built by the
 * system's compiler. It is the other end of the tests.
 *
 *	peer --listen PATH	many connections at once; prints "ready\n"
 *	peer --connect PATH	one connection
 *	peer --fd N		one connection on an inherited descriptor (3)
 *
 * --mode MODE decides what a connection does:
 *	serve	 (default) obeys commands, see below
 *	echo	 sends every imsg back: same type, peerid, pid (0 too), payload;
 *		 with --fdpass its descriptor too
 *	sum	 at the end of input sends one SUM (2); --each: after every
 *		 message as well
 *	send	 sends --count messages of --size bytes, then closes
 *	die	 sends --good messages, then the first --cut bytes of another one
 *		 of --size bytes (default: header and half of the payload; below
 *		 16 it is a part of a header), and closes
 *	bad	 sends --good messages, then a bare header with --len, and then
 *		 ignores what comes until the other end closes
 *	close	 closes at once
 *	reset	 waits until something arrives and closes without reading it:
 *		 the other end gets ECONNRESET
 *	stall	 reads nothing for --ms, then echoes
 *	greet	 sends one GREETING (17, payload "hello") and then echoes
 *	dump	 prints each message (of fd 0 by default), see records.c
 *	handover sends a TAKE_FD with a descriptor, ends its side, and dumps what
 *		 comes back; needs --fdpass
 *	records	 no connection: prints what records on stdin decode to
 *
 * Commands of serve, by imsg type. Numbers are u32 in host order; one that is
 * missing takes the value in brackets. Replies carry the command's type and
 * peerid, and the peer's pid.
 *	 1 ECHO		  sent back as in echo mode
 *	 2 SUM		  reply: u64 count, u64 bytes, u64 FNV-1a (see below)
 *	 3 SEND n [1] s [0]  n messages of s bytes
 *	 4 DIE s [64] c [16+s/2]  the first c bytes of a message of s bytes, close
 *	 5 BAD l [0]	  a bare header with length l; deaf from then on
 *	 6 QUIT		  closes once all replies are written
 *	 7 STALL ms [0]	  reads nothing for ms, then an empty reply
 *	 8 GIVE_FD	  reply with the payload "descriptor" and, with --fdpass, a
 *			  pipe to read the same text from
 *	 9 TAKE_FD	  reply: u32 1 and what was read from the descriptor that
 *			  came with it, or u32 0 if none did
 *	 others		  counted, no reply
 * Commands are obeyed in order: the next waits while a SEND or STALL lasts.
 *
 * A SUM counts the messages of the connection, payload bytes, and FNV-1a of 64
 * bits over all payloads in order. In serve mode types 2 to 9 do not count.
 *
 * Messages by formula (send, SEND, --good, and the one that is cut):
 * message i (from 0, for each SEND again) has type --type (16), peerid i, the
 * peer's pid, and payload byte j is (i * 31 + j * 7 + (j >> 8)) & 0xff.
 * A cut message has the i that comes next. A bad header has type --type,
 * peerid i and the peer's pid; it is built as given, --len may set bit 31.
 *
 * Other options:
 *	--maxsize N	imsgbuf_set_maxsize
 *	--fdpass	imsgbuf_allow_fdpass
 *	--pid N		the pid of the messages it originates
 *	--connections N	with --listen: exit after N connections have ended
 *	--sndbuf N	SO_SNDBUF, to make partial writes likely
 *	--tied		exit when stdin ends, so that no test leaves a peer behind
 *
 * Reading never waits for writing: replies queue up without limit. Closing
 * first shuts down both directions and reads what has arrived, because Linux
 * turns a close with unread data into ECONNRESET. A bad header from the other
 * end is reported on stderr after the good messages were answered, and the
 * connection closed. Exit status: 0, or 1 if a connection failed, 2 for usage.
 */
#include <sys/types.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peer.h"

#define MAX_CONNS	256

struct options options = {
	.count = 1, .size = 64, .type = TYPE_DATA, .good = 2, .ms = 100
};

static const char *const modes[] = {
	[MODE_SERVE] = "serve", [MODE_ECHO] = "echo", [MODE_SUM] = "sum",
	[MODE_SEND] = "send", [MODE_DIE] = "die", [MODE_BAD] = "bad",
	[MODE_CLOSE] = "close", [MODE_RESET] = "reset",
	[MODE_STALL] = "stall", [MODE_GREET] = "greet", [MODE_DUMP] = "dump",
	[MODE_HANDOVER] = "handover", [MODE_RECORDS] = "records"
};

static struct conn	*conns[MAX_CONNS];
static size_t		 nconns;
static int		 status;

static void
usage(void)
{
	fprintf(stderr, "usage: peer --listen PATH | --connect PATH | --fd N "
	    "[--mode MODE] [options]\n(the comment at the top of "
	    "test/oracle/native/peer.c describes them)\n");
	exit(2);
}

static uint32_t
number(const char *name, const char *text)
{
	unsigned long long	 value;
	char			*end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' ||
	    value > UINT32_MAX)
		errx(2, "--%s %s: not a number of 32 bits", name, text);
	return (uint32_t)value;
}

static enum mode
find_mode(const char *name)
{
	size_t	 i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i], name) == 0)
			return (enum mode)i;
	errx(2, "--mode %s: no such mode", name);
}

static int
unix_socket(const char *path, int listening)
{
	struct sockaddr_un	 sun;
	int			 fd;

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sun.sun_path))
		errx(2, "%s: too long for a Unix socket", path);
	strcpy(sun.sun_path, path);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1)
		err(1, "socket");
	if (listening) {
		if (unlink(path) == -1 && errno != ENOENT)
			err(1, "%s", path);
		if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
		    listen(fd, 128) == -1)
			err(1, "%s", path);
	} else if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", path);
	return fd;
}

static void
add_conn(int fd)
{
	if ((conns[nconns] = conn_new(fd)) == NULL)
		err(1, "connection");
	nconns++;
}

static void
end_conn(size_t i)
{
	if (conns[i]->failed)
		status = 1;
	conn_free(conns[i]);
	conns[i] = conns[--nconns];
}

/* The time until the first stall is over, for poll. */
static int
poll_timeout(void)
{
	uint64_t	 now = now_ms(), first = 0;
	size_t		 i;

	for (i = 0; i < nconns; i++)
		if (conns[i]->stalled_until != 0 && (first == 0 ||
		    conns[i]->stalled_until < first))
			first = conns[i]->stalled_until;
	if (first == 0)
		return -1;
	return first <= now ? 0 : (int)(first - now);
}

static void
loop(int listener)
{
	struct pollfd	 pfd[MAX_CONNS + 2];
	uint32_t	 accepted = 0;
	size_t		 i, n;
	int		 fd;
	char		 byte;

	for (;;) {
		if (options.connections != 0 &&
		    accepted >= options.connections && listener != -1) {
			close(listener);
			listener = -1;
		}
		if (listener == -1 && nconns == 0)
			return;
		for (i = 0; i < nconns; i++) {
			pfd[i].events = conn_events(conns[i]);
			/* poll reports a hang-up even if asked for nothing */
			pfd[i].fd = pfd[i].events == 0 ? -1 : conns[i]->ib.fd;
		}
		n = nconns;
		pfd[n].fd = n < MAX_CONNS ? listener : -1;
		pfd[n].events = POLLIN;
		pfd[n + 1].fd = options.tied ? STDIN_FILENO : -1;
		pfd[n + 1].events = POLLIN;
		if (poll(pfd, n + 2, poll_timeout()) == -1) {
			if (errno == EINTR)
				continue;
			err(1, "poll");
		}
		if (pfd[n + 1].fd != -1 && pfd[n + 1].revents != 0 &&
		    read(STDIN_FILENO, &byte, 1) <= 0)
			exit(status);
		/* backwards: an ended connection is replaced by the last */
		for (i = n; i-- > 0;)
			if (conn_ready(conns[i], pfd[i].fd == -1 ? 0 :
			    pfd[i].revents) == 0)
				end_conn(i);
		if (pfd[n].fd != -1 && pfd[n].revents != 0 &&
		    (fd = accept(listener, NULL, NULL)) != -1) {
			accepted++;
			add_conn(fd);
		}
	}
}

static const struct option longopts[] = {
	{ "listen", required_argument, NULL, 'L' },
	{ "connect", required_argument, NULL, 'C' },
	{ "fd", required_argument, NULL, 'F' },
	{ "mode", required_argument, NULL, 'm' },
	{ "count", required_argument, NULL, 'n' },
	{ "size", required_argument, NULL, 's' },
	{ "type", required_argument, NULL, 't' },
	{ "good", required_argument, NULL, 'g' },
	{ "cut", required_argument, NULL, 'c' },
	{ "len", required_argument, NULL, 'l' },
	{ "ms", required_argument, NULL, 'w' },
	{ "maxsize", required_argument, NULL, 'x' },
	{ "pid", required_argument, NULL, 'p' },
	{ "connections", required_argument, NULL, 'N' },
	{ "sndbuf", required_argument, NULL, 'b' },
	{ "fdpass", no_argument, &options.fdpass, 1 },
	{ "each", no_argument, &options.each, 1 },
	{ "tied", no_argument, &options.tied, 1 },
	{ NULL, 0, NULL, 0 }
};

int
main(int argc, char *argv[])
{
	const char	*path = NULL;
	int		 ch, idx, fd = -1, listening = 0;

	while ((ch = getopt_long(argc, argv, "", longopts, &idx)) != -1) {
		if (ch == 0)
			continue;
		if (ch == 'L' || ch == 'C') {
			path = optarg;
			listening = ch == 'L';
			continue;
		}
		if (ch == 'm') {
			options.mode = find_mode(optarg);
			continue;
		}
		if (ch == '?')
			usage();
		uint32_t value = number(longopts[idx].name, optarg);
		switch (ch) {
		case 'F': fd = (int)value; break;
		case 'n': options.count = value; break;
		case 's': options.size = value; break;
		case 't': options.type = value; break;
		case 'g': options.good = value; break;
		case 'c': options.cut = value; options.has_cut = 1; break;
		case 'l': options.len = value; break;
		case 'w': options.ms = value; break;
		case 'x': options.maxsize = value; break;
		case 'p': options.pid = value; break;
		case 'N': options.connections = value; break;
		case 'b': options.sndbuf = value; break;
		}
	}
	if (options.mode == MODE_RECORDS)
		return records_run();
	if (path == NULL && fd == -1 && options.mode == MODE_DUMP)
		fd = STDIN_FILENO;
	if (argc != optind || (path == NULL) == (fd == -1))
		usage();

	signal(SIGPIPE, SIG_IGN);
	if (path != NULL)
		fd = unix_socket(path, listening);
	if (listening) {
		printf("ready\n");
		if (fflush(stdout) == EOF)
			err(1, "stdout");
		loop(fd);
	} else {
		add_conn(fd);
		loop(-1);
	}
	return status;
}
