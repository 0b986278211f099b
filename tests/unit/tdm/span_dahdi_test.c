/* A card's span on a driver that the test runs: steps of milliseconds, events, cards that go and
 * come. */
#include "tdm/span_dahdi.c"

#include "gateway/base/clock.h"
#include "tests/unit/tdm/dahdi_fake.h"

#include <poll.h>

enum { ALL_SLOTS = 0x01fffffe };

static tdm_tick rx, tx;

/* Seconds pass when the test says so. */
static struct tdm_span *open_conf(const struct tdm_span_conf *conf)
{
	struct itimerspec never = {.it_value = {0, 0}};
	struct tdm_span *s;
	char err[200];

	assert_int_equal(open_with(&s, &fake_driver, conf, err, sizeof(err)), 0);
	timerfd_settime(dahdi_of(s)->timer, 0, &never, NULL);
	return s;
}

/* Open, taken, the lead written. */
static struct tdm_span *open_lead(unsigned lead_ms)
{
	struct tdm_span_conf conf = fake_conf();

	conf.dahdi.lead_ms = lead_ms;
	fake_add(1, "WCT1/0", "PCI 1");
	struct tdm_span *s = open_conf(&conf);
	assert_int_equal(tdm_span_service(s), 0);
	dahdi_of(s)->aligned_ns -= UINT64_C(1000000000); /* long ago */
	return s;
}

static bool is_readable(struct tdm_span *s, int timeout_ms)
{
	struct pollfd p = {.fd = tdm_span_fd(s), .events = POLLIN};

	return poll(&p, 1, timeout_ms) > 0;
}

static void exchange_all(struct tdm_span *s, uint8_t octet)
{
	memset(tx, octet, sizeof(tx));
	memset(rx, 0, sizeof(rx));
	tdm_span_exchange(s, ALL_SLOTS & ~(1u << 24), rx, tx);
}

static struct tdm_span_counts counts_of(struct tdm_span *s)
{
	struct tdm_span_counts c;

	tdm_span_counts(s, &c);
	return c;
}

static void begins_with_the_lead_in_every_slot(void **state)
{
	struct tdm_span *s = open_lead(60);

	(void)state;
	for (unsigned slot = 1; slot < 24; slot++) {
		assert_int_equal(fake_slot(1, slot)->tx.count, 6);
		assert_int_equal(fake_slot(1, slot)->tx.octets[0][79], TDM_IDLE);
	}
	assert_int_equal(fake_slot(1, 24)->tx.count, 0);
	assert_int_equal(tdm_span_alarms(s), 0);
	assert_int_equal(counts_of(s).slips, 0);
	assert_int_equal(counts_of(s).underruns, 0);
	tdm_span_close(s);
	assert_int_equal(fake_open_count(1), 0);
}

static void ticks_cross_with_a_constant_lead(void **state)
{
	struct tdm_span *s = open_lead(20);
	uint32_t mask = 1u << 1 | 1u << 23;

	(void)state;
	for (unsigned tick = 0; tick < 500; tick++) {
		assert_false(is_readable(s, 0));
		fake_run(9);
		assert_false(is_readable(s, 0));
		fake_run(1);
		assert_true(is_readable(s, 0));
		assert_int_equal(tdm_span_service(s), 1);
		memset(tx, (int)(tick & 0x7f), sizeof(tx));
		memset(rx, 0xaa, sizeof(rx));
		tdm_span_exchange(s, mask, rx, tx);
		assert_int_equal(rx[1][0], 1);
		assert_int_equal(rx[23][79], 23);
		assert_int_equal(rx[2][0], 0xaa);
		/* 20 ms ahead, 10 of them gone when a tick was read: out with the next but one. */
		if (tick >= 2) {
			assert_int_equal(fake_slot(1, 23)->line_out, (tick - 2) & 0x7f);
			assert_int_equal(fake_slot(1, 2)->line_out, TDM_IDLE);
		}
		for (unsigned slot = 1; slot < 24; slot++) {
			assert_int_equal(fake_slot(1, slot)->tx.count, 2);
			assert_int_equal(fake_slot(1, slot)->rx.count, 0);
			assert_int_equal(fake_slot(1, slot)->idle_out, 0);
		}
	}
	assert_int_equal(counts_of(s).ticks, 500);
	assert_int_equal(counts_of(s).slips, 0);
	tdm_span_close(s);
}

static void a_tick_waits_for_its_exchange(void **state)
{
	struct tdm_span *s = open_lead(40);

	(void)state;
	fake_run(20);
	assert_int_equal(tdm_span_service(s), 1);
	assert_int_equal(tdm_span_service(s), 1);
	exchange_all(s, 1);
	assert_int_equal(tdm_span_service(s), 1);
	exchange_all(s, 1);
	assert_int_equal(tdm_span_service(s), 0);
	tdm_span_close(s);
}

static void a_late_wake_up_within_the_lead_costs_nothing(void **state)
{
	struct tdm_span *s = open_lead(60);

	(void)state;
	fake_run(55);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(tdm_span_service(s), 1);
		exchange_all(s, 7);
	}
	assert_int_equal(tdm_span_service(s), 0);
	for (unsigned slot = 1; slot < 24; slot++) {
		assert_int_equal(fake_slot(1, slot)->tx.count, 6);
		assert_int_equal(fake_slot(1, slot)->idle_out, 0);
	}
	assert_int_equal(counts_of(s).slips, 0);
	assert_true(counts_of(s).late_ticks >= 1);
	tdm_span_close(s);
}

/* Beyond the lead: what waits is dropped, or each later octet would be as late as that. */
static void a_longer_stall_leaves_no_delay(void **state)
{
	struct tdm_span *s = open_lead(20);
	struct tdm_slot_counts slot_counts;

	(void)state;
	fake_run(200);
	assert_int_equal(tdm_span_service(s), 0);
	for (unsigned slot = 1; slot < 24; slot++) {
		assert_int_equal(fake_slot(1, slot)->rx.count, 0);
		assert_int_equal(fake_slot(1, slot)->tx.count, 2);
		assert_int_equal(fake_slot(1, slot)->event_count, 0);
		tdm_span_slot_counts(s, slot, &slot_counts);
		assert_int_equal(slot_counts.underruns, 1);
		assert_int_equal(slot_counts.overruns, 1);
	}
	assert_int_equal(counts_of(s).underruns, 1);
	assert_int_equal(counts_of(s).slips, 1);
	fake_run(10);
	assert_int_equal(tdm_span_service(s), 1);
	exchange_all(s, 1);
	assert_int_equal(fake_slot(1, 7)->tx.count, 2);
	assert_int_equal(counts_of(s).slips, 1);
	tdm_span_close(s);
}

/* One slot out of step is put in step again, but not at every tick. */
static void a_slot_out_of_step(void **state)
{
	struct tdm_span *s = open_lead(20);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		fake_run(10);
		fake_slot(1, 5)->rx.count = 0;
		assert_int_equal(tdm_span_service(s), 1);
		exchange_all(s, 1);
		if (i > 0)
			dahdi_of(s)->aligned_ns = clock_mono_ns();
		assert_int_equal(rx[5][0], TDM_IDLE);
		assert_int_equal(rx[6][0], 6);
		assert_int_equal(tdm_span_service(s), 0);
		assert_int_equal(counts_of(s).slips, 1);
	}
	tdm_span_close(s);
}

static void a_full_write_buffer_is_no_delay(void **state)
{
	struct tdm_span *s = open_lead(20);

	(void)state;
	fake_run(10);
	fake_slot(1, 9)->tx.count = fake_slot(1, 9)->buffers;
	assert_int_equal(tdm_span_service(s), 1);
	exchange_all(s, 1);
	assert_int_equal(tdm_span_service(s), 0);
	assert_int_equal(fake_slot(1, 9)->tx.count, 2);
	assert_int_equal(counts_of(s).tx_errors, 1);
	assert_int_equal(counts_of(s).slips, 1);
	tdm_span_close(s);
}

/* --- D-channel ----------------------------------------------------------------------------- */

static void frames_both_ways(void **state)
{
	struct tdm_span *s = open_lead(20);
	struct fake_channel *d = fake_slot(1, 24);
	uint8_t frame[TDM_FRAME_MAX];

	(void)state;
	assert_int_equal(d->sigtype, DAHDI_ABI_SIG_HDLCFCS);
	assert_int_equal(tdm_dchan_send(s, (const uint8_t *)"\x02\x01\x7f", 3), 0);
	assert_int_equal(d->tx.count, 1);
	assert_int_equal(d->tx.length[0], 5); /* the driver puts the FCS into the last two */
	assert_int_equal(tdm_dchan_recv(s, frame, sizeof(frame)), -EAGAIN);
	fake_frame(1, 24, "\x02\x01\x73\x12\x34", 5);
	fake_frame(1, 24, "\x00\x01\x7f\x12\x34", 5);
	assert_true(is_readable(s, 0));
	assert_int_equal(tdm_span_service(s), 0);
	assert_int_equal(tdm_dchan_recv(s, frame, sizeof(frame)), 3);
	assert_memory_equal(frame, "\x02\x01\x73", 3);
	assert_int_equal(tdm_dchan_recv(s, frame, sizeof(frame)), 3);
	assert_memory_equal(frame, "\x00\x01\x7f", 3);
	assert_int_equal(tdm_dchan_recv(s, frame, sizeof(frame)), -EAGAIN);
	assert_false(is_readable(s, 0));
	assert_int_equal(counts_of(s).hdlc_rx_frames, 2);
	assert_int_equal(counts_of(s).hdlc_tx_frames, 1);
	d->tx.count = d->buffers;
	assert_int_equal(tdm_dchan_send(s, (const uint8_t *)"\x02\x01\x7f", 3), -EAGAIN);
	tdm_span_close(s);
}

static void bad_frames_are_counted(void **state)
{
	struct tdm_span *s = open_lead(20);
	uint8_t frame[TDM_FRAME_MAX], big[400] = {0};

	(void)state;
	fake_event(fake_slot(1, 24), DAHDI_ABI_EVENT_ABORT);
	fake_event(fake_slot(1, 24), DAHDI_ABI_EVENT_BADFCS);
	fake_event(fake_slot(1, 24), DAHDI_ABI_EVENT_BADFCS);
	fake_event(fake_slot(1, 24), DAHDI_ABI_EVENT_OVERRUN);
	fake_frame(1, 24, "\x02\x01\x12\x34", 4);
	fake_frame(1, 24, big, sizeof(big));
	fake_frame(1, 24, "\x02\x01\x73\x12\x34", 5);
	/* Events stand before frames, and before what is to be sent. */
	assert_int_equal(tdm_dchan_send(s, (const uint8_t *)"\x02\x01\x7f", 3), 0);
	assert_int_equal(tdm_span_service(s), 0);
	assert_int_equal(tdm_dchan_recv(s, frame, sizeof(frame)), 3);
	struct tdm_span_counts c = counts_of(s);
	assert_int_equal(c.hdlc_abort, 1);
	assert_int_equal(c.hdlc_crc, 2);
	assert_int_equal(c.hdlc_long, 2);
	assert_int_equal(c.hdlc_short, 1);
	assert_int_equal(c.hdlc_rx_frames, 1);
	tdm_span_close(s);
}

static void a_span_of_bearers_alone(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	conf.dchan_slot = 0;
	fake_add(1, "WCT1/0", "");
	struct tdm_span *s = open_conf(&conf);
	assert_int_equal(tdm_span_service(s), 0);
	fake_run(10);
	assert_int_equal(tdm_span_service(s), 1);
	memset(tx, 3, sizeof(tx));
	tdm_span_exchange(s, ALL_SLOTS, rx, tx);
	assert_int_equal(rx[24][0], 24);
	assert_int_equal(fake_slot(1, 24)->tx.count, 2);
	tdm_span_close(s);
}

/* --- the line ------------------------------------------------------------------------------ */

static void alarms_silence_the_line(void **state)
{
	struct tdm_span *s = open_lead(20);

	(void)state;
	fake.span[0].alarms = DAHDI_ABI_ALARM_RED | DAHDI_ABI_ALARM_LFA;
	fake_events(1, DAHDI_ABI_EVENT_ALARM);
	assert_true(is_readable(s, 0));
	tdm_span_service(s);
	assert_int_equal(tdm_span_alarms(s), TDM_ALARM_RED);
	fake_run(10);
	assert_int_equal(tdm_span_service(s), 1);
	exchange_all(s, 1);
	assert_int_equal(rx[3][0], TDM_IDLE);
	assert_int_equal(rx[23][0], TDM_IDLE);
	fake.span[0].alarms = DAHDI_ABI_ALARM_RECOVER;
	fake_events(1, DAHDI_ABI_EVENT_ALARM);
	tdm_span_service(s);
	assert_int_equal(tdm_span_alarms(s), TDM_ALARM_RECOVERING);
	fake.span[0].alarms = 0;
	fake_events(1, DAHDI_ABI_EVENT_NOALARM);
	tdm_span_service(s);
	assert_int_equal(tdm_span_alarms(s), 0);
	fake_run(10);
	assert_int_equal(tdm_span_service(s), 1);
	exchange_all(s, 1);
	assert_int_equal(rx[3][0], 3);
	assert_int_equal(counts_of(s).slips, 0); /* an event alone puts nothing out of step */
	tdm_span_close(s);
}

static void fire_timer(struct tdm_span *s)
{
	struct itimerspec soon = {.it_value = {0, 1}};

	timerfd_settime(dahdi_of(s)->timer, 0, &soon, NULL);
	assert_true(is_readable(s, 1000));
	tdm_span_service(s);
}

/* The driver tells no event when one alarm turns into another, nor of errors. */
static void each_second_the_line_is_looked_at(void **state)
{
	fake_add(1, "WCT1/0", "");
	fake.span[0].bpv = 1000; /* of the time before us */
	struct tdm_span_conf conf = fake_conf();
	struct tdm_span *s = open_conf(&conf);

	(void)state;
	tdm_span_service(s);
	fake.span[0].alarms = DAHDI_ABI_ALARM_YELLOW;
	fake.span[0].bpv = 1007;
	fake.span[0].crc4 = 3;
	fake.span[0].fe = 2;
	fire_timer(s);
	assert_int_equal(tdm_span_alarms(s), TDM_ALARM_YELLOW);
	fake.span[0].bpv = 4; /* somebody cleared the driver's counters */
	fire_timer(s);
	struct tdm_span_counts c = counts_of(s);
	assert_int_equal(c.line_bpv, 11);
	assert_int_equal(c.line_crc, 3);
	assert_int_equal(c.line_framing, 2);
	tdm_span_close(s);
}

/* As dahdi_dynamic does when its far end is gone. */
static void a_line_without_a_clock(void **state)
{
	struct tdm_span *s = open_lead(20);

	(void)state;
	fake.deaf = true;
	fake.span[0].alarms = DAHDI_ABI_ALARM_RED;
	for (unsigned i = 0; i < 10; i++) {
		fake_run(1000);
		fire_timer(s);
		assert_int_equal(tdm_span_service(s), 0);
		assert_false(is_readable(s, 0));
		assert_int_equal(tdm_span_alarms(s), TDM_ALARM_RED);
		dahdi_of(s)->aligned_ns -= UINT64_C(1000000000);
	}
	assert_int_equal(counts_of(s).slips, 0);
	fake.deaf = false;
	fake.span[0].alarms = 0;
	fake_run(10);
	assert_int_equal(tdm_span_service(s), 0);
	assert_int_equal(counts_of(s).slips, 1);
	assert_int_equal(counts_of(s).underruns, 1);
	assert_int_equal(fake_slot(1, 1)->tx.count, 2);
	fake_run(10);
	assert_int_equal(tdm_span_service(s), 1);
	tdm_span_close(s);
}

static void loops(void **state)
{
	struct tdm_span *s = open_lead(20);

	(void)state;
	assert_int_equal(tdm_span_set_loop(s, TDM_LOOP_LOCAL), 0);
	assert_int_equal(fake.maint[0], DAHDI_ABI_MAINT_LOCAL_LOOP);
	assert_int_equal(tdm_span_loop(s), TDM_LOOP_LOCAL);
	assert_int_equal(tdm_span_set_loop(s, TDM_LOOP_NETWORK), 0);
	assert_int_equal(fake.maint[0], DAHDI_ABI_MAINT_NETWORK_LINE_LOOP);
	assert_int_equal(tdm_span_set_loop(s, TDM_LOOP_NONE), 0);
	assert_int_equal(fake.maint[0], DAHDI_ABI_MAINT_NONE);
	fake.dynamic[0] = true;
	assert_int_equal(tdm_span_set_loop(s, TDM_LOOP_LOCAL), -ENOTSUP);
	assert_int_equal(tdm_span_loop(s), TDM_LOOP_NONE);
	tdm_span_close(s);
}

/* --- going and coming ---------------------------------------------------------------------- */

static void wait_until_closed(void)
{
	for (unsigned i = 0; i < 5000 && fake_open_count(1) > 0; i++)
		usleep(1000);
	assert_int_equal(fake_open_count(1), 0);
}

static void wait_until_back(struct tdm_span *s)
{
	for (unsigned i = 0; i < 100 && tdm_span_alarms(s) != 0; i++)
		if (is_readable(s, 100))
			tdm_span_service(s);
	assert_int_equal(tdm_span_alarms(s), 0);
	assert_int_equal(fake_slot(1, 1)->tx.count, 2);
}

static void expect_quiet(struct tdm_span *s)
{
	assert_int_equal(tdm_span_alarms(s), TDM_ALARM_GONE);
	assert_false(is_readable(s, 0));
	assert_int_equal(tdm_span_service(s), 0);
	assert_int_equal(tdm_dchan_send(s, (const uint8_t *)"\x02\x01\x7f", 3), -EAGAIN);
	exchange_all(s, 1); /* what was due already */
	assert_int_equal(rx[4][0], TDM_IDLE);
	assert_int_equal(tdm_span_service(s), 0);
}

static void a_card_that_is_pulled_comes_back(void **state)
{
	struct tdm_span *s = open_lead(20);
	char text[512];

	(void)state;
	fake_remove(1);
	assert_true(is_readable(s, 0));
	assert_int_equal(tdm_span_service(s), 0);
	expect_quiet(s);
	wait_until_closed();
	for (unsigned i = 0; i < 5000; i++) {
		tdm_span_describe(s, text, sizeof(text));
		if (strstr(text, "has no span") != NULL)
			break;
		usleep(1000);
	}
	assert_non_null(strstr(text, "the DAHDI driver has no span"));
	fake_add(1, "WCT1/0", "PCI 1");
	wait_until_back(s);
	fake_run(10);
	assert_int_equal(tdm_span_service(s), 1);
	exchange_all(s, 1);
	assert_int_equal(rx[4][0], 4);
	tdm_span_describe(s, text, sizeof(text));
	assert_string_equal(text, "DAHDI span 1 \"WCT1/0\", configured by Tandem");
	tdm_span_close(s);
}

/* Found out in the middle of an exchange; the driver's farewell event. */
static void a_card_pulled_in_an_exchange(void **state)
{
	struct tdm_span *s = open_lead(20);

	(void)state;
	fake_run(10);
	assert_int_equal(tdm_span_service(s), 1);
	fake_remove(1);
	exchange_all(s, 1);
	expect_quiet(s);
	wait_until_closed();
	fake_add(1, "WCT1/0", "PCI 1");
	wait_until_back(s);
	fake_events(1, DAHDI_ABI_EVENT_REMOVED);
	tdm_span_service(s);
	assert_int_equal(tdm_span_alarms(s), TDM_ALARM_GONE);
	wait_until_back(s);
	tdm_span_close(s);
}

static void a_card_that_never_comes(void **state)
{
	struct tdm_span_conf conf = fake_conf();

	(void)state;
	struct tdm_span *s = open_conf(&conf);
	expect_quiet(s);
	assert_int_equal(tdm_span_set_loop(s, TDM_LOOP_LOCAL), -ENODEV);
	tdm_span_close(s);
	fake_add(1, "WCT1/0", "PCI 1");
	s = open_conf(&conf);
	tdm_span_service(s);
	fake_remove(1);
	tdm_span_service(s);
	tdm_span_close(s);
	assert_int_equal(fake_open_count(1), 0);
	assert_int_equal(fake.shutdowns, 0);
}

static void a_card_that_is_missing_comes_later(void **state)
{
	struct tdm_span_conf conf = fake_conf();
	char text[512];

	(void)state;
	fake.loaded = false;
	struct tdm_span *s = open_conf(&conf);
	tdm_span_describe(s, text, sizeof(text));
	assert_non_null(strstr(text, "modprobe"));
	expect_quiet(s);
	fake_add(1, "WCT1/0", "PCI 1");
	pthread_mutex_lock(&fake.lock);
	fake.loaded = true;
	pthread_mutex_unlock(&fake.lock);
	wait_until_back(s);
	tdm_span_close(s);
}

static uint32_t cancelling(void)
{
	uint32_t slots = 0;

	pthread_mutex_lock(&fake.lock);
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		slots |= (uint32_t)fake_slot(1, slot)->cancelling << slot;
	pthread_mutex_unlock(&fake.lock);
	return slots;
}

static void wait_cancelling(uint32_t slots)
{
	for (unsigned i = 0; i < 5000 && cancelling() != slots; i++)
		usleep(1000);
	assert_int_equal(cancelling(), slots);
}

/* The driver tells slips in /proc alone; those from before are not ours. */
static void slips_of_the_card(void **state)
{
	(void)state;
	strcpy(fake.slips, "Span 1: WCT1/0 \"\"\n\tTiming slips: 5\n\n");
	struct tdm_span *s = open_lead(20);
	pthread_mutex_lock(&fake.lock);
	strcpy(fake.slips, "Span 1: WCT1/0 \"\"\n\tTiming slips: 8\n\n");
	pthread_mutex_unlock(&fake.lock);
	tdm_span_cancel_echo(s, 0); /* wakes the keeper */
	for (unsigned i = 0; i < 5000 && counts_of(s).line_slips == 0; i++)
		usleep(1000);
	assert_int_equal(counts_of(s).line_slips, 3);
	pthread_mutex_lock(&fake.lock);
	strcpy(fake.slips, "Span 1: WCT1/0 \"\"\n"); /* none at all, so the driver says nothing */
	pthread_mutex_unlock(&fake.lock);
	tdm_span_cancel_echo(s, 0);
	usleep(20000);
	assert_int_equal(counts_of(s).line_slips, 3);
	tdm_span_close(s);
}

static void a_canceller_follows_calls_and_cards(void **state)
{
	struct tdm_span_conf conf = fake_conf();
	char text[64];

	(void)state;
	conf.dahdi.canceller = TDM_CANCELLER_AUTO;
	fake.hardware_canceller = true;
	fake_add(1, "WCT1/0", "PCI 1");
	struct tdm_span *s = open_conf(&conf);
	tdm_span_service(s);
	tdm_span_canceller(s, text, sizeof(text));
	assert_string_equal(text, "the card's (HWEC)");
	tdm_span_cancel_echo(s, 1u << 3 | 1u << 23);
	wait_cancelling(1u << 3 | 1u << 23);
	tdm_span_cancel_echo(s, 1u << 23);
	wait_cancelling(1u << 23);
	fake_remove(1);
	tdm_span_service(s);
	wait_until_closed();
	fake_add(1, "WCT1/0", "PCI 1");
	wait_until_back(s);
	wait_cancelling(1u << 23);
	tdm_span_close(s);
}

static void a_busy_channel_is_waited_for(void **state)
{
	struct tdm_span_conf conf = fake_conf();
	char text[512];

	(void)state;
	fake_add(1, "WCT1/0", "PCI 1");
	fake_slot(1, 5)->busy = true;
	struct tdm_span *s = open_conf(&conf);
	tdm_span_describe(s, text, sizeof(text));
	assert_non_null(strstr(text, "slot 5 (channel 5) is in use by another program"));
	assert_int_equal(tdm_span_alarms(s), TDM_ALARM_GONE);
	pthread_mutex_lock(&fake.lock);
	fake_slot(1, 5)->busy = false;
	pthread_mutex_unlock(&fake.lock);
	wait_until_back(s);
	tdm_span_close(s);
}

static void a_clock_that_stands_still(void **state)
{
	struct tdm_span *s = open_lead(20);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		fire_timer(s);
	assert_int_equal(tdm_span_alarms(s), 0);
	fire_timer(s);
	assert_int_equal(tdm_span_alarms(s), TDM_ALARM_GONE);
	wait_until_back(s);
	tdm_span_close(s);
}

/* --- whatever a driver may answer ---------------------------------------------------------- */

static _Thread_local uint32_t chaos_state = 1;

static uint32_t chaos(uint32_t below)
{
	chaos_state = chaos_state * 1664525u + 1013904223u;
	return (chaos_state >> 8) % below;
}

static ssize_t chaotic(size_t count)
{
	static const int errors[] = {-EAGAIN, -EINTR, -DAHDI_ABI_ELAST, -EIO, -ENODEV, -ENXIO};

	return chaos(3) == 0 ? errors[chaos(chaos(20) == 0 ? 6 : 3)]
			     : (ssize_t)chaos((uint32_t)count + 1);
}

static ssize_t chaos_read(int fd, void *octets, size_t count)
{
	ssize_t n = chaos(2) ? fake_read(fd, octets, count) : chaotic(count);

	return n;
}

static ssize_t chaos_write(int fd, const void *octets, size_t count)
{
	return chaos(2) ? fake_write(fd, octets, count) : chaotic(count);
}

static int chaos_ioctl(int fd, unsigned long operation, void *arg)
{
	if (operation == DAHDI_ABI_GETEVENT && chaos(2)) {
		*(int *)arg = (int)chaos(40);
		return 0;
	}
	return fake_ioctl(fd, operation, arg);
}

static void any_answer_is_survived(void **state)
{
	static struct dahdi_driver driver;
	struct tdm_span_conf conf = fake_conf();
	uint8_t frame[TDM_FRAME_MAX] = {2, 1, 0x7f};
	struct tdm_span *s;
	char err[100];

	(void)state;
	driver = fake_driver;
	driver.read = chaos_read;
	driver.write = chaos_write;
	driver.ioctl = chaos_ioctl;
	driver.retry_ms = 1;
	fake_add(1, "WCT1/0", "");
	assert_int_equal(open_with(&s, &driver, &conf, err, sizeof(err)), 0);
	for (unsigned i = 0; i < 1000; i++) {
		fake_run(chaos(15));
		if (chaos(50) == 0)
			fake_frame(1, 24, frame, chaos(8));
		if (tdm_span_service(s) > 0)
			exchange_all(s, 1);
		tdm_dchan_send(s, frame, 3);
		while (tdm_dchan_recv(s, frame, sizeof(frame)) >= 0)
			;
		if (tdm_span_alarms(s) & TDM_ALARM_GONE)
			is_readable(s, 1000); /* the keeper's turn */
		dahdi_of(s)->aligned_ns -= UINT64_C(50000000);
	}
	assert_true(counts_of(s).slips > 0);
	tdm_span_close(s);
	assert_int_equal(fake_open_count(1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(begins_with_the_lead_in_every_slot, fake_setup),
		cmocka_unit_test_setup(ticks_cross_with_a_constant_lead, fake_setup),
		cmocka_unit_test_setup(a_tick_waits_for_its_exchange, fake_setup),
		cmocka_unit_test_setup(a_late_wake_up_within_the_lead_costs_nothing, fake_setup),
		cmocka_unit_test_setup(a_longer_stall_leaves_no_delay, fake_setup),
		cmocka_unit_test_setup(a_slot_out_of_step, fake_setup),
		cmocka_unit_test_setup(a_full_write_buffer_is_no_delay, fake_setup),
		cmocka_unit_test_setup(frames_both_ways, fake_setup),
		cmocka_unit_test_setup(bad_frames_are_counted, fake_setup),
		cmocka_unit_test_setup(a_span_of_bearers_alone, fake_setup),
		cmocka_unit_test_setup(alarms_silence_the_line, fake_setup),
		cmocka_unit_test_setup(each_second_the_line_is_looked_at, fake_setup),
		cmocka_unit_test_setup(a_line_without_a_clock, fake_setup),
		cmocka_unit_test_setup(loops, fake_setup),
		cmocka_unit_test_setup(a_card_that_is_pulled_comes_back, fake_setup),
		cmocka_unit_test_setup(a_card_pulled_in_an_exchange, fake_setup),
		cmocka_unit_test_setup(a_card_that_never_comes, fake_setup),
		cmocka_unit_test_setup(a_card_that_is_missing_comes_later, fake_setup),
		cmocka_unit_test_setup(a_busy_channel_is_waited_for, fake_setup),
		cmocka_unit_test_setup(slips_of_the_card, fake_setup),
		cmocka_unit_test_setup(a_canceller_follows_calls_and_cards, fake_setup),
		cmocka_unit_test_setup(a_clock_that_stands_still, fake_setup),
		cmocka_unit_test_setup(any_answer_is_survived, fake_setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
