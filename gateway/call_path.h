/* call_path.h - a call's path: opened when both legs know their ends, or the caller is to hear a tone;
 * kept in step with their media and that tone, closed when the call clears.  Signalling thread. */
#ifndef GATEWAY_CALL_PATH_H
#define GATEWAY_CALL_PATH_H

struct call;

/* Opens the path, or hands the legs' changed media, or another tone, to it.  0 or the Q.850 cause of a failure. */
int call_path_sync(struct call *c);
/* Asks for the path back; CALL_PATH_CLOSED follows when there is one.  Idempotent. */
void call_path_close(struct call *c);
/* As close, but what the caller's leg has of it will be used again. */
void call_path_pause(struct call *c);
/* The worker gave it back: keeps its counts, frees it, posts CALL_PATH_CLOSED. */
void call_path_closed(struct call *c);

#endif
