/* Tests of messages that lie whole in the window, and are read or composed there. */

#include "batch-session.h"

/* A flush that composes in place and fails leaves the messages before in the queue. */
static void
what_was_composed_in_place_before_an_error_stays_queued(void)
{
	unsigned char	 wanted[64], big[200] = { 0 }, *p;
	struct batch	*b;
	unsigned int	 fails;

	for (fails = 0; fails < 3; fails++) {
		CHECK((b = batch_open(100, 0, 0)) != NULL);
		p = record(batch_window(), 5, "abcde", 5);
		memcpy(wanted, batch_window(), 21);
		if (fails == 0)
			(void)record(p, 6, big, sizeof(big));
		else
			(void)record(p, 6, "", 0);
		/* the second message's ibuf; then the first one's on the heap */
		mem_fail_at(fails == 0 ? 0 : 2);
		CHECK(batch_compose(b, 2, 1) == 1);
		CHECK(r->error == (fails == 0 ? ERANGE : ENOMEM));
		mem_fail_at(0);
		/* the window serves something else */
		memset(batch_window(), 0xff, 64);
		CHECK(batch_flush(b) == 0 && r->txlen == 21 && r->more == 0);
		CHECK(r->tx == batch_outgoing());
		CHECK(memcmp(r->tx, wanted, 21) == 0);
		batch_close(b);
		finish();
	}
}

/* A message that is whole in the window is read in place; a header that is left over moves. */
static void
what_is_read_in_place_is_whole(void)
{
	unsigned char	 m[128];
	struct batch	*b = batch_open(1000, 0, 0);
	size_t		 n = wire(m, 1, 3, "abc"), all, cut;

	all = n + wire(m + n, 2, 4, "defg");
	for (cut = n + 1; cut < all; cut++) {
		CHECK(read_chunk(b, m, cut, -1) == 1);
		CHECK(r->count == 1 && r->first == NULL);
		CHECK(batch_headers()[0].type == 1);
		CHECK(batch_headers()[0].len == 19);
		CHECK(memcmp(batch_window(), m, cut) == 0);
		CHECK(read_chunk(b, m + cut, all - cut, -1) == 1);
		CHECK(r->count == 1 && batch_headers()[0].type == 2);
		CHECK(r->first != NULL && memcmp(r->first, "defg", 4) == 0);
		batch_release();
	}
	batch_close(b);
	finish();
}

int
main(void)
{
	r = batch_result();
	on_close = note_close;
	what_was_composed_in_place_before_an_error_stays_queued();
	what_is_read_in_place_is_whole();
	return (PASS());
}
