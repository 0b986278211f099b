#include "gateway/call_tones.h"

#include "conf/conf.h"
#include "isup/cause.h"

enum tone_kind call_tone_of_cause(int cause)
{
	switch (cause) {
	case Q850_UNALLOCATED: return TONE_VACANT;
	case Q850_NO_ROUTE_NETWORK:
	case Q850_NO_ROUTE_DESTINATION:
	case Q850_INVALID_NUMBER_FORMAT: return TONE_REORDER;
	case Q850_NORMAL_CLEARING: return TONE_NONE; /* somebody wanted that */
	case Q850_USER_BUSY: return TONE_BUSY;
	case Q850_NUMBER_CHANGED:
	case Q850_DESTINATION_OUT_OF_ORDER: return TONE_INTERCEPT;
	case Q850_NO_CHANNEL:
	case Q850_SWITCH_CONGESTION: return TONE_NO_CIRCUIT;
	default: return TONE_CONGESTION;
	}
}

/* A tone is for who listens; to a modem it is noise. */
static bool is_data(const struct call *c)
{
	return isup_bearer_is_data(c->purpose.bearer);
}

bool call_makes_ringback(const struct call *c)
{
	return !is_data(c) && c->from->makes_ringback && !c->audible;
}

enum tone_kind call_tone(const struct call *c)
{
	if (is_data(c))
		return TONE_NONE;
	switch (c->state) {
	case CALL_COLLECTING:
		return c->from->dial_tone && c->from->dialled[0] == '\0' ? TONE_DIAL : TONE_NONE;
	case CALL_ALERTING:
		/* A phone goes by the RTP that comes; the equipment behind a slot by what it was
		 * told. */
		return call_makes_ringback(c) ||
				       (c->cut_through && !c->audible && c->from->worker != NULL)
			       ? TONE_RINGBACK
			       : TONE_NONE;
	case CALL_FAILING: return call_tone_of_cause(c->why.cause);
	default: return TONE_NONE;
	}
}

bool call_fails_audibly(const struct call *c, enum call_event ev, int cause)
{
	const struct leg *from = c->from;

	if (c->state >= CALL_FAILING || ev == FROM_CLEARING || from == NULL || is_data(c) ||
	    from->tones->failure_tone_ms == 0 || call_tone_of_cause(cause) == TONE_NONE)
		return false;
	/* Who heard the far end's own tones, or an announcement, has been told; who has no path
	 * that could carry a tone cannot be. */
	return !c->audible && (from->worker != NULL || from->media_version != 0);
}
