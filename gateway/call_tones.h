/* call_tones.h - who is played a tone by us, and which: one policy for every pair of legs.
 *
 *   COLLECTING  dial tone, once SETUP ACKNOWLEDGE promised it, until the first digit
 *   ALERTING    ringing tone, until the called end's own tones arrive (RFC 3960), where the caller's
 *               side makes none: as it is configured, or because it was told before, by 183 and
 *               progress indicator 8, to listen to what has not come
 *   FAILING     what tells why, where the caller's side does not make that by itself
 *
 * Signalling thread.
 */
#ifndef GATEWAY_CALL_TONES_H
#define GATEWAY_CALL_TONES_H

#include "gateway/call.h"

/* What the caller is to hear of us in the state the call is in. */
enum tone_kind call_tone(const struct call *c);
/* Whether the caller, now that it rings, hears our ringing tone: to be told as tones on the path. */
bool call_makes_ringback(const struct call *c);
/* Whether the caller is to hear why the call ends by that event. */
bool call_fails_audibly(const struct call *c, enum call_event ev, int cause);

/* E.182: what tells a caller of a Q.850 cause. */
enum tone_kind call_tone_of_cause(int cause);

#endif
