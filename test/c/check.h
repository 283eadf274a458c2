#ifndef KERNEL_CHECK_H
#define KERNEL_CHECK_H

/* Shared by the directed tests, each of which is one program. */

#include <sys/wait.h>

#include <signal.h>

#include "host.h"

#ifdef COVERAGE
void	__gcov_dump(void);
#endif

#define PASS()	(finish(), printf("ok %s\n", __FILE__), 0)

/* Checks that a test has left no memory and no descriptor. */
static __attribute__((unused)) void
finish(void)
{
	CHECK(files == NULL);
	CHECK(mem_live() == 0);
	values_end();
}

static void
aborted(int sig)
{
	(void)sig;
#ifdef COVERAGE
	__gcov_dump();
#endif
	_exit(99);
}

/* Runs a function in a child and expects it to end in abort. */
static __attribute__((unused)) void
expect_abort_of(const char *name, void (*f)(void))
{
	pid_t	 pid;
	int	 status;

	fflush(stdout);
	CHECK((pid = fork()) != -1);
	if (pid == 0) {
		signal(SIGABRT, aborted);
		f();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 99)
		check_failed(name, status, "ends in abort");
}
#define expect_abort(f)	expect_abort_of(#f, f)

/* Copies bytes to a block of the allocator, which kernel_deliver needs. */
static __attribute__((unused)) void *
heap(const void *data, size_t n)
{
	void	*p;

	CHECK((p = mem_alloc(n)) != NULL);
	if (n > 0)
		memcpy(p, data, n);
	return (p);
}

static __attribute__((unused)) void
deliver(int s, const void *data, size_t n)
{
	CHECK(kernel_deliver(s, heap(data, n), n, NULL, 0) == 0);
}

/* The arguments of host_close, in order. */
static struct {
	int		 fd;
	uint32_t	 value;
} closed[64];
static size_t	 nclosed;

static __attribute__((unused)) void
note_close(int fd, uint32_t value)
{
	CHECK(nclosed < 64);
	closed[nclosed].fd = fd;
	closed[nclosed++].value = value;
}

static __attribute__((unused)) int
errno_of(long rv)
{
	CHECK(rv == -1);
	return (errno);
}

/* Writes a message as it is on the wire; returns its length. */
static __attribute__((unused)) size_t
wire(unsigned char *to, uint32_t type, uint32_t len, const void *data)
{
	struct imsg_hdr	 hdr = { type, 16 + len, 7, 8 };

	memcpy(to, &hdr, sizeof(hdr));
	if (len > 0)
		memcpy(to + sizeof(hdr), data, len);
	return (sizeof(hdr) + len);
}

#endif
