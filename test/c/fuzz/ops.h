#ifndef FUZZ_OPS_H
#define FUZZ_OPS_H

#include "host.h"
#include "input.h"

/*
 * The objects of a program of operations.  An empty slot is NULL; a number of the
 * program selects a slot modulo the count of slots.
 */
#define IBUFS		8
#define MSGBUFS		4
#define IMSGBUFS	3
#define IMSGS		4
#define SOCKETS		3
#define BATCHES		2
#define HELD		6
#define SCRATCH		70000

struct world {
	struct input	*in;
	struct ibuf	*ibuf[IBUFS];
	struct msgbuf	*msgbuf[MSGBUFS];
	int		 msgbuf_dead[MSGBUFS];
	struct imsgbuf	 imsgbuf[IMSGBUFS];	/* empty: w is NULL */
	int		 imsgbuf_dead[IMSGBUFS];
	struct imsg	 imsg[IMSGS];		/* empty: buf is NULL */
	int		 socket[SOCKETS];	/* or -1 */
	struct batch	*batch[BATCHES];
	int		 batch_dead[BATCHES];
	int		 held[HELD];		/* descriptors of the program, or -1 */
	int		 highest;		/* highest descriptor so far */
	unsigned char	 scratch[SCRATCH];
};

static struct world	 w;

/* A small size, one of 16 bits, or one that cannot be allocated. */
static inline size_t
any_size(void)
{
	static const size_t	 huge[] = {
		SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX - 16,
		SIZE_MAX / 2, SIZE_MAX / 2 + 1, UINT32_MAX,
		(size_t)UINT32_MAX + 1
	};
	uint8_t	 how = next8(w.in);

	if (how >= 248)
		return (huge[how - 248]);
	if (how >= 232)
		return (next16(w.in));
	return (how % 80);
}

static inline uint64_t
any_value(void)
{
	static const uint64_t	 edges[] = {
		0xff, 0x100, 0xffff, 0x10000, 0xffffffff, 0x100000000,
		UINT64_MAX, 0
	};
	uint8_t	 how = next8(w.in);

	return (how < 8 ? edges[how] : how);
}

static inline void
saw_descriptor(int fd)
{
	if (fd > w.highest)
		w.highest = fd;
}

/* A slot with a descriptor of the program, for C to own, or with -1. */
static inline int *
any_held(void)
{
	int	*held = &w.held[next8(w.in) % HELD];

	/* a peer may send sockets, too: only host values are sent on */
	if (*held != -1 && kernel_value(*held) == 0)
		*held = -1;
	return (held);
}

static inline void
hold(int fd)
{
	size_t	 i;

	if (fd == -1)
		return;
	for (i = 0; i < HELD; i++)
		if (w.held[i] == -1) {
			w.held[i] = fd;
			return;
		}
	CHECK(kernel_close(fd) == 0);
}

static inline struct ibuf **
any_ibuf(void)
{
	return (&w.ibuf[next8(w.in) % IBUFS]);
}

static inline void
put_ibuf(struct ibuf **slot, struct ibuf *b)
{
	ibuf_free(*slot);
	*slot = b;
}

void	ops_ibuf(uint8_t);
void	ops_view(uint8_t);
void	ops_msgbuf(uint8_t);
void	ops_imsgbuf(uint8_t);
void	ops_imsg(uint8_t);
void	ops_kernel(uint8_t);
void	ops_batch(uint8_t);

#endif
