#include "isup/extras.c"

#include "tests/unit/isup/pair.h"

/* a is the user: its elements are looked at. */
static struct pair *open_pair(void)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf user = conf_for(ISUP_USER), net = conf_for(ISUP_NETWORK);

	user.user_to_user = user.line_information = true;
	net.user_to_user = net.line_information = true;
	end_open(&p->a, &user);
	end_open(&p->b, &net);
	pair_up(p);
	return p;
}

static struct isup_setup setup_to(const char *digits)
{
	struct isup_setup s = {.complete = true};

	snprintf(s.called.digits, sizeof(s.called.digits), "%s", digits);
	return s;
}

/* The last message an end sent has this element, as tests of ours read it. */
static struct q931_ie last_element(const struct end *e, uint8_t codeset, uint8_t id)
{
	struct q931_message m;
	struct q931_walk w;
	struct q931_ie ie;

	assert_true(q931_parse(&m, e->last, e->last_len));
	q931_walk_start(&w, &m);
	while (q931_walk_next(&w, &ie))
		if (ie.codeset == codeset && ie.id == id)
			return ie;
	fail_msg("no element %02x in codeset %u", id, codeset);
	return ie;
}

/* Every element of SETUP arrives as it was given, in an order that Q.931 4.5.1 wants. */
static void test_purpose(void **state)
{
	struct pair *p = open_pair();
	struct isup_setup s = setup_to("7134");
	struct isup_call *c;
	struct q931_message m;
	struct q931_walk w;
	struct q931_ie ie;
	unsigned last = 0;

	s.purpose.bearer = ISUP_DATA_56;
	s.purpose.low_layer = (struct isup_element){2, {0x88, 0x90}};
	s.purpose.high_layer = (struct isup_element){2, {0x91, 0x81}};
	s.purpose.called_sub = (struct isup_element){3, {0x80, 0x50, 0x31}};
	s.purpose.calling_sub = (struct isup_element){3, {0x80, 0x50, 0x32}};
	s.purpose.line_information = 62 + 1;
	s.purpose.user_data = (struct isup_user_data){3, {0x04, 'H', 'i'}};
	assert_int_equal(isup_call_start(&c, p->a.trunk, &s, NULL), 0);
	q931_parse(&m, p->a.last, p->a.last_len);
	q931_walk_start(&w, &m);
	while (q931_walk_next(&w, &ie)) {
		unsigned place = (unsigned)ie.codeset << 8 | ie.id;
		if ((ie.id & 0x80) != 0)
			continue;
		assert_true(place > last);
		last = place;
	}
	assert_int_equal(last, 0x601);
	run_ms(p, 50);
	assert_int_equal(p->b.log[p->b.seen].kind, ISUP_SETUP);
	assert_int_equal(p->b.log[p->b.seen].bearer, ISUP_DATA_56);
	const struct isup_purpose *got = p->b.log[p->b.seen].purpose; /* the call lives */
	assert_memory_equal(&got->low_layer, &s.purpose.low_layer, sizeof(got->low_layer));
	assert_memory_equal(&got->high_layer, &s.purpose.high_layer, sizeof(got->high_layer));
	assert_memory_equal(&got->called_sub, &s.purpose.called_sub, sizeof(got->called_sub));
	assert_memory_equal(&got->calling_sub, &s.purpose.calling_sub, sizeof(got->calling_sub));
	assert_memory_equal(&got->user_data, &s.purpose.user_data, sizeof(got->user_data));
	assert_int_equal(got->line_information, 63);
	isup_call_clear(expect(&p->b, ISUP_SETUP)->call, Q850_USER_BUSY);
	run_ms(p, 50);
	isup_call_clear(c, Q850_USER_BUSY);
	run_ms(p, 100);
	expect_idle(&p->a);
	expect_idle(&p->b);
	pair_close(p);
}

/* Q.921 5.6: a frame that is repeated is the same frame, although what it was made of has changed
 * or the call is gone. */
static void test_repeated_frame(void **state)
{
	struct pair *p = open_pair();
	struct isup_setup s = setup_to("7134");
	struct isup_call *c;
	uint8_t first[ISUP_FRAME_MAX];

	s.purpose.user_data = (struct isup_user_data){3, {0x04, 'H', 'i'}};
	p->b.cut = true; /* nothing is acknowledged: T200 repeats */
	assert_int_equal(isup_call_start(&c, p->a.trunk, &s, NULL), 0);
	size_t len = p->a.last_len;
	memcpy(first, p->a.last, len);
	assert_int_equal(last_element(&p->a, 0, Q931_IE_USER_USER).len, 3);
	c->extras->of[EXTRAS_SETUP].len = 0;
	unsigned sent = p->a.sent[Q931_SETUP];
	p->b.cut = false;
	run_ms(p, 1500);
	assert_int_equal(p->a.sent[Q931_SETUP], sent + 1);
	assert_int_equal(p->a.last_len, len);
	assert_memory_equal(p->a.last + 4, first + 4, len - 4);
	pair_close(p);
}

/* A frame of before that knew nothing of them is not given elements when it comes again. */
static void test_repeated_plain_frame(void **state)
{
	struct isup_trunk t = {.extras_calls = 0};
	uint8_t out[ISUP_FRAME_MAX], frame[] = {0x02, 0x01, 0x06, 0x00, 8, 2, 0x00, 0x05, 0x05};
	static const uint8_t sabme[] = {0x02, 0x01, 0x7f};
	struct extras_sent *s = &t.sent[3];

	assert_int_equal(extras_frame(&t, out, frame, sizeof(frame)), 0);
	assert_true(s->known && !s->changed && s->ns == 3);
	s->changed = true; /* and as if it had been changed: */
	s->len = 2;
	memcpy(s->octets, "ab", 2);
	frame[3] = 0x08; /* N(R) moves on */
	assert_int_equal(extras_frame(&t, out, frame, sizeof(frame)), 6);
	assert_memory_equal(out, ((uint8_t[]){0x02, 0x01, 0x06, 0x08, 'a', 'b'}), 6);
	frame[2] = 11 << 1; /* another frame in its place */
	assert_int_equal(extras_frame(&t, out, frame, sizeof(frame)), 0);
	assert_false(s->changed);
	assert_int_equal(extras_frame(&t, out, sabme, sizeof(sabme)), 0);
	assert_false(s->known);
}

/* The first clearing message has it, and no other. */
static void test_clearing(void **state)
{
	struct pair *p = open_pair();
	struct isup_setup s = setup_to("7134");
	const struct isup_user_data bye = {2, {0x04, '!'}};
	struct isup_call *c;

	assert_int_equal(isup_call_start(&c, p->a.trunk, &s, NULL), 0);
	run_ms(p, 50);
	isup_call_answer(expect(&p->b, ISUP_SETUP)->call);
	run_ms(p, 50);
	p->b.deaf[Q931_DISCONNECT] = true;
	isup_call_user_data(c, &bye);
	isup_call_clear(c, Q850_NORMAL_CLEARING);
	struct q931_ie ie = last_element(&p->a, 0, Q931_IE_USER_USER);
	assert_int_equal(ie.len, 2);
	assert_memory_equal(ie.data, bye.octets, 2);
	run_ms(p, 30100); /* T305 */
	struct q931_message m;
	assert_true(q931_parse(&m, p->a.last, p->a.last_len));
	assert_int_equal(m.type, Q931_RELEASE);
	assert_false(q931_find(&m, Q931_IE_USER_USER, &ie));
	pair_close(p);
}

static void test_read_limits(void **state)
{
	uint8_t frame[ISUP_FRAME_MAX] = {0x02, 0x01, 0, 0, 8, 2, 0, 5, 5, Q931_IE_LOW_LAYER, 25};
	struct q931_message m;
	struct isup_purpose got;

	assert_true(q931_parse(&m, frame, 11 + 25));
	extras_read(&got, &m);
	assert_int_equal(got.low_layer.len, 0); /* too long */
	frame[10] = 24;
	assert_true(q931_parse(&m, frame, 11 + 24));
	extras_read(&got, &m);
	assert_int_equal(got.low_layer.len, 24);
	assert_int_equal(got.bearer, ISUP_BEARER_OTHER); /* none */
	frame[9] = Q931_IE_USER_USER;
	frame[10] = 130;
	assert_true(q931_parse(&m, frame, 11 + 130));
	extras_read(&got, &m);
	assert_int_equal(got.user_data.len, 0);
	memcpy(frame + 9, "\x96\x01\x01\x64", 4); /* codeset 6: 100 is no ANI II */
	assert_true(q931_parse(&m, frame, 13));
	extras_read(&got, &m);
	assert_int_equal(got.line_information, 0);
	frame[12] = 99;
	extras_read(&got, &m);
	assert_int_equal(got.line_information, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_purpose),
		cmocka_unit_test(test_repeated_frame),
		cmocka_unit_test(test_repeated_plain_frame),
		cmocka_unit_test(test_clearing),
		cmocka_unit_test(test_read_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
