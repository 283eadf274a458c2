#include <sys/resource.h>
#include <sys/time.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"

unsigned long long	 function_calls[F_COUNT];

static const char *const names[] = {
#define FUNCTION_NAME(name)	#name,
	IMSG_FUNCTIONS(FUNCTION_NAME)
};

static const struct operation *const tables[] = {
	ops_kernel, ops_value, ops_ibuf, ops_get, ops_msgbuf, ops_imsgbuf, ops_imsg,
};
#define NTABLES	(sizeof(tables) / sizeof(tables[0]))

#define FAILING_BYTES	512

static struct operation	 operations[256];
static size_t		 noperations;

static int
by_name(const void *a, const void *b)
{
	const struct operation	*x = a, *y = b;

	return (strcmp(x->name, y->name));
}

static void
collect(void)
{
	const struct operation	*o;
	size_t			 i;

	for (i = 0; i < NTABLES; i++)
		for (o = tables[i]; o->name != NULL; o++)
			operations[noperations++] = *o;
	qsort(operations, noperations, sizeof(operations[0]), by_name);
}

struct failure	 next_failure;

/*
 * Lets an allocation fail in the operation for which that was asked, if it has
 * no more bytes to carry than the wrapper can without allocating, and opens no
 * descriptor.
 */
static void
arm(struct arguments *a)
{
	size_t		 len = 0;
	unsigned int	 i;

	if (next_failure.allocation == 0)
		return;
	for (i = 1; i < a->count; i++) {
		if (a->word[i][0] == 'n')
			len = SIZE_MAX / 2;
		if (strchr("xpzm", a->word[i][0]) == NULL)
			continue;
		a->next = i;
		len += arg_bytes(a).len;
	}
	a->next = 1;
	if (len <= FAILING_BYTES &&
	    strcmp(a->word[0], next_failure.operation) == 0)
		memory_fail_at(next_failure.allocation);
	next_failure.allocation = 0;
}

static void
operation(char *line, unsigned int number)
{
	struct arguments	 a;
	struct operation	 key, *o;

	arguments_cut(&a, line);
	key.name = arg_word(&a);
	if ((o = bsearch(&key, operations, noperations, sizeof(key),
	    by_name)) == NULL) {
		fprintf(stderr, "no such operation: %s\n", key.name);
		exit(2);
	}
	out("%u %s", number, key.name);
	arm(&a);
	if (subject_ready(o->subject, &a))
		o->run(&a);
	memory_fail_at(0);
	if (a.next != a.count) {
		fprintf(stderr, "%s: too many arguments\n", key.name);
		exit(2);
	}
	memory_report();
	kernel_report();
	out_char('\n');
}

static void
program_end(void)
{
	out("end");
	kernel_report_table();
	objects_end();
	kernel_reset();
	memory_report();
	kernel_report();
	values_report_kept();
	out(" left %u\n", memory_live());
	kernel_setpid(1);
	scratch_reset();
	next_failure.allocation = 0;
}

/*
 * A program takes milliseconds and little memory: more of either means that
 * it never ends.
 */
static void
time_limit(void)
{
	const struct itimerval	 limit = { { 0, 0 }, { 2, 0 } };

	(void)setitimer(ITIMER_VIRTUAL, &limit, NULL);
}

static void
memory_limit(void)
{
#ifndef __SANITIZE_ADDRESS__
	const struct rlimit	 limit = { 512UL << 20, 512UL << 20 };

	(void)setrlimit(RLIMIT_AS, &limit);
#endif
}

static void
hung(int sig)
{
	(void)sig;
	_exit(4);
}

static void
statistics(void)
{
	size_t	 i;

	for (i = 0; i < F_COUNT; i++)
		out("%s %llu\n", names[i], function_calls[i]);
}

int
main(int argc, char **argv)
{
	char		*line = NULL;
	size_t		 size = 0, i;
	ssize_t		 n;
	unsigned int	 number = 0;

	collect();
	if (argc > 1 && strcmp(argv[1], "--operations") == 0) {
		for (i = 0; i < noperations; i++)
			printf("%s\n", operations[i].name);
		return (0);
	}
	memory_limit();
	(void)signal(SIGVTALRM, hung);
	while ((n = getline(&line, &size, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (strcmp(line, "begin") == 0) {
			time_limit();
			number = 0;
			out("begin\n");
		} else if (strcmp(line, "end") == 0)
			program_end();
		else if (strcmp(line, "flush") == 0) {
			out("flush\n");
			out_flush();
		} else if (strcmp(line, "calls") == 0)
			statistics();
		else
			operation(line, number++);
	}
	free(line);
	out_flush();
	return (0);
}
