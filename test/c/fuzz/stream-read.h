/* Part of stream.c: the three readers of the stream. */

static int
batch_flags(void)
{
	return ((plan.fdpass ? BATCH_FDPASS : 0) |
	    (plan.classic ? BATCH_CLASSIC : 0));
}

/* Notes the messages that the last batch_read completed. */
static void
batch_seen(size_t at, size_t pending)
{
	struct batch_result	*r = batch_result();
	const unsigned char	*data;
	size_t			 i, f, from = at - pending;
	int			 fd;

	for (i = 0; i < r->count; i++) {
		const struct imsg_hdr	*hdr = &batch_headers()[i];

		fd = -1;
		for (f = 0; f < r->nfds; f++)
			if (r->fd_message[f] == i) {
				CHECK(fd == -1);
				fd = r->fd[f];
			}
		if (from < at) {
			CHECK(i == 0);
			data = r->first;
			CHECK((data == NULL) == (hdr->len == sizeof(*hdr)));
		} else
			data = batch_window() + (from - at) + sizeof(*hdr);
		message_seen(hdr, data, fd);
		from += hdr->len;
	}
}

static void
read_batched(void)
{
	const int		 flags = batch_flags();
	struct batch_result	*r = batch_result();
	struct batch		*b;
	size_t			 at, i, n, pending = 0, k;
	uint32_t		 need = IMSG_HEADER_SIZE;
	int			 rv = 1;

	CHECK((b = batch_open(plan.maxsize, PID, flags)) != NULL);
	story = &batch_story;
	for (at = 0, i = 0; at < plan.len && rv == 1; at += n, i++) {
		n = chunk(i, at);
		memcpy(batch_window(), plan.peer + at, n);
		rv = batch_read(b, (uint32_t)n, chunk_fd(i));
		CHECK(rv == 1 || (rv == -1 && r->error != 0));
		CHECK(n >= need || (rv == 1 && r->count == 0));
		batch_seen(at, pending);
		if (rv == -1)
			end_seen(rv, r->error, 0, 0);
		pending += n;
		for (k = 0; k < r->count; k++)
			pending -= batch_headers()[k].len;
		need = r->need;
		CHECK(rv == -1 || need > 0);
		CHECK(rv == -1 || need == (pending < IMSG_HEADER_SIZE ?
		    IMSG_HEADER_SIZE - pending : need));
	}
	if (rv == 1 && plan.end) {
		rv = batch_read(b, 0, -1);
		CHECK(r->count == 0 && r->have == pending);
		end_seen(rv, 0, r->have, r->total);
	}
	batch_release();
	batch_close(b);
	story = NULL;
	CHECK(mem_live() == 0);
	values_end();
}

static void
read_single(void)
{
	struct imsgbuf	 imsgbuf;
	struct imsg	 m;
	unsigned char	*data;
	size_t		 at, i, n;
	ssize_t		 got;
	int		 s, fd, rv = 1, error;

	CHECK((s = kernel_socket()) != -1);
	CHECK(imsgbuf_init(&imsgbuf, s) == 0);
	CHECK(imsgbuf_set_maxsize(&imsgbuf, plan.maxsize) == 0);
	if (plan.fdpass)
		imsgbuf_allow_fdpass(&imsgbuf);
	story = &single_story;
	for (at = 0, i = 0; at < plan.len && rv == 1; at += n, i++) {
		n = chunk(i, at);
		CHECK((data = mem_alloc(n)) != NULL);
		memcpy(data, plan.stream + at, n);
		fd = chunk_fd(i);
		CHECK(kernel_deliver(s, data, n, &fd, fd != -1) == 0);
		if (plan.refuse)
			CHECK(kernel_deliver_error(s, EAGAIN) == 0);
		rv = imsgbuf_read(&imsgbuf);
		error = errno;
		CHECK(kernel_last_read() == (int)n);
		while ((got = imsg_get(&imsgbuf, &m)) > 0) {
			CHECK((size_t)got == m.hdr.len);
			CHECK(imsg_get_len(&m) + IMSG_HEADER_SIZE ==
			    m.hdr.len);
			fd = imsg_get_fd(&m);
			message_seen(&m.hdr, m.data, fd);
			imsg_free(&m);
		}
		CHECK(got == 0);
		if (rv == -1)
			end_seen(rv, error, 0, 0);
		else if (plan.refuse)
			CHECK(imsgbuf_read(&imsgbuf) == 1 &&
			    kernel_last_read() == -1);
	}
	if (rv == 1 && plan.end) {
		CHECK(kernel_deliver_end(s) == 0);
		rv = imsgbuf_read(&imsgbuf);
		end_seen(rv, 0, msgbuf_have(imsgbuf.w),
		    msgbuf_total(imsgbuf.w));
	}
	imsgbuf_clear(&imsgbuf);
	story = NULL;
	CHECK(kernel_close(s) == 0);
	CHECK(mem_live() == 0);
	values_end();
}

/* A decoder without imsg.c, over the whole stream at once. */
static void
read_plainly(void)
{
	struct message	*m;
	struct imsg_hdr	 hdr;
	size_t		 at = 0, told = 0, w;
	uint32_t	 word[2];
	int		 bad = 0;

	nmessages = 0;
	while (plan.len - at >= sizeof(hdr)) {
		memcpy(&hdr, plan.stream + at, sizeof(hdr));
		hdr.len &= 0x7fffffff;
		if ((bad = hdr.len < 16 || hdr.len > plan.maxsize))
			break;
		if (plan.len - at < hdr.len)
			break;
		if (nmessages == messages_size) {
			messages_size = messages_size * 2 + 64;
			messages = realloc(messages,
			    messages_size * sizeof(*messages));
			CHECK(messages != NULL);
		}
		m = &messages[nmessages++];
		m->hdr = hdr;
		m->at = at + sizeof(hdr);
		at += hdr.len;
	}
	/* the messages, without their descriptors */
	for (w = 0; w < single_story.n;) {
		memcpy(word, single_story.p + w, sizeof(word));
		if (word[0] == 'C') {
			w += 8;
			continue;
		}
		if (word[0] != 'M')
			break;
		CHECK(told < nmessages);
		m = &messages[told++];
		CHECK(memcmp(single_story.p + w + 8, &m->hdr, 16) == 0);
		CHECK(memcmp(single_story.p + w + 24, plan.stream + m->at,
		    m->hdr.len - 16) == 0);
		w += 8 + m->hdr.len;
	}
	CHECK(told == nmessages);
	if (bad)
		CHECK(w < single_story.n && word[0] == (uint32_t)-1 &&
		    word[1] == ERANGE);
	else if (plan.end) {
		CHECK(w < single_story.n && word[0] == 0);
		memcpy(word, single_story.p + w + 8, sizeof(word));
		CHECK(word[0] == plan.len - at);
		CHECK(word[1] == (word[0] == 0 ? 0 :
		    word[0] < 16 ? 16 : hdr.len));
	}
}
