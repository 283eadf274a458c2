#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

static void	*chunks[4096];
static size_t	 nchunks;

void *
scratch(size_t len)
{
	void	*p;

	if (nchunks == sizeof(chunks) / sizeof(chunks[0])) {
		fprintf(stderr, "program too long\n");
		exit(2);
	}
	/* one byte more, so that an empty one has an address of its own */
	if ((p = calloc(len + 1, 1)) == NULL)
		abort();
	return (chunks[nchunks++] = p);
}

void *
scratch_for(size_t len)
{
	return (scratch(len > 0x100000 ? 0 : len));
}

void
scratch_reset(void)
{
	while (nchunks > 0)
		free(chunks[--nchunks]);
}

void
arguments_cut(struct arguments *a, char *line)
{
	a->count = a->next = 0;
	while (*line != '\0') {
		if (a->count == sizeof(a->word) / sizeof(a->word[0]))
			abort();
		a->word[a->count++] = line;
		while (*line != '\0' && *line != ' ')
			line++;
		if (*line == ' ')
			*line++ = '\0';
	}
}

const char *
arg_word(struct arguments *a)
{
	if (a->next == a->count) {
		fprintf(stderr, "%s: argument missing\n", a->word[0]);
		exit(2);
	}
	return (a->word[a->next++]);
}

long long
arg_int(struct arguments *a)
{
	return (strtoll(arg_word(a), NULL, 10));
}

unsigned long long
arg_u64(struct arguments *a)
{
	return (strtoull(arg_word(a), NULL, 10));
}

size_t
arg_size(struct arguments *a)
{
	const char	*w = arg_word(a);

	if (w[0] == 'M')
		return (SIZE_MAX - (size_t)strtoull(w + 2, NULL, 10));
	return ((size_t)strtoull(w, NULL, 10));
}

unsigned int
arg_slot(struct arguments *a)
{
	long long	 n = arg_int(a);

	if (n < 0 || n >= SLOTS)
		abort();
	return ((unsigned int)n);
}

void
pattern_fill(unsigned char *p, uint32_t seed, size_t len)
{
	uint32_t	 s = seed * 2654435761u + 12345;
	size_t		 i;

	for (i = 0; i < len; i++) {
		s = s * 1664525u + 1013904223u;
		p[i] = (unsigned char)(s >> 24);
	}
}

static unsigned int
hex_digit(char c)
{
	return ((unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10));
}

static void
put_u32(unsigned char *p, unsigned long long v)
{
	uint32_t	 w = (uint32_t)v;

	memcpy(p, &w, sizeof(w));
}

/* One part of a bytes argument; without a place to put it, only its length. */
static size_t
part(const char **wp, unsigned char *to)
{
	const char		*w = *wp;
	unsigned long long	 n[6] = { 0 };
	char			*end;
	unsigned int		 i;
	size_t			 len = 0;

	switch (*w++) {
	case 'x':
		for (; *w != '\0' && *w != '+' && *w != '@'; w += 2, len++)
			if (to != NULL)
				to[len] = (unsigned char)(hex_digit(w[0]) << 4
				    | hex_digit(w[1]));
		*wp = w;
		return (len);
	case 'p':
	case 'z':
	case 'm':
		break;
	default:
		fprintf(stderr, "bad bytes: %s\n", *wp);
		exit(2);
	}
	for (i = 0; i < 6; i++) {
		n[i] = strtoull(w, &end, 10);
		w = end;
		if (*w != ':')
			break;
		w++;
	}
	switch (**wp) {
	case 'p':
		len = n[1];
		if (to != NULL)
			pattern_fill(to, (uint32_t)n[0], len);
		break;
	case 'z':
		len = n[0];
		if (to != NULL)
			memset(to, 0, len);
		break;
	case 'm':	/* type:len:peerid:pid:seed:payload */
		len = IMSG_HEADER_SIZE + n[5];
		if (to == NULL)
			break;
		for (i = 0; i < 4; i++)
			put_u32(to + 4 * i, n[i]);
		pattern_fill(to + IMSG_HEADER_SIZE, (uint32_t)n[4], n[5]);
		break;
	}
	*wp = w;
	return (len);
}

struct bytes
arg_bytes(struct arguments *a)
{
	const char	*w = arg_word(a), *p;
	struct bytes	 b = { NULL, 0 };
	size_t		 from, to, len = 0;
	char		*end;

	for (p = w; ; p++) {
		len += part(&p, NULL);
		if (*p != '+')
			break;
	}
	b.data = scratch(len);
	for (p = w; ; p++) {
		b.len += part(&p, b.data + b.len);
		if (*p != '+')
			break;
	}
	if (*p == '@') {	/* a slice of it */
		from = strtoull(p + 1, &end, 10);
		to = strtoull(end + 1, NULL, 10);
		if (from > b.len)
			from = b.len;
		if (to > b.len)
			to = b.len;
		b.data += from;
		b.len = to < from ? 0 : to - from;
	}
	return (b);
}
