/*
 * Runs a fuzz target over files and folders without a fuzzer:
 *	replay-TARGET CORPUS...
 */

#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "input.h"

static unsigned int	 count;

static void
replay_file(const char *path)
{
	static uint8_t	 data[1 << 20];
	FILE		*f;
	size_t		 n;
	uint8_t		*copy;

	if ((f = fopen(path, "rb")) == NULL)
		err(1, "%s", path);
	n = fread(data, 1, sizeof(data), f);
	if (ferror(f) || n == sizeof(data))
		errx(1, "%s: cannot be read", path);
	fclose(f);
	/* a block of exactly its size, so that the sanitizer sees overreads */
	if ((copy = malloc(n)) == NULL && n > 0)
		err(1, "%s", path);
	memcpy(copy, data, n);
	fprintf(stderr, "%s\r", path);	/* names the input if it crashes */
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	count++;
}

static void
replay(const char *path)
{
	char		 name[4096];
	struct dirent	**entries;
	struct stat	 st;
	int		 i, n;

	if (stat(path, &st) == -1)
		err(1, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	if ((n = scandir(path, &entries, NULL, alphasort)) == -1)
		err(1, "%s", path);
	for (i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s", path,
			    entries[i]->d_name);
			replay(name);
		}
		free(entries[i]);
	}
	free(entries);
}

int
main(int argc, char **argv)
{
	int	 i;

	for (i = 1; i < argc; i++)
		replay(argv[i]);
	fprintf(stderr, "\n");
	printf("%s: %u inputs\n", argv[0], count);
	return (count > 0 ? 0 : 1);
}
