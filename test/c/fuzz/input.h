#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The input of a fuzzer; bytes after its end are zero. */
struct input {
	const uint8_t	*p;
	size_t		 n;
};

static inline uint8_t
next8(struct input *in)
{
	if (in->n == 0)
		return (0);
	in->n--;
	return (*in->p++);
}

static inline uint32_t
next16(struct input *in)
{
	uint32_t	 low = next8(in);

	return (low | (uint32_t)next8(in) << 8);
}

static inline uint32_t
next32(struct input *in)
{
	uint32_t	 low = next16(in);

	return (low | next16(in) << 16);
}

/* Copies up to n bytes; returns how many. */
static inline size_t
next_bytes(struct input *in, void *to, size_t n)
{
	if (n > in->n)
		n = in->n;
	if (n > 0)
		memcpy(to, in->p, n);
	in->p += n;
	in->n -= n;
	return (n);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#endif
