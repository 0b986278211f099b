/* A configuration file of any octets: it is refused with a reason, or what it says can be printed
 * and read again to the same. */
#include "conf/conf.h"
#include "conf/route.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct conf *c)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (to == NULL)
		abort();
	conf_print(c, to);
	fclose(to);
	return text;
}

static void check_good(const struct conf *c)
{
	struct conf *again;
	char needs[256], *first = print(c);

	if (conf_parse(&again, "again", first, stderr) != 0)
		abort();
	char *second = print(again);
	if (strcmp(first, second) != 0)
		abort();
	for (size_t i = 0; i < c->peer_count; i++)
		if (conf_compare_peer(c, again, c->peers[i].sip.name) != CONF_SAME)
			abort();
	conf_restart_needed(c, again, needs, sizeof(needs));
	if (needs[0] != '\0')
		abort();
	free(second);
	free(first);
	conf_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *errors = NULL, *text = malloc(size + 1);
	size_t errors_size;
	FILE *err = open_memstream(&errors, &errors_size);
	struct conf *c;

	if (text == NULL || err == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	int r = conf_parse(&c, "f", text, err);
	if (r == 0) {
		check_good(c);
		route_print(c, "7134", NULL, NULL, err);
		conf_free(c);
	}
	fclose(err);
	if (r != 0 && (c != NULL || errors_size == 0))
		abort();
	free(errors);
	free(text);
	return 0;
}
