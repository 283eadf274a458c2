#include <sys/wait.h>

#include "facts.h"

/*
 * facts NAME   shows one fact in a child process, and prints how the child ended
 */

#define POISON	0xdd

unsigned int	 fail_at, blocks, moved;
struct outcome	 write_outcome = { -2, 0 };
unsigned int	 write_calls, write_limit = 1000;
const void	*read_data;
size_t		 read_len;
int		 read_fd = -1, read_error = EAGAIN;
unsigned int	 read_calls, read_limit = 1000;
int		 closed[16];
unsigned int	 nclosed;

void	*fact_malloc(size_t);
void	*fact_calloc(size_t, size_t);
void	*fact_realloc(void *, size_t);
void	 fact_free(void *);
void	 fact_freezero(void *, size_t);
char	*fact_strndup(const char *, size_t);
ssize_t	 fact_readv(int, const struct iovec *, int);
ssize_t	 fact_writev(int, const struct iovec *, int);
ssize_t	 fact_recvmsg(int, struct msghdr *, int);
ssize_t	 fact_sendmsg(int, const struct msghdr *, int);
int	 fact_close(int);

void *
fact_calloc(size_t n, size_t size)
{
	size_t	*p;

	if (fail_at != 0 && --fail_at == 0) {
		errno = ENOMEM;
		return (NULL);
	}
	if ((p = calloc(1, sizeof(*p) * 2 + n * size)) == NULL)
		return (NULL);
	p[0] = n * size;
	blocks++;
	return (p + 2);
}

void *
fact_malloc(size_t n)
{
	return (fact_calloc(n, 1));
}

/* Always moves the block; the old one is poisoned and kept, so that its later use shows. */
void *
fact_realloc(void *old, size_t n)
{
	void	*p;
	size_t	 had = old == NULL ? 0 : ((size_t *)old)[-2];

	if ((p = fact_malloc(n)) == NULL)
		return (NULL);
	if (old != NULL) {
		memcpy(p, old, had < n ? had : n);
		memset(old, POISON, had);
		moved = (unsigned int)had;
		blocks--;
	}
	return (p);
}

void
fact_free(void *p)
{
	if (p == NULL)
		return;
	blocks--;
	free((size_t *)p - 2);
}

void
fact_freezero(void *p, size_t n)
{
	(void)n;
	fact_free(p);
}

char *
fact_strndup(const char *s, size_t n)
{
	size_t	 len = strnlen(s, n);
	char	*p;

	if ((p = fact_malloc(len + 1)) != NULL)
		memcpy(p, s, len);
	return (p);
}

int
fact_close(int fd)
{
	if (nclosed < sizeof(closed) / sizeof(closed[0]))
		closed[nclosed] = fd;
	nclosed++;
	return (0);
}

static ssize_t
take(const struct iovec *iov, size_t n)
{
	ssize_t	 want = 0;

	if (++write_calls >= write_limit) {
		printf("still writing after %u calls\n", write_calls);
		fflush(stdout);
		_exit(0);
	}
	while (n-- > 0)
		want += (ssize_t)iov[n].iov_len;
	if (write_outcome.n == -1)
		errno = write_outcome.error;
	return (write_outcome.n == -2 ? want : write_outcome.n);
}

ssize_t
fact_writev(int fd, const struct iovec *iov, int n)
{
	(void)fd;
	return (take(iov, (size_t)n));
}

ssize_t
fact_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	(void)fd;
	(void)flags;
	return (take(msg->msg_iov, msg->msg_iovlen));
}

static ssize_t
give(const struct iovec *iov)
{
	size_t	 n = read_len < iov->iov_len ? read_len : iov->iov_len;

	if (++read_calls >= read_limit) {
		printf("still reading after %u calls\n", read_calls);
		fflush(stdout);
		_exit(0);
	}
	if (read_data == NULL && read_error != 0) {
		errno = read_error;
		return (-1);
	}
	if (n > 0)
		memcpy(iov->iov_base, read_data, n);
	read_data = NULL;
	read_len = 0;
	return ((ssize_t)n);
}

ssize_t
fact_readv(int fd, const struct iovec *iov, int n)
{
	(void)fd;
	(void)n;
	return (give(iov));
}

ssize_t
fact_recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct cmsghdr	*cmsg;
	ssize_t		 n;

	(void)fd;
	(void)flags;
	n = give(msg->msg_iov);
	if (n <= 0 || read_fd == -1) {
		msg->msg_controllen = 0;
		return (n);
	}
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &read_fd, sizeof(read_fd));
	msg->msg_controllen = CMSG_SPACE(sizeof(int));
	read_fd = -1;
	return (n);
}

void
deliver(const void *data, size_t len, int fd)
{
	read_data = data;
	read_len = len;
	read_fd = fd;
}

size_t
message(unsigned char *to, uint32_t type, size_t len, int c)
{
	struct imsg_hdr	 hdr = { type, (uint32_t)(len + sizeof(hdr)), 0, 1 };

	memcpy(to, &hdr, sizeof(hdr));
	memset(to + sizeof(hdr), c, len);
	return (sizeof(hdr) + len);
}

static const struct fact *
fact_by_name(const char *name)
{
	const struct fact	*all[] = { facts_write, facts_read, facts_memory };
	const struct fact	*f;
	size_t			 i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		for (f = all[i]; f->name != NULL; f++)
			if (strcmp(f->name, name) == 0)
				return (f);
	return (NULL);
}

int
main(int argc, char *argv[])
{
	const struct fact	*f;
	pid_t			 pid;
	int			 status;

	if (argc != 2 || (f = fact_by_name(argv[1])) == NULL) {
		fprintf(stderr, "usage: facts NAME\n");
		return (2);
	}
	if ((pid = fork()) == 0) {
		alarm(10);
		f->show();
		fflush(stdout);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1)
		return (2);
	if (WIFSIGNALED(status))
		printf("ended by %s\n", WTERMSIG(status) == SIGABRT ? "abort" :
		    WTERMSIG(status) == SIGSEGV ? "a bad pointer" :
		    WTERMSIG(status) == SIGALRM ? "the clock" : "a signal");
	return (0);
}
