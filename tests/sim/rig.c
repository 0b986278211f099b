#include "tests/sim/rig.h"

#include "gateway/base/log.h"
#include "tests/sim/worker.h"

#include <libpri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UP_MS = 30000, IDLE_MS = 70000 };

static struct rig *left_over; /* of a test that failed half way */

/* --- what the gateway says --- */

static void on_log(void *arg, const char *line)
{
	struct rig *r = arg;
	char words[INBOX_TEXT_MAX];
	const char *ended = strstr(line, ": ended: "), *refused = strstr(line, "call refused: ");

	sim_note("    %s", line + strcspn(line, " ") + 1);
	if (strstr(line, " error ") != NULL)
		r->errors++;
	if (strstr(line, ": NEW -> ") != NULL)
		r->begun++;
	if (ended != NULL) {
		snprintf(words, sizeof(words), "ENDED %s", ended + strlen(": ended: "));
		inbox_put(&r->record, "record", 0, words);
	} else if (refused != NULL) {
		snprintf(words, sizeof(words), "REFUSED %s", refused + strlen("call refused: "));
		inbox_put(&r->record, "record", 0, words);
	}
}

/* --- configuration --- */

static const char usual_rules[] = "rule pbx { number = \"71XX\" to = \"pbx\" }\n"
				  "rule co { number = \"80XX\" to = \"co\" }\n"
				  "rule px { number = \"9XXX\" to = \"px\" }\n"
				  "rule barred { number = \"666\" reject = 21 }\n"
				  "rule cs { number = \"7[2-6]XX\" to = \"cs\" }\n";

static const char *text_or(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

/* The far PBXs hunt upwards (far.c); so does the gateway towards co, where it meets glare. */
char *rig_conf_text(struct rig *r, const struct rig_conf *conf)
{
	static const char form[] =
		"gateway {\n%s\n}\n"
		"sip { listen = { \"%s\" }\n%s\n}\n"
		"span t1 { local = \"%s:2142\" peer = \"%s:2142\" }\n"
		"span t2 { local = \"%s:2143\" peer = \"%s:2143\" }\n"
		"trunk pbx { span = \"t1\" side = \"%s\" hunt = \"descending\"\n%s\n}\n"
		"trunk co { span = \"t2\" side = \"user\" hunt = \"ascending\" }\n"
		"peer cs { address = { \"%s\" } domain = \"cs\"\n%s\n}\n"
		"peer px { address = { \"%s\" } domain = \"px\" }\n"
		"%s";
	const char *gw = r->addr[0];
	char *text;

	if (asprintf(&text, form, text_or(conf->gateway, ""), gw, text_or(conf->sip, ""), gw,
		     r->addr[1], gw, r->addr[1], conf->pbx_is_network ? "user" : "network",
		     text_or(conf->trunk, ""), r->addr[1], text_or(conf->peer, ""), r->addr[2],
		     text_or(conf->rules, usual_rules)) < 0)
		abort();
	return text;
}

/* --- life --- */

void rig_open_gateway(struct rig *r, const struct rig_conf *conf)
{
	struct conf *c;
	char err[256] = "";
	char *text = rig_conf_text(r, conf);

	if (conf_parse(&c, "sim.conf", text, stderr) < 0)
		sim_fail("the configuration is refused:\n%s", text);
	free(text);
	if (gateway_open(&r->gateway, &r->loop, c, err, sizeof(err)) < 0) {
		conf_free(c);
		sim_fail("the gateway does not open: %s", err);
	}
}

static bool is_up(void *arg)
{
	const struct rig *r = arg;

	return far_up(r->pbx) && far_up(r->co);
}

void rig_open(struct rig **out, const struct rig_conf *conf)
{
	static const struct rig_conf usual;
	struct rig *r = calloc(1, sizeof(*r));

	if (left_over != NULL) {
		sim_forget_events();
		rig_close(left_over);
	}
	if (r == NULL)
		abort();
	*out = left_over = r;
	if (conf == NULL)
		conf = &usual;
	for (unsigned i = 0; i < 3; i++)
		snprintf(r->addr[i], sizeof(r->addr[i]), "127.%u.%u.%u",
			 16 + (unsigned)getpid() / 256 % 128, (unsigned)getpid() % 256, 1 + i);
	if (loop_init(&r->loop) != 0)
		abort();
	sim_set_loop(&r->loop);
	log_set_sink(on_log, r);
	far_open(&r->pbx,
		 &(struct far_conf){"pbx", "t1", conf->pbx_is_network,
				    conf->pbx_switch != 0 ? conf->pbx_switch : PRI_SWITCH_NI2});
	far_open(&r->co, &(struct far_conf){"co", "t2", true, PRI_SWITCH_NI2});
	peer_open(&r->sip, &(struct peer_conf){"sip", r->addr[1], r->addr[0]});
	peer_open(&r->px, &(struct peer_conf){"px", r->addr[2], r->addr[0]});
	rig_open_gateway(r, conf);
	if (!sim_run(sim_now_ms() + UP_MS, is_up, r))
		sim_fail("a D-channel does not come up");
	sim_run(sim_now_ms() + 1000, NULL, NULL);
	inbox_clear(far_inbox(r->pbx));
	inbox_clear(far_inbox(r->co));
	sim_clear_notes();
	r->opened_ms = sim_now_ms();
}

static bool is_idle(void *arg)
{
	const struct rig *r = arg;

	return gateway_is_idle(r->gateway) && far_calls(r->pbx) == 0 && far_calls(r->co) == 0 &&
	       sim_worker_open_paths() == 0;
}

bool rig_wait_idle(struct rig *r)
{
	return sim_run(sim_now_ms() + IDLE_MS, is_idle, r);
}

static void check_empty(const char *who, struct inbox *in)
{
	const struct message *m = inbox_peek(in);

	if (m != NULL)
		sim_fail("nobody expected: %s#%u < %s", who, m->call, m->text);
}

void rig_check_quiet(struct rig *r)
{
	if (!rig_wait_idle(r))
		sim_fail("left over: %u calls of the gateway (%s), %u of pbx, %u of co, %u paths",
			 gateway_call_count(r->gateway),
			 gateway_is_idle(r->gateway) ? "idle" : "not idle", far_calls(r->pbx),
			 far_calls(r->co), sim_worker_open_paths());
	sim_run(sim_now_ms() + 1000, NULL, NULL);
	check_empty("pbx", far_inbox(r->pbx));
	check_empty("co", far_inbox(r->co));
	check_empty("sip", peer_inbox(r->sip));
	check_empty("px", peer_inbox(r->px));
	check_empty("record", &r->record);
	if (sim_worker_opened() != sim_worker_closed())
		sim_fail("%llu paths opened, %llu closed", (unsigned long long)sim_worker_opened(),
			 (unsigned long long)sim_worker_closed());
	if (r->errors != 0)
		sim_fail("the gateway logged %u errors", r->errors);
}

void rig_close(struct rig *r)
{
	if (r == NULL)
		return;
	left_over = NULL;
	gateway_close(r->gateway);
	sim_settle();
	sim_set_loop(NULL);
	loop_fini(&r->loop);
	far_close(r->pbx);
	far_close(r->co);
	peer_close(r->sip);
	peer_close(r->px);
	log_set_sink(NULL, NULL);
	sim_worker_reset();
	free(r);
}
