/* simpbx - a PBX that is not there: T1 spans over pseudowire, ISDN, and phones that do as told. */
#include "gateway/base/log.h"
#include "tests/pbx/analyse.h"
#include "tests/pbx/command.h"
#include "tests/pbx/control.h"
#include "tests/pbx/load.h"
#include "tests/pbx/pbx.h"
#include "tests/pbx/report.h"
#include "tests/pbx/script.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char usage_text[] =
	"simpbx - a simulated PBX: a T1 over pseudowire, ISDN PRI, and scripted analog phones\n"
	"\n"
	"  simpbx [SCRIPT...] [--span WORDS] [--phone WORDS] [--at WORDS] [--control PATH]\n"
	"  simpbx --analyse FILE [--expect-tone HZ]\n"
	"  simpbx --make FILE --signal WORDS [--seconds S] [--digits NUMBER]\n"
	"\n"
	"Try: simpbx --span 't1-1 local 127.0.0.1:2001 peer 127.0.0.1:2000' \\\n"
	"            --phone '7101 name Anna answer 2 play digits' --phone '7102 echo'\n"
	"then type: dial 7101 7134\n"
	"\n"
	"  -s, --span WORDS       a line of a script: span WORDS\n"
	"  -p, --phone WORDS      a line of a script: phone WORDS\n"
	"  -a, --at WORDS         a line of a script: at SECONDS COMMAND\n"
	"  -c, --control PATH     take commands on a UNIX socket too\n"
	"  -n, --check            read the scripts, say what is wrong with them, end\n"
	"  -t, --trace            an event for each Q.931 frame\n"
	"  -v, --verbose          log what the trunk and the span do, on standard error\n"
	"      --analyse FILE     judge a recording (8 kHz mono WAV or raw mu-law); JSON\n"
	"      --expect-tone HZ   exit 1 unless that tone was heard without a fault\n"
	"      --make FILE        write a test signal (WAV; raw mu-law if FILE ends in .ulaw)\n"
	"      --signal WORDS     which: tone 1004 -10, digits, marker, ringback, silence\n"
	"      --seconds S        how long (10)\n"
	"      --digits NUMBER    what \"digits\" speaks (7101)\n"
	"  -h, --help\n"
	"\n"
	"A span:  NAME local A:P peer A:P [side user|network] [clock own|line] [slots 1-23]\n"
	"         [dchan 24] [hunt ascending|descending] [switch ni2] [frames 8] [buffer 2 10]\n"
	"         [rtp] [restart] [timer t305 S]\n"
	"         A card or Ethernet in place of local and peer: backend dahdi [card C], or\n"
	"         backend ether interface I mac M [subaddress N]\n"
	"A phone: NUMBER|FROM-TO [name N] [answer S|never|busy|unallocated|reject CAUSE] [alert "
	"S]\n"
	"         [hangup S] [play SIGNAL] [echo|hybrid ERL_DB DELAY_MS SHAPE] [dtmf S DIGITS]\n"
	"         [record FILE] [ringback] [restricted] [connected NUMBER] [lines N] [listen "
	"marker] [quiet] [span "
	"NAME]\n"
	"Signals: tone [HZ [DBM0]], digits [DBM0], marker [DBM0], ringback, silence, file PATH\n"
	"\n"
	"Commands, on standard input (its end is quit) or the socket; replies and events are lines "
	"of\n"
	"JSON:\n";

struct options {
	struct script script;
	const char *control, *analyse, *make;
	struct signal_conf signal;
	const char *digits;
	double expect_hz, seconds;
	bool check, trace, verbose, bad;
};

enum { OPT_ANALYSE = 256, OPT_EXPECT, OPT_MAKE, OPT_SIGNAL, OPT_SECONDS, OPT_DIGITS };

static const struct option long_options[] = {
	{"span", 1, NULL, 's'},
	{"phone", 1, NULL, 'p'},
	{"at", 1, NULL, 'a'},
	{"control", 1, NULL, 'c'},
	{"check", 0, NULL, 'n'},
	{"trace", 0, NULL, 't'},
	{"verbose", 0, NULL, 'v'},
	{"help", 0, NULL, 'h'},
	{"analyse", 1, NULL, OPT_ANALYSE},
	{"expect-tone", 1, NULL, OPT_EXPECT},
	{"make", 1, NULL, OPT_MAKE},
	{"signal", 1, NULL, OPT_SIGNAL},
	{"seconds", 1, NULL, OPT_SECONDS},
	{"digits", 1, NULL, OPT_DIGITS},
	{NULL, 0, NULL, 0},
};

/* An option whose words are a statement of a script. */
static void option_statement(struct options *o, const char *keyword, const char *words)
{
	char line[WORDS_LINE_MAX], name[16];

	snprintf(name, sizeof name, "--%s", keyword);
	if (snprintf(line, sizeof line, "%s %s", keyword, words) >= (int)sizeof line) {
		fprintf(stderr, "%s: too long\n", name);
		o->bad = true;
		return;
	}
	if (script_line(&o->script, line, name, 1, stderr) < 0)
		o->bad = true;
}

static void option_number(struct options *o, const char *name, double *out, double max)
{
	struct words w;

	if (words_split(&w, optarg) == 0 && words_want_number(&w, out, name, 0, max) == 0)
		return;
	fprintf(stderr, "--%s: %s\n", name, w.error);
	o->bad = true;
}

static void option_signal(struct options *o)
{
	struct words w;

	if (words_split(&w, optarg) == 0 && signal_conf_parse(&o->signal, &w) == 0)
		return;
	fprintf(stderr, "--signal: %s\n", w.error);
	o->bad = true;
}

/* 0, or the exit status plus one. */
static int options_read(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "s:p:a:c:ntvh", long_options, NULL)) != -1) {
		switch (c) {
		case 's': option_statement(o, "span", optarg); break;
		case 'p': option_statement(o, "phone", optarg); break;
		case 'a': option_statement(o, "at", optarg); break;
		case 'c': o->control = optarg; break;
		case 'n': o->check = true; break;
		case 't': o->trace = true; break;
		case 'v': o->verbose = true; break;
		case OPT_ANALYSE: o->analyse = optarg; break;
		case OPT_EXPECT: option_number(o, "expect-tone", &o->expect_hz, 4000); break;
		case OPT_MAKE: o->make = optarg; break;
		case OPT_SIGNAL: option_signal(o); break;
		case OPT_SECONDS: option_number(o, "seconds", &o->seconds, 36000); break;
		case OPT_DIGITS: o->digits = optarg; break;
		case 'h': printf("%s%s", usage_text, command_help()); return 1;
		default: fprintf(stderr, "simpbx --help says what there is\n"); return 3;
		}
	}
	for (; optind < argc; optind++) {
		if (script_file(&o->script, argv[optind], stderr) < 0)
			o->bad = true;
	}
	return o->bad ? 3 : 0;
}

/* --- running --- */

struct run {
	struct loop loop;
	struct pbx pbx;
	struct control *control;
	uv_signal_t sigint, sigterm;
	struct at {
		struct run *run;
		const char *command;
		struct timer timer;
	} * at;
};

static void on_signal(uv_signal_t *handle, int number)
{
	pbx_quit(handle->data);
}

static void on_at(void *arg)
{
	struct at *at = arg;

	control_command(at->run->control, at->command);
}

static void run_event(void *arg, const json_t *event)
{
	struct run *r = arg;

	control_event(r->control, event);
}

static int run_open(struct run *r, const struct options *o)
{
	char err[300];

	r->pbx.event = run_event;
	r->pbx.event_arg = r;
	r->pbx.trace = o->trace;
	r->at = calloc(o->script.at_count + 1, sizeof *r->at);
	if (r->at == NULL)
		return -ENOMEM;
	if (pbx_open(&r->pbx, &r->loop, &o->script, err, sizeof err) < 0 ||
	    control_open(&r->control, &r->pbx, o->control, true, err, sizeof err) < 0) {
		fprintf(stderr, "simpbx: %s\n", err);
		return -EIO;
	}
	for (unsigned i = 0; i < o->script.at_count; i++) {
		r->at[i].run = r;
		r->at[i].command = o->script.at[i].command;
		timer_start(&r->loop, &r->at[i].timer, o->script.at[i].at_ms, on_at, &r->at[i]);
	}
	uv_signal_start(&r->sigint, on_signal, SIGINT);
	uv_signal_start(&r->sigterm, on_signal, SIGTERM);
	report_emit(&r->pbx,
		    json_pack("{s:s, s:I, s:i}", "event", "start", "mono_us",
			      (json_int_t)r->pbx.start_us, "phones", (int)r->pbx.phone_count));
	return 0;
}

/* The far end cannot tell our being scheduled late from a bad line, so ask not to be. */
static void be_prompt(void)
{
	struct sched_param param = {.sched_priority = 5};

	/* Neither may be permitted: an ordinary process, then. */
	if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
		setpriority(PRIO_PROCESS, 0, -10);
}

static int run(const struct options *o)
{
	struct run *r = calloc(1, sizeof *r);

	if (r == NULL || loop_init(&r->loop) < 0) {
		free(r);
		fprintf(stderr, "simpbx: cannot start a loop\n");
		return 1;
	}
	uv_signal_init(&r->loop.uv, &r->sigint);
	uv_signal_init(&r->loop.uv, &r->sigterm);
	r->sigint.data = r->sigterm.data = &r->pbx;
	int rc = run_open(r, o);
	be_prompt();
	if (rc == 0)
		loop_run(&r->loop);
	for (unsigned i = 0; r->at != NULL && i < o->script.at_count; i++)
		timer_stop(&r->at[i].timer);
	load_free(&r->pbx);
	pbx_close(&r->pbx);
	control_close(r->control);
	uv_close((uv_handle_t *)&r->sigint, NULL);
	uv_close((uv_handle_t *)&r->sigterm, NULL);
	loop_fini(&r->loop);
	control_free(r->control);
	free(r->at);
	free(r);
	return rc == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options o = {.digits = "7101", .seconds = 10};

	o.signal = (struct signal_conf){.kind = SIGNAL_TONE, .hz = 1004, .dbm0 = -10};
	script_init(&o.script);
	int status = options_read(&o, argc, argv) - 1;
	if (status >= 0)
		goto done;
	if (o.analyse != NULL) {
		status = analyse_file(o.analyse, o.expect_hz);
	} else if (o.make != NULL) {
		status = analyse_make(o.make, &o.signal, o.digits, o.seconds);
	} else if (script_check(&o.script, "simpbx", stderr) < 0) {
		status = 2;
	} else if (o.check) {
		status = 0;
	} else {
		enum log_level level = o.verbose ? LOG_DEBUG : LOG_ERROR;
		for (unsigned area = 0; area < LOG_AREA_COUNT; area++)
			log_set_level((enum log_area)area, level);
		signal(SIGPIPE, SIG_IGN);
		status = run(&o);
	}
done:
	script_free(&o.script);
	return status;
}
