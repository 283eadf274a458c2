/*
 * The numbers that C and TypeScript agree on, as they are in WebAssembly: included
 * at the end of unit.c, where a number that does not fit the C is a compile error.
 * test/c/abi.test.ts compares every line here with ts/module/abi.ts.
 */

#define ABI_NUMBER(name, is, value)					\
	_Static_assert((is) == (value), "ts/module/abi.ts: " #name)
/*
 * A limit of the original's that is no part of a layout: the test compares it with
 * the fetched file, and altered originals may have another one.
 */
#define ABI_LIMIT(name, is, value)	_Static_assert(1, #is)
#define ABI_SIZE(structure, type, value)				\
	_Static_assert(sizeof(type) == (value),				\
	    "ts/module/abi.ts: layout." #structure ".sizeof")
#define ABI_FIELD(structure, name, type, field, value)			\
	_Static_assert(offsetof(type, field) == (value),		\
	    "ts/module/abi.ts: layout." #structure "." #name)
/* The index of a word of struct batch_result. */
#define ABI_WORD(name, field, value)					\
	_Static_assert(offsetof(struct batch_result, field) == 4 * (value), \
	    "ts/module/abi.ts: " #name)

#ifdef __wasm__
ABI_NUMBER(HEADER_SIZE, IMSG_HEADER_SIZE, 16);
ABI_LIMIT(DEFAULT_MAX_SIZE, MAX_IMSGSIZE, 16384);
ABI_NUMBER(LARGEST_MAX_SIZE, ~IMSG_FD_MARK, 0x7fffffff);
ABI_NUMBER(WINDOW_SIZE, BATCH_WINDOW, 65520);
ABI_NUMBER(HEADERS_WORDS, sizeof(struct imsg_hdr) / 4 * BATCH_MESSAGES, 16384);
ABI_NUMBER(PAGE_SIZE, ARENA_PAGE, 65536);
ABI_NUMBER(BATCH_FDPASS, BATCH_FDPASS, 1);
ABI_NUMBER(BATCH_CLASSIC, BATCH_CLASSIC, 2);

ABI_WORD(RESULT_COUNT, count, 0);
ABI_WORD(RESULT_ERROR, error, 1);
ABI_WORD(RESULT_NEED, need, 2);
ABI_WORD(RESULT_HAVE, have, 3);
ABI_WORD(RESULT_TOTAL, total, 4);
ABI_WORD(RESULT_FIRST, first, 5);
ABI_WORD(RESULT_FD_COUNT, nfds, 6);
ABI_WORD(RESULT_FD_MESSAGE, fd_message, 7);
ABI_WORD(RESULT_FD, fd, 9);
ABI_WORD(RESULT_OUTGOING, txlen, 11);
ABI_WORD(RESULT_VALUE, txvalue, 12);
ABI_WORD(RESULT_MORE, more, 13);
ABI_WORD(RESULT_DROP_COUNT, ndrops, 14);
ABI_WORD(RESULT_OUTGOING_AT, tx, 15);

ABI_SIZE(ibuf, struct ibuf, 32);
ABI_FIELD(ibuf, buf, struct ibuf, buf, 8);
ABI_FIELD(ibuf, size, struct ibuf, size, 12);
ABI_FIELD(ibuf, max, struct ibuf, max, 16);
ABI_FIELD(ibuf, wpos, struct ibuf, wpos, 20);
ABI_FIELD(ibuf, rpos, struct ibuf, rpos, 24);
ABI_FIELD(ibuf, fd, struct ibuf, fd, 28);

ABI_SIZE(imsgbuf, struct imsgbuf, 20);
ABI_FIELD(imsgbuf, w, struct imsgbuf, w, 0);
ABI_FIELD(imsgbuf, pid, struct imsgbuf, pid, 4);
ABI_FIELD(imsgbuf, maxsize, struct imsgbuf, maxsize, 8);
ABI_FIELD(imsgbuf, fd, struct imsgbuf, fd, 12);
ABI_FIELD(imsgbuf, flags, struct imsgbuf, flags, 16);

ABI_SIZE(imsg, struct imsg, 24);
ABI_FIELD(imsg, type, struct imsg, hdr.type, 0);
ABI_FIELD(imsg, len, struct imsg, hdr.len, 4);
ABI_FIELD(imsg, peerid, struct imsg, hdr.peerid, 8);
ABI_FIELD(imsg, pid, struct imsg, hdr.pid, 12);
ABI_FIELD(imsg, data, struct imsg, data, 16);
ABI_FIELD(imsg, buf, struct imsg, buf, 20);

ABI_SIZE(iovec, struct iovec, 8);
ABI_FIELD(iovec, base, struct iovec, iov_base, 0);
ABI_FIELD(iovec, len, struct iovec, iov_len, 4);

ABI_FIELD(segment, next, struct segment, next, 0);
ABI_FIELD(segment, len, struct segment, len, 4);
ABI_FIELD(segment, fd, struct segment, fd, 8);
ABI_FIELD(segment, value, struct segment, value, 12);
ABI_FIELD(segment, data, struct segment, data, 16);
#endif
