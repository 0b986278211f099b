/* What runs out: channels, places, paths, memory; what changes under live calls: a reload; what
 * ends them all: a stop. */
#include "tests/sim/alloc.h"
#include "tests/sim/script.h"
#include "tests/sim/worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One step of a script with the number of a call put in. */
__attribute__((format(printf, 2, 3))) static void step(struct rig *r, const char *fmt, ...)
{
	char text[INBOX_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	script_step(r, text);
}

static void sip_to_pbx_up(struct rig *r, unsigned i)
{
	step(r, "sip#%u > INVITE to=7101 from=7234", i);
	step(r, "sip#%u < 100 INVITE", i);
	step(r, "pbx#%u < SETUP", i);
	step(r, "pbx#%u > CALL-PROCEEDING", i);
	step(r, "pbx#%u > CONNECT", i);
	step(r, "pbx#%u < CONNECT-ACK", i);
	step(r, "sip#%u < 200 INVITE sdp", i);
	step(r, "sip#%u > ACK", i);
}

static void pbx_to_sip_up(struct rig *r, unsigned i)
{
	step(r, "pbx#%u > SETUP called=7234 calling=7101", i);
	step(r, "pbx#%u < CALL-PROCEEDING", i);
	step(r, "sip#%u < INVITE sdp", i);
	step(r, "sip#%u > 200 sdp", i);
	step(r, "sip#%u < ACK", i);
	step(r, "pbx#%u < CONNECT", i);
}

static void pbx_hangs_up(struct rig *r, unsigned i)
{
	step(r, "pbx#%u > DISCONNECT cause=16", i);
	step(r, "pbx#%u < RELEASE", i);
	step(r, "sip#%u < BYE", i);
	step(r, "sip#%u > 200 BYE", i);
	step(r, "record cause=16");
}

/* --- 23 channels --- */

static void the_24th_call_from_sip(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	for (unsigned i = 1; i <= 23; i++)
		sip_to_pbx_up(r, i);
	assert_int_equal(gateway_call_count(r->gateway), 23);
	step(r, "sip#24 > INVITE to=7101 from=7234");
	step(r, "sip#24 < 100 INVITE");
	step(r, "sip#24 < 503 INVITE reason=34");
	step(r, "sip#24 > ACK");
	step(r, "record cause=34");
	/* one goes, one comes, on the channel that was left */
	unsigned channel = far_call_channel(r->pbx, 7);
	pbx_hangs_up(r, 7);
	step(r, "sip#25 > INVITE to=7101 from=7234");
	step(r, "sip#25 < 100 INVITE");
	step(r, "pbx#24 < SETUP ch=%u", channel);
	step(r, "pbx#24 > CALL-PROCEEDING");
	step(r, "pbx#24 > DISCONNECT cause=17");
	step(r, "pbx#24 < RELEASE");
	step(r, "sip#25 < 486 INVITE");
	step(r, "sip#25 > ACK");
	step(r, "record cause=17");
	for (unsigned i = 1; i <= 23; i++)
		if (i != 7)
			pbx_hangs_up(r, i);
	rig_check_quiet(r);
	rig_close(r);
}

static void the_24th_call_from_the_pbx(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	for (unsigned i = 1; i <= 23; i++)
		pbx_to_sip_up(r, i);
	/* libpri itself would refuse to send one more: it comes by hand, on a busy channel */
	far_set_raw(r->pbx, true);
	step(r, "pbx#24 > SETUP called=7234 calling=7101 ch=5");
	step(r, "pbx#24 < RELEASE-COMPLETE cause=34");
	step(r, "pbx#25 > SETUP called=7234 calling=7101 ch=5 exclusive");
	step(r, "pbx#25 < RELEASE-COMPLETE cause=44");
	far_set_raw(r->pbx, false);
	for (unsigned i = 1; i <= 23; i++)
		pbx_hangs_up(r, i);
	rig_check_quiet(r);
	rig_close(r);
}

static const struct rig_conf two_calls = {.gateway = "calls_max = 2"};
static const char *const gateway_is_full[] = {
	"pbx > SETUP called=7234 calling=7101 ch=1",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"pbx#2 > SETUP called=7234 calling=7101 ch=2",
	"pbx#2 < CALL-PROCEEDING",
	"sip#2 < INVITE",
	"sip#3 > INVITE to=7101 from=7234",
	"sip#3 < 100 INVITE",
	"sip#3 < 503 INVITE reason=42",
	"sip#3 > ACK",
	"refused cause=42",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	"sip#2 > 486",
	"sip#2 < ACK",
	"pbx#2 < DISCONNECT cause=17",
	"pbx#2 < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

static const struct rig_conf one_call_to_peer = {.peer = "calls_max = 1"};
static const char *const peer_is_full[] = {
	"pbx > SETUP called=7234 calling=7101 ch=1",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"pbx#2 > SETUP called=7234 calling=7101 ch=2",
	"pbx#2 < CALL-PROCEEDING",
	"pbx#2 < DISCONNECT cause=34",
	"pbx#2 < RELEASE-COMPLETE",
	"record cause=34",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

/* The worker's ring or table is full: 47 and 503, and the next call is fine. */
static const char *const worker_is_full[] = {
	"path refuse 1",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > ALERTING",
	"pbx < DISCONNECT cause=47",
	"pbx < RELEASE-COMPLETE",
	"sip < 503 INVITE reason=47",
	"sip > ACK",
	"record cause=47",
	"pbx#2 > SETUP called=7234 calling=7101 ch=1",
	"pbx#2 < CALL-PROCEEDING",
	"sip#2 < INVITE",
	"sip#2 > 200 sdp",
	"sip#2 < ACK",
	"pbx#2 < CONNECT",
	"path is t1/1+rtp send recv",
	"wait 100",
	"sip#2 > BYE",
	"sip#2 < 200 BYE",
	"pbx#2 < DISCONNECT cause=16",
	"pbx#2 < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* --- reload and stop --- */

static void reload(struct rig *r, const struct rig_conf *conf)
{
	struct conf *c;
	char *text = rig_conf_text(r, conf);

	assert_int_equal(conf_parse(&c, "sim.conf", text, stderr), 0);
	free(text);
	FILE *report = fopen("/dev/null", "w");
	assert_int_equal(gateway_reload(r->gateway, c, report), 0);
	fclose(report);
}

/* New rules hold for the next call; a trunk that must be rebuilt waits for its calls. */
static void reload_with_live_calls(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	pbx_to_sip_up(r, 1);
	reload(r, &(struct rig_conf){.rules = "rule all { to = \"px\" }\n"});
	step(r, "quiet 5000");
	step(r, "calls 1");
	step(r, "path is t1/1+rtp send recv");
	step(r, "pbx#2 > SETUP called=7234 calling=7101 ch=2");
	step(r, "pbx#2 < CALL-PROCEEDING");
	step(r, "px#1 < INVITE to=7234");
	step(r, "px#1 > 486");
	step(r, "px#1 < ACK");
	step(r, "pbx#2 < DISCONNECT cause=17");
	step(r, "pbx#2 < RELEASE-COMPLETE");
	step(r, "record cause=17 target=px");

	reload(r, &(struct rig_conf){.trunk = "switch_type = \"5ess\""});
	step(r, "quiet 5000");
	step(r, "calls 1");
	/* no new call may begin on it */
	step(r, "sip#2 > INVITE to=7101 from=7234");
	step(r, "sip#2 < 100 INVITE");
	step(r, "sip#2 < 503 INVITE reason=34");
	step(r, "sip#2 > ACK");
	step(r, "record cause=34");
	pbx_hangs_up(r, 1);
	sim_run(sim_now_ms() + 60000, NULL, NULL); /* the line comes up anew */
	assert_true(far_up(r->pbx));
	inbox_clear(far_inbox(r->pbx));
	step(r, "sip#3 > INVITE to=7101 from=7234");
	step(r, "sip#3 < 100 INVITE");
	step(r, "pbx#3 < SETUP");
	step(r, "pbx#3 > CALL-PROCEEDING");
	step(r, "pbx#3 > DISCONNECT cause=17");
	step(r, "pbx#3 < RELEASE");
	step(r, "sip#3 < 486 INVITE");
	step(r, "sip#3 > ACK");
	step(r, "record cause=17");
	rig_check_quiet(r);
	rig_close(r);
}

static void on_drained(void *arg)
{
	*(bool *)arg = true;
}

/* A stop clears each call in the protocols' own way: 41 and BYE; new ones are refused. */
static void stop_with_live_calls(void **state)
{
	bool drained = false;
	struct rig *r;

	rig_open(&r, NULL);
	pbx_to_sip_up(r, 1);
	step(r, "sip#2 > INVITE to=7101 from=7234");
	step(r, "sip#2 < 100 INVITE");
	step(r, "pbx#2 < SETUP");
	step(r, "pbx#2 > CALL-PROCEEDING");
	step(r, "pbx#2 > ALERTING");
	step(r, "sip#2 < 180 INVITE");
	gateway_drain(r->gateway, 5000, on_drained, &drained);
	step(r, "sip#1 < BYE reason=41");
	step(r, "sip#2 < 503 INVITE reason=41");
	step(r, "sip#2 > ACK");
	step(r, "sip#1 > 200 BYE");
	step(r, "wait 400");
	inbox_clear(far_inbox(r->pbx));
	step(r, "record cause=41");
	step(r, "record cause=41");
	assert_true(drained);
	step(r, "sip#3 > INVITE to=7101 from=7234");
	step(r, "sip#3 < 100 INVITE");
	step(r, "sip#3 < 503 INVITE reason=41");
	step(r, "sip#3 > ACK");
	step(r, "refused cause=41");
	rig_check_quiet(r);
	rig_close(r);
}

/* The process ends with calls in every state: nothing may leak or be touched after it was freed. */
static void close_with_live_calls(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	pbx_to_sip_up(r, 1);
	step(r, "sip#2 > INVITE to=7101 from=7234");
	step(r, "sip#2 < 100 INVITE");
	step(r, "pbx#2 < SETUP");
	step(r, "pbx#2 > CALL-PROCEEDING");
	step(r, "pbx#3 > SETUP called=7234 calling=7101 ch=9");
	step(r, "pbx#3 < CALL-PROCEEDING");
	step(r, "sip#3 < INVITE");
	step(r, "sip#3 > 180");
	step(r, "pbx#3 < ALERTING");
	step(r, "sip#3 > 603");
	step(r, "sip#3 < ACK");
	rig_close(r);
}

/* It is started anew after a crash: RESTART frees the channels that the PBX still holds. */
static void start_after_a_crash(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	pbx_to_sip_up(r, 1);
	gateway_close(r->gateway);
	r->gateway = NULL;
	sim_run(sim_now_ms() + 3000, NULL, NULL);
	assert_int_equal(far_calls(r->pbx), 1);
	rig_open_gateway(r, &(struct rig_conf){0});
	sim_run(sim_now_ms() + 30000, NULL, NULL);
	assert_true(far_up(r->pbx));
	assert_int_equal(far_calls(r->pbx), 0);
	inbox_clear(far_inbox(r->pbx));
	inbox_clear(far_inbox(r->co));
	inbox_clear(peer_inbox(r->sip));
	step(r, "pbx#2 > SETUP called=7234 calling=7101 ch=1");
	step(r, "pbx#2 < CALL-PROCEEDING");
	step(r, "sip#2 < INVITE");
	step(r, "sip#2 > 486");
	step(r, "sip#2 < ACK");
	step(r, "pbx#2 < DISCONNECT cause=17");
	step(r, "pbx#2 < RELEASE-COMPLETE");
	step(r, "record cause=17");
	rig_check_quiet(r);
	rig_close(r);
}

/* --- memory --- */

/* Far ends that take every call and end every call they took; whatever happens to it. */
static void pbx_reacts(void *arg, unsigned call, const char *words)
{
	struct rig *r = arg;

	if (words_match("SETUP", words)) {
		far_do(r->pbx, call, "CALL-PROCEEDING");
		far_do(r->pbx, call, "ALERTING pi=8");
		far_do(r->pbx, call, "CONNECT");
	}
}

static void sip_reacts(void *arg, unsigned call, const char *words)
{
	struct rig *r = arg;

	if (words_match("INVITE !indialog", words))
		peer_do(r->sip, call, "200 sdp");
	else if (words_match("BYE", words))
		peer_do(r->sip, call, "200 BYE");
	else if (words_have(words, "BYE") && words[0] != '2')
		sim_fail("a refused BYE leaves a call standing: %s", words);
	else if (words_match("CANCEL", words))
		peer_do(r->sip, call, "200 CANCEL");
	else if (words_have(words, "INVITE") && words[0] >= '2' && words[0] <= '6')
		peer_do(r->sip, call, "ACK");
}

static void sweep_inboxes(struct rig *r)
{
	inbox_clear(far_inbox(r->pbx));
	inbox_clear(peer_inbox(r->sip));
	inbox_clear(&r->record);
	r->errors = 0;
}

static void place(struct rig *r, bool from_sip)
{
	if (from_sip)
		peer_do(r->sip, peer_next_call(r->sip), "INVITE to=7101 from=7234");
	else
		far_do(r->pbx, far_next_call(r->pbx), "SETUP called=7234 calling=7101");
}

static bool call_is_up(void *arg)
{
	(void)arg;
	return sim_worker_path_text()[0] != '\0';
}

/* Hangs up from the side that called, if the call came up at all. */
static void hang_up(struct rig *r, bool from_sip, unsigned pbx_call, unsigned sip_call)
{
	sim_run(sim_now_ms() + 2000, NULL, NULL);
	if (gateway_call_count(r->gateway) == 0)
		return;
	if (from_sip) {
		peer_do(r->sip, sip_call, "BYE");
		sim_run(sim_now_ms() + 500, NULL, NULL); /* timer E */
		if (gateway_call_count(r->gateway) > 0)
			peer_do(r->sip, sip_call, "AGAIN");
	} else if (far_calls(r->pbx) > 0)
		far_do(r->pbx, pbx_call, "DISCONNECT cause=16");
}

/* Allocation number nth of a call fails.  False: the call needs fewer. */
static bool call_short_of_memory(struct rig *r, bool from_sip, unsigned nth)
{
	unsigned pbx_call = far_next_call(r->pbx), sip_call = peer_next_call(r->sip);

	sim_clear_notes();
	sim_note("allocation %u fails", nth);
	sim_alloc_arm(nth);
	place(r, from_sip);
	hang_up(r, from_sip, pbx_call, sip_call);
	if (!rig_wait_idle(r))
		sim_fail("allocation %u failed: %u calls left, %u of pbx, %u paths", nth,
			 gateway_call_count(r->gateway), far_calls(r->pbx),
			 sim_worker_open_paths());
	sim_run(sim_now_ms() + 40000, NULL, NULL);
	unsigned count = sim_alloc_disarm();
	sweep_inboxes(r);

	/* the next one must be as if nothing had been */
	pbx_call = far_next_call(r->pbx);
	sip_call = peer_next_call(r->sip);
	place(r, from_sip);
	if (!sim_run(sim_now_ms() + 1000, call_is_up, NULL))
		sim_fail("allocation %u failed: the next call does not come up", nth);
	hang_up(r, from_sip, pbx_call, sip_call);
	if (!rig_wait_idle(r))
		sim_fail("allocation %u failed: the next call does not end", nth);
	sim_run(sim_now_ms() + 40000, NULL, NULL);
	sweep_inboxes(r);
	for (unsigned i = 1; i <= sip_call; i++)
		peer_forget(r->sip, i);
	return nth <= count;
}

static void every_allocation_fails_once(bool from_sip)
{
	unsigned nth = 1;
	struct rig *r;

	rig_open(&r, NULL);
	far_set_message_fn(r->pbx, pbx_reacts, r);
	peer_set_message_fn(r->sip, sip_reacts, r);
	while (call_short_of_memory(r, from_sip, nth))
		nth++;
	assert_in_range(nth, 10, 10000); /* a call does allocate: the wrapping works */
	printf("%u allocations in a call from %s\n", nth - 1, from_sip ? "SIP" : "the PBX");
	far_set_message_fn(r->pbx, NULL, NULL);
	peer_set_message_fn(r->sip, NULL, NULL);
	rig_check_quiet(r);
	rig_close(r);
}

static void memory_fails_in_a_call_from_sip(void **state)
{
	every_allocation_fails_once(true);
}

static void memory_fails_in_a_call_from_the_pbx(void **state)
{
	every_allocation_fails_once(false);
}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		{"gateway_is_full", &two_calls, gateway_is_full},
		{"peer_is_full", &one_call_to_peer, peer_is_full},
		{"worker_is_full", NULL, worker_is_full},
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_24th_call_from_sip),
		cmocka_unit_test(the_24th_call_from_the_pbx),
		cmocka_unit_test(reload_with_live_calls),
		cmocka_unit_test(stop_with_live_calls),
		cmocka_unit_test(close_with_live_calls),
		cmocka_unit_test(start_after_a_crash),
		cmocka_unit_test(memory_fails_in_a_call_from_sip),
		cmocka_unit_test(memory_fails_in_a_call_from_the_pbx),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return script_run_all("faults", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
