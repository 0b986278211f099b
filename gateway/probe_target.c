/* probe_target.c - which spans to probe: named in the configuration, or described by options.
 *
 * Options become the text of a span section, so that they are read, defaulted and checked as the
 * file is. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/schema.h"
#include "gateway/probe_state.h"

enum { SECONDS = 30, SECONDS_MIN = 5, SECONDS_MAX = 600 };
#define DRIVER_SPANS "/proc/dahdi"

static const char usage[] =
	"usage: tandem probe [-c FILE] [-t SECONDS] [SPAN]\n"
	"       tandem probe [-t SECONDS] wire|dahdi|ether [KEY=VALUE...]\n"
	"\n"
	"Finds out what is at the other end of a T1: framing and coding, the slot of the "
	"D-channel,\n"
	"the side the far end plays and its likely switch type; prints what to configure.\n"
	"Without SPAN all spans of FILE, one after another.  KEY=VALUE as in a span section:\n"
	"    tandem probe wire peer=192.0.2.7:2142\n"
	"    tandem probe dahdi card=1          without card: each span the driver has\n"
	"The gateway must not run on the span.  At first it only listens; then it may bring the\n"
	"D-channel up, and refuses calls that come.\n"
	"\n"
	"  -c, --config FILE     default /etc/tandem/tandem.conf\n"
	"  -t, --time SECONDS    at most this long for a span: 30; 5 to 600\n"
	"  -h, --help\n"
	"\n"
	"Exit status 0: D-channel and side found, 1: not, 2: usage.\n";

/* --- from the file --------------------------------------------------------------------------- */

static bool gateway_answers(const char *control)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", control);
	bool answers = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	close(fd);
	return answers;
}

static void add_target(struct probe_options *o, const struct conf *c, size_t span)
{
	if (o->targets == PROBE_TARGETS_MAX)
		return;
	struct probe_target *t = &o->target[o->targets++];
	t->conf = c->spans[span];
	for (size_t i = 0; i < c->trunk_count; i++)
		if (conf_trunk_interface(&c->trunks[i], t->conf.name) >= 0)
			snprintf(t->trunk, sizeof(t->trunk), "%s", c->trunks[i].isup.name);
}

static int read_file(struct probe_options *o, const char *file, const char *name)
{
	struct conf *c;

	if (conf_load(&c, file, stderr) < 0) {
		fprintf(stderr, "tandem probe: a span that is in no file can be described by "
				"options, see tandem probe --help\n");
		return EXIT_FAILURE;
	}
	bool taken = gateway_answers(c->gateway.control_path);
	for (size_t i = 0; i < c->span_count; i++)
		if (name == NULL || strcmp(c->spans[i].name, name) == 0)
			add_target(o, c, i);
	for (unsigned i = 0; i < o->targets; i++)
		o->target[i].taken = taken;
	conf_free(c);
	if (o->targets > 0)
		return EXIT_SUCCESS;
	if (name != NULL)
		fprintf(stderr, "tandem probe: %s has no span \"%s\"\n", file, name);
	else
		fprintf(stderr, "tandem probe: %s has no span\n", file);
	return EXIT_FAILURE;
}

/* --- from options ------------------------------------------------------------------------------
 */

/* The span section that the words describe; card, when not NULL, comes on top. */
static int describe(struct probe_options *o, char **words, int count, const char *card)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct conf *c = NULL;

	if (f == NULL)
		return EXIT_FAILURE;
	fprintf(f, "span \"t1-%u\" {\n\tbackend = \"%s\"\n", o->targets + 1, words[0]);
	for (int i = 1; i < count; i++) {
		const char *is = strchr(words[i], '=');
		fprintf(f, "\t%.*s = \"%s\"\n", (int)(is - words[i]), words[i], is + 1);
	}
	if (card != NULL)
		fprintf(f, "\tcard = \"%s\"\n", card);
	fputs("}\n", f);
	fclose(f);
	int r = conf_parse(&c, "tandem probe", text, stderr);
	free(text);
	if (r < 0)
		return 2;
	add_target(o, c, 0);
	conf_free(c);
	return EXIT_SUCCESS;
}

static int read_words(struct probe_options *o, char **words, int count)
{
	bool card = false;

	for (int i = 1; i < count; i++) {
		size_t key = strcspn(words[i], "=");
		/* Nothing that could end the value or the line it is written in. */
		if (words[i][key] == '\0' || strpbrk(words[i], "\"\\\n{}#") != NULL) {
			fprintf(stderr, "tandem probe: expected KEY=VALUE, not %s\n", words[i]);
			return 2;
		}
		card = card || strncmp(words[i], "card=", 5) == 0;
	}
	if (card || strcmp(words[0], "dahdi") != 0)
		return describe(o, words, count, NULL);

	struct dirent **entries;
	int n = scandir(DRIVER_SPANS, &entries, NULL, versionsort);
	int status = EXIT_SUCCESS;
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		if (name[strspn(name, "0123456789")] == '\0' && status == EXIT_SUCCESS)
			status = describe(o, words, count, name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	if (status == EXIT_SUCCESS && o->targets == 0) {
		fprintf(stderr, "tandem probe: the DAHDI driver has no span (" DRIVER_SPANS
				"): is the card's driver loaded?\n");
		return EXIT_FAILURE;
	}
	return status;
}

static bool is_backend(const char *word)
{
	const struct conf_section *s = &conf_sections[CONF_SPAN];
	const char *const *choices = s->keys[conf_key_index(CONF_SPAN, "backend")].choices;

	while (*choices != NULL && strcmp(*choices, word) != 0)
		choices++;
	return *choices != NULL;
}

int probe_targets_read(struct probe_options *o, int argc, char **argv)
{
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"time", required_argument, NULL, 't'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	const char *file = "/etc/tandem/tandem.conf";
	unsigned long seconds = SECONDS;
	char none[] = "", *end = none;
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "c:t:h", longs, NULL)) != -1) {
		switch (opt) {
		case 'c': file = optarg; break;
		case 't': seconds = strtoul(optarg, &end, 10); break;
		case 'h': fputs(usage, stdout); exit(EXIT_SUCCESS);
		default: fputs(usage, stderr); return 2;
		}
	}
	if (*end != '\0' || seconds < SECONDS_MIN || seconds > SECONDS_MAX) {
		fprintf(stderr, "tandem probe: expected %d to %d seconds\n", SECONDS_MIN,
			SECONDS_MAX);
		return 2;
	}
	o->limit_ms = (unsigned)seconds * 1000;
	if (optind < argc && is_backend(argv[optind]))
		return read_words(o, argv + optind, argc - optind);
	if (optind + 1 < argc) {
		fputs(usage, stderr);
		return 2;
	}
	return read_file(o, file, optind < argc ? argv[optind] : NULL);
}
