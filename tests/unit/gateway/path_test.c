/* Paths in virtual time: two gateways back to back, slot -> RTP -> loopback -> RTP -> slot. */
#include "gateway/path.c"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Each needs those before it. */
#include <spandsp/telephony.h>

#include <spandsp/fast_convert.h>

#include <spandsp/logging.h>

#include <spandsp/bit_operations.h>

#include <spandsp/g711.h>

#include <cmocka.h>

enum { MS = 1000000 };

/* --- counting allocations -----------------------------------------------------------------------
 */

/* volatile: the compiler knows that malloc changes no variable of ours. */
static _Thread_local volatile unsigned allocations;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* Of the sanitizers' run-time; gcc does not install its header. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
					      void (*on_free)(const volatile void *));

static void on_malloc(const volatile void *p, size_t size)
{
	allocations++;
}

static void on_free(const volatile void *p)
{
	allocations++;
}

__attribute__((constructor)) static void install(void)
{
	__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	allocations++;
	return __libc_realloc(p, size);
}

void free(void *p)
{
	allocations++;
	__libc_free(p);
}
#endif

/* --- two gateways
 * --------------------------------------------------------------------------------- */

struct rig {
	uint64_t now_ns;
	unsigned tick;
	struct path *p[2]; /* slot and RTP each */
	struct sip_media m[2];
	void (*talk)(struct rig *r, unsigned side, uint8_t in[TDM_TICK_OCTETS]);
	uint8_t heard[2][TDM_TICK_OCTETS];
	struct dtmf_generator *key[2];
	struct dtmf_detector *ear[2];
	char digits[2][64]; /* as heard on the line */
	unsigned digit_count[2];
	char on[2];
};

static struct rtp_session *session(void)
{
	struct rtp_conf conf;
	struct rtp_session *s;

	rtp_conf_default(&conf);
	((struct sockaddr_in *)&conf.addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(rtp_session_open(&s, &conf), 0);
	return s;
}

static struct sip_media towards(const struct rtp_session *peer, uint8_t dtmf_type)
{
	struct sip_media m = {.codec = SIP_PCMU,
			      .dtmf_type = dtmf_type,
			      .ptime_ms = 20,
			      .send = true,
			      .recv = true};

	rtp_session_local(peer, &m.remote);
	return m;
}

static struct path *new_path(uint32_t id, struct path_end from, struct path_end to)
{
	struct path *p;

	assert_int_equal(path_new(&p, id, &from, &to), 0);
	return p;
}

static const struct path_end slot_end = {.kind = PATH_SLOT, .slot = 1};

static struct path_end rtp_end(void)
{
	return (struct path_end){.kind = PATH_RTP, .rtp = session()};
}

static void rig_open(struct rig *r, uint8_t dtmf_type)
{
	memset(r, 0, sizeof(*r));
	r->now_ns = 7000ull * MS;
	r->p[0] = new_path(1, slot_end, rtp_end());
	r->p[1] = new_path(2, rtp_end(), slot_end); /* the other way round */
	r->m[0] = towards(r->p[1]->end[0].rtp, dtmf_type);
	r->m[1] = towards(r->p[0]->end[1].rtp, dtmf_type);
	rtp_session_set(r->p[0]->end[1].rtp, &r->m[0]);
	rtp_session_set(r->p[1]->end[0].rtp, &r->m[1]);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(dtmf_generator_new(&r->key[i]), 0);
		assert_int_equal(dtmf_detector_new(&r->ear[i]), 0);
	}
}

static void rig_close(struct rig *r)
{
	for (unsigned i = 0; i < 2; i++) {
		path_end_media(r->p[i]);
		path_free(r->p[i]);
		dtmf_generator_free(r->key[i]);
		dtmf_detector_free(r->ear[i]);
	}
}

static void hear(struct rig *r, unsigned side)
{
	char d = dtmf_detector_run(r->ear[side], r->heard[side], TDM_TICK_OCTETS, NULL);

	if (d != r->on[side] && d != 0 && r->digit_count[side] < 60)
		r->digits[side][r->digit_count[side]++] = d;
	r->on[side] = d;
}

static void run(struct rig *r, unsigned ticks)
{
	for (; ticks > 0; ticks--, r->tick++, r->now_ns += TDM_TICK_MS * MS) {
		for (unsigned side = 0; side < 2; side++)
			path_to_line(r->p[side], side, r->heard[side], r->now_ns);
		for (unsigned side = 0; side < 2; side++) {
			uint8_t in[TDM_TICK_OCTETS];

			memset(in, TDM_IDLE, sizeof(in));
			if (r->talk != NULL)
				r->talk(r, side, in);
			path_from_line(r->p[side], side, in, r->now_ns);
			hear(r, side);
		}
	}
}

static void talk_count(struct rig *r, unsigned side, uint8_t in[TDM_TICK_OCTETS])
{
	for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
		in[i] = (uint8_t)((r->tick * TDM_TICK_OCTETS + i) * 13 + side * 7 + r->tick / 5);
}

static void talk_keys(struct rig *r, unsigned side, uint8_t in[TDM_TICK_OCTETS])
{
	dtmf_generator_run(r->key[side], in, TDM_TICK_OCTETS);
}

static void press(struct rig *r, unsigned side, char digit, unsigned ticks)
{
	dtmf_generator_on(r->key[side], digit);
	run(r, ticks);
	dtmf_generator_off(r->key[side]);
	run(r, 15);
}

/* --- audio
 * ------------------------------------------------------------------------------------------ */

/* What side hears is what the other one said lag ticks before, with these bits set. */
static void said_before(const struct rig *r, unsigned side, unsigned lag, uint8_t set,
			uint8_t want[TDM_TICK_OCTETS])
{
	struct rig said = {.tick = r->tick - 1 - lag};

	talk_count(&said, 1 - side, want);
	for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
		want[i] |= set;
}

static void expect_exact(struct rig *r, unsigned most_lag, uint8_t set)
{
	unsigned lag[2] = {0, 0};

	r->talk = talk_count;
	run(r, 20);
	for (unsigned i = 0; i < 500; i++) {
		for (unsigned side = 0; side < 2; side++) {
			uint8_t want[TDM_TICK_OCTETS];

			for (unsigned l = 1; lag[side] == 0 && l <= most_lag; l++) {
				said_before(r, side, l, set, want);
				if (memcmp(want, r->heard[side], sizeof(want)) == 0)
					lag[side] = l;
			}
			assert_in_range(lag[side], 2, most_lag);
			said_before(r, side, lag[side], set, want);
			assert_memory_equal(r->heard[side], want, sizeof(want));
		}
		run(r, 1);
	}
}

static void slot_to_slot_over_rtp_is_exact(void **state)
{
	struct rig r;

	rig_open(&r, 101);
	expect_exact(&r, 4, 0); /* ptime 20 and one or two ticks */
	rig_close(&r);
}

/* --- data: RFC 4040 --- */

static void rig_open_data(struct rig *r, bool seven_bits)
{
	struct path_end slot = slot_end, rtp[2] = {rtp_end(), rtp_end()};

	slot.data = rtp[0].data = rtp[1].data = true;
	slot.seven_bits = seven_bits;
	slot.echo_tail_ms = 64; /* not for data */
	rig_open(r, 0);
	for (unsigned i = 0; i < 2; i++)
		path_free(r->p[i]);
	r->p[0] = new_path(1, slot, rtp[0]);
	r->p[1] = new_path(2, rtp[1], slot);
	for (unsigned i = 0; i < 2; i++) {
		r->m[i] = towards(rtp[1 - i].rtp, 0);
		r->m[i].codec = SIP_CLEARMODE;
		r->m[i].payload_type = r->m[i].payload_type_in = 97;
		rtp_session_set(rtp[i].rtp, &r->m[i]);
	}
}

static void data_pass_bit_by_bit(void **state)
{
	struct rig r;

	rig_open_data(&r, false);
	assert_null(r.p[0]->end[0].echo);
	assert_null(r.p[0]->end[0].detector);
	assert_null(r.p[1]->end[1].generator);
	expect_exact(&r, 8, 0);
	rig_close(&r);
}

static void data_of_56_kbit_leave_the_last_bit(void **state)
{
	struct rig r;

	rig_open_data(&r, true);
	expect_exact(&r, 8, 0x01);
	rig_close(&r);
}

/* Tones that are digits to others are octets here. */
static void data_are_no_digits(void **state)
{
	struct rig r;
	struct rtp_counts c;

	rig_open_data(&r, false);
	r.talk = talk_keys;
	run(&r, 20);
	press(&r, 0, '5', 20);
	run(&r, 30);
	assert_string_equal(r.digits[1], "5"); /* heard, so it passed as it was */
	rtp_session_counts(r.p[1]->end[0].rtp, &c);
	assert_int_equal(c.rx_octets, c.rx_packets * 160);
	rig_close(&r);
}

static void nothing_to_hear_is_idle(void **state)
{
	struct path *p = new_path(1, slot_end, (struct path_end){0});
	uint8_t out[TDM_TICK_OCTETS] = {0}, idle[TDM_TICK_OCTETS];
	struct rig r;

	memset(idle, TDM_IDLE, sizeof(idle));
	path_to_line(p, 0, out, 1);
	assert_memory_equal(out, idle, sizeof(idle));
	path_from_line(p, 0, out, 1);
	path_free(p);
	rig_open(&r, 101);
	r.m[0].recv = false; /* held */
	rtp_session_set(r.p[0]->end[1].rtp, &r.m[0]);
	r.talk = talk_count;
	for (unsigned i = 0; i < 50; i++) {
		run(&r, 1);
		assert_memory_equal(r.heard[0], idle, sizeof(idle));
	}
	rig_close(&r);
}

static const uint8_t tune[] = {1, 2, 3, 4, 5, 6, 7};

static struct music *a_tune(void)
{
	struct music *m = malloc(sizeof(*m) + 7 * TDM_TICK_OCTETS);

	assert_non_null(m);
	m->len = 7 * TDM_TICK_OCTETS;
	for (size_t i = 0; i < m->len; i++)
		m->octets[i] = tune[i % sizeof(tune)];
	return m;
}

static bool is_tune(const uint8_t heard[TDM_TICK_OCTETS])
{
	for (unsigned i = 1; i < TDM_TICK_OCTETS; i++)
		if (heard[i] != heard[i - 1] % sizeof(tune) + 1)
			return false;
	return true;
}

/* Held and silent: music.  Held by one who plays his own: that.  Talking: never. */
static void music_fills_in_for_who_holds(void **state)
{
	struct music *music = a_tune();
	struct rig r;

	rig_open(&r, 101);
	r.p[0]->end[1].music.music = music;
	r.talk = talk_count;
	run(&r, 60);
	assert_false(is_tune(r.heard[0]));
	r.p[0]->end[1].held = true;
	run(&r, 20);
	assert_false(is_tune(r.heard[0])); /* it still sends */
	r.m[0].send = r.m[0].recv = false;
	rtp_session_set(r.p[0]->end[1].rtp, &r.m[0]);
	run(&r, 1);
	for (unsigned i = 0; i < 50; i++) {
		run(&r, 1);
		assert_true(is_tune(r.heard[0]));
	}
	r.p[0]->end[1].held = false;
	run(&r, 2);
	assert_false(is_tune(r.heard[0]));
	rig_close(&r);
	free(music);
}

/* The other end is away altogether: a slot hears music, and so does RTP. */
static void music_alone(void **state)
{
	struct music *music = a_tune();
	struct path_end end = {.kind = PATH_MUSIC, .music = {music, 0}};
	struct path *p = new_path(1, slot_end, end);
	uint8_t out[TDM_TICK_OCTETS] = {0};
	struct rig r;

	unsigned before = allocations;
	path_to_line(p, 0, out, 1);
	assert_true(is_tune(out));
	path_from_line(p, 0, out, 1);
	assert_int_equal(allocations, before);
	path_free(p);

	rig_open(&r, 101);
	struct path_end rtp = r.p[0]->end[1];
	r.p[0]->end[1] = (struct path_end){.kind = PATH_NONE};
	p = new_path(3, end, (struct path_end){.kind = PATH_RTP, .rtp = rtp.rtp});
	unsigned tunes = 0;
	for (unsigned i = 0; i < 100; i++) {
		r.now_ns += 10 * MS;
		path_relay(p, r.now_ns);
		path_to_line(r.p[1], 1, out, r.now_ns);
		tunes += is_tune(out);
	}
	assert_true(tunes > 80);
	path_free(p);
	rig_close(&r);
	free(music);
}

/* --- digits
 * ----------------------------------------------------------------------------------------- */

static const char keys[] = "0123456789*#ABCD";

static void digits_cross_once_each_way(void **state)
{
	struct rig r;
	struct rtp_counts c;

	rig_open(&r, 101);
	r.talk = talk_keys;
	run(&r, 20);
	for (const char *k = keys; *k != 0; k++)
		press(&r, 0, *k, 8 + (unsigned)(k - keys));
	for (const char *k = keys; *k != 0; k++)
		press(&r, 1, *k, 8);
	press(&r, 0, '5', 10); /* the same twice */
	press(&r, 0, '5', 10);
	run(&r, 30);
	assert_string_equal(r.digits[1], "0123456789*#ABCD55");
	assert_string_equal(r.digits[0], keys);
	/* As events, not as audio that got through. */
	rtp_session_counts(r.p[1]->end[0].rtp, &c);
	assert_true(c.tx_packets > 16 * 3);
	assert_int_equal(c.malformed, 0);
	rig_close(&r);
}

static bool muted_seen;

static void watch_audio(struct rig *r, unsigned side, uint8_t in[TDM_TICK_OCTETS])
{
	talk_keys(r, side, in);
	if (r->p[0]->end[0].digit_on != 0)
		muted_seen = true;
}

static void audio_is_muted_while_an_event_is_sent(void **state)
{
	struct rig r;
	struct rtp_counts before, after;

	rig_open(&r, 101);
	r.talk = watch_audio;
	run(&r, 20);
	dtmf_generator_on(r.key[0], '7');
	run(&r, 10); /* it is recognised by now */
	assert_true(muted_seen);
	rtp_session_counts(r.p[0]->end[1].rtp, &before);
	run(&r, 50);
	rtp_session_counts(r.p[0]->end[1].rtp, &after);
	/* One event of 4 octets every 20 ms, nothing else. */
	assert_int_equal(after.tx_packets - before.tx_packets, 25);
	assert_int_equal(after.tx_octets - before.tx_octets, 100);
	rig_close(&r);
}

static void digits_pass_in_band_without_events(void **state)
{
	struct rig r;

	rig_open(&r, 0);
	r.talk = talk_keys;
	run(&r, 20);
	for (const char *k = keys; *k != 0; k++)
		press(&r, 0, *k, 8);
	run(&r, 10);
	assert_string_equal(r.digits[1], keys);
	assert_int_equal(r.p[0]->end[0].digit_on, 0);
	rig_close(&r);
}

static void digit_ends_when_events_are_given_up(void **state)
{
	struct rig r;

	rig_open(&r, 101);
	r.talk = talk_keys;
	run(&r, 20);
	dtmf_generator_on(r.key[0], '9');
	run(&r, 20);
	assert_int_equal(r.p[0]->end[0].digit_on, '9');
	r.m[0].send = false; /* held by the far end with the key down */
	rtp_session_set(r.p[0]->end[1].rtp, &r.m[0]);
	run(&r, 40);
	assert_int_equal(r.p[0]->end[0].digit_on, 0);
	assert_string_equal(r.digits[1], "9");
	assert_int_equal(r.on[1], 0); /* its lost end timed out */
	rig_close(&r);
}

/* RTP a <-> path <-> RTP b. */
static void relay_digits(uint8_t type_a, uint8_t type_b)
{
	struct rtp_session *a = session(), *b = session();
	struct path *p = new_path(3, rtp_end(), rtp_end());
	struct sip_media m0 = towards(a, type_a), m1 = towards(b, type_b),
			 ma = towards(p->end[0].rtp, type_a), mb = towards(p->end[1].rtp, type_b);
	struct dtmf_detector *ear;
	uint64_t now_ns = 7000ull * MS;
	unsigned ons = 0, offs = 0, heard_ons = 0;
	char before = 0;

	assert_int_equal(dtmf_detector_new(&ear), 0);
	rtp_session_set(p->end[0].rtp, &m0);
	rtp_session_set(p->end[1].rtp, &m1);
	rtp_session_set(a, &ma);
	rtp_session_set(b, &mb);
	for (unsigned i = 0; i < 200; i++, now_ns += TDM_TICK_MS * MS) {
		uint8_t out[TDM_TICK_OCTETS], in[TDM_TICK_OCTETS];
		char digit, d;
		bool on;

		memset(in, TDM_IDLE, sizeof(in));
		if (i == 50 || i == 100)
			rtp_session_digit(a, '4', true, 10);
		if (i == 60 || i == 110)
			rtp_session_digit(a, '4', false, 10);
		rtp_session_send(a, i % 50 < 10 && i >= 50 ? NULL : in, now_ns);
		rtp_session_send(b, in, now_ns);
		path_relay(p, now_ns);
		rtp_session_receive(a, now_ns);
		rtp_session_receive(b, now_ns);
		rtp_session_play(b, out, now_ns);
		while (rtp_session_event(b, &digit, &on)) {
			assert_int_equal(digit, '4');
			ons += on;
			offs += !on;
		}
		d = dtmf_detector_run(ear, out, TDM_TICK_OCTETS, NULL);
		if (d != 0 && d != before) {
			assert_int_equal(d, '4');
			heard_ons++;
		}
		before = d;
	}
	assert_int_equal(ons, type_b ? 2 : 0);
	assert_int_equal(offs, ons);
	assert_int_equal(heard_ons, type_b ? 0 : 2);
	dtmf_detector_free(ear);
	path_free(p);
	rtp_session_close(a);
	rtp_session_close(b);
}

static void relay_hands_events_on(void **state)
{
	relay_digits(101, 96);
}

static void relay_makes_tones_for_who_takes_no_events(void **state)
{
	relay_digits(101, 0);
}

/* --- no allocation
 * -------------------------------------------------------------------------------------- */

static void running_allocates_nothing(void **state)
{
	struct rig r;
	struct path *slots = new_path(3, slot_end, slot_end);
	uint8_t octets[TDM_TICK_OCTETS] = {0};
	unsigned before;
	void *volatile probe;

	before = allocations;
	probe = malloc(1);
	free(probe);
	assert_int_equal(allocations, before + 2); /* the counter works */
	rig_open(&r, 101);
	r.talk = talk_keys;
	run(&r, 5);
	before = allocations;
	for (unsigned i = 0; i < 20; i++) {
		press(&r, i % 2, keys[i % 16], 10);
		if (i == 10) {
			r.m[0].codec = SIP_PCMA;
			r.m[0].payload_type = 8;
			rtp_session_set(r.p[0]->end[1].rtp, &r.m[0]);
		}
		path_from_line(slots, 0, octets, 0);
		path_to_line(slots, 1, octets, 0);
	}
	run(&r, 3000); /* reports, too */
	path_end_media(r.p[0]);
	assert_int_equal(allocations, before);
	rig_close(&r);
	path_free(slots);
	path_free(NULL);
}

/* --- bit error test -----------------------------------------------------------------------------
 */

/* The far end loops the slot, half a second later, and spoils a bit of each 50th tick. */
static void a_slot_is_tested(void **state)
{
	enum { DELAY = 50, TICKS = 300 };
	static uint8_t line[TICKS + DELAY][TDM_TICK_OCTETS];
	struct path_end slot = {.kind = PATH_SLOT, .slot = 5}, test = {.kind = PATH_BERT};
	struct tdm_bert_counts c;
	struct path *p;
	unsigned before;

	assert_int_equal(tdm_bert_new(&test.bert, BERT_QRSS), 0);
	assert_int_equal(path_new(&p, 0, &slot, &test), 0);
	before = allocations;
	for (unsigned tick = 0; tick < TICKS; tick++) {
		path_to_line(p, 0, line[tick + DELAY], 0);
		if (tick > 2 * DELAY && tick % 50 == 0)
			line[tick][17] ^= 0x20;
		path_from_line(p, 0, line[tick], 0);
	}
	assert_int_equal(allocations, before);
	tdm_bert_counts(test.bert, &c);
	assert_true(c.sync);
	assert_int_equal(c.errors, 3);
	assert_int_equal(c.errored_seconds, 2);
	assert_int_equal(c.sync_losses, 0);
	path_free(p);
}

/* What the slot gives back of what was said to it, three ticks later and 6 dB less. */
static void echo_of_a_slot_is_cancelled_towards_rtp_only(void **state)
{
	for (unsigned tail_ms = 0; tail_ms <= 64; tail_ms += 64) {
		struct rtp_session *far = session();
		struct path_end slot = slot_end, rtp = rtp_end();
		uint8_t said[4][TDM_TICK_OCTETS], back[TDM_TICK_OCTETS];
		double sum = 0;
		uint32_t seed = 1;
		slot.echo_tail_ms = tail_ms;
		struct path *p = new_path(1, slot, rtp);
		assert_true((p->end[0].echo != NULL) == (tail_ms > 0));
		assert_null(p->end[1].echo);
		struct sip_media to_far = towards(far, 0), to_us = towards(p->end[1].rtp, 0);
		rtp_session_set(p->end[1].rtp, &to_far);
		rtp_session_set(far, &to_us);
		memset(said, TDM_IDLE, sizeof(said));
		for (uint64_t tick = 0; tick < 300; tick++) {
			uint64_t now_ns = (tick + 1) * 10000000;
			uint8_t noise[TDM_TICK_OCTETS];
			for (unsigned i = 0; i < TDM_TICK_OCTETS; i++) {
				seed = seed * 1664525 + 1013904223;
				noise[i] = linear_to_ulaw((int16_t)((int32_t)seed >> 18));
			}
			rtp_session_send(far, noise, now_ns);
			path_to_line(p, 0, said[tick % 4], now_ns);
			for (unsigned i = 0; i < TDM_TICK_OCTETS; i++)
				back[i] =
					linear_to_ulaw(ulaw_to_linear(said[(tick + 1) % 4][i]) / 2);
			path_from_line(p, 0, back, now_ns);
			rtp_session_receive(far, now_ns);
			rtp_session_play(far, noise, now_ns);
			for (unsigned i = 0; tick >= 200 && i < TDM_TICK_OCTETS; i++)
				sum += pow(ulaw_to_linear(noise[i]), 2) / (100 * TDM_TICK_OCTETS);
		}
		/* The noise has 4729 of 8192 RMS, its echo half of that. */
		if (tail_ms == 0)
			assert_true(sqrt(sum) > 1500);
		else
			assert_true(sqrt(sum) < 100);
		path_free(p);
		rtp_session_close(far);
	}
}

static void slot_to_slot_has_no_canceller(void **state)
{
	struct path_end a = slot_end, b = slot_end;

	a.echo_tail_ms = b.echo_tail_ms = 64;
	struct path *p = new_path(1, a, b);
	assert_null(p->end[0].echo);
	assert_null(p->end[1].echo);
	path_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_of_a_slot_is_cancelled_towards_rtp_only),
		cmocka_unit_test(slot_to_slot_has_no_canceller),
		cmocka_unit_test(slot_to_slot_over_rtp_is_exact),
		cmocka_unit_test(data_pass_bit_by_bit),
		cmocka_unit_test(data_of_56_kbit_leave_the_last_bit),
		cmocka_unit_test(data_are_no_digits),
		cmocka_unit_test(nothing_to_hear_is_idle),
		cmocka_unit_test(music_fills_in_for_who_holds),
		cmocka_unit_test(music_alone),
		cmocka_unit_test(digits_cross_once_each_way),
		cmocka_unit_test(audio_is_muted_while_an_event_is_sent),
		cmocka_unit_test(digits_pass_in_band_without_events),
		cmocka_unit_test(digit_ends_when_events_are_given_up),
		cmocka_unit_test(relay_hands_events_on),
		cmocka_unit_test(relay_makes_tones_for_who_takes_no_events),
		cmocka_unit_test(running_allocates_nothing),
		cmocka_unit_test(a_slot_is_tested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
