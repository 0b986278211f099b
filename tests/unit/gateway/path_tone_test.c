/* Tones in a path, in virtual time: either end, one end alone, there and back without a click. */
#include "gateway/path.c"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <spandsp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MS = 1000000, RATE = 8000, TICKS = 100 };

static struct tone_set us;
static float pcm[TICKS * TDM_TICK_OCTETS];

static int setup(void **state)
{
	return tone_set_country(&us, "us");
}

static struct rtp_session *session(void)
{
	struct rtp_conf conf;
	struct rtp_session *s;

	rtp_conf_default(&conf);
	((struct sockaddr_in *)&conf.addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(rtp_session_open(&s, &conf), 0);
	return s;
}

static struct sip_media towards(const struct rtp_session *peer)
{
	struct sip_media m = {.codec = SIP_PCMU, .ptime_ms = 20, .send = true, .recv = true};

	rtp_session_local(peer, &m.remote);
	return m;
}

static struct path *new_path(struct path_end from, struct path_end to)
{
	struct path *p;

	assert_int_equal(path_new(&p, 1, &from, &to), 0);
	return p;
}

static const struct path_end slot_end = {.kind = PATH_SLOT, .slot = 1};

static void keep(unsigned tick, const uint8_t ulaw[TDM_TICK_OCTETS])
{
	for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
		pcm[tick * TDM_TICK_OCTETS + i] = ulaw_to_linear(ulaw[i]);
}

/* Peak of a frequency in ticks from to to. */
static double peak(double hz, unsigned from, unsigned to)
{
	double c = 0, s = 0;
	unsigned n = (to - from) * TDM_TICK_OCTETS;

	for (unsigned i = 0; i < n; i++) {
		double angle = 2 * M_PI * hz / RATE * i;
		c += pcm[from * TDM_TICK_OCTETS + i] * cos(angle);
		s += pcm[from * TDM_TICK_OCTETS + i] * sin(angle);
	}
	return 2 * hypot(c, s) / n;
}

/* -13 dBm0, 32636 being 3.17: 5072. */
#define IS_DIAL_TONE(from, to)                                                                     \
	do {                                                                                       \
		assert_in_range(peak(350, from, to), 4950, 5200);                                  \
		assert_in_range(peak(440, from, to), 4950, 5200);                                  \
	} while (0)

static void hum(uint8_t ulaw[TDM_TICK_OCTETS], unsigned tick)
{
	for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
		ulaw[i] = linear_to_ulaw(
			(int)(4000 * cos(2 * M_PI * 1000 / RATE * (tick * TDM_TICK_OCTETS + i))));
}

static void no_click(unsigned ticks)
{
	/* Of the loudest sine, 1000 Hz at 4000, or both of dial tone; and mu-law's steps. */
	const float bound = 4000 * 0.62f + 2 * 5000 * 0.12f + 4 * 128;

	for (unsigned k = 2; k < ticks * TDM_TICK_OCTETS; k++)
		if (fabsf(pcm[k] - 2 * pcm[k - 1] + pcm[k - 2]) > bound)
			fail_msg("click at sample %u, tick %u", k, k / TDM_TICK_OCTETS);
}

static void a_slot_alone(void **state)
{
	struct path *p = new_path(slot_end, (struct path_end){0});
	uint8_t out[TDM_TICK_OCTETS];

	for (unsigned tick = 0; tick < TICKS; tick++) {
		if (tick == 20)
			path_play(p, 0, &us.tone[TONE_DIAL]);
		if (tick == 80)
			path_play(p, 0, NULL);
		path_to_line(p, 0, out, tick * 10 * MS);
		path_from_line(p, 0, out, tick * 10 * MS);
		keep(tick, out);
	}
	assert_true(peak(350, 0, 20) < 10);
	IS_DIAL_TONE(30, 80);
	assert_true(peak(350, 82, 100) < 10);
	no_click(TICKS);
	path_end_media(p);
	path_free(p);
}

/* Bit-exact before and after. */
static void over_another_slot(void **state)
{
	struct path *p = new_path(slot_end, slot_end);
	uint8_t in[TDM_TICK_OCTETS], was[TDM_TICK_OCTETS], out[TDM_TICK_OCTETS];

	hum(was, 0);
	path_from_line(p, 0, was, 0); /* one tick is in reserve */
	path_from_line(p, 1, was, 0);
	for (unsigned tick = 0; tick < TICKS; tick++) {
		if (tick == 20)
			path_play(p, 0, &us.tone[TONE_DIAL]);
		if (tick == 80)
			path_play(p, 0, NULL);
		hum(in, tick + 1);
		path_from_line(p, 1, in, 0);
		path_to_line(p, 0, out, 0);
		keep(tick, out);
		if (tick < 20 || tick > 80)
			assert_memory_equal(out, was, sizeof(was));
		path_from_line(p, 0, in, 0);
		path_to_line(p, 1, out, 0);
		assert_memory_equal(out, was, sizeof(was)); /* the other end hears no tone */
		memcpy(was, in, sizeof(was));
	}
	IS_DIAL_TONE(30, 80);
	assert_true(peak(1000, 30, 80) < 50);
	no_click(TICKS);
	path_free(p);
}

/* What a far RTP end hears, and what the slot hears of it meanwhile. */
static void to_rtp(void **state)
{
	struct rtp_session *far = session();
	struct path_end rtp = {.kind = PATH_RTP, .rtp = session()};
	struct path *p = new_path(rtp, slot_end);
	struct sip_media to_far = towards(far), to_us = towards(p->end[0].rtp);
	uint8_t said[TDM_TICK_OCTETS], out[TDM_TICK_OCTETS];

	rtp_session_set(p->end[0].rtp, &to_far);
	rtp_session_set(far, &to_us);
	for (unsigned tick = 0; tick < TICKS; tick++) {
		uint64_t now_ns = (700 + tick) * 10ull * MS;
		if (tick == 20)
			path_play(p, 0, &us.tone[TONE_DIAL]);
		hum(said, tick);
		rtp_session_send(far, said, now_ns);
		path_to_line(p, 1, out, now_ns);
		path_from_line(p, 1, said, now_ns);
		rtp_session_receive(far, now_ns);
		rtp_session_play(far, said, now_ns);
		keep(tick, said);
		if (tick > 20)
			assert_true(out[0] != TDM_IDLE || out[3] != TDM_IDLE);
	}
	IS_DIAL_TONE(40, 90);
	assert_true(peak(1000, 40, 90) < 50);
	path_free(p);
	rtp_session_close(far);
}

/* Nobody else is there: the worker's own timer, and the far end's packets are taken all the same.
 */
static void rtp_alone(void **state)
{
	struct rtp_session *far = session();
	struct path_end rtp = {.kind = PATH_RTP, .rtp = session()};
	struct path *p = new_path(rtp, (struct path_end){0});
	struct sip_media to_far = towards(far), to_us = towards(p->end[0].rtp);
	uint8_t said[TDM_TICK_OCTETS];
	struct rtp_counts before, after;

	rtp_session_set(p->end[0].rtp, &to_far);
	rtp_session_set(far, &to_us);
	for (unsigned tick = 0; tick < TICKS; tick++) {
		uint64_t now_ns = (700 + tick) * 10ull * MS;
		if (tick == 20) {
			rtp_session_counts(p->end[0].rtp, &before);
			path_play(p, 0, &us.tone[TONE_DIAL]);
		}
		hum(said, tick);
		rtp_session_send(far, said, now_ns);
		path_relay(p, now_ns);
		rtp_session_receive(far, now_ns);
		rtp_session_play(far, said, now_ns);
		keep(tick, said);
	}
	rtp_session_counts(p->end[0].rtp, &after);
	assert_int_equal(before.tx_packets, 0); /* nothing to say */
	assert_int_equal(after.tx_packets, 40);
	assert_true(after.rx_packets >= 49);
	IS_DIAL_TONE(40, 90);
	/* Its RTP goes on elsewhere: no BYE, and the session is somebody else's. */
	struct rtp_session *mine = p->end[0].rtp;
	p->end[0].goes_on = true;
	path_end_media(p);
	rtp_session_counts(mine, &before);
	assert_int_equal(before.rtcp_tx, after.rtcp_tx);
	p->end[0].rtp = NULL;
	path_free(p);
	rtp_session_bye(mine);
	rtp_session_counts(mine, &after);
	assert_int_equal(after.rtcp_tx, before.rtcp_tx + 1);
	rtp_session_close(mine);
	rtp_session_close(far);
}

static void busy_tone_of_a_slot(void **state)
{
	struct path_end listened = slot_end;
	struct tone_player far = {0};
	unsigned heard = 0;

	listened.listen = &us;
	struct path *p = new_path(listened, slot_end);
	assert_null(p->end[1].ear);
	tone_player_set(&far, &us.tone[TONE_BUSY]);
	for (unsigned tick = 0; tick < 1000; tick++) {
		uint8_t in[TDM_TICK_OCTETS], out[TDM_TICK_OCTETS];
		memset(in, TDM_IDLE, sizeof(in));
		tone_player_run(&far, in);
		/* At first it is the echo of what we play. */
		if (tick == 0)
			path_play(p, 0, &us.tone[TONE_BUSY]);
		if (tick == 400)
			path_play(p, 0, NULL);
		path_to_line(p, 0, out, 0);
		path_from_line(p, 0, in, 0);
		path_from_line(p, 1, in, 0);
		assert_int_equal(path_heard_tone(p, 1), TONE_NONE);
		if (path_heard_tone(p, 0) != TONE_NONE) {
			assert_int_equal(path_heard_tone(p, 0), TONE_BUSY);
			assert_true(tick > 650);
			path_forget_tone(p, 0);
			heard++;
		}
	}
	assert_int_equal(heard, 1);
	path_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_alone),
		cmocka_unit_test(over_another_slot),
		cmocka_unit_test(to_rtp),
		cmocka_unit_test(rtp_alone),
		cmocka_unit_test(busy_tone_of_a_slot),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
