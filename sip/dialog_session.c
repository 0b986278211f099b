/* dialog_session.c - session timers, RFC 4028: a far side that is gone does not keep the call.
 *
 * A far side that knows no session timer is refreshed by us all the same: whatever it answers, it
 * is there.
 */
#include "sip/dialog_impl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SESSION_MIN_S = 90, SESSION_MAX_S = 1 << 20, MARGIN_S = 32 };

enum refresher { REFRESHER_OPEN, REFRESHER_UAC, REFRESHER_UAS };

struct session_header {
	unsigned expires_s; /* 0 = none */
	enum refresher refresher;
	unsigned min_s;
};

/* delta-seconds at the start of a value; 0 = it is none. */
static unsigned seconds(const char *value)
{
	unsigned s = 0;

	for (; *value >= '0' && *value <= '9' && s < SESSION_MAX_S; value++)
		s = s * 10 + (unsigned)(*value - '0');
	return s < SESSION_MAX_S ? s : SESSION_MAX_S;
}

static enum refresher refresher_of(const char *value)
{
	const char *p = strcasestr(value, "refresher");

	if (p == NULL)
		return REFRESHER_OPEN;
	p += strlen("refresher");
	p += strspn(p, " \t=");
	return strncasecmp(p, "uac", 3) == 0   ? REFRESHER_UAC
	       : strncasecmp(p, "uas", 3) == 0 ? REFRESHER_UAS
					       : REFRESHER_OPEN;
}

static struct session_header read_header(const osip_message_t *m)
{
	const char *expires = sip_message_header(m, "Session-Expires", 0);
	const char *min = sip_message_header(m, "Min-SE", 0);
	struct session_header h = {0, REFRESHER_OPEN, SESSION_MIN_S};

	if (expires == NULL)
		expires = sip_message_header(m, "x", 0); /* compact */
	if (expires != NULL) {
		h.expires_s = seconds(expires);
		h.refresher = refresher_of(expires);
	}
	if (min != NULL && seconds(min) > SESSION_MIN_S) /* 5: less than 90 s is no answer */
		h.min_s = seconds(min);
	return h;
}

static bool knows_timer(const osip_message_t *m)
{
	unsigned options = sip_message_options(m, "Supported") | sip_message_options(m, "Require");

	return (options & SIP_OPTION_TIMER) != 0;
}

bool sip_session_is_brief(const struct sip_peer_conf *peer, const osip_message_t *m)
{
	struct session_header h = read_header(m);

	/* 9: who does not know the timer cannot be asked for more. */
	return peer->session_expires_s != 0 && h.expires_s != 0 && h.expires_s < peer->min_se_s &&
	       knows_timer(m);
}

/* --- the timer --- */

static void on_timer(void *arg);

static void start(struct sip_dialog *d, unsigned after_s)
{
	timer_start(d->agent->loop, &d->session.timer, after_s * 1000ull, on_timer, d);
}

/* 10: who does not refresh ends it this long before the end, so that its BYE still counts. */
static unsigned expiry_s(const struct sip_session *s)
{
	unsigned third = s->interval_s / 3;

	return s->interval_s - (third < MARGIN_S ? third : MARGIN_S);
}

static void on_timer(void *arg)
{
	struct sip_dialog *d = arg;
	struct sip_session *s = &d->session;

	if (s->we_refresh && !s->refreshing) {
		s->refreshing = true;
		start(d, expiry_s(s) - s->interval_s / 2);
		sip_dialog_change(d, CHANGE_REFRESH);
		return;
	}
	log_line(LOG_SIP, LOG_INFO, "%s: not refreshed for %u s: it is over", d->call_id,
		 expiry_s(s));
	sip_dialog_bye(d, 102); /* recovery on timer expiry */
	sip_dialog_fail(d, 408, 102);
}

void sip_session_restart(struct sip_dialog *d)
{
	struct sip_session *s = &d->session;

	s->refreshing = false;
	if (s->interval_s != 0)
		start(d, s->we_refresh ? s->interval_s / 2 : expiry_s(s));
}

void sip_session_stop(struct sip_dialog *d)
{
	timer_stop(&d->session.timer);
}

static void set(struct sip_dialog *d, unsigned interval_s, bool we_refresh)
{
	d->session.interval_s = interval_s < SESSION_MIN_S ? SESSION_MIN_S : interval_s;
	d->session.we_refresh = we_refresh;
	sip_session_restart(d);
}

/* --- theirs --- */

void sip_session_accept(struct sip_dialog *d, const osip_message_t *request)
{
	struct session_header h = read_header(request);
	unsigned ours_s = d->peer->conf.session_expires_s, interval_s = ours_s;

	if (ours_s == 0)
		return;
	if (h.expires_s != 0 && h.expires_s < interval_s)
		interval_s = h.expires_s;
	if (interval_s < h.min_s)
		interval_s = h.min_s;
	d->session.min_s = h.min_s;
	/* 9, table 2: it is the far side's to choose, and ours when it does not know the timer. */
	set(d, interval_s, !knows_timer(request) || h.refresher == REFRESHER_UAS);
}

void sip_session_draft_response(struct sip_dialog *d, struct sip_draft *draft,
				const osip_message_t *request)
{
	const struct sip_session *s = &d->session;

	if (s->interval_s == 0)
		return;
	sip_draft_header(draft, "Session-Expires", "%u;refresher=%s", s->interval_s,
			 s->we_refresh ? "uas" : "uac");
	if (knows_timer(request))
		sip_draft_header(draft, "Require", "timer");
}

/* --- ours --- */

void sip_session_draft_request(const struct sip_dialog *d, struct sip_draft *draft)
{
	const struct sip_session *s = &d->session;
	unsigned min_s = d->peer->conf.min_se_s > s->min_s ? d->peer->conf.min_se_s : s->min_s;
	unsigned interval_s = s->interval_s != 0 ? s->interval_s : d->peer->conf.session_expires_s;

	if (d->peer->conf.session_expires_s == 0)
		return;
	if (interval_s < min_s)
		interval_s = min_s;
	if (s->interval_s == 0) /* the first: theirs to choose who refreshes */
		sip_draft_header(draft, "Session-Expires", "%u", interval_s);
	else
		sip_draft_header(draft, "Session-Expires", "%u;refresher=%s", interval_s,
				 s->we_refresh ? "uac" : "uas");
	if (min_s > SESSION_MIN_S)
		sip_draft_header(draft, "Min-SE", "%u", min_s);
}

void sip_session_agreed(struct sip_dialog *d, const osip_message_t *response)
{
	struct session_header h = read_header(response);
	unsigned ours_s = d->peer->conf.session_expires_s;

	if (ours_s == 0)
		return;
	if (h.expires_s != 0)
		set(d, h.expires_s, h.refresher != REFRESHER_UAS);
	else
		set(d, d->session.interval_s != 0 ? d->session.interval_s : ours_s, true);
}

bool sip_session_too_brief(struct sip_dialog *d, const osip_message_t *response)
{
	struct session_header h = read_header(response);
	struct sip_session *s = &d->session;

	if (d->peer->conf.session_expires_s == 0 || h.min_s <= s->min_s ||
	    h.min_s <= d->peer->conf.min_se_s)
		return false;
	s->min_s = h.min_s;
	if (s->interval_s != 0 && s->interval_s < s->min_s)
		s->interval_s = s->min_s;
	return true;
}
