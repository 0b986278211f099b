/* What an operator does with channels and trunks, and what he reads about it. */
#include "gateway/maintain.h"

#include "gateway/status.h"
#include "tests/sim/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The report of a command that is done; "" and the error's text when it is refused. */
static const char *ask(struct rig *r, json_t *(*command)(struct gateway *g, const char *args),
		       const char *args, bool ok)
{
	static char text[400];
	json_t *reply = command(r->gateway, args);

	assert_non_null(reply);
	assert_int_equal(json_is_true(json_object_get(reply, "ok")), ok);
	snprintf(text, sizeof(text), "%s",
		 json_string_value(json_object_get(reply, ok ? "report" : "error")));
	json_decref(reply);
	sim_note("%s: %s", args, text);
	sim_run(sim_now_ms() + 200, NULL, NULL);
	return text;
}

static void expect_text(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static char letter(struct rig *r, unsigned slot)
{
	json_t *spans = status_spans(r->gateway);
	char c = json_string_value(json_object_get(json_array_get(spans, 0), "slots"))[slot - 1];

	json_decref(spans);
	return c;
}

static json_int_t count(struct rig *r, const char *name)
{
	json_t *spans = status_spans(r->gateway);
	json_t *trunk = json_object_get(json_array_get(spans, 0), "trunk");
	json_int_t n = json_integer_value(json_object_get(trunk, name));

	json_decref(spans);
	return n;
}

/* A call from the PBX to a phone that answers it. */
static unsigned talk(struct rig *r, const char *setup)
{
	unsigned call = far_next_call(r->pbx), phone = peer_next_call(r->sip);

	far_do(r->pbx, call, setup);
	sim_run(sim_now_ms() + 200, NULL, NULL);
	peer_do(r->sip, phone, "200 sdp");
	sim_run(sim_now_ms() + 200, NULL, NULL);
	assert_int_equal(gateway_call_count(r->gateway), 1);
	return call;
}

static void all_over(struct rig *r)
{
	sim_run(sim_now_ms() + 40000, NULL, NULL);
	assert_true(gateway_is_idle(r->gateway));
	assert_int_equal(far_calls(r->pbx), 0);
	rig_close(r);
}

static void what_is_said(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	expect_text(ask(r, maintain_channel, "t1/7 out", true), "t1/7: out of service by order\n");
	assert_int_equal(letter(r, 7), 'O');
	expect_text(ask(r, maintain_channel, "pbx/8 maintenance", true), "t1/8: maintenance\n");
	assert_int_equal(letter(r, 8), 'M');
	assert_int_equal(count(r, "service_out"), 2);
	expect_text(ask(r, maintain_channel, "t1/7 in", true), "t1/7: in service, idle\n");
	expect_text(ask(r, maintain_channel, "t1/9 restart", true), "t1/9: restarting\n");
	assert_int_equal(letter(r, 9), '.');
	expect_text(ask(r, maintain_trunk, "pbx drain", true), "pbx: out of service\n");
	assert_int_equal(letter(r, 1), 'O');
	expect_text(ask(r, maintain_channel, "t1/1 in", true), "it comes in with its trunk");
	expect_text(ask(r, maintain_trunk, "pbx undrain", true), "pbx: in service, 0 calls\n");
	assert_int_equal(letter(r, 1), '.');
	assert_int_equal(letter(r, 8), 'M');
	all_over(r);
}

static void what_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "t1",
					  "t1/7",
					  "t1/7 away",
					  "t1/7 out now",
					  "t1/24 out",
					  "t1/0 out",
					  "t1/99 out",
					  "t9/7 out",
					  "t1/x out",
					  "/7 out",
					  "t1/7out",
					  "t1 7 out",
					  "t1/-7 out",
					  "t1/7 out in",
					  "t1/4294967303 out"};
	static const char *const bad_trunk[] = {"", "pbx", "pbx away", "none drain",
						"pbx drain now"};
	struct rig *r;

	rig_open(&r, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(ask(r, maintain_channel, bad[i], false)[0] != '\0');
	for (size_t i = 0; i < sizeof(bad_trunk) / sizeof(bad_trunk[0]); i++)
		assert_true(ask(r, maintain_trunk, bad_trunk[i], false)[0] != '\0');
	for (unsigned slot = 1; slot <= 23; slot++)
		assert_int_equal(letter(r, slot), '.');
	all_over(r);
}

static void with_a_live_call(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	unsigned call = talk(r, "SETUP called=7234 calling=7101 ch=5");
	expect_text(ask(r, maintain_channel, "t1/5 drain", true),
		    "t1/5: busy, then out of service; its call goes on");
	assert_int_equal(letter(r, 5), 'b');
	assert_int_equal(count(r, "service_out"), 0);
	expect_text(ask(r, maintain_channel, "t1/5 out", true), "the far end is told at once");
	assert_int_equal(count(r, "service_out"), 1);
	sim_run(sim_now_ms() + 20000, NULL, NULL);
	assert_int_equal(gateway_call_count(r->gateway), 1);
	far_do(r->pbx, call, "DISCONNECT cause=16");
	sim_run(sim_now_ms() + 1000, NULL, NULL);
	assert_int_equal(letter(r, 5), 'O');
	all_over(r);
}

static void trunk_with_a_live_call(void **state)
{
	struct rig *r;

	rig_open(&r, NULL);
	unsigned call = talk(r, "SETUP called=7234 calling=7101 ch=5");
	expect_text(ask(r, maintain_trunk, "pbx drain", true), "as their 1 calls end");
	assert_int_equal(letter(r, 5), 'b');
	assert_int_equal(letter(r, 6), 'O');
	peer_do(r->sip, peer_next_call(r->sip), "INVITE to=7101 from=7234");
	sim_run(sim_now_ms() + 1000, NULL, NULL);
	assert_int_equal(gateway_call_count(r->gateway), 1); /* refused: no channel */
	far_do(r->pbx, call, "DISCONNECT cause=16");
	sim_run(sim_now_ms() + 1000, NULL, NULL);
	assert_int_equal(letter(r, 5), 'O');
	expect_text(ask(r, maintain_trunk, "pbx undrain", true), "in service");
	call = talk(r, "SETUP called=7234 calling=7101 ch=5");
	expect_text(ask(r, maintain_channel, "t1/5 restart", true), "its call was ended, cause 41");
	sim_run(sim_now_ms() + 1000, NULL, NULL);
	assert_int_equal(letter(r, 5), '.');
	assert_false(far_call_alive(r->pbx, call));
	talk(r, "SETUP called=7234 calling=7101 ch=6");
	expect_text(ask(r, maintain_trunk, "pbx restart", true), "1 calls were ended, cause 41");
	assert_int_equal(letter(r, 6), '.');
	far_forget(r->pbx); /* its libpri tells of a RESTART for all channels by none of them */
	all_over(r);
}

/* A trunk whose switch knows no SERVICE. */
static void nobody_to_tell(void **state)
{
	struct rig *r;

	rig_open(&r, &(struct rig_conf){.trunk = "service = no"});
	expect_text(ask(r, maintain_channel, "t1/7 out", true), "cannot be told");
	far_do(r->pbx, far_next_call(r->pbx), "SETUP called=7234 calling=7101 ch=7 exclusive");
	sim_run(sim_now_ms() + 1000, NULL, NULL);
	assert_int_equal(gateway_call_count(r->gateway), 0);
	assert_int_equal(count(r, "setups_refused"), 1);
	assert_int_equal(count(r, "service_out"), 0);
	all_over(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said),     cmocka_unit_test(what_is_refused),
		cmocka_unit_test(with_a_live_call), cmocka_unit_test(trunk_with_a_live_call),
		cmocka_unit_test(nobody_to_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
