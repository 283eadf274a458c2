/*
 * The peer of the lives over sockets: a program that knows nothing of imsg, and
 * does what its standard input says.
 *
 *	lives-peer PATH | tcp
 *
 * It listens on a Unix socket at PATH, or on a port of 127.0.0.1, prints
 * "L ADDRESS", and serves one connection after the other. Commands, a line each:
 *
 *	b N [NAME]	sends the N bytes that follow the line; with NAME, a memory
 *			file of that name travels with the first of them
 *	e		half-closes behind everything that is to be sent
 *	r		resets the connection (TCP), or closes it (Unix), now
 *	x		closes the connection now
 *	s, g		stops reading, reads on
 *	k N		reads up to N bytes although it has stopped
 *	n		closes the connection and accepts the next one
 *
 * After each command and each event it prints a line of numbers: the commands so
 * far, the connections, then of this connection: bytes read, their FNV-1a of 32
 * bits, bytes sent, bytes to send, 1 if the other end has ended, errno of an error,
 * and the descriptors that came, with the sum of their inodes.
 * It exits when standard input ends.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct piece {
	struct piece	*next;
	size_t		 length, at;
	int		 fd;
	char		 bytes[];
};

static int		 listener, conn = -1, ended, stopped, failed;
static int		 ready = 1;	/* for the next connection */
static int		 is_tcp, ends;
static size_t		 budget;	/* bytes to read while stopped */
static struct piece	*first, **last = &first;
static uint64_t		 commands, connections, nread, sent, queued, nfds, inodes;
static uint32_t		 fnv;

static char		*input;
static size_t		 input_length, input_size;

static void
report(void)
{
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu64 " %" PRIu64
	    " %d %d %" PRIu64 " %" PRIu64 "\n", commands, connections, nread, fnv,
	    sent, queued, ended, failed, nfds, inodes);
	fflush(stdout);
}

static void
forget(void)
{
	struct piece	*piece;

	while ((piece = first) != NULL) {
		first = piece->next;
		if (piece->fd != -1)
			close(piece->fd);
		free(piece);
	}
	last = &first;
	queued = 0;
}

static void
hang_up(int reset)
{
	struct linger	 now = { 1, 0 };

	if (conn == -1)
		return;
	if (reset && is_tcp)
		setsockopt(conn, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(conn);
	conn = -1;
	forget();
}

static void
fail(int error)
{
	failed = error;
	hang_up(0);
}

static void
queue(const char *bytes, size_t length, const char *name)
{
	struct piece	*piece;

	if (conn == -1)
		return;
	if ((piece = malloc(sizeof(*piece) + length)) == NULL)
		err(1, "malloc");
	piece->next = NULL;
	piece->length = length;
	piece->at = 0;
	piece->fd = name == NULL ? -1 : memfd_create(name, 0);
	memcpy(piece->bytes, bytes, length);
	*last = piece;
	last = &piece->next;
	queued += length;
}

static ssize_t
send_piece(struct piece *piece)
{
	union {
		char		 bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	 header;
	} control = { 0 };
	struct iovec	 iov = { piece->bytes + piece->at, piece->length - piece->at };
	struct msghdr	 message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (piece->fd != -1) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &piece->fd, sizeof(int));
	}
	return sendmsg(conn, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
send_more(void)
{
	struct piece	*piece;
	ssize_t		 count;

	while ((piece = first) != NULL) {
		if ((count = send_piece(piece)) == -1) {
			if (errno != EAGAIN)
				fail(errno);
			return;
		}
		if (piece->fd != -1) {
			close(piece->fd);
			piece->fd = -1;
		}
		sent += count;
		queued -= count;
		if ((piece->at += count) < piece->length)
			continue;
		if ((first = piece->next) == NULL)
			last = &first;
		free(piece);
	}
	if (ends == 1) {
		ends = 2;
		shutdown(conn, SHUT_WR);
	}
}

/* Counts and closes the descriptors that came with bytes. */
static void
take_fds(struct msghdr *message)
{
	struct cmsghdr	*header;
	struct stat	 st;
	size_t		 i, count;
	int		 fd;

	for (header = CMSG_FIRSTHDR(message); header != NULL;
	    header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_type != SCM_RIGHTS)
			continue;
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
			if (fstat(fd, &st) == -1)
				err(1, "fstat");
			nfds++;
			inodes += st.st_ino;
			close(fd);
		}
	}
}

static void
receive(void)
{
	static char	 buffer[65536];
	union {
		char		 bytes[CMSG_SPACE(64 * sizeof(int))];
		struct cmsghdr	 header;
	} control;
	struct iovec	 iov = { buffer, sizeof(buffer) };
	struct msghdr	 message = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes) };
	ssize_t		 count, i;

	if (stopped && budget < iov.iov_len)
		iov.iov_len = budget;
	count = recvmsg(conn, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (count == -1) {
		if (errno != EAGAIN)
			fail(errno);
		return;
	}
	take_fds(&message);
	if (count == 0)
		ended = 1;
	for (i = 0; i < count; i++)
		fnv = (fnv ^ (unsigned char)buffer[i]) * 16777619;
	nread += count;
	if (stopped)
		budget -= count;
}

static void
next(void)
{
	hang_up(0);
	ended = stopped = failed = ends = 0;
	budget = nread = sent = nfds = inodes = 0;
	fnv = 2166136261;
	ready = 1;
}

static void
accept_one(void)
{
	int	 one = 1;

	if ((conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1)
		err(1, "accept");
	if (is_tcp)
		setsockopt(conn, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	ready = 0;
	connections++;
}

/* Obeys the command at the start of the input; returns its length, 0 if it is not there. */
static size_t
obey(void)
{
	char	*end = memchr(input, '\n', input_length), name[64];
	size_t	 length, number = 0;
	int	 fields;

	if (end == NULL)
		return 0;
	*end = '\0';
	length = end + 1 - input;
	fields = sscanf(input + 1, "%zu %63s", &number, name);
	switch (input[0]) {
	case 'b':
		if (input_length < length + number) {
			*end = '\n';
			return 0;
		}
		queue(input + length, number, fields == 2 ? name : NULL);
		length += number;
		break;
	case 'e':
		if (conn != -1 && ends == 0)
			ends = 1;
		break;
	case 'r':
	case 'x':
		hang_up(input[0] == 'r');
		break;
	case 's':
		stopped = 1;
		budget = 0;
		break;
	case 'g':
		stopped = 0;
		break;
	case 'k':
		budget += number;
		break;
	case 'n':
		next();
		break;
	default:
		errx(1, "no command: %s", input);
	}
	commands++;
	return length;
}

static void
read_commands(void)
{
	ssize_t	 count;
	size_t	 at = 0, length;
	char	*all = input;

	if (input_size - input_length < 65536) {
		input_size = 2 * input_size + 65536;
		if ((all = input = realloc(input, input_size)) == NULL)
			err(1, "realloc");
	}
	if ((count = read(0, input + input_length, input_size - input_length)) <= 0)
		exit(0);
	input_length += count;
	while (input_length > 0 && (length = obey()) > 0) {
		at += length;
		input += length;
		input_length -= length;
	}
	input = all;
	memmove(input, input + at, input_length);
}

static void
open_listener(const char *where)
{
	struct sockaddr_un	 un = { .sun_family = AF_UNIX };
	struct sockaddr_in	 in = { .sin_family = AF_INET };
	socklen_t		 length = sizeof(in);
	int			 size = 4096;

	is_tcp = strcmp(where, "tcp") == 0;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", where);
	if (!is_tcp)
		unlink(where);		/* the file of a peer that was killed */
	listener = socket(is_tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener == -1)
		err(1, "socket");
	/* so little that a peer that does not read is noticed soon */
	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (bind(listener, is_tcp ? (struct sockaddr *)&in : (struct sockaddr *)&un,
	    is_tcp ? sizeof(in) : sizeof(un)) == -1 || listen(listener, 5) == -1)
		err(1, "%s", where);
	if (is_tcp) {
		if (getsockname(listener, (struct sockaddr *)&in, &length) == -1)
			err(1, "getsockname");
		printf("L %d\n", ntohs(in.sin_port));
	} else
		printf("L %s\n", where);
	fflush(stdout);
}

int
main(int argc, char *argv[])
{
	struct pollfd	 polls[3];

	if (argc != 2)
		errx(2, "usage: lives-peer PATH | tcp");
	signal(SIGPIPE, SIG_IGN);
	open_listener(argv[1]);
	next();
	for (;;) {
		polls[0] = (struct pollfd){ .fd = 0, .events = POLLIN };
		polls[1] = (struct pollfd){ .fd = ready ? listener : -1, .events = POLLIN };
		polls[2] = (struct pollfd){ .fd = conn };
		if (!ended && (!stopped || budget > 0))
			polls[2].events |= POLLIN;
		if (first != NULL || ends == 1)
			polls[2].events |= POLLOUT;
		if (polls[2].events == 0)
			polls[2].fd = -1;	/* POLLHUP would come for ever */
		if (poll(polls, 3, -1) == -1)
			err(1, "poll");
		if (conn != -1 && polls[2].revents & (POLLIN | POLLHUP | POLLERR) &&
		    polls[2].events & POLLIN)
			receive();
		if (conn != -1 && polls[2].revents & (POLLOUT | POLLHUP | POLLERR) &&
		    polls[2].events & POLLOUT)
			send_more();
		if (polls[0].revents != 0)
			read_commands();
		if (polls[1].revents != 0 && ready)
			accept_one();
		report();
	}
}
