#ifndef SESSION_H
#define SESSION_H

/* An imsgbuf over an in-memory socket, with which most tests begin and end. */

#include "check.h"

static struct imsgbuf	 ib;
static int		 s;

static void
begin(int fdpass)
{
	CHECK((s = kernel_socket()) != -1);
	CHECK(imsgbuf_init(&ib, s) == 0);
	if (fdpass)
		imsgbuf_allow_fdpass(&ib);
	nclosed = 0;
}

static void
end(void)
{
	imsgbuf_clear(&ib);
	CHECK(kernel_close(s) == 0);
	finish();
}

#endif
