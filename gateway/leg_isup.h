/* leg_isup.h - the ISDN end of a call: a leg over one isup_call.  Signalling thread. */
#ifndef GATEWAY_LEG_ISUP_H
#define GATEWAY_LEG_ISUP_H

#include "gateway/leg.h"
#include "gateway/line.h"

/* The leg of a call that ISUP_SETUP offers.  0 or -ENOMEM. */
int leg_isup_offered(struct leg **out, struct line *line, const struct isup_event *setup);

/* Whether the call around leg must not begin yet: its calling name was announced.  leg then posts
 * FROM_SETUP itself, once the name is there (in call->calling) or the trunk's name_wait_ms over. */
bool leg_isup_holds(struct leg *leg);

/* Sends SETUP on line.  complete: who->called is the whole number, no leg->ops->digits() will follow.
 * 0, or isup_call_start()'s -errno. */
int leg_isup_start(struct leg **out, struct line *line, const struct leg_parties *who,
		   bool complete);

/* An event of the call whose user pointer is leg. */
void leg_isup_event(struct leg *leg, const struct isup_event *ev);

/* The number as the plan knows it: + in front of what is international, by the line's trunk. */
void leg_isup_party(struct leg_party *out, const struct isup_party *in, const struct line *line);

void leg_isup_redirecting(struct leg_redirecting *out, const struct isup_redirecting *in,
			  const struct line *line);

/* Busy or congestion tone is all that its far end sends: it has gone, or cannot be reached.  Nothing
 * for a leg of another kind. */
void leg_isup_tone(struct leg *leg, enum tone_kind tone);

/* Two legs that have met by a transfer: when they share a trunk whose far end takes such calls back,
 * it is asked to.  Nothing for legs of other kinds. */
void leg_isup_hand_over(struct leg *a, struct leg *b);

/* The line a leg runs on; NULL for a leg of another kind. */
const struct line *leg_isup_line(const struct leg *leg);

#endif
