/* backup.c - a primary and a backup D-channel (ANSI T1.607 Annex F, Q.931 Annex F).
 *
 *                       +-- lapd -- D-channel 0, of the first interface
 *   libpri -- near end -+
 *                       +-- lapd -- D-channel 1, of the backup's interface
 *
 *   out of service --data link up--> standby --SERVICE, SERVICE ACK--> in service
 *   standby, in service --data link or line lost, SERVICE of the far side, order--> out of service
 *   in service --the other one comes into service--> standby
 *
 * Both data links are up all the time, and one of them carries the calls.  When that one is lost
 * and the other stands by, the far side is asked by SERVICE to take it into service; what the lost
 * link had not delivered follows.  libpri sees none of it: its link ends at ours here, and goes
 * down when neither D-channel is left.  Then only T309 runs.
 *
 * The D-channel in service stays so: there is no way back by itself to one that was repaired.
 * Where both sides ask for different ones, the network's word counts.  A far side that knows no
 * SERVICE for D-channels is taken at its link: it uses the one that is left.  Messages are taken
 * from either; when they keep coming over the other one, the two sides have to agree again.
 *
 * A message whose acknowledgement was lost with the link is delivered twice.  Q.931 passes over the
 * second, but for digits of overlap sending: so those are not repeated, and calls in overlap are
 * ended by the audit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isup/lapd.h"
#include "isup/q931.h"
#include "isup/trunk_internal.h"

enum { ANSWER_MS = 2000, TRIES = 3, PRIMARY_MS = 3000, STRAY_MS = 2000, LAPD_HEADER = 4 };
enum { IN_SERVICE_CHANGE = 0xc0, SERVICE_CALL_REFERENCE = 2, SERVICE_LEN = 12 };
/* Channel identification, octet 3: interface named, primary rate, exclusive, the D-channel */
enum { NAMED = 0x40, DCHANNEL = 0x04, DCHANNEL_NAMED = 0xec };

static unsigned interface_of(const struct isup_trunk *t, unsigned i)
{
	return i == 0 ? 0 : t->conf.backup;
}

static uint8_t id_of(const struct isup_trunk *t, unsigned i)
{
	return t->conf.interfaces[interface_of(t, i)].id;
}

static bool usable(const struct isup_trunk *t, unsigned i)
{
	const struct dchan *d = &t->dchan[i];

	return lapd_up(d->lapd) && !t->line_down[interface_of(t, i)] && !d->ordered_out &&
	       !d->far_out;
}

/* --- SERVICE for a D-channel --- */

static bool parse(struct q931_message *m, uint8_t frame[LAPD_FRAME_MAX], const uint8_t *message,
		  size_t len)
{
	memset(frame, 0, LAPD_HEADER); /* of an I frame */
	memcpy(frame + LAPD_HEADER, message, len);
	return q931_parse(m, frame, LAPD_HEADER + len);
}

static void send_service(struct isup_trunk *t, unsigned over, unsigned about, bool ack,
			 enum isup_service status)
{
	bool national = t->conf.switch_type == ISUP_NI2;
	enum { SERVICE_NATIONAL = 0x07, SERVICE_ATT = 0x0f };
	uint8_t type = national == ack ? SERVICE_ATT : SERVICE_NATIONAL; /* each other's answer */
	const uint8_t message[SERVICE_LEN] = {
		national ? SERVICE_PD_NATIONAL : SERVICE_PD_ATT,
		SERVICE_CALL_REFERENCE,
		ack ? 0x80 : 0,
		0,
		type,
		SERVICE_IE_STATUS,
		1,
		(uint8_t)(IN_SERVICE_CHANGE | status),
		Q931_IE_CHANNEL,
		2,
		DCHANNEL_NAMED,
		(uint8_t)(0x80 | id_of(t, about)),
	};

	t->counts.service_out += !ack;
	lapd_send(t->dchan[over].lapd, message, sizeof(message));
}

/* The D-channel that a SERVICE is about; -1: it is not about one, -2: about one we have not. */
static int about_dchan(const struct isup_trunk *t, const struct q931_message *m, unsigned over)
{
	struct q931_ie ie;

	if (!q931_find(m, Q931_IE_CHANNEL, &ie) || ie.len == 0 || (ie.data[0] & DCHANNEL) == 0)
		return -1;
	if ((ie.data[0] & NAMED) == 0)
		return (int)over;
	for (unsigned i = 0; ie.len > 1 && i < ISUP_DCHANS; i++)
		if ((ie.data[1] & 0x7f) == id_of(t, i))
			return (int)i;
	return -2;
}

/* --- which one is in service --- */

static void reconsider(struct isup_trunk *t);
static void on_answer_timer(void *arg);

static void ask(struct isup_trunk *t, unsigned i)
{
	t->asked = (int)i;
	t->asked_times = 1;
	timer_start(t->loop, &t->dchan_timer, ANSWER_MS, on_answer_timer, t);
	send_service(t, i, i, false, ISUP_IN_SERVICE);
}

/* Ordered out, and the other one is in service now. */
static void leave(struct isup_trunk *t, unsigned i)
{
	t->dchan[i].leaving = false;
	t->dchan[i].ordered_out = true;
	send_service(t, 1 - i, i, false, ISUP_OUT_OF_SERVICE);
	lapd_stop(t->dchan[i].lapd);
}

static void put_in_service(struct isup_trunk *t, unsigned i)
{
	bool over = t->was_active && lapd_up(t->near);
	int before = t->active;

	t->asked = -1;
	timer_stop(&t->dchan_timer);
	if (t->active == (int)i)
		return;
	t->emptying = before >= 0 && lapd_queued(t->dchan[before].lapd) > 0 ? before : -1;
	t->active = (int)i;
	t->switch_ms = loop_now_ms(t->loop);
	t->was_active = true;
	log_line(LOG_ISUP, before < 0 && !over ? LOG_INFO : LOG_WARN,
		 "%s: %s D-channel (interface %u) in service", t->conf.name,
		 i == 0 ? "primary" : "backup", id_of(t, i));
	lapd_start(t->near);
	backup_send_held(t);
	if (over) {
		t->counts.dchan_switches++;
		backup_audit(t);
	}
	if (t->dchan[1 - i].leaving && t->emptying < 0)
		leave(t, 1 - i);
}

/* The link to the far side is gone for libpri as well. */
static void none_left(struct isup_trunk *t)
{
	t->asked = -1;
	timer_stop(&t->dchan_timer);
	backup_drop_held(t);
	if (lapd_up(t->near) && t->was_active)
		log_line(LOG_ISUP, LOG_WARN, "%s: no D-channel is left", t->conf.name);
	lapd_stop(t->near);
}

/* What it did not deliver, the other one will: before what waits already. */
static void take_over(struct isup_trunk *t, unsigned i)
{
	uint8_t message[LAPD_FRAME_MAX], frame[LAPD_HEADER + LAPD_FRAME_MAX];
	struct backup_queue later = t->held;
	struct q931_message m;
	size_t len;

	t->held = (struct backup_queue){0};
	while ((len = lapd_take(t->dchan[i].lapd, message)) > 0)
		if (parse(&m, frame, message, len) && about_dchan(t, &m, i) == -1 &&
		    !(m.discriminator == Q931_PD && m.type == Q931_INFORMATION))
			backup_hold(t, message, len);
	backup_hold_after(t, &later);
	if (t->emptying == (int)i)
		t->emptying = -1;
}

static void lose_active(struct isup_trunk *t)
{
	log_line(LOG_ISUP, LOG_WARN, "%s: D-channel of interface %u lost", t->conf.name,
		 id_of(t, (unsigned)t->active));
	take_over(t, (unsigned)t->active);
	t->active = -1;
}

static void on_primary_waited(void *arg)
{
	struct isup_trunk *t = arg;

	if (t->active < 0 && t->asked < 0 && usable(t, 1))
		ask(t, 1);
}

static void reconsider(struct isup_trunk *t)
{
	if (t->active >= 0 && usable(t, (unsigned)t->active)) {
		if (t->asked >= 0 && !usable(t, (unsigned)t->asked)) {
			t->asked = -1; /* an order that nothing comes of */
			t->dchan[t->active].leaving = false;
		}
		return;
	}
	if (t->active >= 0)
		lose_active(t);
	if (t->asked >= 0 && usable(t, (unsigned)t->asked))
		return;
	t->asked = -1;
	if (usable(t, 0))
		ask(t, 0);
	else if (!usable(t, 1))
		none_left(t);
	else if (t->was_active || t->line_down[0])
		ask(t, 1);
	else /* just opened: the primary goes first, if it comes */
		timer_start(t->loop, &t->dchan_timer, PRIMARY_MS, on_primary_waited, t);
}

static void on_answer_timer(void *arg)
{
	struct isup_trunk *t = arg;
	unsigned i = (unsigned)t->asked;

	if (t->asked < 0)
		return;
	if (t->asked_times < TRIES) {
		t->asked_times++;
		timer_start(t->loop, &t->dchan_timer, ANSWER_MS, on_answer_timer, t);
		send_service(t, i, i, false, ISUP_IN_SERVICE);
		return;
	}
	log_line(LOG_ISUP, LOG_WARN, "%s: no answer to SERVICE for the D-channel of interface %u%s",
		 t->conf.name, id_of(t, i), t->active < 0 ? ": taken as in service" : "");
	if (t->active < 0) {
		put_in_service(t, i);
	} else {
		t->asked = -1;
		t->dchan[1 - i].leaving = false;
	}
}

static void on_service(struct isup_trunk *t, unsigned over, unsigned about,
		       enum isup_service status)
{
	t->counts.service_in++;
	t->dchan[about].far_out = status != ISUP_IN_SERVICE;
	if (status != ISUP_IN_SERVICE) {
		send_service(t, over, about, true, status);
		log_line(LOG_ISUP, LOG_WARN,
			 "%s: far side puts the D-channel of interface %u out of service",
			 t->conf.name, id_of(t, about));
		reconsider(t);
		return;
	}
	if (!usable(t, about)) {
		send_service(t, over, about, true, ISUP_OUT_OF_SERVICE);
		return;
	}
	if (t->asked >= 0 && t->asked != (int)about && t->conf.side == ISUP_NETWORK)
		return; /* ours counts, and is on its way */
	send_service(t, over, about, true, ISUP_IN_SERVICE);
	put_in_service(t, about);
}

/* The far side has another one in service than we have. */
static void agree(struct isup_trunk *t, unsigned theirs)
{
	t->switch_ms = loop_now_ms(t->loop);
	if (t->conf.side == ISUP_NETWORK)
		send_service(t, (unsigned)t->active, (unsigned)t->active, false, ISUP_IN_SERVICE);
	else if (usable(t, theirs))
		put_in_service(t, theirs);
}

static void on_service_ack(struct isup_trunk *t, unsigned about, enum isup_service status)
{
	if (t->asked != (int)about) {
		if (status == ISUP_IN_SERVICE && t->active >= 0 && t->active != (int)about)
			agree(t, about);
		return;
	}
	if (status == ISUP_IN_SERVICE) {
		put_in_service(t, about);
		return;
	}
	log_line(LOG_ISUP, LOG_WARN, "%s: far side refuses the D-channel of interface %u",
		 t->conf.name, id_of(t, about));
	if (t->active < 0)
		return; /* it may not have the link up yet: the timer asks again */
	t->asked = -1;
	timer_stop(&t->dchan_timer);
	t->dchan[1 - about].leaving = false;
}

/* True: it was about a D-channel, and is done with. */
static bool take_service(struct isup_trunk *t, unsigned over, const struct q931_message *m)
{
	struct q931_ie ie;
	bool ack;

	if (!q931_service(m, &ack))
		return false;
	int about = about_dchan(t, m, over);
	if (about == -1)
		return false;
	if (about < 0 || !q931_find(m, SERVICE_IE_STATUS, &ie) || ie.len < 1 ||
	    (ie.data[0] & 0x0f) > ISUP_OUT_OF_SERVICE) {
		t->counts.frames_bad++;
		return true;
	}
	enum isup_service status = ie.data[0] & 0x0f;
	if (ack)
		on_service_ack(t, (unsigned)about, status);
	else
		on_service(t, over, (unsigned)about, status);
	return true;
}

/* --- the links --- */

static unsigned index_of(const struct dchan *d)
{
	return (unsigned)(d - d->trunk->dchan);
}

static bool on_line_send(void *arg, const uint8_t *frame, size_t len)
{
	const struct dchan *d = arg;

	return trunk_send_frame(d->trunk, interface_of(d->trunk, index_of(d)), frame, len);
}

static void on_line_message(void *arg, const uint8_t *message, size_t len)
{
	const struct dchan *d = arg;
	struct isup_trunk *t = d->trunk;
	uint8_t frame[LAPD_HEADER + LAPD_FRAME_MAX];
	struct q931_message m;
	unsigned i = index_of(d);

	if (!parse(&m, frame, message, len)) {
		t->counts.frames_bad++;
		return;
	}
	if (take_service(t, i, &m))
		return;
	/* The far side has gone over without a word, or ours was lost. */
	if (t->active < 0 && usable(t, i))
		put_in_service(t, i);
	else if (t->active != (int)i && t->asked < 0 && m.discriminator == Q931_PD &&
		 loop_now_ms(t->loop) - t->switch_ms > STRAY_MS)
		agree(t, i);
	if (m.discriminator == Q931_PD && m.type == Q931_STATUS &&
	    t->counts.audits_answered < t->counts.audits_asked)
		t->counts.audits_answered++;
	if (lapd_up(t->near))
		lapd_send(t->near, message, len);
}

static void on_line_state(void *arg, bool up)
{
	struct dchan *d = arg;
	struct isup_trunk *t = d->trunk;
	uint8_t old[LAPD_FRAME_MAX];

	log_line(LOG_ISUP, LOG_INFO, "%s: data link of interface %u %s", t->conf.name,
		 id_of(t, index_of(d)), up ? "up" : "down");
	if (up)
		d->far_out = false; /* it says so again */
	else if (t->emptying == (int)index_of(d))
		take_over(t, index_of(d));
	reconsider(t);
	backup_send_held(t);
	while (!up && lapd_take(d->lapd, old) > 0)
		; /* SERVICE for a state of things that is over */
}

/* The last message over the old one has arrived: now the new one. */
static void on_line_drained(void *arg)
{
	struct dchan *d = arg;
	struct isup_trunk *t = d->trunk;

	if (t->emptying != (int)index_of(d))
		return;
	t->emptying = -1;
	backup_send_held(t);
	if (d->leaving && t->active >= 0)
		leave(t, index_of(d));
}

static bool on_near_send(void *arg, const uint8_t *frame, size_t len)
{
	trunk_read(arg, frame, len);
	return true;
}

static void on_near_message(void *arg, const uint8_t *message, size_t len)
{
	backup_message(arg, message, len);
}

static void on_near_state(void *arg, bool up)
{
}

static void on_near_drained(void *arg)
{
}

void backup_from_libpri(struct isup_trunk *t, const uint8_t *frame, size_t len)
{
	lapd_receive(t->near, frame, len);
}

void backup_from_line(struct isup_trunk *t, unsigned interface, const uint8_t *frame, size_t len)
{
	for (unsigned i = 0; i < ISUP_DCHANS; i++)
		if (interface_of(t, i) == interface)
			lapd_receive(t->dchan[i].lapd, frame, len);
}

void backup_on_line(struct isup_trunk *t)
{
	reconsider(t);
}

/* --- for people --- */

bool isup_trunk_dchan(const struct isup_trunk *t, unsigned dchan, struct isup_dchan *out)
{
	if (t->near == NULL || dchan >= ISUP_DCHANS)
		return false;
	const struct dchan *d = &t->dchan[dchan];
	out->interface = interface_of(t, dchan);
	out->id = id_of(t, dchan);
	out->state = d->ordered_out                                      ? ISUP_DCHAN_OUT_BY_US
		     : d->far_out                                        ? ISUP_DCHAN_OUT_BY_FAR
		     : !lapd_up(d->lapd) || t->line_down[out->interface] ? ISUP_DCHAN_OUT_OF_SERVICE
		     : t->active == (int)dchan                           ? ISUP_DCHAN_IN_SERVICE
		     : t->asked == (int)dchan                            ? ISUP_DCHAN_WAITING
									 : ISUP_DCHAN_STANDBY;
	return true;
}

int isup_trunk_dchan_switch(struct isup_trunk *t)
{
	if (t->near == NULL)
		return -ENOTSUP;
	if (t->asked >= 0)
		return -EALREADY;
	if (t->active < 0 || !usable(t, 1 - (unsigned)t->active))
		return -ENETDOWN;
	ask(t, 1 - (unsigned)t->active);
	return 0;
}

bool isup_trunk_dchan_switching(const struct isup_trunk *t)
{
	return t->asked >= 0;
}

int isup_trunk_dchan_order(struct isup_trunk *t, unsigned dchan, bool in)
{
	if (t->near == NULL)
		return -ENOTSUP;
	struct dchan *d = &t->dchan[dchan];
	if (in) {
		d->ordered_out = d->leaving = false;
		lapd_start(d->lapd);
		return 0;
	}
	if (d->ordered_out)
		return 0;
	if (t->active != (int)dchan && t->active >= 0) {
		leave(t, dchan);
		return 0;
	}
	int r = isup_trunk_dchan_switch(t);
	if (r == 0)
		d->leaving = true;
	return r;
}

/* --- life --- */

int backup_open(struct isup_trunk *t)
{
	static const struct lapd_ops line_ops = {on_line_send, on_line_message, on_line_state,
						 on_line_drained};
	static const struct lapd_ops near_ops = {on_near_send, on_near_message, on_near_state,
						 on_near_drained};
	bool network = t->conf.side == ISUP_NETWORK;
	int r = lapd_open(&t->near, t->loop, !network, &near_ops, t);

	for (unsigned i = 0; i < ISUP_DCHANS && r == 0; i++) {
		t->dchan[i].trunk = t;
		r = lapd_open(&t->dchan[i].lapd, t->loop, network, &line_ops, &t->dchan[i]);
	}
	if (r < 0)
		backup_close(t);
	return r;
}

void backup_start(struct isup_trunk *t)
{
	for (unsigned i = 0; t->near != NULL && i < ISUP_DCHANS; i++)
		lapd_start(t->dchan[i].lapd);
}

void backup_close(struct isup_trunk *t)
{
	timer_stop(&t->dchan_timer);
	backup_drop_held(t);
	for (unsigned i = 0; i < ISUP_DCHANS; i++)
		lapd_close(t->dchan[i].lapd);
	lapd_close(t->near);
}
