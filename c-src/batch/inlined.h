#ifndef INLINED_H
#define INLINED_H

/*
 * Included before the originals in batch.c, which compiles them a second time,
 * with everything inlined that every message goes through.  What reads and
 * writes is exported from there (see core.c); the rest has names of
 * its own, so that core.c's is what is exported.  imsg.h must not have been
 * included before.
 */

#ifndef MEM_SYSTEM
#undef calloc
#undef free
#undef freezero
/* one of the two is 1 */
#define calloc(n, s)		class_alloc((n) * (s))
/* what a pointer to a structure points at was allocated by its size */
#define free(p)			class_free(p, sizeof(*(p)))
#define freezero(p, n)		class_freezero(p, n)
#endif

#undef memcpy
#define memcpy(d, s, n)		mem_copy(d, s, n)

#define WARM	static NOINLINE
#define HOT	static INLINE

#define ibuf_open	fast_ibuf_open
#define ibuf_dynamic	fast_ibuf_dynamic
#define ibuf_add	fast_ibuf_add
#define ibuf_add_ibuf	fast_ibuf_add_ibuf
#define ibuf_add_zero	fast_ibuf_add_zero
#define ibuf_add_n8	fast_ibuf_add_n8
#define ibuf_add_n16	fast_ibuf_add_n16
#define ibuf_add_n32	fast_ibuf_add_n32
#define ibuf_add_n64	fast_ibuf_add_n64
#define ibuf_add_h16	fast_ibuf_add_h16
#define ibuf_add_h32	fast_ibuf_add_h32
#define ibuf_add_h64	fast_ibuf_add_h64
#define ibuf_reserve	fast_ibuf_reserve
#define ibuf_seek	fast_ibuf_seek
#define ibuf_set	fast_ibuf_set
#define ibuf_set_n8	fast_ibuf_set_n8
#define ibuf_set_n16	fast_ibuf_set_n16
#define ibuf_set_n32	fast_ibuf_set_n32
#define ibuf_set_n64	fast_ibuf_set_n64
#define ibuf_set_h16	fast_ibuf_set_h16
#define ibuf_set_h32	fast_ibuf_set_h32
#define ibuf_set_h64	fast_ibuf_set_h64
#define ibuf_data	fast_ibuf_data
#define ibuf_size	fast_ibuf_size
#define ibuf_left	fast_ibuf_left
#define ibuf_truncate	fast_ibuf_truncate
#define ibuf_rewind	fast_ibuf_rewind
#define ibuf_close	fast_ibuf_close
#define ibuf_from_buffer	fast_ibuf_from_buffer
#define ibuf_from_ibuf	fast_ibuf_from_ibuf
#define ibuf_get	fast_ibuf_get
#define ibuf_get_ibuf	fast_ibuf_get_ibuf
#define ibuf_get_n8	fast_ibuf_get_n8
#define ibuf_get_n16	fast_ibuf_get_n16
#define ibuf_get_n32	fast_ibuf_get_n32
#define ibuf_get_n64	fast_ibuf_get_n64
#define ibuf_get_h16	fast_ibuf_get_h16
#define ibuf_get_h32	fast_ibuf_get_h32
#define ibuf_get_h64	fast_ibuf_get_h64
#define ibuf_get_string	fast_ibuf_get_string
#define ibuf_skip	fast_ibuf_skip
#define ibuf_fd_avail	fast_ibuf_fd_avail
#define ibuf_fd_get	fast_ibuf_fd_get
#define ibuf_fd_set	fast_ibuf_fd_set
#define msgbuf_free	fast_msgbuf_free
#define msgbuf_clear	fast_msgbuf_clear
#define msgbuf_queuelen	fast_msgbuf_queuelen
#define msgbuf_get	fast_msgbuf_get
#define msgbuf_new	fast_msgbuf_new
#define msgbuf_new_reader	fast_msgbuf_new_reader
#define imsgbuf_init	fast_imsgbuf_init
#define imsgbuf_allow_fdpass	fast_imsgbuf_allow_fdpass
#define imsgbuf_set_maxsize	fast_imsgbuf_set_maxsize
#define imsgbuf_read	fast_imsgbuf_read
#define imsgbuf_write	fast_imsgbuf_write
#define imsgbuf_flush	fast_imsgbuf_flush
#define imsgbuf_clear	fast_imsgbuf_clear
#define imsgbuf_queuelen	fast_imsgbuf_queuelen
#define imsg_get	fast_imsg_get
#define imsg_get_ibuf	fast_imsg_get_ibuf
#define imsg_get_data	fast_imsg_get_data
#define imsg_get_fd	fast_imsg_get_fd
#define imsg_get_id	fast_imsg_get_id
#define imsg_get_len	fast_imsg_get_len
#define imsg_get_pid	fast_imsg_get_pid
#define imsg_get_type	fast_imsg_get_type
#define imsg_forward	fast_imsg_forward
#define imsg_compose	fast_imsg_compose
#define imsg_composev	fast_imsg_composev
#define imsg_compose_ibuf	fast_imsg_compose_ibuf
#define imsg_create	fast_imsg_create
#define imsg_add	fast_imsg_add
#define imsg_close	fast_imsg_close
#define imsg_free	fast_imsg_free

struct ibuf;
struct imsg;
struct imsgbuf;
struct msgbuf;

HOT struct ibuf	*ibuf_open(size_t);
HOT struct ibuf	*ibuf_dynamic(size_t, size_t);
HOT void	*ibuf_reserve(struct ibuf *, size_t);
HOT int		 ibuf_add(struct ibuf *, const void *, size_t);
HOT int		 ibuf_add_ibuf(struct ibuf *, const struct ibuf *);
HOT void	*ibuf_seek(struct ibuf *, size_t, size_t);
HOT int		 ibuf_set(struct ibuf *, size_t, const void *, size_t);
HOT int		 ibuf_set_h32(struct ibuf *, size_t, uint64_t);
HOT void	*ibuf_data(const struct ibuf *);
HOT size_t	 ibuf_size(const struct ibuf *);
HOT size_t	 ibuf_left(const struct ibuf *);
HOT void	 ibuf_close(struct msgbuf *, struct ibuf *);
HOT void	 ibuf_from_buffer(struct ibuf *, void *, size_t);
HOT int		 ibuf_get(struct ibuf *, void *, size_t);
HOT int		 ibuf_get_ibuf(struct ibuf *, size_t, struct ibuf *);
NOINLINE void	 ibuf_free(struct ibuf *);
HOT int		 ibuf_fd_avail(struct ibuf *);
HOT int		 ibuf_fd_get(struct ibuf *);
HOT void	 ibuf_fd_set(struct ibuf *, int);
HOT uint32_t	 msgbuf_queuelen(struct msgbuf *);
HOT struct ibuf	*msgbuf_get(struct msgbuf *);
WARM int	 ibuf_read_process(struct msgbuf *, int);
WARM void	 msgbuf_drain(struct msgbuf *, size_t);
HOT int		 imsgbuf_read(struct imsgbuf *);
HOT int		 imsgbuf_write(struct imsgbuf *);
HOT uint32_t	 imsgbuf_queuelen(struct imsgbuf *);
HOT ssize_t	 imsg_get(struct imsgbuf *, struct imsg *);
HOT int		 imsg_get_fd(struct imsg *);
HOT int		 imsg_compose(struct imsgbuf *, uint32_t, uint32_t, pid_t, int,
		    const void *, size_t);
HOT struct ibuf	*imsg_create(struct imsgbuf *, uint32_t, uint32_t, pid_t,
		    size_t);
HOT int		 imsg_add(struct ibuf *, const void *, size_t);
HOT void	 imsg_close(struct imsgbuf *, struct ibuf *);
HOT void	 imsg_free(struct imsg *);
HOT struct ibuf	*imsg_parse_hdr(struct ibuf *, void *, int *);

/*
 * Mostly the callback of readers is imsg.c's own, which imsgbuf_init has from
 * core.c: then this unit's can be inlined.
 */
#define readhdr(m, a, f)						\
	readhdr == imsg_reader ? imsg_parse_hdr(m, a, f) :		\
	    msgbuf->readhdr(m, a, f)

#endif
