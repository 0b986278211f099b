/* tandemctl: asks a running gateway, and shows the answer to a person. */
#include "gateway/trace_show.h"
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
#include <time.h>
#include <unistd.h>

static const char usage[] =
	"usage: tandemctl [-s SOCKET] [-j] COMMAND\n"
	"\n"
	"  status            what runs, since when, how many calls\n"
	"  calls             each call: who, where, state, how its audio fares\n"
	"  spans             each span: alarms, a picture of its slots, counters\n"
	"  peers             each SIP peer: where it is, who registered, what is wrong with it\n"
	"  refused           whom SIP requests were refused to, why and how often\n"
	"  span NAME         that, how good the line was for 24 hours, its tests\n"
	"  span NAME loop local|network|off [force]\n"
	"                    what we send comes back to us; what the far end sends, to it\n"
	"  span NAME bert start [slot N]... [pattern P] | stop\n"
	"                    bit error test; qrss 2e15 2e11 ones zeros 1in8 3in24\n"
	"  channel SPAN/SLOT in|out|drain|maintenance|restart\n"
	"  trunk NAME drain|undrain|restart\n"
	"                    channels in and out of service; NAME may be a group's\n"
	"  nfas TRUNK        the spans of a trunk that share a D-channel\n"
	"  nfas TRUNK switch | drill [stay] | out SPAN | in SPAN\n"
	"                    go over to the other D-channel; prove that the backup works\n"
	"  trace [-v] [-r] [-w FILE] [-n NUMBER] [NAME]...\n"
	"                    D-channel and SIP messages as they pass, or of the last calls; in "
	"words,\n"
	"                    element by element, or for Wireshark; trace -h has all options\n"
	"  trace on|off      a line for each message into the log\n"
	"  ladder CALL       a call of late, drawn\n"
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
	if (json_object_get(s, "certificate_expires") != NULL)
		printf("certificate expires %s\n", text_of(s, "certificate_expires"));
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
		if (json_object_get(c, "tone") != NULL)
			printf("       %s hears our %s tone\n", text_of(c, "from"),
			       text_of(c, "tone"));
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

/* Calls with both ends on the trunk, by transfer: nothing as long as there was none. */
static void print_transfers(const json_t *trunk)
{
	long long asked = number_of(trunk, "transfers_asked"), kept = number_of(trunk, "tromboned");

	if (asked != 0 || kept != 0)
		printf("             transferred to itself: asked to take back %lld, took %lld; "
		       "%lld kept two channels\n",
		       asked, number_of(trunk, "transfers_granted"), kept);
}

static void print_line(const json_t *s)
{
	const json_t *trunk = json_object_get(s, "trunk");
	const char *grid = text_of(s, "slots");

	printf("%-12s alarms %-12s", text_of(s, "name"), text_of(s, "alarms"));
	if (trunk != NULL)
		printf(" trunk %s %s, %lld calls, echo canceller %s", text_of(trunk, "name"),
		       json_is_true(json_object_get(trunk, "up")) ? "up" : "DOWN",
		       number_of(trunk, "calls"), text_of(trunk, "echo_canceller"));
	if (json_object_get(trunk, "dchannel") != NULL)
		printf(" (its D-channel: %s)", text_of(trunk, "dchannel"));
	if (json_is_true(json_object_get(trunk, "drained")))
		printf(" (drained)");
	if (json_is_true(json_object_get(trunk, "flapping")))
		printf(" (D-channel unsteady: new calls wait)");
	if (json_is_true(json_object_get(s, "failed")))
		printf(" (line failed: no new calls)");
	puts(json_is_true(json_object_get(s, "draining")) ? " (draining)" : "");
	if (json_object_get(s, "carrier") != NULL)
		printf("             %s\n", text_of(s, "carrier"));
	print_transfers(trunk);
	if (text_of(s, "warning")[0] != '\0')
		printf("             WARNING: %s\n", text_of(s, "warning"));
	printf("             1      7      13     19   24\n            ");
	for (size_t k = 0; grid[k] != '\0'; k++)
		printf("%s%c", k % 6 == 0 ? " " : "", grid[k]);
	printf("\n            ");
	print_counts(json_object_get(s, "counts"));
}

static const char slot_letters[] =
	"slots: . idle  B busy  b busy, then out  R restarting  D D-channel  d its backup  "
	"T under test  "
	"- not used\n"
	"       out of service: O by order  F by the far end  X by a fault  L line failed;  M "
	"maintenance";

static void print_spans(const json_t *spans)
{
	size_t i;
	json_t *s;

	puts(slot_letters);
	json_array_foreach(spans, i, s) print_line(s);
}

/* --- one span --- */

enum {
	QUARTER_S = 900,
	ROW_QUARTERS = 24, /* six hours */
	LISTED_MAX = 12,   /* intervals told in full */
};

static const char *clock_text(long long at_s, char out[8])
{
	time_t t = (time_t)at_s;
	struct tm tm;

	localtime_r(&t, &tm);
	strftime(out, 8, "%H:%M", &tm);
	return out;
}

/* The worst that happened in an interval. */
static char interval_letter(const json_t *i)
{
	if (number_of(i, "uas") > 0)
		return 'U';
	if (number_of(i, "ses") > 0)
		return 'S';
	if (number_of(i, "css") > 0)
		return 's';
	if (number_of(i, "es") > 0)
		return 'e';
	return number_of(i, "lcv") > 0 ? 'c' : '.';
}

static void print_interval(const json_t *i)
{
	static const char *const names[] = {"es",  "ses", "sefs", "uas", "css",
					    "bes", "les", "pcv",  "lcv"};
	bool any = false;

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
		if (number_of(i, names[n]) != 0) {
			printf(" %s %lld", names[n], number_of(i, names[n]));
			any = true;
		}
	puts(any ? "" : " no errors");
}

/* The letter of the quarter of an hour that began at at_s; a space where nothing is known. */
static char letter_at(const json_t *intervals, long long at_s)
{
	size_t n;
	json_t *i;

	json_array_foreach(intervals, n, i)
	{
		if (number_of(i, "start_s") / QUARTER_S == at_s / QUARTER_S)
			return interval_letter(i);
	}
	return ' ';
}

/* Six hours a row; rows of which nothing is known are left out. */
static void print_day(const json_t *intervals, long long now_s)
{
	const long long row_s = (long long)ROW_QUARTERS * QUARTER_S;
	char text[8], row[ROW_QUARTERS + 1] = "";

	puts("24 hours, a letter for each quarter of an hour:\n"
	     "  . good  e errored  s slips  c code violations  S severely errored  U unavailable");
	for (long long at = now_s / row_s * row_s - 4 * row_s; at <= now_s; at += row_s) {
		for (long long k = 0; k < ROW_QUARTERS; k++)
			row[k] = letter_at(intervals, at + k * QUARTER_S);
		if (strspn(row, " ") == ROW_QUARTERS)
			continue;
		printf("  %s ", clock_text(at, text));
		for (size_t k = 0; k < ROW_QUARTERS; k++)
			printf("%s%c", k % 4 == 0 ? " " : "", row[k]);
		putchar('\n');
	}
}

static void print_bad_intervals(const json_t *intervals)
{
	size_t n, listed = 0;
	json_t *i;
	char text[8];

	json_array_foreach(intervals, n, i)
	{
		if (interval_letter(i) == '.')
			continue;
		if (++listed > LISTED_MAX)
			continue;
		printf("  %s ", clock_text(number_of(i, "start_s"), text));
		print_interval(i);
	}
	if (listed > LISTED_MAX)
		printf("  and %zu more; -j has all\n", listed - LISTED_MAX);
}

static void print_bert(const json_t *b)
{
	long long bits = 0, errors = 0;
	size_t n;
	json_t *s;

	printf("bit error test, pattern %s, %s\n", text_of(b, "pattern"),
	       json_is_true(json_object_get(b, "running")) ? "running" : "ended");
	printf("  %4s %-7s %12s %10s %9s %7s %8s %8s %8s\n", "SLOT", "PATTERN", "BITS", "ERRORS",
	       "RATE", "LOSSES", "SECONDS", "ERRORED", "WITHOUT");
	json_array_foreach(json_object_get(b, "slots"), n, s)
	{
		long long slot_bits = number_of(s, "bits"), slot_errors = number_of(s, "errors");
		printf("  %4lld %-7s %12lld %10lld %9.1e %7lld %8lld %8lld %8lld\n",
		       number_of(s, "slot"),
		       json_is_true(json_object_get(s, "sync")) ? "seen" : "MISSING", slot_bits,
		       slot_errors, slot_bits > 0 ? (double)slot_errors / (double)slot_bits : 0.0,
		       number_of(s, "sync_losses"), number_of(s, "seconds"),
		       number_of(s, "errored_seconds"), number_of(s, "unsynced_seconds"));
		bits += slot_bits;
		errors += slot_errors;
	}
	printf("  all together: %lld errors in %lld bits\n", errors, bits);
}

/* Slots that share a buffer have the same counts: told once. */
static void print_slot_counts(const json_t *list)
{
	for (size_t n = 0, end; n < json_array_size(list); n = end) {
		const json_t *c = json_array_get(list, n);
		long long under = number_of(c, "underruns"), over = number_of(c, "overruns"), last;

		for (end = n + 1; end < json_array_size(list); end++) {
			const json_t *next = json_array_get(list, end);
			if (number_of(next, "underruns") != under ||
			    number_of(next, "overruns") != over)
				break;
		}
		last = number_of(json_array_get(list, end - 1), "slot");
		printf("slot %lld", number_of(c, "slot"));
		if (end > n + 1)
			printf(" to %lld", last);
		printf(": underruns %lld overruns %lld\n", under, over);
	}
}

static void print_span(const json_t *s)
{
	json_t *current = json_object_get(s, "current"), *all;
	const json_t *day = json_object_get(s, "day");
	char text[8];

	puts(slot_letters);
	print_line(s);
	printf("clock %s, loop %s%s\n", text_of(s, "clock"), text_of(s, "loop"),
	       json_is_true(json_object_get(s, "unavailable")) ? ", UNAVAILABLE" : "");
	print_slot_counts(json_object_get(s, "slot_counts"));
	if (current != NULL) {
		printf("since %s (%lld s):", clock_text(number_of(current, "start_s"), text),
		       number_of(current, "seconds"));
		print_interval(current);
		printf("before that (%lld s):", number_of(day, "seconds"));
		print_interval(day);
		all = json_copy(json_object_get(s, "intervals"));
		json_array_insert(all, 0, current);
		print_day(all, number_of(current, "start_s"));
		print_bad_intervals(all);
		json_decref(all);
	}
	if (json_object_get(s, "bert") != NULL)
		print_bert(json_object_get(s, "bert"));
}

static void print_users(const json_t *users)
{
	size_t i, n;
	json_t *u, *c;

	json_array_foreach(users, i, u)
	{
		if (json_array_size(json_object_get(u, "contacts")) == 0)
			printf("  %-16s not registered\n", text_of(u, "name"));
		json_array_foreach(json_object_get(u, "contacts"), n, c)
			printf("  %-16s %s from %s, %lld s left, %s\n", text_of(u, "name"),
			       text_of(c, "uri"), text_of(c, "source"), number_of(c, "expires_s"),
			       text_of(c, "software"));
	}
}

static void print_registrations(const json_t *list)
{
	size_t i;
	json_t *r;

	json_array_foreach(list, i, r)
	{
		printf("  we as %-10s %s", text_of(r, "user"),
		       json_is_true(json_object_get(r, "registered")) ? "registered"
								      : "NOT REGISTERED");
		if (json_is_true(json_object_get(r, "registered")))
			printf(", %lld s left", number_of(r, "expires_s"));
		if (number_of(r, "failures") != 0)
			printf(", %lld failures, the last one %lld", number_of(r, "failures"),
			       number_of(r, "status"));
		puts("");
	}
}

static void print_peers(const json_t *peers)
{
	size_t i;
	json_t *p;

	json_array_foreach(peers, i, p)
	{
		printf("%-16s %s %s\n", text_of(p, "name"), text_of(p, "transport"),
		       json_is_true(json_object_get(p, "registrar")) ? "our registrar"
								     : text_of(p, "address"));
		if (text_of(p, "trouble")[0] != '\0')
			printf("                 WARNING: %s\n", text_of(p, "trouble"));
		print_registrations(json_object_get(p, "registrations"));
		print_users(json_object_get(p, "users"));
	}
}

/* By date and time; the table is that of days. */
static void print_refused(const json_t *refused)
{
	size_t i;
	json_t *r;

	if (json_array_size(refused) == 0) {
		puts("nothing was refused");
		return;
	}
	printf("%-40s %-26s %10s  %s\n", "ADDRESS", "REASON", "COUNT", "LAST");
	json_array_foreach(refused, i, r)
	{
		time_t t = (time_t)(number_of(r, "last_ms") / 1000);
		struct tm tm;
		char text[24];
		localtime_r(&t, &tm);
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
		printf("%-40s %-26s %10lld  %s\n", text_of(r, "address"), text_of(r, "reason"),
		       number_of(r, "count"), text);
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
	if ((part = json_object_get(reply, "peers")) != NULL)
		print_peers(part);
	if ((part = json_object_get(reply, "refused")) != NULL)
		print_refused(part);
	if ((part = json_object_get(reply, "span")) != NULL)
		print_span(part);
	if ((part = json_object_get(reply, "bert")) != NULL)
		print_bert(part);
	if ((part = json_object_get(reply, "report")) != NULL)
		fputs(json_string_value(part), stdout);
	return 0;
}

enum { ASK_MAX = 128, ASK_MS = 100 };

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

/* A connected socket, or -errno, said. */
static int dial_or_say(void *path)
{
	int fd = dial(path);

	if (fd < 0)
		fprintf(stderr, "tandemctl: %s: %s%s\n", (const char *)path, strerror(-fd),
			fd == -EACCES ? " (be root or in the gateway's group)"
				      : " (is tandem running? -s names another socket)");
	return fd;
}

/* Until what takes a while is done the reply is what to ask next, which goes to again. */
static int talk(int fd, const char *command, bool raw, char again[ASK_MAX])
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
		snprintf(again, ASK_MAX, "%s", text_of(reply, "ask"));
		if (again[0] != '\0') {
			json_decref(reply);
			continue;
		}
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

static int ask(char *path, char command[ASK_MAX], bool raw)
{
	const struct timespec pause = {.tv_nsec = ASK_MS * 1000000L};

	for (;;) {
		int fd = dial_or_say(path);
		if (fd < 0)
			return 3;
		char again[ASK_MAX] = "";
		int status = talk(fd, command, raw, again);
		if (again[0] == '\0')
			return status;
		memcpy(command, again, ASK_MAX);
		nanosleep(&pause, NULL);
	}
}

/* What follows "trace" or "ladder", the word before it in argv. */
static bool has_own_options(int argc, char **argv)
{
	if (strcmp(argv[-1], "trace") == 0)
		return argc != 1 || (strcmp(argv[0], "on") != 0 && strcmp(argv[0], "off") != 0);
	return strcmp(argv[-1], "ladder") == 0;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"socket", required_argument, NULL, 's'},
					      {"json", no_argument, NULL, 'j'},
					      {"version", no_argument, NULL, 'V'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	char default_path[] = "/run/tandem/control", *path = default_path;
	char command[ASK_MAX] = "";
	size_t n = 0;
	bool raw = false;
	int opt;

	/* "-": words come in their place, so that trace can have options of its own. */
	while ((opt = getopt_long(argc, argv, "-s:jVh", longs, NULL)) != -1) {
		switch (opt) {
		case 's': path = optarg; break;
		case 'j': raw = true; break;
		case 'V': puts("tandemctl " TANDEM_VERSION); return 0;
		case 'h': fputs(usage, stdout); return 0;
		case 1:
			if (n == 0 && !raw && has_own_options(argc - optind, argv + optind))
				return trace_show(argc - optind + 1, argv + optind - 1, dial_or_say,
						  path);
			if (n < sizeof(command))
				n += (size_t)snprintf(command + n, sizeof(command) - n, "%s%s",
						      n > 0 ? " " : "", optarg);
			break;
		default: fputs(usage, stderr); return 2;
		}
	}
	if (command[0] == '\0') {
		fputs(usage, stderr);
		return 2;
	}
	return ask(path, command, raw);
}
