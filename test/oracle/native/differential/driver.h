#ifndef DRIVER_H
#define DRIVER_H

#include <sys/types.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include "imsg.h"
#include "functions.h"

/*
 * The native side of the differential test: reads programs of operations from
 * stdin, runs them on the original C over a kernel that the program dictates,
 * and prints a transcript.  test/oracle/differential/README.md has the format.
 */

#define SLOTS		16	/* of each kind; programs use fewer */

/* Every call of the original goes through here, so that it is counted. */
#define FUNCTION_ENUM(name)	F_##name,
enum function { IMSG_FUNCTIONS(FUNCTION_ENUM) F_COUNT };
extern unsigned long long function_calls[F_COUNT];
#define C(name, ...) \
	(function_calls[F_##name]++, errno = 0, name(__VA_ARGS__))

/* transcript.c */
void		 out_char(int);
void		 out(const char *, ...) __attribute__((format(printf, 1, 2)));
void		 out_size(size_t);
void		 out_bytes(const void *, size_t);
void		 out_flush(void);
const char	*error_name(int);
int		 error_number(const char *);
/* The outcome of an operation, exactly one of these. */
void		 result_ok(void);
void		 result_number(unsigned long long);
void		 result_signed(long long);
void		 result_size(size_t);
void		 result_bytes(const void *, size_t);
void		 result_error(const char *);	/* by name */
void		 result_errno(void);		/* by the present errno */
void		 result_skip(const char *);
/* -1 is an error, anything else ok. */
void		 result_status(int);
/* -1 is an error, anything else the bytes. */
void		 result_copied(int, const void *, size_t);

/* arguments.c: one operation, cut at its blanks */
struct buf;
struct queue;
struct channel;
struct message;
struct arguments {
	char		*word[32];
	unsigned int	 count, next;
	/* the object in the slot that the first argument names; see enum subject */
	struct buf	*b;
	struct queue	*q;
	struct channel	*c;
	struct message	*m;
	int		 fd;
};
struct bytes {
	unsigned char	*data;
	size_t		 len;
};
void		 arguments_cut(struct arguments *, char *);
const char	*arg_word(struct arguments *);
long long	 arg_int(struct arguments *);
unsigned long long arg_u64(struct arguments *);
size_t		 arg_size(struct arguments *);
unsigned int	 arg_slot(struct arguments *);
struct bytes	 arg_bytes(struct arguments *);
void		 pattern_fill(unsigned char *, uint32_t, size_t);
/* Memory until the end of the program. */
void		*scratch(size_t);
/* The same for a copy; no bytes for more than an ibuf can have, which C refuses. */
void		*scratch_for(size_t);
void		 scratch_reset(void);

/* kernel.c: descriptors and sockets in memory */
struct file;
void		 kernel_reset(void);
/* A descriptor of a new value, or of one that the program had in hand. */
int		 kernel_open(void);
int		 kernel_reopen(unsigned int);
/* The value behind a descriptor, 0 if there is none; taken out of the table. */
unsigned int	 kernel_value(int);
unsigned int	 kernel_take_value(int);
int		 kernel_socket(void);
int		 kernel_is_socket(int);
int		 kernel_close(int);
int		 kernel_deliver(int, const struct bytes *, const int *, int);
int		 kernel_outcome(int, int, int, size_t);
#define OUTCOME_END	-1
int		 kernel_room(int, size_t);
void		 kernel_setpid(pid_t);
/* Prints what was written and forgets it; values on it are in hand then. */
void		 kernel_take(int);
/* Moves what was written to another socket's deliveries, cut at each limit. */
void		 kernel_transfer(int, int, size_t);
/* Prints the moves, closings and releases since the last call. */
void		 kernel_report(void);
/* The values in the table, by their numbers. */
void		 kernel_report_table(void);
/* The bytes that the last read moved, and the place to leave a flush that cannot end. */
extern ssize_t	 kernel_last_read;
extern jmp_buf	 kernel_stuck;
/* Reports that a flush begins (1) or has ended (0). */
void		 kernel_flush(int);

/* kernel.c: bytes that reads delivered go to the tracker of the reader */
struct tracker {
	size_t		 hdrsize;	/* 0: not a reader */
	size_t		(*length)(const unsigned char *, void *);
	void		*arg;
	unsigned char	*hdr;
	size_t		 have, need;	/* of the message being read */
};
extern struct tracker *kernel_tracker;

/* values.c: values that the program took out of the table, oldest first */
void		 hand_put(unsigned int);
unsigned int	 hand_get(void);	/* 0: none */
void		 out_descriptor(int, unsigned int);
/* The one fate of every value, for the end of the transcript. */
enum fate { ALIVE, GONE, KEPT };
unsigned int	 value_new(void);
void		 value_fate(unsigned int, enum fate);
void		 values_report_alive(void);
void		 values_report_kept(void);
void		 values_reset(void);

/* memory.c: the original's heap, whose n-th allocation from now can fail */
void		 memory_fail_at(unsigned int);
int		 memory_refused(void);
unsigned int	 memory_live(void);
void		 memory_report(void);

/* objects.c: the contents of the slots */
enum state { EMPTY, LIVE, MOVED, DISPOSED };
struct root {			/* memory that views point into */
	const struct ibuf	*ibuf;	/* NULL: gone */
};
struct buf {
	enum state	 state;
	struct ibuf	*ibuf;		/* or &view */
	struct ibuf	 view;
	struct root	*root;
	size_t		 size;		/* of the root when a view was made */
};
struct queue {
	enum state	 state;
	struct msgbuf	*msgbuf;
	struct tracker	 tracker;
	const char	*broken;	/* the parser's error, for ever */
	uint32_t	 base, at, width, refuse;	/* the reader's rule */
};
struct socket {			/* the wrapper's object, not the kernel's */
	enum state	 state;
	int		 fd;
};
struct channel {
	enum state	 state;
	struct imsgbuf	 imsgbuf;
	struct socket	*socket;
	struct tracker	 tracker;
	const char	*broken;
};
struct message {
	enum state	 state;
	struct imsg	 imsg;
	struct root	*root;
};
extern struct buf	 bufs[SLOTS];
extern struct queue	 queues[SLOTS];
extern struct channel	 channels[SLOTS];
extern struct message	 messages[SLOTS];
extern struct socket	*sockets[SLOTS];	/* or NULL */
extern int		 held[SLOTS];		/* descriptors, 0: none */

/*
 * Whether a slot holds an object; prints an error if not.  Operations check all
 * their slots first, then evaluate arguments that have an effect, then check the
 * objects.
 */
int		 have_buf(unsigned int);
int		 have_queue(unsigned int);
int		 have_channel(unsigned int);
int		 have_message(unsigned int);
int		 have_socket(unsigned int);
/* The object if it can be used, or NULL after the error was printed. */
struct buf	*use_buf(unsigned int);
struct buf	*use_owner(unsigned int);	/* EINVAL for a view */
struct queue	*use_queue(unsigned int);
struct channel	*use_channel(unsigned int);
struct message	*use_message(unsigned int);
int		 use_socket(const struct socket *);	/* descriptor or -1 */
/* Empties a slot, and disposes of its object. */
struct buf	*drop_buf(unsigned int);
struct queue	*drop_queue(unsigned int);
struct channel	*drop_channel(unsigned int);
struct message	*drop_message(unsigned int);
void		 buf_own(struct buf *, struct ibuf *);
void		 buf_view(struct buf *, struct root *);
void		 buf_gone(struct buf *, enum state);
/* The outcome of an operation: a new ibuf or NULL, or a status with the ibuf. */
void		 buf_made(struct buf *, struct ibuf *);
void		 buf_done(const struct buf *, int);
struct root	*root_new(const struct ibuf *);
void		 observe(const struct buf *);
void		 hold(unsigned int, int);
/* Prints the descriptor that C has returned, and keeps it. */
void		 result_held(unsigned int, int);
int		 arg_descriptor(struct arguments *);
/* A number as it is, or one that was kept, which may stay so. */
int		 arg_number(struct arguments *, int);
void		 objects_end(void);	/* disposes of everything, in order */

/* readers.c: the wrapper's additions to reading and flushing */
void		 tracker_start(struct tracker *, size_t,
		    size_t (*)(const unsigned char *, void *), void *);
void		 read_outcome(int, struct tracker *, const char **);
size_t		 queue_length(const unsigned char *, void *);
size_t		 imsg_length(const unsigned char *, void *);
struct ibuf	*queue_readhdr(struct ibuf *, void *, int *);
int		 queued_bytes(struct msgbuf *);

/* Requests of the operation before this one. */
struct failure {
	unsigned int	 allocation;
	char		 operation[32];
};
extern struct failure	 next_failure;

/*
 * The kind of object in the slot that an operation's first argument names.  The
 * driver checks the slot and the object before it runs the operation.  With
 * NO_SUBJECT the operation does that itself: it has two slots, or arguments with
 * an effect.
 */
enum subject { NO_SUBJECT, BUF, OWNER, QUEUE, CHANNEL, MESSAGE, SOCKET };
/* Returns 0 after the reason was printed why the operation cannot run. */
int		 subject_ready(enum subject, struct arguments *);

/* ops_*.c */
struct operation {
	const char	*name;
	enum subject	 subject;
	void		(*run)(struct arguments *);
};
#define OP(name)		static void op_##name(struct arguments *a)
#define ON(subject, name)	{ #name, subject, op_##name }
#define LAST_OP			{ NULL, NO_SUBJECT, NULL }
extern const struct operation	 ops_kernel[], ops_value[], ops_ibuf[], ops_get[],
				 ops_msgbuf[], ops_imsgbuf[], ops_imsg[];

#endif
