/* The parts of OpenBSD's libc that the original expects, included ahead of its files. */
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>

void	freezero(void *, size_t);
