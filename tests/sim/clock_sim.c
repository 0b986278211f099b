/* The virtual clock and the far PBX prove themselves: two libpri ends, one of them half deaf. */
#include "gateway/base/clock.h"
#include "gateway/base/loop.h"
#include "tests/sim/far.h"

#include <libpri.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t real_ms(void)
{
	struct timespec ts;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void note_time(void *arg)
{
	*(uint64_t *)arg = sim_now_ms();
}

/* An hour of libuv's and our own timers passes at once, and each fires when it is due. */
static void an_hour_passes_in_no_time(void **state)
{
	struct loop loop;
	struct timer late = {0}, early = {0};
	struct sim_event ours = {0};
	uint64_t late_at = 0, early_at = 0, ours_at = 0;
	uint64_t real = real_ms(), start = sim_now_ms(), wall = clock_wall_ms();

	assert_int_equal(loop_init(&loop), 0);
	sim_set_loop(&loop);
	timer_start(&loop, &late, 3600000, note_time, &late_at);
	timer_start(&loop, &early, 32000, note_time, &early_at);
	sim_at(&ours, start + 500, note_time, &ours_at);
	sim_run(start + 3600000, NULL, NULL);
	assert_int_equal(ours_at - start, 500);
	assert_int_equal(early_at - start, 32000);
	assert_int_equal(late_at - start, 3600000);
	assert_int_equal(clock_wall_ms() - wall, 3600000);
	assert_true(real_ms() - real < 1000);
	sim_set_loop(NULL);
	loop_fini(&loop);
}

/* A second libpri end where the gateway would be. */
struct near {
	struct pri *pri;
	struct dchan *dchan;
	struct sim_event due;
	uint8_t rx[DCHAN_FRAME_MAX];
	int rx_len;
	q931_call *call;
	uint64_t hangup_at;
	int hangup_cause;
};

static int near_reads(struct pri *pri, void *buf, int buf_len)
{
	struct near *n = pri_get_userdata(pri);
	int len = n->rx_len;

	memcpy(buf, n->rx, (size_t)len);
	n->rx_len = 0;
	return len;
}

static int near_writes(struct pri *pri, void *buf, int len)
{
	struct near *n = pri_get_userdata(pri);

	dchan_send(n->dchan, DCHAN_TO_FAR, buf, (size_t)len - 2);
	return len;
}

static void near_event(struct near *n, const pri_event *e)
{
	if (e->e == PRI_EVENT_RING)
		n->call = e->ring.call;
	if (e->e == PRI_EVENT_HANGUP || e->e == PRI_EVENT_HANGUP_REQ ||
	    e->e == PRI_EVENT_HANGUP_ACK) {
		if (n->hangup_at == 0) {
			n->hangup_at = sim_now_ms();
			n->hangup_cause = e->hangup.cause;
		}
		pri_hangup(n->pri, e->hangup.call, e->hangup.cause);
	}
}

static void near_run(void *arg)
{
	struct near *n = arg;
	pri_event *e;
	struct timeval now;

	while ((e = pri_check_event(n->pri)) != NULL)
		near_event(n, e);
	while ((e = pri_schedule_run(n->pri)) != NULL)
		near_event(n, e);
	struct timeval *next = pri_schedule_next(n->pri);
	if (next == NULL)
		return;
	gettimeofday(&now, NULL);
	int64_t ms = (next->tv_sec - now.tv_sec) * 1000 + (next->tv_usec - now.tv_usec) / 1000;
	sim_at(&n->due, sim_now_ms() + (ms > 0 ? (uint64_t)ms : 0), near_run, n);
}

static void near_receive(void *arg, const uint8_t *frame, size_t len)
{
	struct near *n = arg;

	memcpy(n->rx, frame, len);
	n->rx_len = (int)len + 2;
	near_run(n);
}

static void near_open(struct near *n, struct far *f)
{
	*n = (struct near){.dchan = far_dchan(f)};
	dchan_attach(n->dchan, DCHAN_TO_GATEWAY, near_receive, n);
	n->pri = pri_new_cb(-1, PRI_NETWORK, PRI_SWITCH_NI2, near_reads, near_writes, n);
	pri_set_service_message_support(n->pri, 1);
	near_run(n);
	sim_run(sim_now_ms() + 5000, NULL, NULL);
	assert_true(far_up(f));
}

static const struct far_conf pbx = {"pbx", "t1", false, PRI_SWITCH_NI2};

static void near_calls(struct near *n, const char *called)
{
	struct pri_sr *sr = pri_sr_new();
	char number[32];

	snprintf(number, sizeof(number), "%s", called);
	n->call = pri_new_call(n->pri);
	pri_sr_set_channel(sr, 23, 0, 0);
	pri_sr_set_bearer(sr, PRI_TRANS_CAP_SPEECH, PRI_LAYER_1_ULAW);
	pri_sr_set_called(sr, number, PRI_UNKNOWN, 1);
	assert_int_equal(pri_setup(n->pri, n->call, sr), 0);
	pri_sr_free(sr);
	near_run(n);
}

static void expect(struct far *f, const char *words)
{
	const struct message *m = inbox_peek(far_inbox(f));

	if (m == NULL || !words_match(words, m->text))
		sim_fail("expected %s, got %s", words, m != NULL ? m->text : "nothing");
	inbox_drop(far_inbox(f));
}

/* Q.931 9.1: T303 is 4 s, SETUP is repeated once; libpri takes 4 s for each. */
static void t303_fires_in_virtual_time(void **state)
{
	struct far *f;
	struct near n;
	uint64_t real = real_ms();

	far_open(&f, &pbx);
	near_open(&n, f);
	dchan_lose(n.dchan, DCHAN_TO_FAR, 0x05, 2);
	uint64_t start = sim_now_ms();
	near_calls(&n, "7101");
	sim_run(start + 20000, NULL, NULL);
	assert_null(inbox_peek(far_inbox(f)));
	assert_in_range(n.hangup_at - start, 4000, 8100);
	assert_in_range(real_ms() - real, 0, 2000);
	sim_cancel(&n.due);
	far_close(f);
}

static void far_answers_by_libpri(void **state)
{
	struct far *f;
	struct near n;

	far_open(&f, &pbx);
	near_open(&n, f);
	near_calls(&n, "7101");
	sim_run(sim_now_ms() + 100, NULL, NULL);
	expect(f, "SETUP called=7101 ch=23");
	far_do(f, 1, "CALL-PROCEEDING");
	far_do(f, 1, "ALERTING pi=8");
	far_do(f, 1, "CONNECT");
	sim_run(sim_now_ms() + 100, NULL, NULL);
	expect(f, "CONNECT-ACK");
	assert_int_equal(far_calls(f), 1);
	far_do(f, 1, "DISCONNECT cause=16");
	sim_run(sim_now_ms() + 100, NULL, NULL);
	expect(f, "RELEASE");
	assert_int_equal(far_calls(f), 0);
	assert_int_equal(n.hangup_cause, 16);
	sim_cancel(&n.due);
	far_close(f);
}

/* Hand-written messages reach the other end, and libpri's Q.931 here keeps its mouth shut. */
static void far_speaks_by_hand(void **state)
{
	struct far *f;
	struct near n;

	far_open(&f, &pbx);
	near_open(&n, f);
	far_set_raw(f, true);
	far_do(f, 1, "SETUP called=7134 calling=7101 ch=4");
	sim_run(sim_now_ms() + 100, NULL, NULL);
	assert_non_null(n.call);
	pri_proceeding(n.pri, n.call, 4, 0);
	pri_acknowledge(n.pri, n.call, 4, 1);
	sim_run(sim_now_ms() + 100, NULL, NULL);
	expect(f, "CALL-PROCEEDING ch=4");
	expect(f, "ALERTING pi=8");
	far_do(f, 1, "RELEASE-COMPLETE cause=41");
	sim_run(sim_now_ms() + 60000, NULL, NULL);
	assert_int_equal(n.hangup_cause, 41);
	assert_null(inbox_peek(far_inbox(f)));
	sim_cancel(&n.due);
	far_close(f);
}

/* A frame in ten is lost, one in ten comes twice: LAPD repairs it, each message arrives once. */
static void a_bad_line_is_repaired(void **state)
{
	struct far *f;
	struct near n;

	far_open(&f, &pbx);
	near_open(&n, f);
	sim_seed(1);
	dchan_set_loss(n.dchan, 10);
	dchan_set_duplication(n.dchan, 10);
	for (unsigned i = 1; i <= 20; i++) {
		near_calls(&n, "7101");
		sim_run(sim_now_ms() + 2500, NULL, NULL);
		expect(f, "SETUP called=7101");
		far_do(f, i, "CALL-PROCEEDING");
		sim_run(sim_now_ms() + 12000, NULL, NULL);
		pri_hangup(n.pri, n.call, 16);
		near_run(&n);
		sim_run(sim_now_ms() + 30000, NULL, NULL);
		if (words_match("SETUP", inbox_peek(far_inbox(f))->text)) /* by T303, rightly */
			inbox_drop(far_inbox(f));
		expect(f, "DISCONNECT cause=16");
		expect(f, "RELEASE-COMPLETE");
		assert_int_equal(far_calls(f), 0);
	}
	sim_cancel(&n.due);
	far_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_hour_passes_in_no_time),
		cmocka_unit_test(t303_fires_in_virtual_time),
		cmocka_unit_test(far_answers_by_libpri),
		cmocka_unit_test(far_speaks_by_hand),
		cmocka_unit_test(a_bad_line_is_repaired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
