/*
 * The C side of the benchmark, natively, on memory.  Reads commands from
 * standard input and answers each with nanoseconds per message:
 *
 *	decode PAYLOAD CHUNK MILLISECONDS
 *	encode PAYLOAD CHUNK MILLISECONDS
 *
 * Built plainly, it links the original's two files with the system's malloc and
 * uses their API; with -DWITH_CORE it includes core.c and does what the
 * module does, call for call.
 */

#include <stdio.h>
#include <time.h>

#ifdef WITH_CORE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/uio.h>
#include "imsg.h"
#include "batch/batch.h"
#include "libc/syscalls.h"

void
host_close(int fd, uint32_t value)
{
	(void)fd;
	(void)value;
}

uint32_t
host_header(uint32_t reader, const void *header, uint32_t len)
{
	(void)reader;
	(void)header;
	(void)len;
	return (0);
}
#else
#include <sys/types.h>
#include <sys/queue.h>
#include <sys/uio.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "imsg.h"

/* The bytes that bench_readv delivers next, and how many bench_writev may still take. */
static const unsigned char	*input;
static size_t			 input_len;
static unsigned char		 output[65536];
static size_t			 output_len;

ssize_t
bench_readv(int fd, const struct iovec *iov, int iovcnt)
{
	size_t	 n = input_len;

	(void)fd;
	(void)iovcnt;
	if (n == 0) {
		errno = EAGAIN;
		return (-1);
	}
	if (n > iov->iov_len)
		n = iov->iov_len;
	memcpy(iov->iov_base, input, n);
	input += n;
	input_len -= n;
	return ((ssize_t)n);
}

ssize_t
bench_writev(int fd, const struct iovec *iov, int iovcnt)
{
	size_t	 n = 0, part;
	int	 i;

	(void)fd;
	for (i = 0; i < iovcnt; i++) {
		part = iov[i].iov_len;
		if (part > sizeof(output) - output_len)
			part = sizeof(output) - output_len;
		memcpy(output + output_len, iov[i].iov_base, part);
		output_len += part;
		n += part;
	}
	return ((ssize_t)n);
}
#endif

#define STREAM	(1u << 20)

static unsigned char	 stream[STREAM + 131072];
static unsigned int	 sink;

static double
now(void)
{
	struct timespec	 t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec * 1e9 + (double)t.tv_nsec);
}

/* Whole messages of one size; returns how many. */
static size_t
fill(size_t payload)
{
	const uint32_t	 len = (uint32_t)payload + 16;
	const uint32_t	 words[4] = { 7, len, 8, 9 };
	size_t		 n = STREAM / len, i;

	memset(stream, 0, sizeof(stream));
	for (i = 0; i < n; i++) {
		memcpy(stream + i * len, words, sizeof(words));
		memset(stream + i * len + 16, 0x5a, payload);
	}
	return (n);
}

#ifdef WITH_CORE
static size_t
decode_pass(struct batch *b, size_t bytes, size_t chunk)
{
	size_t		 done, n, count = 0;
	uint32_t	 i;

	for (done = 0; done < bytes; done += n) {
		n = bytes - done < chunk ? bytes - done : chunk;
		if (n > BATCH_WINDOW)
			n = BATCH_WINDOW;
		memcpy(batch_window(), stream + done, n);
		batch_read(b, (uint32_t)n, -1);
		for (i = 0; i < batch_result()->count; i++)
			sink += batch_headers()[i].type + batch_headers()[i].len;
		count += batch_result()->count;
		batch_release();
	}
	return (count);
}

/* Composing leaves the messages as they are: once is enough for one size. */
static size_t
fill_records(size_t payload, size_t chunk)
{
	struct imsg_hdr		 r = { 7, (uint32_t)payload + 16, 8, 9 };
	unsigned char		*p = batch_window();
	size_t			 i, n;

	n = (chunk < BATCH_WINDOW ? chunk : BATCH_WINDOW) / r.len;
	if (n == 0)
		n = 1;
	for (i = 0; i < n; i++, p += r.len) {
		memcpy(p, &r, sizeof(r));
		memset(p + sizeof(r), 0x5a, payload);
	}
	return (n);
}

static size_t	 records;

static size_t
encode_pass(struct batch *b, size_t payload, size_t chunk)
{
	(void)payload;
	(void)chunk;
	batch_compose(b, (uint32_t)records, 1);
	sink += *(const unsigned char *)batch_result()->tx;
	return (records);
}
#else
static size_t
decode_pass(struct imsgbuf *ib, size_t bytes, size_t chunk)
{
	struct imsg	 m;
	size_t		 done, n, count = 0;

	for (done = 0; done < bytes; done += n) {
		n = bytes - done < chunk ? bytes - done : chunk;
		input = stream + done;
		input_len = n;
		while (input_len > 0) {
			if (imsgbuf_read(ib) != 1)
				abort();
			while (imsg_get(ib, &m) > 0) {
				sink += m.hdr.type + m.hdr.len;
				if (m.data != NULL)
					sink += *(unsigned char *)m.data;
				imsg_free(&m);
				count++;
			}
		}
	}
	return (count);
}

static size_t
encode_pass(struct imsgbuf *ib, size_t payload, size_t chunk)
{
	size_t	 i, n = chunk / (payload + 16);

	if (n == 0)
		n = 1;
	for (i = 0; i < n; i++)
		imsg_compose(ib, 7, 8, 9, -1, stream, payload);
	output_len = 0;
	if (imsgbuf_flush(ib) == -1)
		abort();
	sink += output[0];
	return (n);
}
#endif

int
main(void)
{
#ifdef WITH_CORE
	struct batch	*b = batch_open(131072, 1, 0);
#else
	struct imsgbuf	 imsgbuf, *b = &imsgbuf;
#endif
	char		 what[16];
	size_t		 payload, chunk, n, count;
	double		 start, end, ms;

#ifndef WITH_CORE
	if (imsgbuf_init(b, 0) == -1 || imsgbuf_set_maxsize(b, 131072) == -1)
		return (1);
#endif
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (scanf("%15s %zu %zu %lf", what, &payload, &chunk, &ms) == 4) {
		n = fill(payload);
#ifdef WITH_CORE
		if (what[0] == 'e')
			records = fill_records(payload, chunk);
#endif
		count = 0;
		start = now();
		do {
			if (what[0] == 'd')
				count += decode_pass(b, n * (payload + 16), chunk);
			else
				count += encode_pass(b, payload, chunk);
			end = now();
		} while (end - start < ms * 1e6);
		printf("%.3f %u\n", (end - start) / (double)count, sink);
	}
	return (0);
}
