/* Part of ops.c: queues of ibufs, readers, and the sockets below them. */

static int
any_socket(void)
{
	/* sometimes a number that is no descriptor */
	uint8_t	 which = next8(w.in);

	return (which >= 250 ? which : w.socket[which % SOCKETS]);
}

void
ops_msgbuf(uint8_t op)
{
	size_t		 i = next8(w.in) % MSGBUFS;
	struct msgbuf	*m = w.msgbuf[i];
	struct ibuf	**slot;
	size_t		 n;
	int		 fd, rv;

	if (m == NULL) {
		w.msgbuf_dead[i] = 0;
		n = next16(w.in);
		if (op & 1)
			w.msgbuf[i] = msgbuf_new();
		else
			w.msgbuf[i] = msgbuf_reader(n & 0x8000 ?
			    (uint32_t)n : (uint32_t)n % 40, (uint32_t)n & 7);
		return;
	}
	switch (op % 10) {
	case 0:
		msgbuf_free(m);
		w.msgbuf[i] = NULL;
		break;
	case 1:
		msgbuf_clear(m);
		CHECK(msgbuf_queuelen(m) == 0 && msgbuf_get(m) == NULL);
		w.msgbuf_dead[i] = 0;
		break;
	case 2:
	case 3:
		slot = any_ibuf();
		if (*slot == NULL)
			break;
		n = msgbuf_queuelen(m);
		ibuf_close(m, *slot);
		*slot = NULL;
		CHECK(msgbuf_queuelen(m) == n + 1);
		break;
	case 4:
		slot = any_ibuf();
		put_ibuf(slot, msgbuf_get(m));
		break;
	case 5:
		(void)msgbuf_write(any_socket(), m);
		break;
	case 6:
		(void)ibuf_write(any_socket(), m);
		break;
	default:
		fd = any_socket();
		if (w.msgbuf_dead[i])
			break;
		rv = op & 1 ? msgbuf_read(fd, m) : ibuf_read(fd, m);
		/* after an error of the parser nothing may be read */
		if (rv == -1 && m->rbuf != NULL && kernel_last_read() > 0)
			w.msgbuf_dead[i] = 1;
		CHECK(msgbuf_have(m) <= msgbuf_total(m) ||
		    w.msgbuf_dead[i]);
		break;
	}
}

static void
deliver(int s)
{
	size_t	 n = next8(w.in) & 1 ? next16(w.in) : next8(w.in), got;
	void	*p;
	int	 fds[4], nfds = next8(w.in), k, *own;

	n += n == 0;	/* 0 bytes would mean the end of the stream */
	if ((p = mem_alloc(n)) == NULL)
		return;
	got = next_bytes(w.in, p, n);
	/* otherwise headers of messages that are not longer than maxsize */
	for (; got + 16 <= n && got % 16 == 0; got += 16)
		((uint32_t *)p)[got / 4 + 1] = 16 + (uint32_t)(got & 48);
	nfds = nfds < 128 ? 0 : nfds & 3;
	for (k = 0; k < nfds; k++) {
		own = k > 0 && next8(w.in) > 200 ?
		    &w.socket[next8(w.in) % SOCKETS] : any_held();
		fds[k] = *own == -1 ? 0x3fffffff : *own;
		/* a delivered number belongs to the socket, which may still be used */
		if (*own != -1 && *own != s)
			*own = -1;
	}
	if (nfds > 0 && fds[0] == 0x3fffffff)
		nfds = 0;
	if (kernel_deliver(s, p, n, fds, (uint32_t)nfds) == -1)
		mem_free(p);
}

void
ops_kernel(uint8_t op)
{
	static const int	 errors[] = {
		EAGAIN, EINTR, ENOBUFS, EMSGSIZE, ECONNRESET, EPIPE
	};
	size_t		 i = next8(w.in);
	int		*s = &w.socket[i % SOCKETS], fd;
	int		*held = &w.held[i % HELD];
	int		 error = errors[i / 16 % 6];
	uint32_t	 value;

	switch (op % 16) {
	case 0:
		if (*s == -1)
			saw_descriptor(*s = kernel_socket());
		break;
	case 1:
		if (i == 255) {
			CHECK(kernel_close(*s) == -1 || *s != -1);
			*s = -1;
		}
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		deliver(*s);
		break;
	case 6:
		(void)kernel_deliver_error(*s, error);
		break;
	case 7:
		if (i > 200)
			(void)kernel_deliver_end(*s);
		break;
	case 8:
		(void)kernel_limit_write(*s, next16(w.in));
		break;
	case 9:
		(void)kernel_fail_write(*s, error);
		break;
	case 10:
		(void)kernel_room(*s, i & 1 ? UINT32_MAX : next16(w.in));
		break;
	case 11:
		while (kernel_written(*s) != NULL) {
			value_taken(kernel_written(*s)->value);
			CHECK(kernel_sent(*s) == 0);
		}
		break;
	case 12:
		if (*held == -1)
			saw_descriptor(*held = value_open());
		break;
	case 13:
		if (*held != -1)
			CHECK(kernel_close(*held) == 0 || errno == EBADF);
		*held = -1;
		break;
	case 14:
		fd = *held;
		if (fd != -1 && kernel_value(fd) != 0) {
			CHECK((value = kernel_take(fd)) != 0);
			value_taken(value);
			CHECK(kernel_value(fd) == 0 && kernel_take(fd) == 0);
			*held = -1;
		}
		break;
	case 15:
		mem_fail_at((uint32_t)i & 15);
		break;
	}
}
