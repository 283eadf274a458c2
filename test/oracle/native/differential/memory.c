#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"

/*
 * The heap of the original.  Fresh memory is not zero, realloc always moves a
 * block, and freezero must wipe all of a block: so bytes that the original
 * forgets to clear or to copy become visible.
 */

#define DIRT	0xa5
#define PREFIX	16	/* the length, and alignment for what follows */

static unsigned int	 live;
static size_t		 unwiped;
static unsigned int	 countdown;	/* to the allocation that fails */

void	*dt_malloc(size_t);
void	*dt_calloc(size_t, size_t);
void	*dt_realloc(void *, size_t);
void	 dt_free(void *);
void	 dt_freezero(void *, size_t);
char	*dt_strndup(const char *, size_t);

static size_t
length_of(const void *p)
{
	size_t	 n;

	memcpy(&n, (const char *)p - PREFIX, sizeof(n));
	return (n);
}

void
memory_fail_at(unsigned int n)
{
	countdown = n;
}

int
memory_refused(void)
{
	if (countdown == 0 || --countdown != 0)
		return (0);
	errno = ENOMEM;
	return (1);
}

void *
dt_malloc(size_t n)
{
	char	*p;

	if (memory_refused())
		return (NULL);
	if (n > SIZE_MAX - PREFIX || (p = malloc(n + PREFIX)) == NULL) {
		errno = ENOMEM;
		return (NULL);
	}
	memcpy(p, &n, sizeof(n));
	memset(p + PREFIX, DIRT, n);
	live++;
	return (p + PREFIX);
}

void *
dt_calloc(size_t n, size_t size)
{
	void	*p;

	if (size != 0 && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return (NULL);
	}
	if ((p = dt_malloc(n * size)) != NULL)
		memset(p, 0, n * size);
	return (p);
}

void *
dt_realloc(void *old, size_t n)
{
	void	*p;

	if ((p = dt_malloc(n)) == NULL || old == NULL)
		return (p);
	memcpy(p, old, length_of(old) < n ? length_of(old) : n);
	dt_free(old);
	return (p);
}

void
dt_free(void *p)
{
	if (p == NULL)
		return;
	memset(p, DIRT, length_of(p));
	free((char *)p - PREFIX);
	live--;
}

void
dt_freezero(void *p, size_t n)
{
	if (p == NULL)
		return;
	if (n != length_of(p))
		unwiped += length_of(p) - n;
	dt_free(p);
}

char *
dt_strndup(const char *s, size_t max)
{
	size_t	 n = 0;
	char	*p;

	while (n < max && s[n] != '\0')
		n++;
	if ((p = dt_malloc(n + 1)) == NULL)
		return (NULL);
	if (n > 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return (p);
}

unsigned int
memory_live(void)
{
	return (live);
}

void
memory_report(void)
{
	if (unwiped != 0)
		out(" UNWIPED %zu", unwiped);
	unwiped = 0;
}
