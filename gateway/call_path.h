/* call_path.h - a call's path: opened when both legs know their ends, or the caller is to hear a
 * tone; kept in step with their media and that tone, made anew when an end becomes another, closed
 * when the call clears.
 *
 * A path has its legs' ends on loan: a leg that goes on, in this call or another, has its end back
 * before the next path is opened with it.  While a connected call has one leg that can be heard, the
 * other being on hold or gone, that one hears music.
 *
 * Signalling thread. */
#ifndef GATEWAY_CALL_PATH_H
#define GATEWAY_CALL_PATH_H

#include "gateway/call.h"

/* Opens the path, or closes one that does not fit, or hands the legs' changed media, or another tone,
 * to it; and tells each leg whether the other has it on hold.  0 or the Q.850 cause of a failure. */
int call_path_sync(struct call *c);
/* Asks for the path back; CALL_PATH_CLOSED follows when there is one.  Idempotent. */
void call_path_close(struct call *c);
/* The worker gave it back: keeps its counts, frees it, posts CALL_PATH_CLOSED. */
void call_path_closed(struct call *c);
/* Frees a leg; the path that has its end keeps that. */
void call_leg_free(struct leg *leg);
/* The call is about to be freed with whatever its path has. */
void call_path_disown(struct call *c);

#endif
