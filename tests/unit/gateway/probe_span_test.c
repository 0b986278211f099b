#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "gateway/probe_span.c"

/* A card with a far end: takes the place of probe_line.c and of the span under it. */
static struct far {
	enum tdm_framing framing;
	enum tdm_coding coding;
	bool alive, refuses, gone;
	unsigned slips[2]; /* with each clock */
	unsigned frames;   /* of a packet; 0 = as we have it */
	uint64_t bpv, slipped;
	unsigned opened, open;
	char tried[200];
} far;

volatile sig_atomic_t probe_interrupted;

int probe_line_open(struct probe_line *l, char *err, size_t err_size)
{
	if (far.refuses) {
		snprintf(err, err_size, "no");
		return -EBUSY;
	}
	assert_int_equal(far.open, 0);
	far.open++;
	far.opened++;
	far.bpv = far.slipped = 0;
	l->span = (struct tdm_span *)&far;
	return 0;
}

void probe_line_close(struct probe_line *l)
{
	far.open = 0;
	l->span = NULL;
}

bool probe_line_good(const struct probe_line *l)
{
	return far.alive && (far.frames == 0 || far.frames == l->conf.wire.frames_per_packet) &&
	       (l->conf.backend != TDM_DAHDI || l->conf.dahdi.framing == far.framing);
}

bool probe_line_run(struct probe_line *l, unsigned for_ms, bool (*done)(void *arg), void *arg)
{
	far.bpv += l->conf.dahdi.coding != far.coding ? 70 : 0;
	far.slipped += far.slips[l->conf.clock];
	for (unsigned ms = 0; ms < for_ms; ms += TDM_TICK_MS)
		if (done(arg))
			return true;
	return false;
}

uint64_t probe_line_slips(const struct probe_line *l)
{
	return far.slipped;
}

void tdm_span_counts(const struct tdm_span *s, struct tdm_span_counts *out)
{
	memset(out, 0, sizeof(*out));
	out->line_bpv = far.bpv;
	out->malformed = far.frames;
}

static unsigned looked;
unsigned tdm_span_alarms(const struct tdm_span *s)
{
	return far.gone ? TDM_ALARM_GONE : far.alive ? 0 : TDM_ALARM_RED;
}

int tdm_span_look(const struct tdm_span_conf *conf, char *out, size_t out_size)
{
	assert_int_equal(far.open, 0); /* it would find the span busy */
	looked++;
	snprintf(out, out_size, "load the driver");
	return -ENODEV;
}

static unsigned told_no_line;
void probe_print_no_line(const struct probe *p)
{
	told_no_line++;
}

void probe_say(const struct probe *p, const char *fmt, ...)
{
	va_list ap;
	size_t at = strlen(far.tried);

	va_start(ap, fmt);
	vsnprintf(far.tried + at, sizeof(far.tried) - at, fmt, ap);
	va_end(ap);
	strncat(far.tried, "; ", sizeof(far.tried) - strlen(far.tried) - 1);
}

static struct probe *new_probe(enum tdm_backend_kind backend)
{
	struct probe *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->limit_ms = 30000;
	p->start_ms = clock_mono_ns() / 1000000;
	p->line.conf.backend = backend;
	told_no_line = 0;
	return p;
}

static void test_framing_and_coding_are_found(void **state)
{
	for (size_t i = 0; i < TRIALS; i++) {
		struct probe *p = new_probe(TDM_DAHDI);
		far = (struct far){
			.alive = true, .framing = trials[i].framing, .coding = trials[i].coding};
		assert_true(probe_find_line(p));
		assert_int_equal(p->line.conf.dahdi.framing, trials[i].framing);
		assert_int_equal(p->line.conf.dahdi.coding, trials[i].coding);
		assert_int_equal(far.open, 1);
		assert_int_equal(told_no_line, 0);
		free(p);
	}
}

/* Violations whatever the coding: a bad cable.  The first that clears the alarm is taken. */
static void test_bad_cable(void **state)
{
	struct probe *p = new_probe(TDM_DAHDI);

	far = (struct far){.alive = true, .framing = TDM_D4, .coding = (enum tdm_coding)7};
	assert_true(probe_find_line(p));
	assert_int_equal(p->line.conf.dahdi.framing, TDM_D4);
	assert_int_equal(p->line.conf.dahdi.coding, TDM_AMI);
	assert_int_equal(far.opened, TRIALS + 1);
	assert_int_equal(far.open, 1);
	assert_non_null(strstr(far.tried, "70 bipolar violations"));
	free(p);
}

static void test_dead_line(void **state)
{
	struct probe *p = new_probe(TDM_DAHDI);

	far = (struct far){0};
	assert_false(probe_find_line(p));
	assert_string_equal(far.tried,
			    "esf, b8zs: alarm; d4, ami: alarm; esf, ami: alarm; d4, b8zs: alarm; ");
	assert_int_equal(told_no_line, 1); /* with the span open: its counts are shown */
	assert_int_equal(far.open, 1);
	free(p);
	p = new_probe(TDM_WIRE);
	far = (struct far){0};
	assert_false(probe_find_line(p));
	assert_int_equal(told_no_line, 1);
	assert_int_equal(far.opened, 1);
	free(p);
}

static void test_packet_size_is_found(void **state)
{
	static const unsigned sizes[] = {1, 2, 4, 5, 8, 10, 16, 20, 40, 3};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct probe *p = new_probe(TDM_WIRE);
		p->line.conf.wire.frames_per_packet = 8;
		far = (struct far){.alive = true, .frames = sizes[i]};
		assert_int_equal(probe_find_line(p), sizes[i] != 3);
		if (sizes[i] != 3)
			assert_int_equal(p->line.conf.wire.frames_per_packet, sizes[i]);
		assert_int_equal(told_no_line, sizes[i] == 3);
		assert_int_equal(far.open, 1);
		free(p);
	}
}

static void test_span_that_cannot_be_opened(void **state)
{
	for (int backend = TDM_WIRE; backend <= TDM_ETHER; backend++) {
		struct probe *p = new_probe((enum tdm_backend_kind)backend);
		far = (struct far){.refuses = true};
		assert_false(probe_find_line(p));
		assert_int_equal(told_no_line, 0);
		free(p);
	}
}

/* No driver, a span that another program has: why is asked, and nothing is tried in vain. */
static void test_span_that_is_gone(void **state)
{
	for (int backend = TDM_WIRE; backend <= TDM_ETHER; backend++) {
		struct probe *p = new_probe((enum tdm_backend_kind)backend);
		far = (struct far){.gone = true};
		looked = 0;
		assert_false(probe_find_line(p));
		assert_int_equal(told_no_line, 0);
		assert_int_equal(looked, 1);
		assert_int_equal(far.opened, 1);
		free(p);
	}
}

static void test_no_time_is_no_line(void **state)
{
	struct probe *p = new_probe(TDM_WIRE);

	far = (struct far){.alive = true};
	p->limit_ms = 0;
	assert_false(probe_find_line(p));
	free(p);
}

static void test_clock(void **state)
{
	static const struct {
		unsigned from_user, from_network, slips[2];
		enum tdm_clock clock;
		unsigned opened;
	} rows[] = {
		{1, 0, {0, 0}, TDM_CLOCK_OWN, 0},  /* the usual one, without trying */
		{0, 1, {0, 9}, TDM_CLOCK_LINE, 0}, /* */
		{0, 0, {0, 0}, TDM_CLOCK_OWN, 0},  /* */
		{1, 0, {9, 0}, TDM_CLOCK_LINE, 2}, /* a PBX with a clock of its own */
		{0, 1, {9, 0}, TDM_CLOCK_LINE, 2}, /* */
		{0, 1, {2, 30}, TDM_CLOCK_OWN, 2}, /* */
		{1, 0, {9, 8}, TDM_CLOCK_OWN, 2},  /* no difference to speak of */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct probe *p = new_probe(TDM_DAHDI);
		far = (struct far){.alive = true, .slips = {rows[i].slips[0], rows[i].slips[1]}};
		p->found = true;
		p->judge.from_user = rows[i].from_user;
		p->judge.from_network = rows[i].from_network;
		p->line.conf.clock = TDM_CLOCK_OWN;
		far.slipped = rows[i].slips[TDM_CLOCK_OWN];
		probe_compare_clocks(p);
		if (p->line.conf.clock != rows[i].clock || far.opened != rows[i].opened)
			fail_msg("row %zu: clock %d, opened %u", i, p->line.conf.clock, far.opened);
		assert_non_null(p->clock_why);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_framing_and_coding_are_found),
		cmocka_unit_test(test_bad_cable),
		cmocka_unit_test(test_dead_line),
		cmocka_unit_test(test_packet_size_is_found),
		cmocka_unit_test(test_span_that_cannot_be_opened),
		cmocka_unit_test(test_span_that_is_gone),
		cmocka_unit_test(test_no_time_is_no_line),
		cmocka_unit_test(test_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
