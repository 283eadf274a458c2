#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

static char	*text;
static size_t	 text_len, text_size;

static void
text_room(size_t n)
{
	if (text_len + n <= text_size)
		return;
	text_size = (text_len + n) * 2;
	if ((text = realloc(text, text_size)) == NULL)
		abort();
}

void
out_char(int c)
{
	text_room(1);
	text[text_len++] = (char)c;
}

void
out(const char *fmt, ...)
{
	va_list	 ap;
	int	 n;

	text_room(512);
	va_start(ap, fmt);
	n = vsnprintf(text + text_len, 512, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= 512)
		abort();
	text_len += (size_t)n;
}

void
out_flush(void)
{
	size_t	 off = 0;
	ssize_t	 n;

	while (off < text_len) {
		if ((n = write(1, text + off, text_len - off)) <= 0)
			_exit(3);
		off += (size_t)n;
	}
	text_len = 0;
}

/* Prints sizes near the largest relative to it, because it is smaller in WebAssembly. */
void
out_size(size_t n)
{
	if (n > SIZE_MAX - 0x100000)
		out("M-%zu", SIZE_MAX - n);
	else
		out("%zu", n);
}

/* Short contents in full, long ones as length and FNV-1a hash. */
void
out_bytes(const void *data, size_t len)
{
	static const char	 digits[] = "0123456789abcdef";
	const unsigned char	*p = data;
	uint32_t		 hash = 0x811c9dc5;
	size_t			 i;

	if (len <= 24) {
		text_room(2 * len + 1);
		text[text_len++] = 'x';
		for (i = 0; i < len; i++) {
			text[text_len++] = digits[p[i] >> 4];
			text[text_len++] = digits[p[i] & 15];
		}
		return;
	}
	for (i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x01000193;
	out("%zu#%08x", len, hash);
}

static const struct {
	const char	*name;
	int		 number;
} errors[] = {
#define E(name)	{ #name, name }
	E(EAGAIN), E(EBADF), E(EBADMSG), E(ECONNRESET), E(EINTR), E(EINVAL),
	E(EIO), E(EMSGSIZE), E(ENOBUFS), E(ENOMEM), E(ENOTSOCK), E(EPIPE),
	E(ERANGE),
#undef E
	{ "ERR_IMSG_UNSPECIFIED", 0 },
};
#define NERRORS	(sizeof(errors) / sizeof(errors[0]))

const char *
error_name(int number)
{
	size_t	 i;

	for (i = 0; i < NERRORS; i++)
		if (errors[i].number == number)
			return (errors[i].name);
	return ("EUNKNOWN");
}

int
error_number(const char *name)
{
	size_t	 i;

	for (i = 0; i < NERRORS; i++)
		if (strcmp(errors[i].name, name) == 0)
			return (errors[i].number);
	fprintf(stderr, "no such error: %s\n", name);
	exit(2);
}

void
result_ok(void)
{
	out(" ok");
}

void
result_number(unsigned long long n)
{
	out(" = %llu", n);
}

void
result_signed(long long n)
{
	out(" = %lld", n);
}

void
result_size(size_t n)
{
	out(" = ");
	out_size(n);
}

void
result_bytes(const void *data, size_t len)
{
	out(" = ");
	out_bytes(data, len);
}

void
result_error(const char *name)
{
	out(" ! %s", name);
}

void
result_errno(void)
{
	result_error(error_name(errno));
}

void
result_skip(const char *why)
{
	out(" ~ %s", why);
}

void
result_status(int status)
{
	if (status == -1)
		result_errno();
	else
		result_ok();
}

void
result_copied(int status, const void *data, size_t len)
{
	if (status == -1)
		result_errno();
	else
		result_bytes(data, len);
}
