/* Part of stream.c: sends the messages on by batch, by imsgbuf and by a plain encoder. */

static int
message_fd(const struct message *m)
{
	int	 fd;

	if (!m->has_fd)
		return (-1);
	CHECK((fd = value_open()) != -1);
	return (fd);
}

/* Notes that a descriptor was sent with the byte at this offset. */
static void
fd_sent(struct bytes *fds, size_t at, uint32_t value)
{
	value_taken(value);
	put_word(fds, (uint32_t)at);
	put_word(fds, value);
}

static struct bytes	 batch_fds, single_fds;

static void
take_written(void)
{
	struct batch_result	*r = batch_result();

	if (r->txvalue != 0)
		fd_sent(&batch_fds, batch_wire.n, r->txvalue);
	put(&batch_wire, r->tx, r->txlen);
}

static void
drain_batch(struct batch *b)
{
	struct batch_result	*r = batch_result();

	do {
		CHECK(batch_flush(b) == 0);
		take_written();
		CHECK(r->txlen > 0 || !r->more);
	} while (r->more);
}

static void
write_batched(void)
{
	const int		 flags = batch_flags();
	struct imsg_hdr		 rec;
	struct batch		*b;
	struct message		*m;
	unsigned char		*p = batch_window();
	void			*data;
	size_t			 i, len;
	uint32_t		 count = 0;

	CHECK((b = batch_open(plan.maxsize, PID, flags)) != NULL);
	for (i = 0; i < nmessages; i++) {
		m = &messages[i];
		rec = m->hdr;
		len = rec.len - sizeof(rec);
		if (m->kind == 0 || m->has_fd || rec.len > BATCH_WINDOW) {
			CHECK(batch_compose(b, count, 0) == count);
			p = batch_window();
			count = 0;
			data = batch_create(b, rec.type, rec.peerid, rec.pid,
			    len);
			CHECK(data != NULL);
			memcpy(data, plan.stream + m->at, len);
			batch_finish(b, message_fd(m));
			continue;
		}
		if ((size_t)(p - batch_window()) + rec.len > BATCH_WINDOW) {
			CHECK(batch_compose(b, count, 0) == count);
			p = batch_window();
			count = 0;
		}
		memcpy(p, &rec, sizeof(rec));
		memcpy(p + sizeof(rec), plan.stream + m->at, len);
		p += rec.len;
		count++;
		if ((i & 63) == 63) {
			/* in place, if nothing was queued before */
			CHECK(batch_compose(b, count, 1) == count);
			p = batch_window();
			count = 0;
			take_written();
			drain_batch(b);
		}
	}
	CHECK(batch_compose(b, count, 0) == count);
	drain_batch(b);
	batch_close(b);
	CHECK(mem_live() == 0);
	values_end();
}

static void
drain_single(struct imsgbuf *imsgbuf)
{
	struct segment	*g;

	while ((g = kernel_written(imsgbuf->fd)) != NULL) {
		CHECK((g->fd != -1) == (g->value != 0));
		if (g->value != 0)
			fd_sent(&single_fds, single_wire.n, g->value);
		put(&single_wire, g->data, g->len);
		CHECK(kernel_sent(imsgbuf->fd) == 0);
	}
}

static void
compose_single(struct imsgbuf *imsgbuf, struct message *m)
{
	const unsigned char	*data = plan.stream + m->at;
	struct imsg_hdr		*h = &m->hdr;
	struct iovec		 iov[2];
	struct ibuf		*b;
	struct imsg		 imsg;
	size_t			 len = h->len - 16;

	switch (m->kind) {
	case 0:
	case 1:
		CHECK(imsg_compose(imsgbuf, h->type, h->peerid,
		    (pid_t)h->pid, message_fd(m), data, len) == 1);
		break;
	case 2:
		iov[0].iov_base = (void *)(uintptr_t)data;
		iov[0].iov_len = len / 3;
		iov[1].iov_base = (void *)(uintptr_t)(data + len / 3);
		iov[1].iov_len = len - len / 3;
		CHECK(imsg_composev(imsgbuf, h->type, h->peerid,
		    (pid_t)h->pid, message_fd(m), iov, 2) == 1);
		break;
	case 3:
		CHECK((b = ibuf_dynamic(len, len + 1)) != NULL);
		/* adding 0 bytes to an ibuf without memory fails */
		CHECK(ibuf_add(b, data, len) == (len == 0 ? -1 : 0));
		CHECK(imsg_compose_ibuf(imsgbuf, h->type, h->peerid,
		    (pid_t)h->pid, b) == 1);
		break;
	case 4:
		CHECK((imsg.buf = ibuf_dynamic(16, h->len)) != NULL);
		CHECK(ibuf_add(imsg.buf, h, 16) == 0);
		CHECK(ibuf_add(imsg.buf, data, len) == 0);
		imsg.hdr = *h;
		CHECK(imsg_forward(imsgbuf, &imsg) == 1);
		imsg_free(&imsg);
		break;
	}
}

static void
write_single(void)
{
	struct imsgbuf	 imsgbuf;
	size_t		 i;
	uint32_t	 room;
	int		 s;

	CHECK((s = kernel_socket()) != -1);
	CHECK(imsgbuf_init(&imsgbuf, s) == 0);
	CHECK(imsgbuf_set_maxsize(&imsgbuf, plan.maxsize) == 0);
	imsgbuf.pid = PID;
	if (plan.fdpass)
		imsgbuf_allow_fdpass(&imsgbuf);
	for (i = 0; i < nmessages; i++) {
		compose_single(&imsgbuf, &messages[i]);
		if ((i & 15) != 15 && i + 1 < nmessages)
			continue;
		/* written in steps of arbitrary length */
		room = 1 + (uint32_t)(plan.chunks[i / 16 % CHUNKS]);
		if (i < 512) {
			CHECK(kernel_room(s, room) == 0);
			if (imsgbuf_flush_bounded(&imsgbuf) == -1)
				CHECK(errno == EAGAIN);
			CHECK(kernel_room(s, 1) == 0);
			if (plan.refuse)
				CHECK(kernel_fail_write(s, ENOBUFS) == 0 &&
				    kernel_fail_write(s, EINTR) == 0 &&
				    kernel_limit_write(s, 3) == 0);
			if (imsgbuf_flush_bounded(&imsgbuf) == -1)
				CHECK(errno == EAGAIN);
		}
		CHECK(kernel_room(s, UINT32_MAX) == 0);
		CHECK(imsgbuf_flush_bounded(&imsgbuf) == 0);
		drain_single(&imsgbuf);
	}
	/* an empty ibuf of imsg_compose_ibuf may stay in the queue */
	CHECK(!msgbuf_bytes_queued(imsgbuf.w));
	imsgbuf_clear(&imsgbuf);
	CHECK(kernel_close(s) == 0);
	CHECK(mem_live() == 0);
	values_end();
}

static void
write_plainly(void)
{
	struct imsg_hdr	 hdr;
	size_t		 i;

	for (i = 0; i < nmessages; i++) {
		hdr = messages[i].hdr;
		if (hdr.pid == 0)
			hdr.pid = PID;
		if (messages[i].has_fd)
			hdr.len |= 0x80000000;
		put(&model_wire, &hdr, sizeof(hdr));
		put(&model_wire, plan.stream + messages[i].at,
		    messages[i].hdr.len - 16);
		if (plan.classic)
			hdr.len = messages[i].hdr.len +
			    (messages[i].has_fd ? 65536 : 0);
		put(&peer_wire, &hdr, sizeof(hdr));
		put(&peer_wire, plan.stream + messages[i].at,
		    messages[i].hdr.len - 16);
	}
}
