/* The native peer; the comment at the top of peer.c describes it. */
#ifndef IMSG_NATIVE_PEER_H
#define IMSG_NATIVE_PEER_H

#include <sys/types.h>
#include <sys/queue.h>

#include <stdint.h>

#include "imsg.h"

/* Commands of --mode serve, by imsg type. */
#define CMD_ECHO	1
#define CMD_SUM		2
#define CMD_SEND	3
#define CMD_DIE		4
#define CMD_BAD		5
#define CMD_QUIT	6
#define CMD_STALL	7
#define CMD_GIVE_FD	8
#define CMD_TAKE_FD	9
#define TYPE_DATA	16
#define TYPE_GREETING	17

enum mode {
	MODE_SERVE, MODE_ECHO, MODE_SUM, MODE_SEND, MODE_DIE, MODE_BAD,
	MODE_CLOSE, MODE_RESET, MODE_STALL, MODE_GREET, MODE_DUMP,
	MODE_HANDOVER, MODE_RECORDS
};

/* The bytes that follow the messages of a SEND. */
enum tail { TAIL_NONE, TAIL_CLOSE, TAIL_PARTIAL, TAIL_BAD };

struct options {
	enum mode	 mode;
	uint32_t	 count;		/* messages to send */
	uint32_t	 size;		/* payload bytes of each */
	uint32_t	 type;		/* type of each */
	uint32_t	 good;		/* good messages before die and bad */
	uint32_t	 cut;		/* bytes of the broken message to send */
	int		 has_cut;
	uint32_t	 len;		/* length of the bad header */
	uint32_t	 ms;
	uint32_t	 maxsize;	/* 0: the original's default */
	uint32_t	 pid;		/* 0: getpid() */
	uint32_t	 connections;	/* 0: for ever */
	uint32_t	 sndbuf;	/* 0: the system's default */
	int		 fdpass;
	int		 each;		/* a sum after every message */
	int		 tied;		/* exit when stdin ends */
};

struct conn {
	struct imsgbuf	 ib;
	/* running totals for the sum */
	uint64_t	 count;
	uint64_t	 bytes;
	uint64_t	 fnv;
	/* the rest of the messages to send by the formula */
	uint32_t	 next;
	uint32_t	 left;
	uint32_t	 size;
	uint32_t	 type;
	enum tail	 tail;
	uint32_t	 tail_size;
	uint32_t	 tail_cut;
	uint32_t	 tail_len;
	/* a stall: until when, and whether it is announced when over */
	uint64_t	 stalled_until;
	int		 stall_reply;
	uint32_t	 stall_id;
	int		 eof;		/* the other end has ended */
	int		 ended;		/* our end has ended; reading continues */
	int		 closing;	/* close once the queue is written */
	int		 deaf;		/* throw away the bytes that arrive */
	int		 read_errno;	/* errno of a failed read, or 0 */
	int		 failed;
};

extern struct options	 options;

/* conn.c */
uint64_t	 now_ms(void);
struct conn	*conn_new(int);
void		 conn_free(struct conn *);
short		 conn_events(const struct conn *);
int		 conn_ready(struct conn *, short);
void		 conn_fail(struct conn *, const char *, int);
int		 conn_raw(struct conn *, const void *, size_t);
int		 conn_pipe(const char *);

/* commands.c */
int		 command_start(struct conn *);
int		 command_handle(struct conn *, struct imsg *);
int		 command_end(struct conn *);
int		 command_tail(struct conn *);
int		 command_woken(struct conn *);
int		 command_generate(struct conn *);

/* records.c */
const char	*errno_name(int);
void		 print_message(struct imsg *);
void		 print_end(int);
int		 records_run(void);

#endif
