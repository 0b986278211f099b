#include <stdlib.h>

static void *lean_malloc(size_t size);
static void *lean_realloc(void *p, size_t size);

#define malloc  lean_malloc
#define realloc lean_realloc
#include "sip/memory.c"
#undef malloc
#undef realloc

#include "tests/unit/sip/rig.h"

/* The parser's n-th allocation fails, for every n until all went well: nothing may crash, and
 * rig_close() sees that nothing is left.  What was lost is sent again by somebody's timer. */
static unsigned allowed; /* allocations before the one that fails */
static bool failing, failed, starved;

static bool may(void)
{
	if (starved)
		return false;
	if (!failing)
		return true;
	if (allowed-- > 0)
		return true;
	failing = false;
	failed = true;
	return false;
}

static void *lean_malloc(size_t size)
{
	return may() ? malloc(size) : NULL;
}

static void *lean_realloc(void *p, size_t size)
{
	return may() ? realloc(p, size) : NULL;
}

static void arm(unsigned n)
{
	allowed = n;
	failing = true;
	failed = false;
}

static void take_calls(struct rig *r, const struct sip_event *ev)
{
	struct sip_local_media local = rig_local(r);

	if (ev->kind == SIP_INVITED) {
		sip_dialog_accept(ev->dialog, r, &local);
		sip_dialog_ring(ev->dialog, false);
		sip_dialog_answer(ev->dialog);
	} else if (ev->kind == SIP_ANSWERED || ev->kind == SIP_CONFIRMED) {
		sip_dialog_end(ev->dialog, 0, 16);
	} else if (ev->kind == SIP_ENDING) {
		sip_dialog_end(ev->dialog, 0, 0);
	}
}

/* Answers what the agent says, as far as it came. */
static void play_far(struct rig *r)
{
	for (int i = 0; i < 100 && (rig_turn(r), r->in_next < r->in_count); i++) {
		const char *text = r->in[r->in_next++].text;
		if (strncmp(text, "INVITE ", 7) == 0) {
			rig_reply(r, text, "180 Ringing", "far", NULL, NULL);
			rig_reply(r, text, "200 OK", "far",
				  "Record-Route: <sip:127.0.0.1:9;lr>\r\n", RIG_SDP);
		} else if (strncmp(text, "BYE ", 4) == 0) {
			rig_reply(r, text, "200 OK", NULL, NULL, NULL);
		} else if (strncmp(text, "SIP/2.0 200 ", 12) == 0 &&
			   strstr(text, "CSeq: 1 INVITE") != NULL) {
			char tag[64];
			snprintf(tag, sizeof(tag), "%s", rig_tag(text, "To"));
			rig_request(r, &(struct rig_request){.method = "ACK",
							     .branch = "z9hG4bKack",
							     .call_id = "call-1",
							     .from_tag = "alice",
							     .to_tag = tag,
							     .cseq = 1});
		}
	}
}

/* The far side's own retransmission, should our ACK have been the victim. */
static void repeat_200(struct rig *r)
{
	if (r->in_count == 0 || strncmp(r->in[0].text, "INVITE ", 7) != 0)
		return;
	rig_reply(r, r->in[0].text, "200 OK", "far", "Record-Route: <sip:127.0.0.1:9;lr>\r\n",
		  RIG_SDP);
	play_far(r);
}

static void each_allocation(void (*act)(struct rig *r))
{
	unsigned n = 0;

	do {
		struct rig r;
		rig_open(&r);
		r.on_event = take_calls;
		arm(n++);
		act(&r);
		play_far(&r);
		failing = false;
		repeat_200(&r);
		rig_run(&r, 64 * T1);
		rig_close(&r);
		assert_int_equal(live, 0);
		assert_int_equal(used, 0);
	} while (failed && n < 5000);
	assert_true(n > 50);
	assert_true(n < 5000);
}

static void incoming(struct rig *r)
{
	rig_request(r, &rig_invite);
}

static void outgoing(struct rig *r)
{
	struct sip_dialog *d;
	struct sip_invite inv = {.peer = "cs", .number = "7134", .local = rig_local(r)};

	if (sip_dialog_start(&d, r->agent, &inv, r) < 0)
		assert_null(d);
}

static void test_incoming_call_without_memory(void **state)
{
	each_allocation(incoming);
}

static void test_outgoing_call_without_memory(void **state)
{
	each_allocation(outgoing);
}

/* As much as is let through, and not one allocation from malloc(). */
static void test_pool_is_enough_for_the_largest_message(void **state)
{
	struct rig r;
	struct rig_request q = rig_invite;
	static char extra[7600];
	int n = 0;

	for (int i = 0; i < 85; i++)
		n += snprintf(extra + n, sizeof(extra) - (size_t)n, "X%d: y\r\n", i);
	n += snprintf(extra + n, sizeof(extra) - (size_t)n, "Accept: a/b;c=d");
	for (int i = 0; i < 126; i++)
		n += snprintf(extra + n, sizeof(extra) - (size_t)n, ",a/b;c=d");
	n += snprintf(extra + n, sizeof(extra) - (size_t)n, "\r\nSubject: ");
	while (n < 6800)
		extra[n++] = 's';
	snprintf(extra + n, sizeof(extra) - (size_t)n, "\r\n");
	q.extra = extra;
	rig_open(&r);
	starved = true;
	rig_request(&r, &q);
	starved = false;
	rig_expect_nothing(&r); /* as if it had been lost */
	assert_int_equal(used, 0);
	rig_request(&r, &q);
	rig_expect(&r, "SIP/2.0 100 "); /* so it was not refused as malformed */
	sip_dialog_end(rig_event(&r, SIP_INVITED)->dialog, 486, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_incoming_call_without_memory),
		cmocka_unit_test(test_outgoing_call_without_memory),
		cmocka_unit_test(test_pool_is_enough_for_the_largest_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
