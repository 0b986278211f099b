/* pair.h - for the tests of isup/: two ends of a D-channel in one process, on a virtual clock.
 *
 * An end is a trunk of ours or bare libpri.  Frames cross an in-memory line with a delay and, if
 * asked, losses.  Nothing sleeps: run_ms() jumps from timer to timer.  clock_gettime() below goes
 * before libc's for libuv, for libpri (by isup/clock.c) and for us.
 *
 * With ISUP_PCAP=file in the environment every frame is also written there (DLT 177, LINUX_LAPD),
 * so that a protocol analyser can judge them.
 */
#ifndef TESTS_UNIT_ISUP_PAIR_H
#define TESTS_UNIT_ISUP_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <libpri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "gateway/base/log.h"
#include "gateway/base/loop.h"
#include "isup/cause.h"
#include "isup/q931.h"
#include "isup/trunk.h"

/* Every test takes what it needs of this file. */
#pragma GCC diagnostic ignored "-Wunused-function"

static uint64_t virtual_ns = 1000000000000u;
static int64_t wall_offset_s = 1700000000;

int clock_gettime(clockid_t id, struct timespec *ts)
{
	ts->tv_sec = (time_t)(virtual_ns / 1000000000u);
	ts->tv_nsec = (long)(virtual_ns % 1000000000u);
	if (id == CLOCK_REALTIME)
		ts->tv_sec += wall_offset_s;
	return 0;
}

enum { LOG_SIZE = 512, LINE_SIZE = 128 };

struct line_frame {
	size_t len;
	unsigned interface;
	uint64_t due_ms;
	uint8_t data[ISUP_FRAME_MAX];
};

struct end {
	struct loop *loop;
	struct end *far;
	struct isup_trunk *trunk; /* one of the two */
	struct pri *raw;
	const uint8_t *raw_frame;
	size_t raw_len;
	bool raw_busy;
	struct timer raw_timer;
	pri_event raw_log[LOG_SIZE];
	unsigned raw_logged, raw_seen;

	struct isup_event log[LOG_SIZE]; /* what ops.event told */
	struct isup_party connected;     /* what the last CONNECT named; "" = nobody */
	unsigned logged, seen;
	bool busy; /* inside a function of trunk.h: no event may come */
	void (*react)(struct end *e, const struct isup_event *ev);
	unsigned sent[256];           /* messages sent, by type */
	uint8_t last[ISUP_FRAME_MAX]; /* the last message sent */
	size_t last_len;

	struct line_frame line[LINE_SIZE]; /* towards this end */
	unsigned line_first, line_count;
	struct timer line_timer;
	bool cut;              /* nothing arrives here any more */
	bool cut_interface[ISUP_INTERFACES_MAX]; /* on that one */
	unsigned sent_on[ISUP_INTERFACES_MAX];   /* frames */
	bool direct;           /* arrives from inside the sender's send() */
	bool deaf[256];        /* message types that reach LAPD here, but not Q.931 */
	const uint8_t *put_in; /* replaces the next message that arrives, NULL = nothing */
	size_t put_in_len;
	unsigned lose_one_in; /* 0 = none */
	unsigned lose_state;
	unsigned delay_ms;
};

struct pair {
	struct loop loop;
	struct end a, b;
};

/* --- the line --- */

static FILE *pcap_file(void)
{
	static FILE *f;
	const char *path = getenv("ISUP_PCAP");
	static const uint32_t head[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 177};

	if (f == NULL && path != NULL) {
		f = fopen(path, "wb");
		fwrite(head, sizeof(head), 1, f);
	}
	return f;
}

static void pcap_write(bool from_network, const uint8_t *data, size_t len)
{
	FILE *f = pcap_file();
	uint32_t size = (uint32_t)len + 16;
	uint32_t head[] = {(uint32_t)(virtual_ns / 1000000000u),
			   (uint32_t)(virtual_ns % 1000000000u / 1000u), size, size};
	/* packet type, hardware type, address (network side or not), address length, protocol */
	uint8_t sll[16] = {0, 4, 0, 0, 0, 0, from_network, 0, 0, 0, 0, 0, 0, 0, 0, 0x30};

	if (f == NULL)
		return;
	fwrite(head, sizeof(head), 1, f);
	fwrite(sll, sizeof(sll), 1, f);
	fwrite(data, len, 1, f);
	fflush(f);
}

static void raw_run(struct end *e);

static void line_arrive(void *arg)
{
	struct end *e = arg;

	while (e->line_count > 0 && e->line[e->line_first].due_ms <= loop_now_ms(e->loop)) {
		struct line_frame f = e->line[e->line_first];
		e->line_first = (e->line_first + 1) % LINE_SIZE;
		e->line_count--;
		if (e->trunk != NULL) {
			e->busy = true;
			isup_trunk_receive(e->trunk, f.interface, f.data, f.len);
			e->busy = false;
		} else if (e->raw != NULL) {
			e->raw_frame = f.data;
			e->raw_len = f.len;
			raw_run(e);
		}
	}
	if (e->line_count > 0)
		timer_start(e->loop, &e->line_timer,
			    e->line[e->line_first].due_ms - loop_now_ms(e->loop), line_arrive, e);
}

static bool line_lost(struct end *to)
{
	if (to->lose_one_in == 0)
		return false;
	to->lose_state = to->lose_state * 1103515245u + 12345u;
	return (to->lose_state >> 16) % to->lose_one_in == 0;
}

/* The frame as it will arrive; returns its length. */
static size_t line_change(struct end *to, uint8_t *data, size_t len)
{
	struct q931_message m;

	if (!q931_parse(&m, data, len) || (data[2] & 1) != 0)
		return len;
	if (to->put_in != NULL) {
		memcpy(data + 4, to->put_in, to->put_in_len);
		len = 4 + to->put_in_len;
		to->put_in = NULL;
	}
	return len;
}

static void line_put(struct end *from, unsigned interface, const uint8_t *sent, size_t len)
{
	struct end *to = from->far;
	struct q931_message m;
	uint8_t data[ISUP_FRAME_MAX];

	assert_true(len <= sizeof(data));
	memcpy(data, sent, len);
	len = line_change(to, data, len);
	if (q931_parse(&m, data, len) && m.discriminator == Q931_PD) {
		from->sent[m.type]++;
		from->last_len = len;
		memcpy(from->last, data, len);
	}
	pcap_write(from < to, data, len);
	if (getenv("ISUP_VERBOSE") != NULL && (data[2] & 3) != 1) {
		char text[200];
		fprintf(stderr, "%6llu %s %s\n",
			(unsigned long long)(virtual_ns / 1000000u % 1000000u),
			from < to ? "-->" : "<--", isup_frame_text(data, len, text, sizeof(text)));
	}
	if (q931_parse(&m, data, len) && (data[2] & 1) == 0 && to->deaf[m.type])
		data[4] = 0x55; /* a protocol nobody knows */
	if (to->direct && to->trunk != NULL && !to->cut) {
		isup_trunk_receive(to->trunk, interface, data, len);
		return;
	}
	if (to->cut || to->cut_interface[interface] || line_lost(to) || to->line_count == LINE_SIZE)
		return;
	struct line_frame *f = &to->line[(to->line_first + to->line_count++) % LINE_SIZE];
	f->len = len;
	f->interface = interface;
	f->due_ms = loop_now_ms(to->loop) + to->delay_ms;
	memcpy(f->data, data, len);
	if (!timer_running(&to->line_timer))
		timer_start(to->loop, &to->line_timer, to->delay_ms, line_arrive, to);
}

/* --- an end that is a trunk --- */

static bool on_send(void *arg, unsigned interface, const uint8_t *frame, size_t len)
{
	line_put(arg, interface, frame, len);
	((struct end *)arg)->sent_on[interface]++;
	return true;
}

static void on_event(void *arg, const struct isup_event *ev)
{
	struct end *e = arg;

	assert_false(e->busy); /* never from inside a function of trunk.h */
	assert_true(e->logged < LOG_SIZE);
	e->log[e->logged++] = *ev;
	if (ev->connected != NULL) /* lent */
		e->connected = *ev->connected;
	if (e->react != NULL)
		e->react(e, ev);
}

static void end_open(struct end *e, const struct isup_trunk_conf *conf)
{
	static const struct isup_trunk_ops ops = {on_event, on_send, NULL};

	e->busy = true;
	assert_int_equal(isup_trunk_open(&e->trunk, e->loop, conf, &ops, e), 0);
	e->busy = false;
}

/* --- an end that is bare libpri --- */

static int raw_read(struct pri *pri, void *buf, int size)
{
	struct end *e = pri_get_userdata(pri);
	size_t len = e->raw_len;

	if (e->raw_frame == NULL)
		return 0;
	assert_true((int)len + 2 <= size);
	memcpy(buf, e->raw_frame, len);
	e->raw_frame = NULL;
	return (int)len + 2;
}

static int raw_write(struct pri *pri, void *buf, int size)
{
	line_put(pri_get_userdata(pri), 0, buf, (size_t)size - 2);
	return size;
}

static void raw_fire(void *arg)
{
	raw_run(arg);
}

static void raw_note(struct end *e, pri_event *ev)
{
	assert_true(e->raw_logged < LOG_SIZE);
	e->raw_log[e->raw_logged++] = *ev;
}

static void raw_run(struct end *e)
{
	pri_event *ev;
	struct timeval *next, now;

	if (e->raw_frame != NULL && (ev = pri_check_event(e->raw)) != NULL)
		raw_note(e, ev);
	while ((ev = pri_schedule_run(e->raw)) != NULL)
		raw_note(e, ev);
	next = pri_schedule_next(e->raw);
	if (next == NULL)
		return;
	gettimeofday(&now, NULL);
	int64_t ms = (next->tv_sec - now.tv_sec) * 1000 + (next->tv_usec - now.tv_usec) / 1000;
	timer_start(e->loop, &e->raw_timer, ms > 0 ? (uint64_t)ms + 1 : 1, raw_fire, e);
}

static void raw_open(struct end *e, int node, int switch_type)
{
	e->raw = pri_new_cb(-1, node, switch_type, raw_read, raw_write, e);
	assert_non_null(e->raw);
	pri_set_service_message_support(e->raw, 1);
	raw_run(e);
}

/* The next event of this kind; others before it are passed over. */
static pri_event *raw_wait(struct end *e, int kind)
{
	while (e->raw_seen < e->raw_logged)
		if (e->raw_log[e->raw_seen++].e == kind)
			return &e->raw_log[e->raw_seen - 1];
	fail_msg("libpri did not report %s", pri_event2str(kind));
	return NULL;
}

/* Lets bare libpri send this message; it thinks it is a RESTART. */
static void raw_send(struct end *e, const uint8_t *message, size_t len)
{
	e->far->put_in = message;
	e->far->put_in_len = len;
	pri_reset(e->raw, 1);
	raw_run(e);
}

static q931_call *raw_call(struct end *e, int channel, int exclusive)
{
	static char from[] = "7101", name[] = "Raw", to[] = "7134";
	q931_call *call = pri_new_call(e->raw);

	assert_non_null(call);
	assert_int_equal(pri_call(e->raw, call, PRI_TRANS_CAP_SPEECH, channel, exclusive, 0, from,
				  0, name, 0, to, 0, PRI_LAYER_1_ULAW),
			 0);
	raw_run(e);
	return call;
}

/* --- time --- */

static void run_ms(struct pair *p, uint64_t ms)
{
	uint64_t until = virtual_ns / 1000000u + ms;

	for (;;) {
		uv_run(&p->loop.uv, UV_RUN_NOWAIT);
		uv_run(&p->loop.uv, UV_RUN_NOWAIT);
		uint64_t now = virtual_ns / 1000000u;
		uint64_t next = p->loop.heap != NULL ? p->loop.heap->due_ms : until;
		if (next > until)
			next = until;
		if (now >= until)
			break;
		virtual_ns = (next > now ? next : now + 1) * 1000000u;
	}
}

/* --- what happened --- */

static const char *kind_name(enum isup_event_kind kind)
{
	static const char *const names[] = {
		"SETUP",   "NAME",    "DIGITS",   "MORE",       "PROCEEDING", "ALERTING", "PROGRESS",
		"CONNECT", "CLEARING", "RELEASED", "TRUNK_UP",   "TRUNK_DOWN"};
	return names[kind];
}

/* The next event, which must be this one. */
static struct isup_event *expect(struct end *e, enum isup_event_kind kind)
{
	if (e->seen == e->logged)
		fail_msg("no event, expected %s", kind_name(kind));
	if (e->log[e->seen].kind != kind)
		fail_msg("event %s, expected %s", kind_name(e->log[e->seen].kind), kind_name(kind));
	return &e->log[e->seen++];
}

static void expect_none(struct end *e)
{
	if (e->seen != e->logged)
		fail_msg("unexpected event %s", kind_name(e->log[e->seen].kind));
}

static unsigned count_kind(const struct end *e, enum isup_event_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->logged; i++)
		n += e->log[i].kind == kind;
	return n;
}

static void expect_idle(const struct end *e)
{
	struct isup_trunk_counts counts;

	isup_trunk_counts(e->trunk, &counts);
	assert_int_equal(counts.calls, 0);
	for (unsigned slot = 1; slot <= 23; slot++)
		assert_int_equal(isup_trunk_slot(e->trunk, slot), ISUP_SLOT_IDLE);
}

/* The cause in the last message an end sent, with its type checked. */
static int last_cause(const struct end *e, uint8_t type)
{
	struct q931_message m;
	struct q931_ie ie;
	int value = 0, location;

	assert_true(q931_parse(&m, e->last, e->last_len));
	assert_int_equal(m.type, type);
	assert_true(q931_find(&m, Q931_IE_CAUSE, &ie));
	assert_true(q931_cause(&ie, &value, &location));
	return value;
}

/* --- a pair --- */

static struct pair *pair_new(void)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	assert_int_equal(loop_init(&p->loop), 0);
	p->a.loop = p->b.loop = &p->loop;
	p->a.far = &p->b;
	p->b.far = &p->a;
	p->a.delay_ms = p->b.delay_ms = 2;
	p->a.lose_state = 1;
	p->b.lose_state = 2;
	return p;
}

static struct isup_trunk_conf conf_for(enum isup_side side)
{
	struct isup_trunk_conf conf;

	isup_trunk_conf_default(&conf);
	conf.side = side;
	conf.hunt = side == ISUP_NETWORK ? ISUP_ASCENDING : ISUP_DESCENDING;
	conf.restart_on_start = false;
	snprintf(conf.name, sizeof(conf.name), "%s", side == ISUP_NETWORK ? "net" : "user");
	return conf;
}

static void pair_up(struct pair *p)
{
	run_ms(p, 5000);
	if (p->a.trunk != NULL)
		expect(&p->a, ISUP_TRUNK_UP);
	if (p->b.trunk != NULL)
		expect(&p->b, ISUP_TRUNK_UP);
}

/* a is the network, b the user; both up. */
static struct pair *pair_open(void)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf net = conf_for(ISUP_NETWORK), user = conf_for(ISUP_USER);

	end_open(&p->a, &net);
	end_open(&p->b, &user);
	pair_up(p);
	return p;
}

/* a is a trunk of this side, b bare libpri on the other side. */
static struct pair *pair_open_raw(enum isup_side side)
{
	struct pair *p = pair_new();
	struct isup_trunk_conf conf = conf_for(side);

	end_open(&p->a, &conf);
	raw_open(&p->b, side == ISUP_NETWORK ? PRI_CPE : PRI_NETWORK, PRI_SWITCH_NI2);
	pair_up(p);
	raw_wait(&p->b, PRI_EVENT_DCHAN_UP);
	return p;
}

static void pair_close(struct pair *p)
{
	isup_trunk_close(p->a.trunk);
	isup_trunk_close(p->b.trunk);
	timer_stop(&p->a.line_timer);
	timer_stop(&p->b.line_timer);
	timer_stop(&p->a.raw_timer);
	timer_stop(&p->b.raw_timer);
	loop_fini(&p->loop);
	free(p);
}

static const struct isup_setup plain_setup = {
	.called = {.digits = "7134", .type_of_number = 0, .plan = 1},
	.calling = {.digits = "7101", .type_of_number = 0, .plan = 1, .screening = 1},
	.complete = true,
};

static struct isup_call *start_call(struct end *from)
{
	struct isup_call *c;

	from->busy = true;
	assert_int_equal(isup_call_start(&c, from->trunk, &plain_setup, from), 0);
	from->busy = false;
	assert_non_null(c);
	return c;
}

/* SETUP sent and received; *in is the far end's call. */
static struct isup_call *call_present(struct pair *p, struct end *from, struct isup_call **in)
{
	struct isup_call *out = start_call(from);

	run_ms(p, 20);
	*in = expect(from->far, ISUP_SETUP)->call;
	return out;
}

static struct isup_call *call_active(struct pair *p, struct end *from, struct isup_call **in)
{
	struct isup_call *out = call_present(p, from, in);

	isup_call_proceeding(*in);
	isup_call_alerting(*in, false);
	isup_call_answer(*in);
	run_ms(p, 50);
	expect(from, ISUP_PROCEEDING);
	expect(from, ISUP_ALERTING);
	expect(from, ISUP_CONNECT);
	return out;
}

static int quiet_logs(void **state)
{
	(void)state;
	log_set_level(LOG_ISUP, getenv("ISUP_VERBOSE") != NULL ? LOG_DEBUG : LOG_ERROR);
	return 0;
}

#endif
