#include "tests/sim/far.h"

#include "tests/sim/q931text.h"

#include <libpri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum {
	CALLS_MAX = 64,
	CHANNELS = 23,
	FCS_OCTETS = 2,
	Q931_SETUP = 0x05,
	RAW_REFERENCE = 0x4000,
	SPOILT_PD = 0x7f,
	T309_MS = 90000
};

struct far_call {
	unsigned number; /* 0 = free entry */
	unsigned reference;
	bool ours; /* we began it */
	unsigned channel;
	q931_call *pri; /* NULL in raw mode and after release */
};

struct far {
	struct far_conf conf;
	struct dchan *dchan;
	struct pri *pri;
	struct inbox inbox;
	struct far_call call[CALLS_MAX];
	unsigned last_number;
	bool up, raw, answer_clearing, running;
	uint8_t rx[DCHAN_FRAME_MAX + FCS_OCTETS];
	size_t rx_len;
	unsigned next_ns; /* of the gateway: a repeated frame is no new message */
	struct sim_event due;
	char message[INBOX_TEXT_MAX]; /* for message_fn, once libpri has seen it too; "" = none */
	unsigned message_call;
	far_message_fn *message_fn;
	void *message_arg;
};

/* --- calls --- */

static struct far_call *call_new(struct far *f)
{
	struct far_call *c = f->call;

	while (c < f->call + CALLS_MAX && c->number != 0)
		c++;
	if (c == f->call + CALLS_MAX) {
		/* those libpri has forgotten are only kept for late messages: drop the oldest */
		c = NULL;
		for (unsigned i = 0; i < CALLS_MAX; i++)
			if (f->call[i].pri == NULL && (c == NULL || f->call[i].number < c->number))
				c = &f->call[i];
		if (c == NULL)
			sim_fail("%s: more than %d calls", f->conf.name, CALLS_MAX);
	}
	*c = (struct far_call){.number = ++f->last_number};
	return c;
}

static struct far_call *call_numbered(struct far *f, unsigned number)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (number != 0 && f->call[i].number == number)
			return &f->call[i];
	return NULL;
}

/* The newest: references come again. */
static struct far_call *call_by_reference(struct far *f, unsigned reference, bool ours)
{
	struct far_call *found = NULL;

	for (unsigned i = 0; i < CALLS_MAX; i++) {
		struct far_call *c = &f->call[i];
		if (c->number != 0 && c->reference == reference && c->ours == ours &&
		    (found == NULL || c->number > found->number))
			found = c;
	}
	return found;
}

static struct far_call *call_by_pri(struct far *f, q931_call *pri)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (f->call[i].number != 0 && f->call[i].pri == pri)
			return &f->call[i];
	return NULL;
}

static unsigned free_channel(struct far *f)
{
	bool busy[CHANNELS + 1] = {false};

	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (f->call[i].pri != NULL && f->call[i].channel <= CHANNELS)
			busy[f->call[i].channel] = true;
	for (unsigned ch = 1; ch <= CHANNELS; ch++)
		if (!busy[ch])
			return ch;
	return 1; /* all busy: the gateway must refuse it */
}

unsigned far_calls(const struct far *f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CALLS_MAX; i++)
		n += f->call[i].pri != NULL;
	return n;
}

bool far_call_alive(const struct far *f, unsigned call)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (call != 0 && f->call[i].number == call)
			return f->call[i].pri != NULL;
	return false;
}

unsigned far_next_call(const struct far *f)
{
	return f->last_number + 1;
}

unsigned far_call_channel(const struct far *f, unsigned call)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (call != 0 && f->call[i].number == call)
			return f->call[i].channel;
	return 0;
}

/* --- libpri --- */

static void end_call(struct far *f, q931_call *pri, int cause)
{
	struct far_call *c = call_by_pri(f, pri);

	if (c != NULL)
		c->pri = NULL;
	pri_hangup(f->pri, pri, cause);
}

/* Q.931 5.5: whatever is on a channel that is restarted is over. */
static void end_channel(struct far *f, unsigned channel)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (f->call[i].pri != NULL && f->call[i].channel == channel) {
			pri_destroycall(f->pri, f->call[i].pri);
			f->call[i].pri = NULL;
		}
}

static void on_event(struct far *f, const pri_event *e)
{
	struct far_call *c;

	switch (e->e) {
	case PRI_EVENT_DCHAN_UP:
		f->up = true;
		sim_note("%s: D-channel up", f->conf.name);
		break;
	case PRI_EVENT_DCHAN_DOWN:
		f->up = false;
		sim_note("%s: D-channel down", f->conf.name);
		break;
	case PRI_EVENT_RING:
		c = call_by_reference(f, (unsigned)e->ring.cref & 0x7fff, false);
		if (c == NULL)
			sim_fail("%s: libpri rings for a call nobody saw", f->conf.name);
		c->pri = e->ring.call;
		c->channel = (unsigned)e->ring.channel & 0xff;
		break;
	case PRI_EVENT_RESTART: end_channel(f, (unsigned)e->restart.channel & 0xff); break;
	case PRI_EVENT_RETRIEVE_ACK:
		c = call_by_pri(f, e->retrieve_ack.call);
		if (c != NULL)
			c->channel = (unsigned)e->retrieve_ack.channel & 0xff;
		break;
	case PRI_EVENT_HANGUP_REQ:
		if (f->answer_clearing)
			pri_hangup(f->pri, e->hangup.call, e->hangup.cause);
		break;
	case PRI_EVENT_HANGUP:
	case PRI_EVENT_HANGUP_ACK: end_call(f, e->hangup.call, e->hangup.cause); break;
	default: break;
	}
}

/* libpri has one place for all its users to complain to; isup/ would take our struct pri for one
 * of its own. */
static void on_complaint(struct pri *pri, char *text)
{
	sim_note("libpri: %.*s", (int)strcspn(text, "\n"), text);
}

static void on_nothing(struct pri *pri, char *text)
{
}

static void take_complaints(void)
{
	pri_set_error(on_complaint);
	pri_set_message(on_complaint);
}

/* libpri forgets some calls without an event; asking it tells, and is complained of. */
static void forget_calls(struct far *f)
{
	int low;

	pri_set_message(on_nothing);
	pri_set_error(on_nothing);
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (f->call[i].pri != NULL && pri_get_crv(f->pri, f->call[i].pri, &low) < 0)
			f->call[i].pri = NULL;
	take_complaints();
}

static void on_due(void *arg);

/* All that libpri wants to do now, then sleep until its next timer. */
static void run(struct far *f)
{
	pri_event *e;

	if (f->running)
		return;
	take_complaints();
	f->running = true;
	do {
		while ((e = pri_check_event(f->pri)) != NULL)
			on_event(f, e);
		if ((e = pri_schedule_run(f->pri)) != NULL)
			on_event(f, e);
	} while (e != NULL || f->rx_len > 0);
	f->running = false;
	forget_calls(f);

	struct timeval *next = pri_schedule_next(f->pri), now;
	if (next == NULL) {
		sim_cancel(&f->due);
		return;
	}
	gettimeofday(&now, NULL);
	int64_t us = (next->tv_sec - now.tv_sec) * INT64_C(1000000) + next->tv_usec - now.tv_usec;
	sim_at(&f->due, sim_now_ms() + (us > 0 ? (uint64_t)(us + 999) / 1000 : 0), on_due, f);
}

static void on_due(void *arg)
{
	run(arg);
}

static int pri_reads(struct pri *pri, void *buf, int buf_len)
{
	struct far *f = pri_get_userdata(pri);
	int len = (int)f->rx_len;

	if (len == 0 || len > buf_len)
		return 0;
	memcpy(buf, f->rx, (size_t)len);
	f->rx_len = 0;
	return len;
}

static int pri_writes(struct pri *pri, void *buf, int len)
{
	struct far *f = pri_get_userdata(pri);
	char words[INBOX_TEXT_MAX];
	struct q931text_head head;
	size_t q931_len;

	const uint8_t *q931 = dchan_q931(buf, (size_t)len - FCS_OCTETS, &q931_len);
	if (q931 != NULL && q931text_read(q931, q931_len, &head, words, sizeof(words)))
		sim_note("%s libpri sends %s", f->conf.name, words);
	dchan_send(f->dchan, DCHAN_TO_GATEWAY, buf, (size_t)len - FCS_OCTETS);
	return len;
}

/* --- what arrives --- */

static void read_message(struct far *f, const uint8_t *q931, size_t len)
{
	char words[INBOX_TEXT_MAX];
	struct q931text_head head;
	struct far_call *c;

	if (!q931text_read(q931, len, &head, words, sizeof(words)))
		sim_fail("%s: the gateway sent a torn Q.931 message", f->conf.name);
	if (head.type == Q931_SETUP) {
		c = call_by_reference(f, head.reference, false);
		if (c == NULL || c->pri == NULL) /* else repeated by T303 */
			c = call_new(f);
		c->reference = head.reference;
	} else {
		c = head.reference == 0
			    ? NULL
			    : call_by_reference(f, head.reference, !head.from_originator);
	}
	unsigned channel = words_get_number(words, "ch", 0);
	if (c != NULL && channel != 0)
		c->channel = channel;
	f->message_call = c != NULL ? c->number : 0;
	snprintf(f->message, sizeof(f->message), "%s", words);
	inbox_put(&f->inbox, f->conf.name, f->message_call, words);
}

static bool is_new(struct far *f, const uint8_t *frame)
{
	if (frame[2] >> 1 != f->next_ns)
		return false;
	f->next_ns = (f->next_ns + 1) % 128;
	return true;
}

static void receive(void *arg, const uint8_t *frame, size_t len)
{
	struct far *f = arg;
	size_t q931_len;

	if (len == 3 && (frame[2] & 0xef) == 0x6f)
		f->next_ns = 0; /* SABME */
	if (len == 3 && (frame[2] & 0xef) == 0x63)
		f->next_ns = 0; /* UA: to our SABME */
	memcpy(f->rx, frame, len);
	memset(f->rx + len, 0, FCS_OCTETS);
	f->rx_len = len + FCS_OCTETS;
	const uint8_t *q931 = dchan_q931(frame, len, &q931_len);
	bool is_i = len > 4 && (frame[2] & 1) == 0;
	if (q931 != NULL && f->raw)
		f->rx[4] = SPOILT_PD;
	f->message[0] = '\0';
	if (is_i && is_new(f, frame) && q931 != NULL)
		read_message(f, q931, q931_len);
	run(f);
	if (f->message[0] != '\0' && f->message_fn != NULL)
		f->message_fn(f->message_arg, f->message_call, f->message);
}

/* --- what is sent --- */

/* libpri numbers and repeats the frame; what is in it is ours. */
static void send_raw(struct far *f, struct far_call *c, const char *words)
{
	uint8_t q931[DCHAN_FRAME_MAX - 4];
	struct q931text_head head = {
		.reference = c != NULL ? c->reference : 0,
		.from_originator = c == NULL || c->ours,
	};
	size_t len = q931text_write(&head, words, q931, sizeof(q931));

	if (len == 0)
		sim_fail("%s: no such message: %s", f->conf.name, words);
	dchan_replace_next(f->dchan, DCHAN_TO_GATEWAY, q931, len);
	if (pri_maintenance_service(f->pri, 0, 1, 0) != 0)
		sim_fail("%s: libpri would not carry a raw frame", f->conf.name);
	run(f);
}

/* libpri hands a call reference out in two parts, 13 and 3 bits. */
static unsigned reference_of(struct far *f, q931_call *pri)
{
	int low = 0, high = pri_get_crv(f->pri, pri, &low);

	return ((unsigned)high << 3 | (unsigned)low) & 0x7fff;
}

static int plan_of(const char *words, const char *key)
{
	unsigned type = words_get_number(words, key, 0);

	return type != 0 ? (int)(type << 4 | 1) : PRI_UNKNOWN;
}

static void set_number(struct pri_party_id *id, const char *digits, int plan)
{
	id->number.valid = digits[0] != '\0';
	id->number.plan = plan;
	snprintf(id->number.str, sizeof(id->number.str), "%s", digits);
}

static void set_redirecting(struct pri_sr *sr, const char *last, const char *words)
{
	struct pri_party_redirecting r;
	char original[32] = "";

	memset(&r, 0, sizeof(r));
	words_get(words, "original", original, sizeof(original));
	set_number(&r.from, last, plan_of(words, "redirecting.type"));
	set_number(&r.orig_called, original, plan_of(words, "redirecting.type"));
	r.reason = (int)words_get_number(words, "redirecting.reason", 0);
	r.orig_reason = (int)words_get_number(words, "original.reason", 0);
	r.count = (int)words_get_number(words, "redirecting.count", 1);
	pri_sr_set_redirecting_parties(sr, &r);
}

static void setup(struct far *f, struct far_call *c, const char *words)
{
	char called[32] = "", calling[32] = "", name[32] = "";

	c->ours = true;
	c->channel = words_get_number(words, "ch", 0);
	if (c->channel == 0)
		c->channel = free_channel(f);
	if (f->raw) {
		char with_channel[INBOX_TEXT_MAX];
		c->reference = RAW_REFERENCE + c->number;
		snprintf(with_channel, sizeof(with_channel), "%s ch=%u", words, c->channel);
		send_raw(f, c, with_channel);
		return;
	}
	words_get(words, "called", called, sizeof(called));
	words_get(words, "calling", calling, sizeof(calling));
	words_get(words, "name", name, sizeof(name));
	c->pri = pri_new_call(f->pri);
	if (c->pri == NULL)
		abort();
	struct pri_sr *sr = pri_sr_new();
	pri_sr_set_channel(sr, (int)c->channel, words_have(words, "exclusive"), 0);
	pri_sr_set_bearer(
		sr, words_have(words, "3.1k") ? PRI_TRANS_CAP_3_1K_AUDIO : PRI_TRANS_CAP_SPEECH,
		PRI_LAYER_1_ULAW);
	pri_sr_set_called(sr, called, plan_of(words, "called.type"), !words_have(words, "part"));
	pri_sr_set_caller(sr, calling, name[0] != '\0' ? name : NULL,
			  plan_of(words, "calling.type"),
			  words_have(words, "restricted") ? PRES_PROHIB_USER_NUMBER_NOT_SCREENED
							  : PRES_ALLOWED_USER_NUMBER_NOT_SCREENED);
	if (words_get(words, "redirecting", calling, sizeof(calling)) != NULL)
		set_redirecting(sr, calling, words);
	if (pri_setup(f->pri, c->pri, sr) != 0)
		sim_fail("%s: libpri refused the SETUP", f->conf.name);
	pri_sr_free(sr);
	c->reference = reference_of(f, c->pri);
}

static void send_digits(struct far *f, struct far_call *c, const char *words)
{
	char digits[32] = "";

	words_get(words, "called", digits, sizeof(digits));
	for (const char *d = digits; *d != '\0'; d++)
		pri_information(f->pri, c->pri, *d);
}

static void answer(struct far *f, struct far_call *c, int channel, const char *words)
{
	struct pri_party_connected_line line;
	char connected[32];

	memset(&line, 0, sizeof(line));
	if (words_get(words, "connected", connected, sizeof(connected)) != NULL) {
		set_number(&line.id, connected, plan_of(words, "connected.type"));
		line.id.number.presentation = words_have(words, "restricted")
						      ? PRES_PROHIB_NETWORK_NUMBER
						      : PRES_ALLOWED_NETWORK_NUMBER;
		pri_connected_line_update(f->pri, c->pri, &line);
	}
	pri_answer(f->pri, c->pri, channel, 0);
}

static void send_by_libpri(struct far *f, struct far_call *c, const char *words)
{
	int channel = (int)words_get_number(words, "ch", c->channel);
	int inband = words_get_number(words, "pi", 0) == 8;

	c->channel = (unsigned)channel;
	if (c->pri == NULL)
		sim_fail("%s#%u: the call is over: %s", f->conf.name, c->number, words);
	if (words_match("CALL-PROCEEDING", words))
		pri_proceeding(f->pri, c->pri, channel, inband);
	else if (words_match("ALERTING", words))
		pri_acknowledge(f->pri, c->pri, channel, inband);
	else if (words_match("PROGRESS", words))
		pri_progress(f->pri, c->pri, channel, inband);
	else if (words_match("INFORMATION", words))
		send_digits(f, c, words);
	else if (words_match("HOLD", words))
		pri_hold(f->pri, c->pri);
	else if (words_match("RETRIEVE", words))
		pri_retrieve(f->pri, c->pri, (int)words_get_number(words, "ch", 0));
	else if (words_match("NOTIFY", words))
		pri_notify(f->pri, c->pri, channel, (int)words_get_number(words, "notice", 0));
	else if (words_match("CONNECT", words))
		answer(f, c, channel, words);
	else if (words_match("DISCONNECT", words) || words_match("RELEASE", words) ||
		 words_match("RELEASE-COMPLETE", words))
		pri_hangup(f->pri, c->pri, (int)words_get_number(words, "cause", 16));
	else
		sim_fail("%s: libpri cannot send this: %s", f->conf.name, words);
}

void far_do(struct far *f, unsigned call, const char *words)
{
	struct far_call *c = call_numbered(f, call);

	sim_note("%s#%u > %s", f->conf.name, call, words);
	take_complaints();
	if (words_match("SETUP", words) && f->raw && c != NULL) {
		send_raw(f, c, words); /* once more */
	} else if (words_match("SETUP", words)) {
		if (c != NULL)
			sim_fail("%s#%u is in use", f->conf.name, call);
		c = call_new(f);
		if (c->number != call)
			sim_fail("%s: the next call is #%u", f->conf.name, c->number);
		setup(f, c, words);
	} else if (words_match("RESTART", words) && !f->raw) {
		end_channel(f, words_get_number(words, "ch", 1));
		pri_reset(f->pri, (int)words_get_number(words, "ch", 1));
	} else if (f->raw) {
		send_raw(f, c, words);
	} else if (c != NULL) {
		send_by_libpri(f, c, words);
	} else {
		sim_fail("%s: no call #%u", f->conf.name, call);
	}
	run(f);
}

void far_lose(struct far *f, bool in, const char *name, unsigned count)
{
	uint8_t type = q931text_type(name);

	if (type == 0)
		sim_fail("%s: no such message: %s", f->conf.name, name);
	dchan_lose(f->dchan, in ? DCHAN_TO_FAR : DCHAN_TO_GATEWAY, type, count);
}

/* --- life --- */

void far_open(struct far **out, const struct far_conf *conf)
{
	struct far *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->conf = *conf;
	f->answer_clearing = true;
	dchan_open(&f->dchan, conf->span);
	dchan_attach(f->dchan, DCHAN_TO_FAR, receive, f);
	f->pri = pri_new_cb(-1, conf->network ? PRI_NETWORK : PRI_CPE, conf->switch_type, pri_reads,
			    pri_writes, f);
	if (f->pri == NULL)
		abort();
	pri_set_service_message_support(f->pri, 1);
	pri_hold_enable(f->pri, 1);
	pri_set_timer(f->pri, PRI_TIMER_T309, T309_MS); /* libpri's own is 6 s */
	run(f);
	*out = f;
}

/* libpri cannot free a struct pri: kept within reach, so that the leak checker sees other leaks. */
static void bury(struct pri *pri)
{
	static struct pri **grave;
	static size_t count;

	grave = realloc(grave, (count + 1) * sizeof(*grave));
	if (grave == NULL)
		abort();
	grave[count++] = pri;
}

void far_close(struct far *f)
{
	if (f == NULL)
		return;
	far_forget(f);
	sim_cancel(&f->due);
	dchan_close(f->dchan);
	bury(f->pri);
	free(f);
}

struct inbox *far_inbox(struct far *f)
{
	return &f->inbox;
}

struct dchan *far_dchan(struct far *f)
{
	return f->dchan;
}

bool far_up(const struct far *f)
{
	return f->up;
}

void far_set_raw(struct far *f, bool raw)
{
	f->raw = raw;
}

void far_forget(struct far *f)
{
	for (unsigned i = 0; i < CALLS_MAX; i++)
		if (f->call[i].pri != NULL) {
			pri_destroycall(f->pri, f->call[i].pri);
			f->call[i].pri = NULL;
		}
}

void far_set_answer_clearing(struct far *f, bool answer)
{
	f->answer_clearing = answer;
}

void far_set_message_fn(struct far *f, far_message_fn *fn, void *arg)
{
	f->message_fn = fn;
	f->message_arg = arg;
}
