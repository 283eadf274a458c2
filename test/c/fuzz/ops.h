#ifndef FUZZ_OPS_H
#define FUZZ_OPS_H

#include "host.h"
#include "input.h"

/*
 * What a program of operations works on.  An empty slot is NULL; a number that
 * the program gives picks a slot modulo their count.
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
	int		 held[HELD];		/* descriptors, or -1 */
	int		 highest;		/* descriptor ever seen */
	unsigned char	 scratch[SCRATCH];
};

static struct world	 w;

/* Small, any of 16 bits, or one that no memory can hold. */
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

/* A descriptor of the program's own for C to take, or -1. */
static inline int *
any_held(void)
{
	int	*held = &w.held[next8(w.in) % HELD];

	/* what a peer sent may be anything: only host values go out again */
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
