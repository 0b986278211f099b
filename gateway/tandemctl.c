/* tandemctl: asks a running gateway, and shows the answer to a person. */
#include "gateway/version.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char usage[] =
	"usage: tandemctl [-s SOCKET] [-j] COMMAND\n"
	"\n"
	"  status            what runs, since when, how many calls\n"
	"  calls             each call: who, where, state, how its audio fares\n"
	"  spans             each span: alarms, a picture of its slots, counters\n"
	"  trace             each Q.931 and SIP message as it passes, until interrupted\n"
	"  trace on|off      the same into the log\n"
	"  reload            read the configuration again and apply what changed\n"
	"  log AREA LEVEL    gateway call tdm isup sip media conf; error warn info debug\n"
	"  stop              end the calls properly, then the gateway\n"
	"\n"
	"  -s, --socket PATH  default /run/tandem/control\n"
	"  -j, --json         print the reply as it came\n"
	"  -V, --version      -h, --help\n"
	"\n"
	"Exit status: 0 done, 1 refused, 2 usage, 3 no gateway answers.\n";

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static long long number_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

/* Counters that are not zero: the others say nothing. */
static void print_counts(const json_t *counts)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)counts, key,
			    value) if (json_is_integer(value) && json_integer_value(value) != 0)
		printf(" %s %lld", key, (long long)json_integer_value(value));
	putchar('\n');
}

static void print_status(const json_t *s)
{
	long long up = number_of(s, "uptime_s");
	size_t i;
	json_t *w;

	printf("tandem %s, up %lldd %02lld:%02lld:%02lld, configuration %s\n",
	       text_of(s, "version"), up / 86400, up / 3600 % 24, up / 60 % 60, up % 60,
	       text_of(s, "configuration"));
	printf("calls   %lld now, %lld since start, %lld refused\n", number_of(s, "calls"),
	       number_of(s, "calls_total"), number_of(s, "calls_refused"));
	printf("trunks  %lld of %lld up\n", number_of(s, "trunks_up"), number_of(s, "trunks"));
	printf("sip    ");
	print_counts(json_object_get(s, "sip"));
	json_array_foreach(json_object_get(s, "workers"), i, w)
	{
		printf("worker %zu", i);
		print_counts(w);
	}
}

static void print_duration(char *out, size_t size, long long ms)
{
	snprintf(out, size, "%lld:%02lld", ms / 60000, ms / 1000 % 60);
}

static void print_calls(const json_t *calls)
{
	size_t i;
	json_t *c;

	if (json_array_size(calls) == 0) {
		puts("no calls");
		return;
	}
	printf("%-6s %-10s %8s %-16s %-16s %s\n", "CALL", "STATE", "TALK", "CALLING", "CALLED",
	       "LEGS");
	json_array_foreach(calls, i, c)
	{
		static const char *const sides[] = {"from_rtp", "to_rtp"};
		const json_t *side;
		size_t n;
		char talk[24];
		print_duration(talk, sizeof(talk), number_of(c, "talk_ms"));
		printf("%-6lld %-10s %8s %-16s %-16s %s -> %s\n", number_of(c, "id"),
		       text_of(c, "state"), talk, text_of(c, "calling"), text_of(c, "called"),
		       text_of(c, "from"), text_of(c, "to"));
		for (unsigned k = 0; k < 2; k++) {
			const json_t *rtp = json_object_get(c, sides[k]);
			if (rtp == NULL)
				continue;
			printf("       %s", sides[k]);
			print_counts(rtp);
		}
		json_array_foreach(json_object_get(c, "no_rtp"), n, side) printf(
			"       no RTP arrives from %s\n", text_of(c, json_string_value(side)));
	}
}

static void print_spans(const json_t *spans)
{
	size_t i;
	json_t *s;

	puts("slots: . idle  B busy  R restarting  X out of service  D D-channel  - not used");
	json_array_foreach(spans, i, s)
	{
		const json_t *trunk = json_object_get(s, "trunk");
		const char *grid = text_of(s, "slots");
		printf("%-12s alarms %-12s", text_of(s, "name"), text_of(s, "alarms"));
		if (trunk != NULL)
			printf(" trunk %s %s, %lld calls", text_of(trunk, "name"),
			       json_is_true(json_object_get(trunk, "up")) ? "up" : "DOWN",
			       number_of(trunk, "calls"));
		if (json_is_true(json_object_get(s, "failed")))
			printf(" (line failed: no new calls)");
		puts(json_is_true(json_object_get(s, "draining")) ? " (draining)" : "");
		if (json_object_get(s, "carrier") != NULL)
			printf("             %s\n", text_of(s, "carrier"));
		printf("             1      7      13     19   24\n            ");
		for (size_t k = 0; grid[k] != '\0'; k++)
			printf("%s%c", k % 6 == 0 ? " " : "", grid[k]);
		printf("\n            ");
		print_counts(json_object_get(s, "counts"));
	}
}

static int show(const json_t *reply)
{
	const json_t *part;

	if (!json_is_true(json_object_get(reply, "ok"))) {
		fprintf(stderr, "tandemctl: %s\n", text_of(reply, "error"));
		return 1;
	}
	if ((part = json_object_get(reply, "status")) != NULL)
		print_status(part);
	if ((part = json_object_get(reply, "calls")) != NULL)
		print_calls(part);
	if ((part = json_object_get(reply, "spans")) != NULL)
		print_spans(part);
	if ((part = json_object_get(reply, "report")) != NULL)
		fputs(json_string_value(part), stdout);
	return 0;
}

static int dial(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	int r = -errno;
	close(fd);
	return r;
}

static int talk(int fd, const char *command, bool raw)
{
	FILE *in = fdopen(fd, "r+");
	char *line = NULL;
	size_t size = 0;
	int status = 3;

	if (in == NULL)
		return 3;
	dprintf(fd, "%s\n", command);
	while (getline(&line, &size, in) > 0) {
		json_error_t error;
		json_t *reply = line[0] == '{' ? json_loads(line, 0, &error) : NULL;
		if (reply == NULL || raw) {
			fputs(line, stdout);
			status = reply != NULL && !json_is_true(json_object_get(reply, "ok"));
		} else {
			status = show(reply);
		}
		fflush(stdout);
		json_decref(reply);
	}
	free(line);
	fclose(in);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"socket", required_argument, NULL, 's'},
					      {"json", no_argument, NULL, 'j'},
					      {"version", no_argument, NULL, 'V'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	const char *path = "/run/tandem/control";
	char command[128] = "";
	bool raw = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "s:jVh", longs, NULL)) != -1) {
		switch (opt) {
		case 's': path = optarg; break;
		case 'j': raw = true; break;
		case 'V': puts("tandemctl " TANDEM_VERSION); return 0;
		case 'h': fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return 2;
		}
	}
	for (size_t n = 0; optind < argc && n < sizeof(command); optind++)
		n += (size_t)snprintf(command + n, sizeof(command) - n, "%s%s", n > 0 ? " " : "",
				      argv[optind]);
	if (command[0] == '\0') {
		fputs(usage, stderr);
		return 2;
	}
	int fd = dial(path);
	if (fd < 0) {
		fprintf(stderr, "tandemctl: %s: %s%s\n", path, strerror(-fd),
			fd == -EACCES ? " (be root or in the gateway's group)"
				      : " (is tandem running? -s names another socket)");
		return 3;
	}
	return talk(fd, command, raw);
}
