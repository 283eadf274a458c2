#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "kernel.h"

/* The bytes that were written to a socket, with the descriptors that travel with them. */

size_t
kernel_untaken(const struct sock *s)
{
	const struct piece	*p;
	size_t			 len = 0;

	for (p = s->head; p != NULL; p = p->next)
		len += p->len;
	return (len);
}

/*
 * The written bytes, as one stream with the places of the descriptors in it.
 * A number that is no socket any more has written nothing.
 */
void
kernel_take(int fd)
{
	struct sock	*s = kernel_sock(fd);
	struct piece	*p;
	unsigned char	*all;
	size_t		 len = 0;

	all = scratch(s == NULL ? 0 : kernel_untaken(s));
	for (p = s == NULL ? NULL : s->head; p != NULL; p = p->next) {
		memcpy(all + len, p->data, p->len);
		len += p->len;
	}
	result_bytes(all, len);
	for (len = 0; s != NULL && (p = s->head) != NULL; free(p)) {
		s->head = p->next;
		if (p->file != NULL) {
			out(" %zu:", len);
			out_descriptor(p->fd, p->file->value);
			hand_put(p->file->value);
			kernel_give(p->file);
		}
		len += p->len;
	}
}

void
kernel_transfer(int from, int to, size_t cut)
{
	struct sock	*s = kernel_sock(from);
	struct piece	*p, *next;
	struct bytes	 b;
	size_t		 off;
	int		 fd, n = 0, rv = 0;

	/* all of it is taken before the first is delivered */
	p = s == NULL ? NULL : s->head;
	if (s != NULL)
		s->head = NULL;
	for (; p != NULL; p = next) {
		next = p->next;
		fd = -1;
		if (p->file != NULL && (rv == -1 || p->file->value == 0))
			kernel_give(p->file);
		else if (p->file != NULL) {
			out_char(' ');
			fd = kernel_install(p->file);
			out_descriptor(fd, p->file->value);
		}
		n = fd != -1;
		for (off = 0; rv == 0 && off < p->len; off += b.len, n = 0) {
			b.data = p->data + off;
			b.len = p->len - off < cut ? p->len - off : cut;
			rv = kernel_deliver(to, &b, &fd, n);
		}
		free(p);
	}
	result_status(rv);
}
