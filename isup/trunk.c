/* trunk.c - a trunk: libpri's controller, its frames and timers, the D-channel. */
#include "isup/trunk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isup/cause.h"
#include "isup/clock.h"
#include "isup/q931.h"
#include "isup/trunk_internal.h"

enum { FCS_OCTETS = 2, FRAME_MIN = 3, LINK_SETTLES_MS = 600, NEVER_MS = 1 << 30 };
enum { SABME = 0x6f, POLL = 0x10 }; /* Q.921 3.6.3 */
enum { NO_FRAME = 0xff };           /* no N(R) */
enum { FOREIGN_PD = 0x3f };         /* Q.931 4.2: reserved, and for libpri no protocol it knows */

void isup_trunk_conf_default(struct isup_trunk_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->side = ISUP_USER;
	conf->switch_type = ISUP_NI2;
	conf->bearer_slots = 0x00fffffe; /* 1 to 23, the D-channel is in 24 */
	conf->hunt = ISUP_DESCENDING;    /* the user's end; a network hunts upwards */
	conf->restart_on_start = true;
	conf->service = true;
	conf->flap_losses = 4;
	conf->flap_window_ms = 300000;
	conf->flap_hold_ms = 60000;
	conf->t309_ms = T309_MS;
	conf->early_audio = ISUP_EARLY_INDICATED;
	conf->disconnect_audio = true;
	conf->hold = true;
	conf->t316_ms = 2000;
	conf->n316 = 2;
}

/* --- libpri's side --- */

static int on_pri_read(struct pri *pri, void *buf, int size)
{
	struct isup_trunk *t = pri_get_userdata(pri);
	const struct rx_frame *f = t->reading;

	t->reading = NULL;
	if (f == NULL || f->len + FCS_OCTETS > (size_t)size)
		return 0;
	memcpy(buf, f->data, f->len);
	memset((uint8_t *)buf + f->len, 0, FCS_OCTETS);
	return (int)f->len + FCS_OCTETS;
}

/* A frame out of sequence is not read: after REJ it comes again.  One that is, libpri acknowledges
 * before pri_check_event() returns. */
static void note_answer(struct isup_trunk *t, const uint8_t *frame, size_t len)
{
	enum { UNNUMBERED = 3 };

	if (len >= 4 && (frame[2] & UNNUMBERED) != UNNUMBERED && frame[3] >> 1 == t->reading_next)
		t->reading_accepted = true;
}

bool trunk_send_frame(struct isup_trunk *t, unsigned interface, const uint8_t *frame, size_t len)
{
	if (!t->ops.send(t->arg, interface, frame, len))
		return false;
	t->counts.frames_out++;
	if (t->ops.trace != NULL)
		t->ops.trace(t->arg, interface, true, frame, len);
	return true;
}

/* libpri leaves out the identifier of an interface that has the number 0, which is understood as
 * that of the D-channel: of another, when the backup is in service.  Length of the frame with it;
 * 0: it needs none. */
static size_t name_interface(const struct isup_trunk *t, uint8_t *out, const uint8_t *frame,
			     size_t len)
{
	enum { PRIMARY_RATE = 0x20, EXPLICIT = 0x40, SELECTION = 0x03, INDICATED = 0x01 };
	struct q931_message m;
	struct q931_ie ie;

	if (t->conf.interface_count == 0 || !q931_parse(&m, frame, len) ||
	    !q931_find(&m, Q931_IE_CHANNEL, &ie) || ie.len == 0 ||
	    (ie.data[0] & (PRIMARY_RATE | EXPLICIT | SELECTION)) != (PRIMARY_RATE | INDICATED))
		return 0;
	size_t at = (size_t)(ie.data - frame);
	memcpy(out, frame, at + 1);
	out[at - 1]++;
	out[at] |= EXPLICIT;
	out[at + 1] = 0x80;
	memcpy(out + at + 2, frame + at + 1, len - at - 1);
	return len + 1;
}

/* A frame the line refuses is as good as lost on it: LAPD repeats.  libpri would log each. */
static int on_pri_write(struct pri *pri, void *buf, int size)
{
	struct isup_trunk *t = pri_get_userdata(pri);
	size_t len = (size_t)size - FCS_OCTETS; /* those octets are garbage */
	uint8_t other[ISUP_FRAME_MAX], named[ISUP_FRAME_MAX];

	note_answer(t, buf, len);
	trunk_call_mend_release(t, buf, len);
	size_t other_len = extras_frame(t, other, buf, len);
	if (other_len != 0) {
		buf = other;
		len = other_len;
	}
	size_t named_len = len < sizeof(named) ? name_interface(t, named, buf, len) : 0;
	if (named_len != 0) {
		buf = named;
		len = named_len;
	}
	if (t->near != NULL)
		backup_from_libpri(t, buf, len);
	else
		trunk_send_frame(t, 0, buf, len);
	return size;
}

static const char *pri_trunk_name(struct pri *pri)
{
	const struct isup_trunk *t = pri != NULL ? pri_get_userdata(pri) : NULL;

	return t != NULL ? t->conf.name : "libpri";
}

static int line_length(const char *s)
{
	return (int)strcspn(s, "\r\n");
}

static void on_pri_message(struct pri *pri, char *s)
{
	const struct isup_trunk *t = pri != NULL ? pri_get_userdata(pri) : NULL;

	if (t == NULL || !t->probing) /* it complains about each pointer it does not know */
		log_line(LOG_ISUP, LOG_DEBUG, "%s: %.*s", pri_trunk_name(pri), line_length(s), s);
}

static void on_pri_error(struct pri *pri, char *s)
{
	static struct log_limit limit;

	log_limited(&limit, 10000, LOG_ISUP, LOG_WARN, "%s: %.*s", pri_trunk_name(pri),
		    line_length(s), s);
}

/* When both sides sent SABME, the second one, up to half a second after the link is up, clears what
 * is under way (Q.921 5.5.1.2): a SETUP or RESTART would be lost.  Likewise when the far side
 * establishes the link anew while ours is up. */
static void on_settled(void *arg)
{
	struct isup_trunk *t = arg;
	bool first = !t->was_up;

	t->was_up = true;
	t->usable = true;
	trunk_deliver(t);
	flap_on_up(t);
	service_update(t);
	if (first && t->conf.restart_on_start && t->conf.restart_interface)
		restart_begin_interface(t);
	else if (first && t->conf.restart_on_start)
		restart_begin_each(t);
	restart_resume(t);
}

static void settle(struct isup_trunk *t)
{
	timer_start(t->loop, &t->settle_timer, LINK_SETTLES_MS, on_settled, t);
}

/* What DISCONNECT or RELEASE was to say is lost with the link: such calls are over (Q.931 5.8.9),
 * and RESTART tells the far side when the link is back. */
static void drop_clearing_calls(struct isup_trunk *t)
{
	struct isup_call *next;

	for (struct isup_call *c = t->calls; c != NULL; c = next) {
		next = c->next;
		if (c->state == CALL_CLEARING || c->state == CALL_DISCONNECTED)
			trunk_call_finish(c, Q850_DESTINATION_OUT_OF_ORDER);
	}
}

static void set_up(struct isup_trunk *t, bool up)
{
	/* SERVICE for the whole interface makes libpri report the D-channel; LAPD says otherwise.
	 */
	if (t->reading_service && t->reading_accepted) {
		if (!t->reading_service_ack)
			service_on_interface(t, up ? ISUP_IN_SERVICE : ISUP_OUT_OF_SERVICE);
		return;
	}
	if (t->up == up)
		return;
	t->up = up;
	log_line(LOG_ISUP, LOG_INFO, "%s: D-channel %s", t->conf.name, up ? "up" : "down");
	if (up) {
		settle(t);
		return;
	}
	timer_stop(&t->settle_timer);
	t->usable = false;
	t->counts.dchan_downs++;
	restart_stop(t);
	service_stop(t);
	flap_on_down(t);
	drop_clearing_calls(t);
	trunk_deliver(t);
}

/* ev lives inside libpri and changes with the next entry, so each handler takes what it needs
 * before it calls back. */
static void on_pri_event(struct isup_trunk *t, const pri_event *ev, bool from_timer)
{
	switch (ev->e) {
	case PRI_EVENT_DCHAN_UP: set_up(t, true); break;
	case PRI_EVENT_DCHAN_DOWN: set_up(t, false); break;
	case PRI_EVENT_RESTART: restart_on_request(t, ev->restart.channel); break;
	case PRI_EVENT_RESTART_ACK: restart_on_ack(t, ev->restartack.channel); break;
	case PRI_EVENT_SERVICE:
		service_on_message(t, ev->service.channel, ev->service.changestatus);
		break;
	case PRI_EVENT_SERVICE_ACK:
		service_on_ack(t, ev->service_ack.channel, ev->service_ack.changestatus);
		break;
	case PRI_EVENT_CONFIG_ERR:
		log_limited(&t->conf_log, 60000, LOG_ISUP, LOG_ERROR, "%s: %s", t->conf.name,
			    ev->err.err);
		break;
	default: trunk_call_on_pri_event(t, ev, from_timer); break;
	}
}

static void on_timer(void *arg)
{
	struct isup_trunk *t = arg;

	trunk_enter(t);
	trunk_leave(t);
}

static void forget_frame(struct isup_trunk *t)
{
	t->reading_next = NO_FRAME;
	t->reading_accepted = false;
	t->reading_reset = false;
	t->reading_service = t->reading_service_ack = false;
	t->reading_channel = t->reading_interface = false;
	t->reading_disconnect = false;
	t->reading_cause = 0;
	t->reading_name_follows = false;
	t->reading_location_user = false;
	t->reading_inband = false;
	t->reading_extras = (struct isup_purpose){0};
}

/* NI-2 informationFollowing (GR-1367): its operation is 1.2.840.10005.0.4. */
static bool announces_name(const struct isup_trunk *t, const struct q931_message *m)
{
	enum { INFORMATION_FOLLOWING = 4 };
	struct q931_walk w;
	struct q931_ie ie;

	if (t->conf.switch_type == ISUP_QSIG || t->conf.switch_type == ISUP_EUROISDN)
		return false;
	q931_walk_start(&w, m);
	while (q931_walk_next(&w, &ie))
		if (ie.codeset == 0 && ie.id == Q931_IE_FACILITY &&
		    q931_facility_invokes(&ie, INFORMATION_FOLLOWING))
			return true;
	return false;
}

/* Notes what libpri will not tell about the frame it is about to read. */
static void look_into(struct isup_trunk *t, const struct rx_frame *f)
{
	struct q931_message m;
	struct q931_ie ie;
	int location;

	forget_frame(t);
	t->reading_reset = (f->data[2] & ~POLL) == SABME && t->usable;
	if (!q931_parse(&m, f->data, f->len))
		return;
	t->reading_accepted = (f->data[2] & 0x03) == 0x03; /* UI is not numbered */
	t->reading_next = (uint8_t)((f->data[2] >> 1) + 1) & 0x7f;
	t->reading_service = q931_service(&m, &t->reading_service_ack);
	t->reading_channel = q931_find(&m, Q931_IE_CHANNEL, &ie);
	t->reading_interface = m.discriminator == Q931_PD && q931_find(&m, Q931_IE_RESTART, &ie) &&
			       ie.len > 0 && (ie.data[0] & 0x06) == 0x06; /* single, or all */
	t->reading_disconnect = m.type == Q931_DISCONNECT && !m.to_originator;
	t->reading_call = m.call_reference;
	if (q931_find(&m, Q931_IE_CAUSE, &ie) && q931_cause(&ie, &t->reading_cause, &location))
		t->reading_location_user = location == 0;
	t->reading_name_follows = m.type == Q931_SETUP && announces_name(t, &m);
	t->reading_inband = q931_progress(&m, Q931_PROGRESS_INBAND);
	extras_read(&t->reading_extras, &m);
}

static void run_timers(struct isup_trunk *t)
{
	pri_event *ev;

	while ((ev = pri_schedule_run(t->pri)) != NULL) {
		pri_event copy = *ev;
		on_pri_event(t, &copy, true);
	}
}

static void run_frames(struct isup_trunk *t)
{
	while (t->rx_count > 0) {
		const struct rx_frame *f = &t->rx[t->rx_first];
		look_into(t, f);
		t->reading = f;
		pri_event *ev = pri_check_event(t->pri);
		if (ev != NULL) {
			pri_event copy = *ev;
			on_pri_event(t, &copy, false);
		}
		if (t->reading_reset)
			trunk_call_end_overlap(t); /* once libpri has answered it */
		trunk_call_after_disconnect(t);
		trunk_call_sweep(t);
		forget_frame(t);
		t->rx_first = (t->rx_first + 1) % RX_QUEUE;
		t->rx_count--;
		run_timers(t); /* zero-length timers carry the rest of what the frame caused */
	}
}

void trunk_enter(struct isup_trunk *t)
{
	t->entered++;
}

void trunk_leave(struct isup_trunk *t)
{
	if (t->entered > 1) {
		t->entered--;
		return;
	}
	do {
		run_frames(t);
		run_timers(t);
		trunk_call_sweep(t);
	} while (t->rx_count > 0);
	t->entered--;

	const struct timeval *next = pri_schedule_next(t->pri);
	if (next == NULL)
		timer_stop(&t->timer);
	else
		timer_start(t->loop, &t->timer, isup_clock_until_ms(next), on_timer, t);
}

/* --- frames in --- */

static void count_bad(struct isup_trunk *t, const uint8_t *frame, size_t len)
{
	char text[160];

	t->counts.frames_bad++;
	log_limited(&t->bad_log, 10000, LOG_ISUP, LOG_WARN, "%s: frame dropped: %s", t->conf.name,
		    isup_frame_text(frame, len, text, sizeof(text)));
}

void isup_trunk_receive(struct isup_trunk *t, unsigned interface, const uint8_t *frame, size_t len)
{
	if (t->closed)
		return;
	t->counts.frames_in++;
	if (t->ops.trace != NULL)
		t->ops.trace(t->arg, interface, false, frame, len);
	if (len < FRAME_MIN || len > ISUP_FRAME_MAX)
		count_bad(t, frame, len);
	else if (t->near != NULL)
		backup_from_line(t, interface, frame, len);
	else if (interface == 0)
		trunk_read(t, frame, len);
}

void trunk_read(struct isup_trunk *t, const uint8_t *frame, size_t len)
{
	struct q931_message m;

	if (t->rx_count == RX_QUEUE) {
		count_bad(t, frame, len);
		return;
	}
	struct rx_frame *f = &t->rx[(t->rx_first + t->rx_count) % RX_QUEUE];
	memcpy(f->data, frame, len);
	f->len = len;
	t->rx_count++;
	if ((frame[2] & ~POLL) == SABME && t->usable)
		settle(t);
	size_t information = q931_content_at(frame, len);
	if (information != 0 && (!q931_parse(&m, frame, len) || screen_forbids(t, &m))) {
		/* Not lost, or LAPD would wait for it: a protocol that libpri passes over. */
		f->data[information] = FOREIGN_PD;
		count_bad(t, frame, len);
	}
	if (t->entered == 0) {
		trunk_enter(t);
		trunk_leave(t);
	}
}

/* --- open, close, settings --- */

static int pri_switch(enum isup_switch type)
{
	switch (type) {
	case ISUP_NI2: return PRI_SWITCH_NI2;
	case ISUP_5ESS: return PRI_SWITCH_LUCENT5E;
	case ISUP_DMS100: return PRI_SWITCH_DMS100;
	case ISUP_4ESS: return PRI_SWITCH_ATT4ESS;
	case ISUP_QSIG: return PRI_SWITCH_QSIG;
	case ISUP_EUROISDN: return PRI_SWITCH_EUROISDN_T1;
	}
	return PRI_SWITCH_UNKNOWN;
}

static void apply_settings(struct isup_trunk *t)
{
	const struct isup_trunk_conf *c = &t->conf;

	pri_set_timer(t->pri, PRI_TIMER_T303, (int)timer_ms(c->t303_ms, T303_MS));
	pri_set_timer(t->pri, PRI_TIMER_T305, (int)timer_ms(c->t305_ms, T305_MS));
	pri_set_timer(t->pri, PRI_TIMER_T308, (int)timer_ms(c->t308_ms, T308_MS));
	pri_set_timer(t->pri, PRI_TIMER_T309, (int)timer_ms(c->t309_ms, T309_MS));
	pri_set_timer(t->pri, PRI_TIMER_T313, NEVER_MS); /* ours, see call.c */
	/* Only so does it write Sending Complete as the call says; else by the switch's type. */
	pri_set_overlapdial(t->pri, c->overlap != ISUP_EN_BLOC);
	pri_hold_enable(t->pri, c->hold); /* else it refuses HOLD by itself, cause 69 */
	/* Where redirections, and in QSIG names (ISO 13868), travel; the others have elements.  On
	 * DMS-100: our SETUPs ask for an ID to transfer the call by.  libpri cannot be told to
	 * stop: with transfer = "off" by reload they go on asking. */
	if (c->switch_type == ISUP_QSIG || c->switch_type == ISUP_EUROISDN ||
	    (c->switch_type == ISUP_DMS100 && c->transfer))
		pri_facility_enable(t->pri);
}

static bool slots_are_good(const struct isup_trunk_conf *conf)
{
	enum { SLOTS = 0x01fffffe };

	if (conf->interface_count > ISUP_INTERFACES_MAX ||
	    (conf->backup != 0 && conf->backup >= conf->interface_count))
		return false;
	for (unsigned i = 0; i < conf->interface_count; i++)
		if ((conf->interfaces[i].bearer_slots & ~(uint32_t)SLOTS) != 0)
			return false;
	return (conf->bearer_slots & ~(uint32_t)SLOTS) == 0;
}

int isup_trunk_open(struct isup_trunk **out, struct loop *loop, const struct isup_trunk_conf *conf,
		    const struct isup_trunk_ops *ops, void *arg)
{
	*out = NULL;
	if (pri_switch(conf->switch_type) == PRI_SWITCH_UNKNOWN || !slots_are_good(conf))
		return -EINVAL;
	struct isup_trunk *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->loop = loop;
	t->conf = *conf;
	t->ops = *ops;
	t->arg = arg;
	t->slot_count =
		isup_slot(conf->interface_count != 0 ? conf->interface_count - 1 : 0, ISUP_SLOTS);
	t->active = t->asked = t->emptying = -1;
	if (conf->backup != 0 && backup_open(t) < 0) {
		free(t);
		return -ENOMEM;
	}

	pri_set_message(on_pri_message);
	pri_set_error(on_pri_error);
	*out = t;       /* already good when ops.send is called: */
	trunk_enter(t); /* libpri sends the first SABME from here on */
	t->pri = pri_new_cb(-1, conf->side == ISUP_NETWORK ? PRI_NETWORK : PRI_CPE,
			    pri_switch(conf->switch_type), on_pri_read, on_pri_write, t);
	if (t->pri == NULL) {
		*out = NULL;
		backup_close(t);
		free(t);
		return -ENOMEM;
	}
	pri_set_service_message_support(t->pri, 1); /* else SERVICE is thrown back, for ever */
	pri_hangup_fix_enable(t->pri, 1);           /* RELEASE COMPLETE only as a first answer */
	pri_connect_ack_enable(t->pri, 1);          /* tells CONNECT ACKNOWLEDGE, for T313 */
	apply_settings(t);
	trunk_leave(t);
	backup_start(t);
	return 0;
}

void isup_trunk_close(struct isup_trunk *t)
{
	if (t == NULL || t->closed)
		return;
	t->closed = true;
	restart_stop(t);
	timer_stop(&t->service_timer);
	timer_stop(&t->flap_timer);
	timer_stop(&t->settle_timer);
	timer_stop(&t->timer);
	task_cancel(&t->deliver);
	backup_close(t);
	for (struct isup_call *c = t->calls; c != NULL; c = c->next) {
		timer_stop(&c->timer);
		timer_stop(&c->grant_timer);
		if (c->pri != NULL)
			pri_destroycall(t->pri, c->pri);
	}
	/* libpri has no function to free t->pri (10 kB); it is never entered again. */
	if (!t->delivering)
		trunk_free(t);
}

void isup_trunk_reconfigure(struct isup_trunk *t, const struct isup_trunk_conf *conf)
{
	t->conf.hunt = conf->hunt;
	t->conf.bearer_slots = conf->bearer_slots & 0x01fffffeu;
	for (unsigned i = 0; i < t->conf.interface_count && i < conf->interface_count; i++)
		t->conf.interfaces[i].bearer_slots = conf->interfaces[i].bearer_slots & 0x01fffffeu;
	t->conf.overlap = conf->overlap;
	t->conf.early_audio = conf->early_audio;
	t->conf.disconnect_audio = conf->disconnect_audio;
	t->conf.user_to_user = conf->user_to_user;
	t->conf.line_information = conf->line_information;
	t->conf.t302_ms = conf->t302_ms;
	t->conf.t304_ms = conf->t304_ms;
	t->conf.t306_ms = conf->t306_ms;
	t->conf.channel = conf->channel;
	t->conf.service = conf->service;
	t->conf.flap_losses = conf->flap_losses;
	t->conf.flap_window_ms = conf->flap_window_ms;
	t->conf.flap_hold_ms = conf->flap_hold_ms;
	t->conf.t316_ms = conf->t316_ms;
	t->conf.n316 = conf->n316;
	t->conf.t303_ms = conf->t303_ms;
	t->conf.t305_ms = conf->t305_ms;
	t->conf.t308_ms = conf->t308_ms;
	t->conf.t309_ms = conf->t309_ms;
	t->conf.t310_ms = conf->t310_ms;
	t->conf.t313_ms = conf->t313_ms;
	apply_settings(t);
	service_update(t); /* of slots that came in */
}

void isup_trunk_line(struct isup_trunk *t, unsigned interface, bool up)
{
	t->line_down[interface] = !up;
	if (t->near != NULL)
		backup_on_line(t);
}

bool isup_trunk_up(const struct isup_trunk *t)
{
	return t->usable;
}

const char *isup_trunk_name(const struct isup_trunk *t)
{
	return t->conf.name;
}

void isup_trunk_counts(const struct isup_trunk *t, struct isup_trunk_counts *out)
{
	*out = t->counts;
}
