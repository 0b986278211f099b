/* tandem: reads the configuration, opens the gateway, runs the loop. */
#include "conf/profile.h"
#include "conf/route.h"
#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "gateway/control.h"
#include "gateway/gateway.h"
#include "gateway/probe.h"
#include "gateway/version.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { DRAIN_MS = 5000 };

struct options {
	const char *file, *user;
	const char *number, *from, *caller; /* --route */
	bool check, print;
};

struct process {
	struct loop loop;
	struct gateway *gateway;
	struct control *control;
	uv_signal_t hup, term, interrupt;
	const char *file;
	bool stopping;
};

static const char usage[] =
	"usage: tandem [-c FILE] [-u USER]         run the gateway\n"
	"       tandem [-c FILE] -n                check the configuration and say what is wrong\n"
	"       tandem [-c FILE] --print-config    check it and print it back, defaults included\n"
	"       tandem --profiles                  list what \"profile\" in a trunk section can "
	"be\n"
	"       tandem [-c FILE] --route NUMBER [--from TRUNK_OR_PEER] [--caller NUMBER]\n"
	"                                          say where a call would go and which rule "
	"decides\n"
	"       tandem --keys                      every key of the configuration and its default\n"
	"       tandem probe ...                   find out what is on a T1; tandem probe --help\n"
	"\n"
	"  -c, --config FILE     default /etc/tandem/tandem.conf\n"
	"  -u, --user USER       become USER before anything is opened\n"
	"  -n, --check           exit status 0: good, 1: not\n"
	"  -V, --version         -h, --help\n"
	"\n"
	"SIGHUP or `tandemctl reload` applies a changed file; SIGTERM or `tandemctl stop` ends "
	"calls\n"
	"properly and stops.  tandem(8), tandem.conf(5), tandemctl(8).\n";

static struct conf *load(const char *file)
{
	struct conf *conf;

	return conf_load(&conf, file, stderr) == 0 ? conf : NULL;
}

/* --- reload and stop --- */

static int reload(void *arg, FILE *report)
{
	struct process *p = arg;
	struct conf *conf;

	int r = conf_load(&conf, p->file, report);
	if (r < 0)
		return r;
	r = gateway_reload(p->gateway, conf, report);
	if (r < 0)
		conf_free(conf);
	return r;
}

static void on_hup(uv_signal_t *s, int signum)
{
	char *text = NULL, *save = NULL;
	size_t size = 0;
	FILE *report = open_memstream(&text, &size);

	if (report == NULL)
		return;
	int r = reload(s->data, report);
	fclose(report);
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		log_line(LOG_CONF, r < 0 ? LOG_ERROR : LOG_INFO, "%s", line);
	log_line(LOG_CONF, r < 0 ? LOG_ERROR : LOG_INFO, "%s",
		 r < 0 ? "reload refused: the old configuration stays in force" : "reloaded");
	free(text);
}

static void on_drained(void *arg)
{
	struct process *p = arg;

	loop_stop(&p->loop);
}

static void stop(void *arg)
{
	struct process *p = arg;

	if (p->stopping)
		return;
	p->stopping = true;
	log_line(LOG_GATEWAY, LOG_INFO, "stopping: clearing %u calls",
		 gateway_call_count(p->gateway));
	gateway_drain(p->gateway, DRAIN_MS, on_drained, p);
}

static void on_term(uv_signal_t *s, int signum)
{
	stop(s->data);
}

static void watch(struct process *p, uv_signal_t *s, uv_signal_cb fn, int signum)
{
	uv_signal_init(&p->loop.uv, s);
	s->data = p;
	uv_signal_start(s, fn, signum);
}

/* --- run --- */

static int become(const char *name)
{
	struct passwd *pw = getpwnam(name);

	if (pw == NULL) {
		fprintf(stderr, "tandem: no user %s\n", name);
		return -ENOENT;
	}
	if (initgroups(name, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
	    setuid(pw->pw_uid) != 0) {
		fprintf(stderr, "tandem: cannot become %s: %s\n", name, strerror(errno));
		return -errno;
	}
	return 0;
}

/* What to do about what could not be opened. */
static const char *advice(int error)
{
	switch (error) {
	case -EADDRINUSE: return " (another program has that port: ss -lnup shows which)";
	case -EADDRNOTAVAIL:
		return " (this machine has no such address: ip addr shows those it has)";
	case -EACCES: return " (ports below 1024 need root or CAP_NET_BIND_SERVICE)";
	default: return "";
	}
}

static int run(struct process *p, struct conf *conf)
{
	struct control_ops ops = {reload, stop, p};
	char err[512], path[sizeof(conf->gateway.control_path)];

	snprintf(path, sizeof(path), "%s", conf->gateway.control_path);
	int r = gateway_open(&p->gateway, &p->loop, conf, err, sizeof(err));
	if (r < 0) {
		conf_free(conf);
		log_line(LOG_GATEWAY, LOG_ERROR, "%s%s", err, advice(r));
		return r;
	}
	r = control_open(&p->control, &p->loop, p->gateway, path, &ops, err, sizeof(err));
	if (r < 0) {
		log_line(LOG_GATEWAY, LOG_ERROR, "%s", err);
		goto done;
	}
	watch(p, &p->hup, on_hup, SIGHUP);
	watch(p, &p->term, on_term, SIGTERM);
	watch(p, &p->interrupt, on_term, SIGINT);
	log_line(LOG_GATEWAY, LOG_INFO, "tandem %s runs with %s", TANDEM_VERSION, p->file);
	loop_run(&p->loop);
	uv_close((uv_handle_t *)&p->hup, NULL);
	uv_close((uv_handle_t *)&p->term, NULL);
	uv_close((uv_handle_t *)&p->interrupt, NULL);
	log_line(LOG_GATEWAY, LOG_INFO, "stopped");
done:
	control_close(p->control);
	gateway_close(p->gateway);
	return r;
}

/* What a configuration lacks that no call can do without, or NULL.  Legal: a file is often begun
 * with less. */
static const char *lacks(const struct conf *conf)
{
	return conf->span_count == 0    ? "span"
	       : conf->trunk_count == 0 ? "trunk"
	       : conf->peer_count == 0  ? "peer"
	       : conf->rule_count == 0  ? "rule"
					: NULL;
}

static int start(const struct options *o, struct conf *conf)
{
	struct process p = {.file = o->file};
	const char *missing = lacks(conf);

	if (o->user != NULL && become(o->user) < 0) {
		conf_free(conf);
		return EXIT_FAILURE;
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	int r = loop_init(&p.loop);
	if (r == 0 && (r = log_start()) == 0) {
		if (geteuid() == 0)
			log_line(LOG_GATEWAY, LOG_WARN,
				 "running as root: use -u USER or the systemd unit that comes with "
				 "it");
		if (missing != NULL)
			log_line(LOG_GATEWAY, LOG_WARN, "%s has no %s: there can be no call",
				 o->file, missing);
		r = run(&p, conf);
		loop_fini(&p.loop);
		log_stop();
	} else {
		fprintf(stderr, "tandem: %s\n", strerror(-r));
		conf_free(conf);
	}
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int parse_options(struct options *o, int argc, char **argv)
{
	enum { OPT_PROFILES = 255, OPT_ROUTE = 256, OPT_FROM, OPT_CALLER, OPT_PRINT, OPT_KEYS };
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"user", required_argument, NULL, 'u'},
					      {"check", no_argument, NULL, 'n'},
					      {"print-config", no_argument, NULL, OPT_PRINT},
					      {"profiles", no_argument, NULL, OPT_PROFILES},
					      {"keys", no_argument, NULL, OPT_KEYS},
					      {"route", required_argument, NULL, OPT_ROUTE},
					      {"from", required_argument, NULL, OPT_FROM},
					      {"caller", required_argument, NULL, OPT_CALLER},
					      {"version", no_argument, NULL, 'V'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:u:nVh", longs, NULL)) != -1) {
		switch (opt) {
		case 'c': o->file = optarg; break;
		case 'u': o->user = optarg; break;
		case 'n': o->check = true; break;
		case OPT_PRINT: o->print = true; break;
		case OPT_PROFILES: conf_profiles_print(stdout); exit(EXIT_SUCCESS);
		case OPT_KEYS: conf_print_keys(stdout); exit(EXIT_SUCCESS);
		case OPT_ROUTE: o->number = optarg; break;
		case OPT_FROM: o->from = optarg; break;
		case OPT_CALLER: o->caller = optarg; break;
		case 'V': puts("tandem " TANDEM_VERSION); exit(EXIT_SUCCESS);
		case 'h': fputs(usage, stdout); exit(EXIT_SUCCESS);
		default: return -EINVAL;
		}
	}
	return optind == argc ? 0 : -EINVAL;
}

/* What this machine lacks is said, but it may be another that the file is for. */
static void check(const struct conf *conf, const char *file)
{
	char text[512];

	printf("%s: good\n", file);
	for (size_t i = 0; i < conf->span_count; i++) {
		int r = tdm_span_look(&conf->spans[i], text, sizeof(text));
		if (text[0] != '\0')
			printf("span %s: %s%s\n", conf->spans[i].name, r < 0 ? "not now: " : "",
			       text);
	}
}

int main(int argc, char **argv)
{
	struct options o = {.file = "/etc/tandem/tandem.conf"};

	if (argc > 1 && strcmp(argv[1], "probe") == 0)
		return probe_main(argc - 1, argv + 1);
	if (parse_options(&o, argc, argv) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	struct conf *conf = load(o.file);
	if (conf == NULL)
		return EXIT_FAILURE;
	int status = EXIT_SUCCESS;
	if (o.number != NULL)
		status = route_print(conf, o.number, o.from, o.caller, stdout);
	else if (o.print)
		conf_print(conf, stdout);
	else if (o.check && lacks(conf) != NULL)
		printf("%s: good, but without a %s there can be no call\n", o.file, lacks(conf));
	else if (o.check)
		check(conf, o.file);
	else
		return start(&o, conf);
	conf_free(conf);
	return status;
}
