#ifndef INSIDE_H
#define INSIDE_H

#include <stdint.h>

/*
 * What the wrapper has to know or to contain, and only code that sees inside
 * the original's structures can tell.
 */

struct ibuf;
struct imsgbuf;
struct msgbuf;

/* The callback that imsgbuf_init gives to msgbuf_new_reader. */
extern struct ibuf *(*const imsg_reader)(struct ibuf *, void *, int *);

/*
 * msgbuf_new_reader with a callback of ours: host_header says how long the
 * message is, then we make the ibuf and claim the descriptor.
 */
struct msgbuf	*msgbuf_reader(uint32_t, uint32_t);
/*
 * Bytes of the message that is under way on the read side, and how many it
 * should have in all (the header's size while that is incomplete); 0 and 0
 * between messages.
 */
uint32_t	 msgbuf_have(struct msgbuf *);
uint32_t	 msgbuf_total(struct msgbuf *);
/*
 * imsgbuf_flush, except where that would never return: EAGAIN when no byte
 * can move, success when nothing but empty ibufs is left.
 */
int		 imsgbuf_flush_bounded(struct imsgbuf *);

#endif
