#include "gateway/trace_show.h"

#include "gateway/trace_ladder.h"
#include "gateway/trace_pcap.h"
#include "isup/explain.h"
#include "isup/trunk.h"
#include "sip/agent.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DONE, REFUSED, USAGE, NO_GATEWAY }; /* exit status of tandemctl(8) */

static const char usage[] =
	"usage: tandemctl trace [-lrvL] [-n NUMBER] [-c CALL] [-w FILE] [NAME]...\n"
	"       tandemctl trace on|off\n"
	"       tandemctl ladder [-n NUMBER] [NAME]...\n"
	"\n"
	"  NAME              span, trunk, address of a SIP peer, sip, or a call's number; several\n"
	"                    are added together, none is all\n"
	"  -c, --call CALL   that call\n"
	"  -n, --number N    calls from, to or redirected by a number that ends so\n"
	"  -r, --recent      what is remembered of the last calls, then end\n"
	"  -v, --verbose     every element of a D-channel message, every line of a SIP message\n"
	"  -l, --link        also the RR frames that keep a D-channel up\n"
	"  -L, --ladder      draw each call as a ladder\n"
	"  -w, --pcap FILE   write pcapng for Wireshark instead; - is the standard output\n"
	"\n"
	"  ladder is trace --recent --ladder\n";

struct show {
	struct trace_filter filter;
	struct trace_ladder ladder;
	struct trace_pcap pcap;
	FILE *file; /* of pcap; NULL = text */
	const char *path;
	bool recent, verbose, draw;
	int error; /* -errno of the file */
	unsigned long long written, left_out;
};

/* --- text --- */

const char *trace_time_text(uint64_t at_us, char out[TRACE_TIME_MAX])
{
	unsigned second = (unsigned)(at_us / 1000000 % 86400);

	snprintf(out, TRACE_TIME_MAX, "%02u:%02u:%02u.%06u", second / 3600, second / 60 % 60,
		 second % 60, (unsigned)(at_us % 1000000));
	return out;
}

const char *trace_message_text(const struct trace_message *m, char *out, size_t out_size)
{
	return m->is_sip ? sip_message_text((const char *)m->octets, m->len, out, out_size)
			 : isup_frame_text(m->octets, m->len, out, out_size);
}

/* From anybody: nothing that could disturb a terminal, but UTF-8. */
static void print_sip(const struct trace_message *m)
{
	bool begins = true;
	size_t len = m->len;

	while (len > 0 && (m->octets[len - 1] == '\n' || m->octets[len - 1] == '\r'))
		len--;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = m->octets[i];
		if (c == '\r')
			continue;
		if (begins && c != '\n')
			fputs("    ", stdout);
		begins = c == '\n';
		putchar(begins || c == '\t' || (c >= 0x20 && c != 0x7f) ? c : '?');
	}
	if (!begins)
		putchar('\n');
}

static void print_text(const struct trace_message *m, bool verbose)
{
	char text[240], at[TRACE_TIME_MAX], call[16] = "-";
	bool other = m->is_sip && strcmp(m->protocol, "udp") != 0;

	if (m->call != 0)
		snprintf(call, sizeof(call), "%u", m->call);
	printf("%s %5s %s %s%s%s %s %s\n", trace_time_text(m->at_us, at), call,
	       m->is_sip ? "sip" : "q931", other ? m->protocol : "", other ? ":" : "",
	       m->is_sip ? m->peer : m->trunk, m->sent ? ">" : "<",
	       trace_message_text(m, text, sizeof(text)));
	if (verbose && m->is_sip) {
		print_sip(m);
	} else if (verbose) {
		printf("    %-24s%s\n", "span", m->span);
		isup_frame_explain(stdout, m->octets, m->len, "    ");
	}
	if (verbose)
		putchar('\n');
	fflush(stdout);
}

static void on_message(void *arg, const struct trace_message *m)
{
	struct show *s = arg;
	int r;

	if (s->file == NULL && s->draw) {
		trace_ladder_draw(&s->ladder, m);
	} else if (s->file == NULL) {
		print_text(m, s->verbose);
	} else if ((r = trace_pcap_write(&s->pcap, m)) == 0) {
		s->written++;
	} else if (r == -EBADMSG || r == -ENOSPC) {
		s->left_out++;
	} else {
		s->error = r;
	}
}

/* --- options --- */

/* 0, or the exit status. */
static int read_options(struct show *s, int argc, char **argv)
{
	static const struct option longs[] = {{"call", required_argument, NULL, 'c'},
					      {"number", required_argument, NULL, 'n'},
					      {"recent", no_argument, NULL, 'r'},
					      {"verbose", no_argument, NULL, 'v'},
					      {"link", no_argument, NULL, 'l'},
					      {"ladder", no_argument, NULL, 'L'},
					      {"pcap", required_argument, NULL, 'w'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	bool fits = true;
	int opt;

	optind = 0;
	while (fits && (opt = getopt_long(argc, argv, "c:n:rvlLw:h", longs, NULL)) != -1) {
		switch (opt) {
		case 'c':
			if (optarg[strspn(optarg, "0123456789")] != '\0')
				goto wrong;
			fits = trace_filter_add(&s->filter, optarg);
			break;
		case 'n':
			fits = *optarg != '\0' && trace_filter_add_number(&s->filter, optarg);
			break;
		case 'r': s->recent = true; break;
		case 'v': s->verbose = true; break;
		case 'l': s->filter.link = true; break;
		case 'L': s->draw = true; break;
		case 'w': s->path = optarg; break;
		case 'h': fputs(usage, stdout); exit(DONE);
		default: goto wrong;
		}
	}
	for (; fits && optind < argc; optind++)
		fits = trace_filter_add(&s->filter, argv[optind]);
	if (fits)
		return 0;
	fprintf(stderr, "tandemctl: too many names at once\n");
wrong:
	fputs(usage, stderr);
	return USAGE;
}

static int open_file(struct show *s)
{
	if (s->path == NULL)
		return 0;
	s->file = strcmp(s->path, "-") == 0 ? stdout : fopen(s->path, "wb");
	if (s->file == NULL) {
		fprintf(stderr, "tandemctl: %s: %s\n", s->path, strerror(errno));
		return REFUSED;
	}
	s->filter.link = s->filter.link || s->filter.call_count + s->filter.number_count == 0;
	s->error = trace_pcap_begin(&s->pcap, s->file);
	return 0;
}

/* --- the stream --- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = 1;
}

/* The file is to be whole when the user ends the trace. */
static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* False when the gateway refused. */
static bool on_line(struct show *s, const char *text)
{
	struct trace_message m;
	json_error_t error;
	json_t *line = json_loads(text, 0, &error);
	const json_t *ok = json_object_get(line, "ok");
	bool go_on = ok == NULL;

	if (!go_on && !json_is_true(ok))
		fprintf(stderr, "tandemctl: %s\n",
			json_string_value(json_object_get(line, "error")));
	else if (json_object_get(line, "lost") != NULL)
		fprintf(stderr,
			"tandemctl: %lld messages are missing here, this was read too slowly\n",
			(long long)json_integer_value(json_object_get(line, "lost")));
	else if (go_on && trace_message_read(&m, line) == 0)
		trace_filter_pass(&s->filter, &m, on_message, s);
	json_decref(line);
	return go_on;
}

static int stream(struct show *s, int fd)
{
	FILE *in = fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;
	int status = DONE;

	if (in == NULL)
		return NO_GATEWAY;
	dprintf(fd, s->recent ? "trace recent\n" : "trace\n");
	while (interrupted == 0 && s->error == 0 && !ferror(stdout) &&
	       getline(&line, &size, in) > 0)
		if (!on_line(s, line))
			status = REFUSED;
	/* The other side is a running gateway: it ends a stream only by ending itself. */
	if (interrupted == 0 && feof(in) && !s->recent && status == DONE)
		status = NO_GATEWAY;
	free(line);
	fclose(in);
	return status;
}

static int finish(struct show *s, int status)
{
	trace_filter_clear(&s->filter);
	if (s->file == NULL)
		return status;
	if (s->file != stdout && fclose(s->file) != 0 && s->error == 0)
		s->error = -errno;
	if (s->error < 0) {
		fprintf(stderr, "tandemctl: %s: %s\n", s->path, strerror(-s->error));
		status = REFUSED;
	}
	fprintf(stderr, "%llu messages in %s\n", s->written, s->path);
	if (s->left_out > 0)
		fprintf(stderr, "%llu left out: too many spans, or no address known\n",
			s->left_out);
	return status;
}

int trace_show(int argc, char **argv, int (*connect)(void *arg), void *arg)
{
	static struct show s; /* too large for a stack */
	bool is_ladder = strcmp(argv[0], "ladder") == 0;

	s = (struct show){.recent = is_ladder, .draw = is_ladder, .ladder.out = stdout};
	int r = read_options(&s, argc, argv);
	if (r != 0)
		return r;
	int fd = connect(arg);
	if (fd < 0)
		return NO_GATEWAY;
	r = open_file(&s);
	if (r != 0) {
		close(fd);
		return r;
	}
	catch_signals();
	return finish(&s, stream(&s, fd));
}
