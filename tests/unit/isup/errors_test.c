/* Q.931 5.8, clause by clause: octets in, frames out, on each switch type and both sides.  The far
 * end is written by hand down to Q.921, so nothing here is libpri's but what is tested. */
#include "pair.h"

enum { REF = 5, FRAMES_MAX = 8, NOTHING = 0 };

/* --- the far end --- */

struct hand {
	struct isup_trunk *trunk;
	bool network;                             /* its side */
	unsigned vs, vr;                          /* Q.921 3.5.2 */
	uint8_t sent[FRAMES_MAX][ISUP_FRAME_MAX]; /* by the trunk: messages */
	size_t sent_len[FRAMES_MAX];
	unsigned sent_count;
	struct isup_call *call; /* the last one that the trunk told of */
	unsigned released;
};

static void hand_put(struct hand *h, uint8_t control, uint8_t last, size_t len, bool command)
{
	uint8_t frame[4] = {(uint8_t)((command == h->network) << 1), 0x01, control, last};

	isup_trunk_receive(h->trunk, 0, frame, len);
}

static bool on_hand_send(void *arg, unsigned interface, const uint8_t *frame, size_t len)
{
	struct hand *h = arg;

	if (len == 3 && (frame[2] & 0xef) == 0x6f) { /* SABME */
		h->vs = h->vr = 0;
		hand_put(h, 0x73, 0, 3, false);
	} else if (len > 4 && (frame[2] & 1) == 0) {
		assert_int_equal(frame[2] >> 1, h->vr);
		h->vr = (h->vr + 1) % 128;
		assert_true(h->sent_count < FRAMES_MAX);
		memcpy(h->sent[h->sent_count], frame, len);
		h->sent_len[h->sent_count++] = len;
		hand_put(h, 0x01, (uint8_t)(h->vr << 1), 4, false);
	} else if (len == 4 && frame[2] == 0x01 && (frame[3] & 1) != 0 &&
		   (frame[0] >> 1 & 1) !=
			   h->network) { /* RR with P, a command of the trunk's side */
		hand_put(h, 0x01, (uint8_t)(h->vr << 1 | 1), 4, false);
	}
	return true;
}

static void hand_send(struct hand *h, const uint8_t *message, size_t len)
{
	uint8_t frame[ISUP_FRAME_MAX] = {(uint8_t)(h->network << 1), 0x01, (uint8_t)(h->vs << 1),
					 (uint8_t)(h->vr << 1)};

	h->vs = (h->vs + 1) % 128;
	memcpy(frame + 4, message, len);
	isup_trunk_receive(h->trunk, 0, frame, 4 + len);
}

static void on_hand_event(void *arg, const struct isup_event *ev)
{
	struct hand *h = arg;

	if (ev->call != NULL && ev->kind != ISUP_RELEASED)
		h->call = ev->call;
	if (ev->kind == ISUP_RELEASED) {
		h->released++;
		h->call = NULL;
	}
	if (ev->kind == ISUP_CLEARING) {
		isup_call_clear(ev->call, ev->cause);
	}
}

/* --- states to begin in --- */

enum begin { NULL_STATE, PRESENT, ACTIVE, CLEARING_BY_US };

#define BEARER       0x04, 0x03, 0x80, 0x90, 0xa2
#define CHANNEL      0x18, 0x03, 0xa9, 0x83, 0x85
#define CALLED       0x70, 0x05, 0x81, '7', '1', '3', '4'
#define SETUP(...)   0x08, 0x02, 0x00, REF, 0x05, __VA_ARGS__
#define M(type, ...) 0x08, 0x02, 0x00, REF, type, __VA_ARGS__
#define M0(type)     0x08, 0x02, 0x00, REF, type

static void begin(struct pair *p, struct hand *h, enum begin state)
{
	static const uint8_t setup[] = {SETUP(BEARER, CHANNEL, CALLED)};
	static const uint8_t connect_ack[] = {M0(0x0f)};

	if (state == NULL_STATE)
		return;
	hand_send(h, setup, sizeof(setup));
	run_ms(p, 20);
	assert_non_null(h->call);
	isup_call_proceeding(h->call);
	if (state >= ACTIVE) {
		isup_call_alerting(h->call, false);
		isup_call_answer(h->call);
		run_ms(p, 20);
		hand_send(h, connect_ack, sizeof(connect_ack));
	}
	run_ms(p, 20);
	if (state == CLEARING_BY_US) {
		isup_call_clear(h->call, 16);
		run_ms(p, 20);
	}
	h->sent_count = 0;
}

/* --- the table --- */

/* Where Q.931 leaves a choice, libpri's is the one here.  Two things it does otherwise, which do no
 * harm: 31 instead of 96 or 100 where RELEASE or DISCONNECT have no good Cause, 65 instead of 100
 * where the Bearer capability is torn. */

#define RAW(...)                                                                                   \
	sizeof((uint8_t[]){__VA_ARGS__}), (const uint8_t[])                                        \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

static const struct {
	const char *clause;
	enum begin state;
	size_t len;
	const uint8_t *message;
	uint8_t answer; /* its message type, or NOTHING */
	int cause;      /* of the answer */
	bool survives;  /* the call that was there, or began */
	bool bad;       /* it was counted so */
} rows[] = {
	{"5.8.1 another protocol", ACTIVE, RAW(0x09, 0x02, 0x00, REF, 0x45), NOTHING, 0, true,
	 true},
	{"5.8.2 too short", ACTIVE, RAW(0x08, 0x02, 0x00), NOTHING, 0, true, true},
	{"5.8.2 only a discriminator", ACTIVE, RAW(0x08), NOTHING, 0, true, true},
	{"5.8.3.1 reference of three octets", ACTIVE, RAW(0x08, 0x03, 0x00, 0x00, REF, 0x45),
	 NOTHING, 0, true, true},
	{"5.8.3.1 spare bits of its length", ACTIVE, RAW(0x08, 0x12, 0x00, REF, 0x45), NOTHING, 0,
	 true, true},
	{"5.8.3.1 dummy reference", ACTIVE, RAW(0x08, 0x00, 0x62), NOTHING, 0, true, true},
	{"5.8.3.2 a", NULL_STATE, RAW(M(0x45, 0x08, 0x02, 0x80, 0x90)), 0x5a, 81, false, false},
	{"5.8.3.2 a CONNECT", NULL_STATE, RAW(M0(0x07)), 0x5a, 81, false, false},
	{"5.8.3.2 c RELEASE", NULL_STATE, RAW(M(0x4d, 0x08, 0x02, 0x80, 0x90)), 0x5a, 81, false,
	 false},
	{"5.8.3.2 d RELEASE COMPLETE", NULL_STATE, RAW(M(0x5a, 0x08, 0x02, 0x80, 0x90)), NOTHING, 0,
	 false, false},
	{"5.8.3.2 e SETUP to its originator", NULL_STATE,
	 RAW(0x08, 0x02, 0x80, REF, 0x05, BEARER, CHANNEL, CALLED), NOTHING, 0, false, true},
	{"5.8.3.2 f SETUP for a call", ACTIVE, RAW(SETUP(BEARER, CHANNEL, CALLED)), NOTHING, 0,
	 true, false},
	{"5.8.3.2 g global reference", ACTIVE,
	 RAW(0x08, 0x02, 0x00, 0x00, 0x45, 0x08, 0x02, 0x80, 0x90), NOTHING, 0, true, true},
	{"5.8.4 message in the wrong state", ACTIVE, RAW(M(0x0d, CHANNEL)), 0x7d, 101, true, false},
	{"5.8.4 unknown message type", ACTIVE, RAW(M0(0x3f)), 0x7d, 97, true, false},
	{"5.8.4 RELEASE at any time", ACTIVE, RAW(M(0x4d, 0x08, 0x02, 0x80, 0x90)), 0x5a, 16, false,
	 false},
	{"5.8.4 RELEASE COMPLETE at any time", ACTIVE, RAW(M(0x5a, 0x08, 0x02, 0x80, 0x90)),
	 NOTHING, 0, false, false},
	{"5.8.5.1 out of order", NULL_STATE, RAW(SETUP(CALLED, CHANNEL, BEARER)), NOTHING, 0, true,
	 false},
	{"5.8.5.2 twice", NULL_STATE, RAW(SETUP(BEARER, BEARER, CHANNEL, CALLED, CALLED)), NOTHING,
	 0, true, false},
	{"5.8.6.1 SETUP without bearer", NULL_STATE, RAW(SETUP(CHANNEL, CALLED)), 0x5a, 96, false,
	 false},
	{"5.8.6.1 DISCONNECT without cause", ACTIVE, RAW(M0(0x45)), 0x4d, 96, false, false},
	{"5.8.6.1 RELEASE without cause", ACTIVE, RAW(M0(0x4d)), 0x5a, 31, false, false},
	{"5.8.6.1 PROGRESS without indicator", ACTIVE, RAW(M0(0x03)), 0x7d, 96, true, false},
	{"5.8.6.1 NOTIFY without indicator", ACTIVE, RAW(M0(0x6e)), NOTHING, 0, true, true},
	{"5.8.6.2 SETUP with a torn bearer", NULL_STATE,
	 RAW(SETUP(0x04, 0x01, 0x80, CHANNEL, CALLED)), 0x5a, 65, false, false},
	{"5.8.6.2 DISCONNECT with a torn cause", ACTIVE, RAW(M(0x45, 0x08, 0x01, 0x80)), 0x4d, 31,
	 false, false},
	{"5.8.7.1 unknown element", NULL_STATE,
	 RAW(SETUP(BEARER, CHANNEL, CALLED, 0x7b, 0x01, 0x00)), NOTHING, 0, true, false},
	{"5.8.7.1 unknown element that must be understood", NULL_STATE,
	 RAW(SETUP(0x03, 0x01, 0x00, BEARER, CHANNEL, CALLED)), 0x5a, 96, false, false},
	{"5.8.7.2 torn optional element", NULL_STATE,
	 RAW(SETUP(BEARER, CHANNEL, 0x6c, 0x00, CALLED)), NOTHING, 0, true, false},
	{"5.8.10 STATUS ENQUIRY", ACTIVE, RAW(M0(0x75)), 0x7d, 30, true, false},
	{"5.8.10 STATUS ENQUIRY for nothing", NULL_STATE, RAW(M0(0x75)), 0x5a, 81, false, false},
	{"5.8.11 STATUS null", ACTIVE, RAW(M(0x7d, 0x08, 0x02, 0x80, 0xe5, 0x14, 0x01, 0x00)),
	 NOTHING, 0, false, false},
	{"5.8.11 STATUS of the same state", ACTIVE,
	 RAW(M(0x7d, 0x08, 0x02, 0x80, 0xe5, 0x14, 0x01, 0x0a)), NOTHING, 0, true, false},
	{"5.8.11 STATUS null for nothing", NULL_STATE,
	 RAW(M(0x7d, 0x08, 0x02, 0x80, 0xe5, 0x14, 0x01, 0x00)), NOTHING, 0, false, true},
	{"5.8.11 STATUS of a call that is not there", NULL_STATE,
	 RAW(M(0x7d, 0x08, 0x02, 0x80, 0xe5, 0x14, 0x01, 0x0a)), 0x5a, 101, false, false},
	{"5.3.5 DISCONNECT crosses ours", CLEARING_BY_US, RAW(M(0x45, 0x08, 0x02, 0x80, 0x90)),
	 0x4d, 16, false, false},
	{"5.8.4 unknown message while clearing", CLEARING_BY_US, RAW(M0(0x3f)), 0x7d, 97, true,
	 false},
	{"5.8.11 STATUS null while clearing", CLEARING_BY_US,
	 RAW(M(0x7d, 0x08, 0x02, 0x80, 0xe5, 0x14, 0x01, 0x00)), NOTHING, 0, false, false},
	{"5.8.6.1 SETUP to be proceeded with, then without a cause", PRESENT, RAW(M0(0x45)), 0x4d,
	 96, false, false},
	{"5.8 torn element", ACTIVE, RAW(M(0x45, 0x08, 0x09, 0x80)), NOTHING, 0, true, true},
};

static int answer_cause(const struct hand *h)
{
	struct q931_message m;
	struct q931_ie ie;
	int value = 0, location;

	if (h->sent_count == 0)
		return 0;
	assert_true(q931_parse(&m, h->sent[0], h->sent_len[0]));
	return q931_find(&m, Q931_IE_CAUSE, &ie) && q931_cause(&ie, &value, &location) ? value : 0;
}

/* calls: how many there are now; bad: counted. */
static void check(size_t i, const struct hand *h, unsigned calls, uint64_t bad)
{
	uint8_t answer = h->sent_count > 0 ? h->sent[0][8] : NOTHING;
	bool right = h->sent_count == (rows[i].answer != NOTHING) && answer == rows[i].answer &&
		     answer_cause(h) == rows[i].cause && (h->call != NULL) == calls &&
		     bad == rows[i].bad;

	if (!right)
		fail_msg("%s: %u messages, the first %02x with cause %d; %s; %u counted",
			 rows[i].clause, h->sent_count, answer, answer_cause(h),
			 h->call != NULL ? "a call" : "no call", (unsigned)bad);
}

static void play(size_t i, enum isup_switch type, enum isup_side side)
{
	static const struct isup_trunk_ops ops = {on_hand_event, on_hand_send, NULL};
	static const uint8_t release_complete[] = {M0(0x5a)};
	struct pair *p = pair_new();
	struct hand *h = calloc(1, sizeof(*h));
	struct isup_trunk_conf conf = conf_for(side);
	struct isup_trunk_counts before, after;

	h->network = side == ISUP_USER;
	conf.switch_type = type;
	assert_int_equal(isup_trunk_open(&h->trunk, &p->loop, &conf, &ops, h), 0);
	run_ms(p, 3000);
	assert_true(isup_trunk_up(h->trunk));
	h->sent_count = 0;
	begin(p, h, rows[i].state);
	isup_trunk_counts(h->trunk, &before);
	hand_send(h, rows[i].message, rows[i].len);
	run_ms(p, 20);
	if (h->sent_count > 0 && h->sent[0][8] == Q931_RELEASE)
		hand_send(h, release_complete, sizeof(release_complete));
	run_ms(p, 20);
	isup_trunk_counts(h->trunk, &after);
	check(i, h, rows[i].survives ? 1 : 0, after.frames_bad - before.frames_bad);
	if (h->call == NULL)
		assert_int_equal(h->released, rows[i].state != NULL_STATE);
	isup_trunk_close(h->trunk);
	h->trunk = NULL;
	pair_close(p);
	free(h);
}

static void test_table(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned type = ISUP_NI2; type <= ISUP_EUROISDN; type++)
			for (unsigned side = 0; side < 2; side++)
				play(i, type, side);
}

/* libpri has 8192 timers and from then on only complains: a far side that calls without end on a
 * slot that is taken, and answers nothing, must not get at them. */
static void test_timers_do_not_run_out(void **state)
{
	static const struct isup_trunk_ops ops = {on_hand_event, on_hand_send, NULL};
	enum { CALLS = 9000, PRI_TIMERS = 8192 };
	struct pair *p = pair_new();
	struct hand *h = calloc(1, sizeof(*h));
	struct isup_trunk_conf conf = conf_for(ISUP_NETWORK);
	struct isup_call *c;

	assert_true(CALLS > PRI_TIMERS);
	assert_int_equal(isup_trunk_open(&h->trunk, &p->loop, &conf, &ops, h), 0);
	run_ms(p, 3000);
	begin(p, h, ACTIVE);
	for (unsigned i = 0; i < CALLS; i++) {
		uint8_t setup[] = {SETUP(BEARER, CHANNEL, CALLED)};
		setup[2] = (uint8_t)((i + 100) >> 8);
		setup[3] = (uint8_t)(i + 100);
		h->sent_count = 0;
		hand_send(h, setup, sizeof(setup));
		if (i % 100 == 0)
			run_ms(p, 1);
	}
	/* Of a call of ours SETUP is repeated after T303, by libpri's timer. */
	h->sent_count = 0;
	assert_int_equal(isup_call_start(&c, h->trunk, &plain_setup, NULL), 0);
	run_ms(p, 4500);
	assert_int_equal(h->sent_count, 2);
	assert_int_equal(h->sent[1][8], Q931_SETUP);
	isup_trunk_close(h->trunk);
	h->trunk = NULL;
	pair_close(p);
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers_do_not_run_out),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, quiet_logs, NULL);
}
