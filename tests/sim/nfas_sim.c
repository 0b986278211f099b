/* A trunk on three spans with a backup D-channel, through the whole gateway: calls that go in by
 * one channel and out by another, while D-channels and lines are lost, and what the operator reads.
 */
#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "gateway/gateway.h"
#include "gateway/maintain.h"
#include "gateway/status.h"
#include "tdm/span.h"
#include "tests/sim/dchan.h"
#include "tests/sim/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DCHANS = 2, INTERFACES = 3, CALLS = 3, UP_MS = 10000 };

static const char form[] =
	"sip { listen = 127.0.0.1:%u }\n"
	"span n1 { peer = 127.0.0.1:1 local = 127.0.0.1:%u }\n"
	"span n2 { peer = 127.0.0.1:2 local = 127.0.0.1:%u }\n"
	"span n3 { peer = 127.0.0.1:3 local = 127.0.0.1:%u }\n"
	"trunk pbx { spans = {n1, n2, n3} backup = n2 interface_ids = {0, 1, 9} %s }\n"
	"rule back { number = '7XXX' to = pbx }\n";

struct port {
	struct group *group;
	unsigned interface;
};

struct group {
	struct loop loop;
	struct gateway *gateway;
	struct isup_trunk *far;
	struct dchan *line[DCHANS];
	struct port port[DCHANS];
	unsigned connected, ended, last_cause;
	struct isup_call *call[CALLS]; /* that the far end began; NULL = none, or gone */
};

/* --- the far end: who is called answers at once --- */

static bool far_send(void *arg, unsigned interface, const uint8_t *frame, size_t len)
{
	struct group *g = arg;

	dchan_send(g->line[interface], DCHAN_TO_GATEWAY, frame, len);
	return true;
}

static void far_receive(void *arg, const uint8_t *frame, size_t len)
{
	const struct port *p = arg;

	isup_trunk_receive(p->group->far, p->interface, frame, len);
}

static void far_event(void *arg, const struct isup_event *ev)
{
	struct group *g = arg;

	switch (ev->kind) {
	case ISUP_SETUP: isup_call_answer(ev->call); break;
	case ISUP_CONNECT: g->connected++; break;
	case ISUP_CLEARING: isup_call_clear(ev->call, ev->cause); break;
	case ISUP_RELEASED:
		g->ended++;
		g->last_cause = (unsigned)ev->cause;
		for (unsigned i = 0; i < CALLS; i++)
			if (g->call[i] == ev->call)
				g->call[i] = NULL;
		break;
	default: break;
	}
}

static void far_open(struct group *g)
{
	static const struct isup_trunk_ops ops = {far_event, far_send, NULL};
	struct isup_trunk_conf conf;

	isup_trunk_conf_default(&conf);
	conf.side = ISUP_USER;
	conf.restart_on_start = false;
	conf.interface_count = INTERFACES;
	conf.backup = 1;
	conf.interfaces[0] = (struct isup_interface){0, 0x00fffffe};
	conf.interfaces[1] = (struct isup_interface){1, 0x00fffffe};
	conf.interfaces[2] = (struct isup_interface){9, 0x01fffffe};
	snprintf(conf.name, sizeof(conf.name), "far");
	for (unsigned i = 0; i < DCHANS; i++) {
		g->port[i] = (struct port){g, i};
		dchan_open(&g->line[i], i == 0 ? "n1" : "n2");
		dchan_attach(g->line[i], DCHAN_TO_FAR, far_receive, &g->port[i]);
	}
	assert_int_equal(isup_trunk_open(&g->far, &g->loop, &conf, &ops, g), 0);
}

/* --- the group --- */

static void on_log(void *arg, const char *line)
{
	sim_note("    %s", line + strcspn(line, " ") + 1);
}

static struct conf *read_conf(const char *more)
{
	unsigned port = 20000 + (unsigned)getpid() % 20000;
	struct conf *c;
	char *text;

	assert_true(asprintf(&text, form, port, port + 1, port + 2, port + 3, more) > 0);
	assert_int_equal(conf_parse(&c, "nfas.conf", text, stderr), 0);
	free(text);
	return c;
}

static bool is_up(void *arg)
{
	return isup_trunk_up(((struct group *)arg)->far);
}

static void group_open(struct group *g, const char *more)
{
	char err[200];

	memset(g, 0, sizeof(*g));
	assert_int_equal(loop_init(&g->loop), 0);
	sim_set_loop(&g->loop);
	sim_clear_notes();
	log_set_sink(on_log, g);
	far_open(g);
	assert_int_equal(gateway_open(&g->gateway, &g->loop, read_conf(more), err, sizeof(err)), 0);
	assert_true(sim_run(sim_now_ms() + UP_MS, is_up, g));
	sim_run(sim_now_ms() + 30000, NULL, NULL); /* RESTART of each channel */
}

static void run(uint64_t ms)
{
	sim_run(sim_now_ms() + ms, NULL, NULL);
}

static void group_close(struct group *g)
{
	struct isup_trunk_counts counts;

	for (unsigned i = 0; i < CALLS; i++)
		if (g->call[i] != NULL)
			isup_call_clear(g->call[i], 16);
	run(5000);
	assert_true(gateway_is_idle(g->gateway));
	isup_trunk_counts(g->far, &counts);
	assert_int_equal(counts.calls, 0);
	assert_int_equal(sim_worker_open_paths(), 0);
	gateway_close(g->gateway);
	isup_trunk_close(g->far);
	sim_settle();
	for (unsigned i = 0; i < DCHANS; i++)
		dchan_close(g->line[i]);
	sim_set_loop(NULL);
	loop_fini(&g->loop);
	log_set_sink(NULL, NULL);
	sim_worker_reset();
}

/* Calls from the far end, back to it. */
static void talk(struct group *g)
{
	struct isup_setup setup = {.called = {.digits = "7201", .plan = 1}, .complete = true};

	for (unsigned i = 0; i < CALLS; i++)
		assert_int_equal(isup_call_start(&g->call[i], g->far, &setup, g), 0);
	run(2000);
	assert_int_equal(g->connected, CALLS);
	assert_int_equal(gateway_call_count(g->gateway), CALLS);
	assert_int_equal(sim_worker_open_paths(), CALLS);
}

/* --- what the operator reads --- */

static const char *text_of(const json_t *reply, const char *key)
{
	const char *text = json_string_value(json_object_get(reply, key));

	return text != NULL ? text : "";
}

/* Until it is done, as tandemctl does. */
static bool ask(struct group *g, const char *args, char text[2000])
{
	char again[64];

	for (snprintf(again, sizeof(again), "%s", args);;) {
		json_t *reply = maintain_nfas(g->gateway, again);
		bool ok = json_is_true(json_object_get(reply, "ok"));
		const char *next = text_of(reply, "ask");
		if (next[0] != '\0') { /* a whole command */
			assert_memory_equal(next, "nfas ", 5);
			next += 5;
		}
		snprintf(again, sizeof(again), "%s", next);
		snprintf(text, 2000, "%s", text_of(reply, ok ? "report" : "error"));
		json_decref(reply);
		if (again[0] == '\0') {
			sim_note("%s: %s", args, text);
			return ok;
		}
		run(100);
	}
}

static void expect_text(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void order(struct group *g, const char *args, char text[2000])
{
	if (!ask(g, args, text))
		fail_msg("%s: %s", args, text);
}

static void expect_dchannels(struct group *g, const char *primary, const char *backup)
{
	char text[2000], part[100];

	order(g, "pbx", text);
	snprintf(part, sizeof(part), "primary D-channel: %s\n", primary);
	expect_text(text, part);
	snprintf(part, sizeof(part), "backup D-channel: %s\n", backup);
	expect_text(text, part);
}

/* --- tests --- */

static void calls_outlive_their_dchannel(void **state)
{
	struct group g;

	group_open(&g, "");
	expect_dchannels(&g, "in service", "standby");
	talk(&g);
	dchan_cut(g.line[0], true);
	run(20000);
	expect_dchannels(&g, "out of service", "in service");
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	assert_int_equal(sim_worker_open_paths(), CALLS);
	isup_call_clear(g.call[0], 17); /* and end over the other */
	run(1000);
	assert_int_equal(gateway_call_count(g.gateway), CALLS - 1);
	group_close(&g);
}

/* T309 runs from when the second one is lost, and not before. */
static void t309_is_for_the_loss_of_both(void **state)
{
	struct group g;

	group_open(&g, "");
	talk(&g);
	dchan_cut(g.line[0], true);
	run(100000);
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	dchan_cut(g.line[1], true);
	run(80000);
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	run(30000);
	assert_int_equal(gateway_call_count(g.gateway), 0);
	assert_int_equal(g.ended, 2 * CALLS);
	assert_int_equal(g.last_cause, 27);
	dchan_cut(g.line[1], false);
	run(30000);
	expect_dchannels(&g, "out of service", "in service");
	g.connected = 0;
	talk(&g); /* no channel is stuck */
	group_close(&g);
}

static void both_lost_for_a_moment(void **state)
{
	struct group g;

	group_open(&g, "");
	talk(&g);
	dchan_cut(g.line[0], true);
	dchan_cut(g.line[1], true);
	run(30000);
	dchan_cut(g.line[0], false);
	dchan_cut(g.line[1], false);
	run(30000);
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	assert_int_equal(g.ended, 0);
	group_close(&g);
}

/* The alarm takes the D-channel at once, and after a while the calls of that span alone. */
static void a_line_takes_its_own_calls(void **state)
{
	struct group g;

	group_open(&g, "alarm_on_ms = 0 alarm_keep_ms = 5000 hunt = descending");
	talk(&g); /* in on interface 9 from the far end; out on it too, from the same end */
	sim_worker_alarms("n1", TDM_ALARM_RED);
	run(100);
	expect_dchannels(&g, "out of service", "in service");
	run(10000);
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	sim_worker_alarms("n3", TDM_ALARM_RED);
	run(4000);
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	run(2000);
	assert_int_equal(gateway_call_count(g.gateway), 0);
	g.connected = 0;
	talk(&g); /* on the second, as far as it goes */
	group_close(&g);
}

static void drill_passes_with_calls(void **state)
{
	struct group g;
	char text[2000];

	group_open(&g, "");
	order(&g, "pbx drill", text);
	expect_text(text, "No call is up");
	talk(&g);
	order(&g, "pbx drill", text);
	expect_text(text, "primary D-channel (span n1) is in service");
	expect_text(text, "Asked about 6 calls over it, it answered for 6.");
	expect_text(text, "6 calls are up.  Drill passed.");
	expect_dchannels(&g, "in service", "standby");
	order(&g, "pbx drill stay", text);
	expect_text(text, "It stays in service");
	expect_dchannels(&g, "standby", "in service");
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	assert_int_equal(sim_worker_open_paths(), CALLS);
	group_close(&g);
}

static void drill_is_refused(void **state)
{
	struct group g;
	char text[2000];

	group_open(&g, "");
	dchan_cut(g.line[1], true);
	run(20000);
	assert_false(ask(&g, "pbx drill", text));
	expect_text(text, "Refused, nothing was changed: the backup D-channel (span n2) is out of");
	assert_false(ask(&g, "pbx switch", text));
	expect_text(text, "backup D-channel (span n2) is out of service");
	assert_false(ask(&g, "t1 drill", text));
	assert_false(ask(&g, "pbx jump", text));
	group_close(&g);
}

/* Up to the moment it is asked it looks well. */
static void drill_fails_and_harms_nobody(void **state)
{
	struct group g;
	char text[2000];

	group_open(&g, "");
	talk(&g);
	dchan_cut(g.line[1], true);
	assert_false(ask(&g, "pbx drill", text));
	expect_text(text, "The far end did not take the backup D-channel (span n2) into service");
	expect_text(text, "Drill FAILED");
	expect_dchannels(&g, "in service", "out of service");
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	group_close(&g);
}

/* The one it came from is lost while the drill is at the other. */
static void drill_without_a_way_back(void **state)
{
	struct group g;
	char text[2000];
	json_t *reply;

	group_open(&g, "");
	talk(&g);
	reply = maintain_nfas(g.gateway, "pbx drill");
	json_decref(reply);
	run(500);
	dchan_cut(g.line[0], true);
	assert_false(ask(&g, "pbx result", text));
	expect_text(text, "did not take the primary D-channel (span n1)");
	expect_dchannels(&g, "out of service", "in service");
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	group_close(&g);
}

static void out_and_in_by_order(void **state)
{
	struct group g;
	char text[2000];

	group_open(&g, "");
	talk(&g);
	order(&g, "pbx out n1", text);
	run(2000);
	expect_dchannels(&g, "out of service by order", "in service");
	assert_false(ask(&g, "pbx out n2", text));
	assert_false(ask(&g, "pbx out n3", text));
	expect_text(text, "no span of this trunk with a D-channel");
	order(&g, "pbx in n1", text);
	run(5000);
	expect_dchannels(&g, "standby", "in service");
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	group_close(&g);
}

/* A change of the trunk as a whole waits for the last call on any of its spans. */
static void reload_waits_for_calls(void **state)
{
	struct group g;
	char *report = NULL;
	size_t size;

	group_open(&g, "");
	talk(&g);
	FILE *f = open_memstream(&report, &size);
	assert_int_equal(gateway_reload(g.gateway, read_conf("switch_type = dms100"), f), 0);
	fclose(f);
	expect_text(report, "span n3: changes when its");
	free(report);
	run(10000);
	assert_int_equal(gateway_call_count(g.gateway), CALLS);
	expect_dchannels(&g, "in service", "standby");
	for (unsigned i = 0; i < CALLS; i++)
		isup_call_clear(g.call[i], 16);
	run(1000);
	assert_true(gateway_is_idle(g.gateway));
	run(30000); /* closed and opened again, all three */
	expect_dchannels(&g, "in service", "standby");
	group_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_outlive_their_dchannel),
		cmocka_unit_test(t309_is_for_the_loss_of_both),
		cmocka_unit_test(both_lost_for_a_moment),
		cmocka_unit_test(a_line_takes_its_own_calls),
		cmocka_unit_test(drill_passes_with_calls),
		cmocka_unit_test(drill_is_refused),
		cmocka_unit_test(drill_fails_and_harms_nobody),
		cmocka_unit_test(drill_without_a_way_back),
		cmocka_unit_test(out_and_in_by_order),
		cmocka_unit_test(reload_waits_for_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
