/* dchannel_fuzz.c - a hostile or broken far end of a D-channel, with calls in progress.
 *
 * The first octet picks switch type and side.  Then records: an operation and what it needs.
 *   frame    any octets, as they come off the line
 *   message  a layer 3 message, put into a frame that LAPD accepts, so that states behind it are
 *            reached
 *   verb     a function of trunk.h on one of the calls
 *   wait     time passes
 * Of a trunk with two D-channels bit 3 of the operation says which one it comes by.
 * Trunks live on between inputs (libpri cannot be freed); after each the far end goes silent until
 * every call must be gone.  That, and one RELEASED a call, is checked besides what the sanitizers
 * see.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "isup/trunk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t virtual_ns = 1000000000000u;

/* Ours is virtual; the fuzzer measures its running time by the other. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	if (id == CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = (time_t)(virtual_ns / 1000000000u);
	ts->tv_nsec = (long)(virtual_ns % 1000000000u);
	return 0;
}

enum { CALLS = 32, SWITCHES = 6, ANSWERS_MAX = 50, LINKS = 2 };
/* The last two are NI2 trunks on three interfaces, with a backup D-channel. */
enum { NFAS = SWITCHES * 2, SUBJECTS = NFAS + 2 };

struct subject {
	struct isup_trunk *trunk;
	enum isup_side side;
	uint8_t sent[LINKS], received[LINKS]; /* I-frames, modulo 128 */
	bool silent;
	unsigned answers; /* by LAPD in this turn */
	bool inside;      /* a function of trunk.h: no event may come */
	struct isup_call *calls[CALLS];
};

static struct loop loop;
static struct subject subjects[SUBJECTS];

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "dchannel_fuzz: %s\n", what);
	abort();
}

static unsigned find(const struct subject *s, const struct isup_call *c)
{
	unsigned i = 0;

	while (i < CALLS && s->calls[i] != c)
		i++;
	return i;
}

static void on_event(void *arg, const struct isup_event *ev)
{
	struct subject *s = arg;
	char text[8];

	check(!s->inside, "event from inside a function");
	(void)snprintf(text, sizeof(text), "%.4s%.2s", ev->called.digits, ev->calling.name);
	if (ev->kind == ISUP_TRUNK_UP || ev->kind == ISUP_TRUNK_DOWN)
		return;
	unsigned i = find(s, ev->call);
	if (ev->kind == ISUP_SETUP) {
		check(i == CALLS, "SETUP for a call that is there");
		i = find(s, NULL);
		check(i < CALLS, "more calls than slots");
		s->calls[i] = ev->call;
		return;
	}
	check(i < CALLS, "event for no call");
	if (ev->kind == ISUP_RELEASED)
		s->calls[i] = NULL;
	else if (ev->kind == ISUP_CLEARING && (ev->cause & 1) != 0)
		isup_call_clear(ev->call, ev->cause);
}

static void receive(struct subject *s, unsigned interface, const uint8_t *frame, size_t len)
{
	s->inside = true;
	isup_trunk_receive(s->trunk, interface, frame, len);
	s->inside = false;
}

/* The far end's LAPD: acknowledges what it gets, answers SABME. */
static bool on_send(void *arg, unsigned interface, const uint8_t *frame, size_t len)
{
	struct subject *s = arg;
	bool inside = s->inside;

	/* A line has a speed: frames that answer each other for ever take for ever on it. */
	if (s->silent || len < 3 || s->answers++ >= ANSWERS_MAX)
		return true;
	if ((frame[2] & 0xef) == 0x6f) {
		uint8_t ua[] = {frame[0], frame[1], 0x73};
		s->sent[interface] = s->received[interface] = 0;
		receive(s, interface, ua, sizeof(ua));
	} else if ((frame[2] & 1) == 0) {
		uint8_t rr[] = {frame[0], frame[1], 0x01, 0};
		s->received[interface] = (s->received[interface] + 1) & 127;
		rr[3] = (uint8_t)(s->received[interface] << 1);
		receive(s, interface, rr, sizeof(rr));
	} else if ((frame[2] & 3) == 1 && len >= 4 && (frame[3] & 1) != 0) {
		uint8_t rr[] = {frame[0], frame[1], 0x01,
				(uint8_t)(s->received[interface] << 1 | 1)};
		receive(s, interface, rr, sizeof(rr));
	}
	s->inside = inside;
	return true;
}

static void pass_ms(uint64_t ms)
{
	uint64_t until = virtual_ns / 1000000u + ms;

	for (;;) {
		uv_run(&loop.uv, UV_RUN_NOWAIT);
		uv_run(&loop.uv, UV_RUN_NOWAIT);
		for (unsigned i = 0; i < SUBJECTS; i++)
			subjects[i].answers = 0;
		uint64_t now = virtual_ns / 1000000u;
		uint64_t next =
			loop.heap != NULL && loop.heap->due_ms < until ? loop.heap->due_ms : until;
		if (now >= until)
			return;
		virtual_ns = (next > now ? next : now + 1) * 1000000u;
	}
}

static struct subject *subject(uint8_t pick)
{
	static const struct isup_trunk_ops ops = {on_event, on_send, NULL};
	unsigned i = pick % SUBJECTS;
	struct subject *s = &subjects[i];
	struct isup_trunk_conf conf;

	if (s->trunk != NULL)
		return s;
	isup_trunk_conf_default(&conf);
	(void)snprintf(conf.name, sizeof(conf.name), "fuzz%u", i);
	conf.switch_type = i < NFAS ? (enum isup_switch)(i / 2) : ISUP_NI2;
	conf.side = s->side = i % 2 == 0 ? ISUP_USER : ISUP_NETWORK;
	conf.overlap = ISUP_OVERLAP_BOTH;
	conf.t302_ms = 3000;
	conf.t304_ms = 3000;
	conf.t306_ms = 1500;
	conf.t309_ms = 2000;
	conf.t305_ms = 1000;
	conf.t308_ms = 500;
	conf.user_to_user = conf.line_information = true;
	conf.bearer_slots = 0x3e; /* few, so that they run out */
	for (unsigned n = 0; i >= NFAS && n < 3; n++)
		conf.interfaces[conf.interface_count++] = (struct isup_interface){(uint8_t)n, 0x6};
	conf.backup = i >= NFAS ? 1 : 0;
	check(isup_trunk_open(&s->trunk, &loop, &conf, &ops, s) == 0, "open");
	return s;
}

static void put_message(struct subject *s, unsigned interface, const uint8_t *message, size_t len)
{
	uint8_t frame[ISUP_FRAME_MAX];

	if (len > sizeof(frame) - 4)
		len = sizeof(frame) - 4;
	frame[0] = s->side == ISUP_USER ? 0x02 : 0x00; /* command from the other side */
	frame[1] = 0x01;
	frame[2] = (uint8_t)(s->sent[interface] << 1);
	frame[3] = (uint8_t)(s->received[interface] << 1);
	memcpy(frame + 4, message, len);
	s->sent[interface] = (s->sent[interface] + 1) & 127;
	receive(s, interface, frame, 4 + len);
}

static void verb(struct subject *s, uint8_t what, uint8_t which)
{
	const struct isup_setup setup = {
		.complete = (which & 64) != 0,
		.called = {.digits = "7134", .plan = 1},
		.calling = {.digits = "7101", .plan = 1, .name = "Fuzz"},
		.purpose = {.bearer = (enum isup_bearer)(which % (ISUP_BEARER_OTHER + 1)),
			    .low_layer = {which % ISUP_ELEMENT_MAX, {0x88, 0x90}},
			    .line_information = which % 100,
			    .user_data = {which % ISUP_USER_DATA_MAX, {4}}},
	};
	struct isup_call *c = s->calls[which % CALLS];
	unsigned at = find(s, NULL);

	s->inside = true;
	if (what % 8 == 0) {
		if (at < CALLS)
			(void)isup_call_start(&s->calls[at], s->trunk, &setup, s);
	} else if (c != NULL) {
		if ((what & 16) != 0)
			isup_call_user_data(c, &setup.purpose.user_data);
		switch (what % 8) {
		case 1: isup_call_proceeding(c); break;
		case 2: isup_call_alerting(c, which & 32); break;
		case 3: isup_call_progress(c, which & 32); break;
		case 4: isup_call_answer(c); break;
		case 5: (void)isup_call_more(c, false); break;
		case 6: isup_call_digits(c, (which & 32) != 0 ? "12#" : "9"); break;
		default:
			if ((what & 8) == 0 || !isup_call_clear_inband(c, which, which))
				isup_call_clear(c, which);
			break;
		}
	}
	s->inside = false;
}

static void records(struct subject *s, const uint8_t *data, size_t size)
{
	while (size >= 2) {
		uint8_t op = data[0], arg = data[1];
		data += 2;
		size -= 2;
		size_t len = arg < size ? arg : size;
		unsigned by = s - subjects >= NFAS ? op >> 3 & 1 : 0;
		s->answers = 0;
		switch (op % 8) {
		case 0:
			receive(s, by, data, len);
			data += len;
			size -= len;
			break;
		case 1:
		case 2:
		case 3:
		case 4:
			put_message(s, by, data, len);
			data += len;
			size -= len;
			break;
		case 5: verb(s, op / 8, arg); break;
		case 6: pass_ms(arg); break;
		default: pass_ms(arg * 64u); break;
		}
	}
}

/* Longer than LAPD takes to notice (T203 and N200 times T200), T309, and clearing. */
static void silence(struct subject *s)
{
	struct isup_trunk_counts counts;

	s->silent = true;
	pass_ms(25000);
	isup_trunk_counts(s->trunk, &counts);
	check(counts.calls == 0, "a call is left");
	check(!isup_trunk_up(s->trunk), "up without a far end");
	for (unsigned i = 0; i < CALLS; i++)
		check(s->calls[i] == NULL, "a call was not released");
	for (unsigned slot = 1; slot <= ISUP_SLOTS_MAX; slot++)
		check(isup_trunk_slot(s->trunk, slot) != ISUP_SLOT_BUSY, "a slot is left busy");
	s->silent = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[120];

	if (size < 1)
		return 0;
	if (loop.uv.data == NULL) {
		check(loop_init(&loop) == 0, "loop");
		loop.uv.data = &loop;
		for (enum log_area area = 0; area < LOG_AREA_COUNT; area++)
			log_set_level(area, LOG_ERROR);
	}
	(void)isup_frame_text(data, size, text, sizeof(text));
	struct subject *s = subject(data[0]);
	pass_ms(1100); /* the next SABME */
	records(s, data + 1, size - 1);
	silence(s);
	return 0;
}
