#include "tests/pbx/pbx.h"
#include "tests/pbx/report.h"

#include "isup/q931.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	WATCH_MS = 100,
	FCS_AND_FLAG = 3,
	NOT_INFO = 1,      /* Q.921 3.4: bit 1 of the control field is 0 in I frames only */
	HEADER_OCTETS = 4, /* address and control of an I frame */
};

static void flow_count(struct pbx_flow *f, const uint8_t *frame, size_t len)
{
	f->frames++;
	f->octets += len;
	f->line_octets += len + FCS_AND_FLAG;
	if (len > HEADER_OCTETS && !(frame[2] & NOT_INFO)) {
		f->info_frames++;
		f->info_octets += len;
	}
}

static void trunk_event(void *arg, const struct isup_event *ev)
{
	struct pbx_span *s = arg;

	if (ev->kind == ISUP_TRUNK_UP || ev->kind == ISUP_TRUNK_DOWN) {
		s->up = ev->kind == ISUP_TRUNK_UP;
		report_emit(s->pbx,
			    json_pack("{s:s, s:s}", "event", s->up ? "trunk-up" : "trunk-down",
				      "span", s->conf.tdm.name));
		return;
	}
	pbx_call_event(s, ev);
}

/* A D-channel told to be silent swallows frames: LAPD must find out by itself. */
/* libpri writes no progress indicator into DISCONNECT.  Always the same frame gets it, or LAPD
 * would repeat another one. */
static bool send_announcing(struct pbx_span *s, const uint8_t *frame, size_t len)
{
	/* public network serving the local user; in-band information is there */
	static const uint8_t indicator[] = {Q931_IE_PROGRESS, 2, 0x82, 0x80 | Q931_PROGRESS_INBAND};
	uint8_t longer[ISUP_FRAME_MAX];

	memcpy(longer, frame, len);
	memcpy(longer + len, indicator, sizeof indicator);
	return tdm_dchan_send(s->tdm, longer, len + sizeof indicator) == 0;
}

static bool trunk_send(void *arg, unsigned interface, const uint8_t *frame, size_t len)
{
	struct pbx_span *s = ((struct pbx_span *)arg)->member[interface];
	struct q931_message m;

	if (s->tdm == NULL) /* of the group, but not open yet */
		return false;
	if (s->announces && !s->dchan_silent && len + 4 <= ISUP_FRAME_MAX &&
	    q931_parse(&m, frame, len) && m.discriminator == Q931_PD && m.type == Q931_DISCONNECT)
		return send_announcing(s, frame, len);
	return s->dchan_silent || tdm_dchan_send(s->tdm, frame, len) == 0;
}

static void trunk_trace(void *arg, unsigned interface, bool sent, const uint8_t *frame, size_t len)
{
	struct pbx_span *s = ((struct pbx_span *)arg)->member[interface];
	char text[200];

	flow_count(sent ? &s->sent : &s->received, frame, len);
	if (s->pbx->trace)
		report_emit(s->pbx,
			    json_pack("{s:s, s:s, s:s, s:s}", "event", "frame", "span",
				      s->conf.tdm.name, "dir", sent ? "sent" : "received", "text",
				      isup_frame_text(frame, len, text, sizeof text)));
}

static const struct isup_trunk_ops trunk_ops = {trunk_event, trunk_send, trunk_trace};

static void alarms_follow(struct pbx_span *s)
{
	unsigned alarms = tdm_span_alarms(s->tdm);

	if (alarms == s->alarms)
		return;
	s->alarms = alarms;
	/* The far end not hearing us (yellow) leaves us hearing it; LAPD judges the rest. */
	isup_trunk_line(s->trunk, s->interface, (alarms & ~(unsigned)TDM_ALARM_YELLOW) == 0);
	report_emit(s->pbx, json_pack("{s:s, s:s, s:o}", "event", "alarm", "span", s->conf.tdm.name,
				      "alarms", report_alarms(alarms)));
}

static void tick(struct pbx_span *s)
{
	static tdm_tick rx, tx;
	struct audio_marker sent[TDM_SLOTS + 1], heard;
	uint64_t now_us = pbx_now_us();
	uint32_t mask = 0;

	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		if (s->slot[slot] == NULL)
			continue;
		mask |= 1u << slot;
		audio_talk(s->slot[slot]->audio, tx[slot], now_us, &sent[slot]);
	}
	tdm_span_exchange(s->tdm, mask, rx, tx);
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		struct pbx_call *c = s->slot[slot];
		if (c == NULL)
			continue;
		if (sent[slot].seen)
			pbx_call_marker(c, &sent[slot], true);
		audio_listen(c->audio, rx[slot], now_us, &heard);
		if (heard.seen)
			pbx_call_marker(c, &heard, false);
	}
}

static void on_span(uv_poll_t *poll, int status, int events)
{
	struct pbx_span *s = poll->data;
	uint8_t frame[TDM_FRAME_MAX];
	ssize_t len;

	for (unsigned ticks = tdm_span_service(s->tdm); ticks > 0; ticks--)
		tick(s);
	while ((len = tdm_dchan_recv(s->tdm, frame, sizeof frame)) >= 0) {
		if (!s->dchan_silent)
			isup_trunk_receive(s->trunk, s->interface, frame, (size_t)len);
	}
	alarms_follow(s);
}

static void on_watch(void *arg)
{
	struct pbx_span *s = arg;

	alarms_follow(s);
	timer_start(s->pbx->loop, &s->watch, WATCH_MS, on_watch, s);
}

void pbx_span_group(struct pbx *p)
{
	for (unsigned i = 0; i < p->span_count; i++) {
		struct pbx_span *s = &p->span[i];
		struct script_span *conf = &s->conf;
		if (conf->nfas[0] == '\0') {
			s->first = s->member[0] = s;
			conf->trunk.interfaces[0].bearer_slots = conf->trunk.bearer_slots;
			continue;
		}
		s->first = pbx_span_find(p, conf->nfas);
		struct isup_trunk_conf *trunk = &s->first->conf.trunk;
		if (trunk->interface_count == 0)
			trunk->interface_count = 1;
		s->interface = trunk->interface_count++;
		s->first->member[s->interface] = s;
		if (conf->nfas_backup) {
			trunk->backup = s->interface;
		} else {
			conf->trunk.bearer_slots |= 1u << conf->tdm.dchan_slot & ~1u;
			conf->tdm.dchan_slot = 0;
		}
		trunk->interfaces[s->interface] =
			(struct isup_interface){(uint8_t)conf->nfas_id, conf->trunk.bearer_slots};
	}
}

struct pbx_span *pbx_span_of_slot(const struct pbx_span *s, unsigned slot)
{
	return s->first->member[isup_slot_interface(slot)];
}

int pbx_span_open(struct pbx_span *s, char *err, size_t err_size)
{
	struct loop *loop = s->pbx->loop;
	int rc = tdm_span_open(&s->tdm, &s->conf.tdm, err, err_size);

	if (rc < 0)
		return rc;
	s->alarms = tdm_span_alarms(s->tdm);
	if (s->alarms &
	    TDM_ALARM_GONE) { /* a card may come later: a gateway waits, a test must not */
		tdm_span_describe(s->tdm, err, err_size);
		rc = -ENODEV;
		goto fail;
	}
	s->trunk = s->first->trunk;
	if (s->first == s)
		rc = isup_trunk_open(&s->trunk, loop, &s->conf.trunk, &trunk_ops, s);
	if (rc < 0) {
		snprintf(err, err_size, "span %s: the trunk cannot start: %s", s->conf.tdm.name,
			 strerror(-rc));
		goto fail;
	}
	isup_trunk_line(s->trunk, s->interface, (s->alarms & ~(unsigned)TDM_ALARM_YELLOW) == 0);
	rc = uv_poll_init(&loop->uv, &s->poll, tdm_span_fd(s->tdm));
	if (rc < 0) {
		snprintf(err, err_size, "span %s: cannot poll: %s", s->conf.tdm.name,
			 uv_strerror(rc));
		goto fail;
	}
	s->polling = true;
	s->poll.data = s;
	uv_poll_start(&s->poll, UV_READABLE, on_span);
	on_watch(s);
	return 0;
fail:
	pbx_span_close(s);
	return rc;
}

void pbx_span_close(struct pbx_span *s)
{
	timer_stop(&s->watch);
	if (s->polling)
		uv_close((uv_handle_t *)&s->poll, NULL);
	s->polling = false;
	if (s->trunk != NULL && s->first == s)
		isup_trunk_close(s->trunk);
	if (s->tdm != NULL)
		tdm_span_close(s->tdm);
	s->trunk = NULL;
	s->tdm = NULL;
}
