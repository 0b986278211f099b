/* probe.c - one span after another: line, D-channel, side, switch type; then what to configure. */
#include "gateway/probe.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/base/clock.h"
#include "gateway/probe_state.h"

volatile sig_atomic_t probe_interrupted;

static void on_interrupt(int signum)
{
	probe_interrupted = 1;
}

static void lapd_send(void *arg, const uint8_t *frame, size_t len)
{
	struct probe *p = arg;

	probe_show_frame(p, true, frame, len);
	probe_line_send(&p->line, frame, len);
}

/* As the gateway's media workers: being late would look like slips of the line.  Where it is not
 * permitted, it goes without. */
static void be_prompt(void)
{
	struct sched_param param = {.sched_priority = 50};

	sched_setscheduler(0, SCHED_FIFO, &param);
}

static bool probe_span(struct probe *p)
{
	if (!probe_find_line(p))
		return false;
	probe_find_dchan(p);
	probe_listen(p);
	probe_ask(p);
	probe_bring_up(p);
	probe_hear_messages(p);
	probe_compare_clocks(p);
	return probe_print_findings(p);
}

static bool probe_target(const struct probe_target *t, unsigned limit_ms)
{
	struct probe *p = calloc(1, sizeof(*p));

	if (t->taken) {
		fprintf(stderr,
			"tandem probe: the gateway runs and has span %s: stop it first "
			"(tandemctl stop)\n",
			t->conf.name);
		free(p);
		return false;
	}
	if (p == NULL) {
		fprintf(stderr, "tandem probe: out of memory\n");
		return false;
	}
	p->line.conf = t->conf;
	p->trunk = t->trunk;
	p->limit_ms = limit_ms;
	p->start_ms = clock_mono_ns() / 1000000;
	p->lapd.send = lapd_send;
	p->lapd.arg = p;
	bool found = probe_span(p);
	probe_line_close(&p->line);
	free(p);
	return found;
}

int probe_main(int argc, char **argv)
{
	struct probe_options *o = calloc(1, sizeof(*o));
	struct sigaction on_int = {.sa_handler = on_interrupt};
	int status = EXIT_FAILURE;

	if (o == NULL)
		goto done;
	status = probe_targets_read(o, argc, argv);
	if (status != EXIT_SUCCESS)
		goto done;
	setvbuf(stdout, NULL, _IOLBF, 0);
	be_prompt();
	sigaction(SIGINT, &on_int, NULL);
	sigaction(SIGTERM, &on_int, NULL);
	for (unsigned i = 0; i < o->targets && !probe_interrupted; i++)
		if (!probe_target(&o->target[i], o->limit_ms))
			status = EXIT_FAILURE;
done:
	free(o);
	return status;
}
