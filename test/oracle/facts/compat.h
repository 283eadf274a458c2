/* What the original expects of OpenBSD's libc, included ahead of its files. */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>

void	freezero(void *, size_t);
