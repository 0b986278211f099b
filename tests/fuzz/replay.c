/* replay.c - runs a fuzz target over the files and folders named, without a fuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0;
	int r = -1;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		goto done;
	long end = ftell(f);
	if (end < 0)
		goto done;
	size = (size_t)end;
	rewind(f);
	data = malloc(size > 0 ? size : 1); /* exact size: a read past the end is seen */
	if (data == NULL || fread(data, 1, size, f) != size)
		goto done;
	LLVMFuzzerTestOneInput(data, size);
	replayed++;
	r = 0;
done:
	if (r != 0)
		perror(path);
	free(data);
	if (f != NULL)
		fclose(f);
	return r;
}

static int replay_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		perror(path);
		return -1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);
	int r = n < 0 ? -1 : 0;
	for (int i = 0; i < n; i++) {
		char child[4096];
		snprintf(child, sizeof(child), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && replay_path(child) != 0)
			r = -1;
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return r;
}

int main(int argc, char **argv)
{
	int r = 0;

	for (int i = 1; i < argc; i++)
		if (replay_path(argv[i]) != 0)
			r = 1;
	printf("%u inputs replayed\n", replayed);
	if (replayed == 0) {
		fprintf(stderr, "no input: the corpus is missing\n");
		r = 1;
	}
	return r;
}
