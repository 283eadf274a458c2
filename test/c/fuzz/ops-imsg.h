/* Part of ops.c: imsgbufs, imsgs and batches. */

void
ops_imsgbuf(uint8_t op)
{
	size_t		 i = next8(w.in) % IMSGBUFS;
	struct imsgbuf	*b = &w.imsgbuf[i];
	struct imsg	 m;
	struct ibuf	**slot;
	struct iovec	 iov[3];
	uint32_t	 type = op;
	size_t		 n, k;
	int		*held;

	if (b->w == NULL) {
		w.imsgbuf_dead[i] = 0;
		if (imsgbuf_init(b, any_socket()) == -1)
			b->w = NULL;
		else if (op & 1)
			imsgbuf_allow_fdpass(b);
		return;
	}
	switch (op % 16) {
	case 0:
		if (next8(w.in) > 100)
			break;
		imsgbuf_clear(b);
		CHECK(b->w == NULL);
		break;
	case 1:
		n = any_size();
		CHECK(imsgbuf_set_maxsize(b, (uint32_t)n) ==
		    ((uint32_t)n >= 16 && (uint32_t)n < 0x80000000 ? 0 : -1));
		if (b->maxsize > SCRATCH)
			b->maxsize = SCRATCH;
		break;
	case 2:
	case 3:
	case 4:
		if (w.imsgbuf_dead[i])
			break;
		if (imsgbuf_read(b) == -1 && kernel_last_read() > 0)
			w.imsgbuf_dead[i] = 1;
		break;
	case 5:
		(void)imsgbuf_write(b);
		break;
	case 6:
		if (imsgbuf_flush_bounded(b) == 0)
			CHECK(!msgbuf_bytes_queued(b->w));
		break;
	case 7:
	case 8:
		k = next8(w.in) % IMSGS;
		if (imsg_get(b, &m) <= 0)
			break;
		if (w.imsg[k].buf != NULL)
			imsg_free(&w.imsg[k]);
		w.imsg[k] = m;
		break;
	case 9:
		if ((k = next8(w.in) % IMSGS, w.imsg[k].buf) != NULL)
			(void)imsg_forward(b, &w.imsg[k]);
		break;
	case 10:
	case 11:
		n = any_size();
		held = any_held();
		if (imsg_compose(b, type, 1, 2, *held, w.scratch, n) == 1)
			*held = -1;
		break;
	case 12:
		for (k = 0; k < 3; k++) {
			iov[k].iov_base = w.scratch;
			iov[k].iov_len = any_size();
			/* the sum of the lengths overflows in C, so lengths must be real */
			if (iov[k].iov_len > SCRATCH)
				iov[k].iov_len = SCRATCH;
		}
		held = any_held();
		if (imsg_composev(b, type, 1, 0, *held, iov, 3) == 1)
			*held = -1;
		break;
	case 13:
		slot = any_ibuf();
		if (*slot != NULL)
			(void)imsg_compose_ibuf(b, type, 3, 0, *slot);
		*slot = NULL;		/* imsg_compose_ibuf has queued or freed it */
		break;
	case 14:
		slot = any_ibuf();
		put_ibuf(slot, imsg_create(b, type, 5, -1, any_size()));
		break;
	case 15:
		slot = any_ibuf();
		if (*slot != NULL)
			imsg_close(b, *slot);
		*slot = NULL;
		break;
	}
}

void
ops_imsg(uint8_t op)
{
	struct imsg	*m = &w.imsg[next8(w.in) % IMSGS];
	struct ibuf	**slot;
	size_t		 n;

	if (op % 8 == 0) {
		/* works on any ibuf, and frees it when it fails */
		slot = any_ibuf();
		n = any_size();
		if (*slot == NULL || unwise(*slot, n))
			return;
		/* a length that no ibuf can have is refused, too */
		if (imsg_add(*slot, w.scratch, n) == -1 || n > SCRATCH)
			*slot = NULL;
		return;
	}
	if (m->buf == NULL)
		return;
	switch (op % 8) {
	case 1:
		imsg_free(m);
		m->buf = NULL;
		break;
	case 2:
		n = imsg_get_len(m);
		CHECK(imsg_get_data(m, w.scratch, 0) == -1 && errno == EINVAL);
		CHECK(imsg_get_data(m, w.scratch, n + 1) == -1 &&
		    errno == EBADMSG);
		if (n > 0 && n <= SCRATCH) {
			CHECK(imsg_get_data(m, w.scratch, n) == 0);
			CHECK(imsg_get_len(m) == 0);
		}
		break;
	case 3:
		hold(imsg_get_fd(m));
		CHECK(imsg_get_fd(m) == -1);
		break;
	default:
		CHECK(imsg_get_id(m) == m->hdr.peerid);
		CHECK(imsg_get_type(m) == m->hdr.type);
		CHECK((uint32_t)imsg_get_pid(m) == m->hdr.pid);
		CHECK(imsg_get_len(m) <= m->hdr.len);
		break;
	}
}

static void
batch_chunk(size_t i)
{
	struct batch_result	*r = batch_result();
	size_t			 n = next8(w.in) & 1 ? next16(w.in) :
				    next8(w.in), k, got;
	unsigned char		*window = batch_window();
	int			*held = any_held(), rv;
	uint32_t		 len;

	if (w.batch_dead[i])
		return;
	if (n > BATCH_WINDOW)
		n = BATCH_WINDOW;
	got = next_bytes(w.in, window, n);
	for (; got + 16 <= n; got += 16) {
		len = 16 + (uint32_t)(got & 48);
		memset(window + got, 0, 16);
		memcpy(window + got + 4, &len, sizeof(len));
	}
	rv = batch_read(w.batch[i], (uint32_t)n, n > 0 ? *held : -1);
	if (n > 0)
		*held = -1;
	CHECK(r->nfds <= BATCH_FDS && r->count <= BATCH_MESSAGES);
	CHECK((rv == -1) == (r->error != 0));
	for (k = 0; k < r->nfds; k++)
		hold(r->fd[k]);
	w.batch_dead[i] = rv != 1;
	if (next8(w.in) & 1)
		batch_release();
}

static void
batch_records(struct batch *b, int flush)
{
	struct imsg_hdr		 r;
	unsigned char		*p = batch_window();
	uint32_t		 count = next8(w.in) & 7, done, i;

	for (i = 0; i < count; i++) {
		r.type = i;
		r.peerid = next8(w.in);
		r.pid = 0;
		r.len = sizeof(r) + (uint32_t)any_size() % 4000;
		memcpy(p, &r, sizeof(r));
		p += r.len;
	}
	done = batch_compose(b, count, flush);
	CHECK(done <= count && (done == count || batch_result()->error != 0 ||
	    flush));
	if (flush)
		value_taken(batch_result()->txvalue);
}

void
ops_batch(uint8_t op)
{
	size_t		 i = next8(w.in) % BATCHES;
	struct batch	*b = w.batch[i];
	size_t		 n;
	int		*held;
	void		*p;

	if (b == NULL) {
		n = any_size();
		w.batch[i] = batch_open(n < SCRATCH ? (uint32_t)n * 64 : 16384,
		    op, op & 3);
		w.batch_dead[i] = 0;
		return;
	}
	switch (op % 8) {
	case 0:
		if (next8(w.in) > 100)
			break;
		batch_close(b);
		w.batch[i] = NULL;
		break;
	case 1:
		n = any_size();
		if (n < SCRATCH)
			(void)imsgbuf_set_maxsize(&b->imsgbuf, (uint32_t)n);
		break;
	case 2:
	case 3:
		batch_chunk(i);
		break;
	case 4:
		batch_records(b, op & 8);
		break;
	case 5:
		n = any_size() % SCRATCH;
		if ((p = batch_create(b, op, 1, 2, (uint32_t)n)) != NULL)
			memset(p, op, n);
		else
			CHECK(batch_result()->error != 0);
		break;
	case 6:
		if (b->created == NULL)
			break;
		held = any_held();
		batch_finish(b, *held);
		*held = -1;
		break;
	case 7:
		(void)batch_flush(b);
		value_taken(batch_result()->txvalue);
		break;
	}
}
