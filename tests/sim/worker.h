/* worker.h - what the tests see of the fake media workers in worker.c, which stand in for
 * gateway/worker.c: no thread, no audio, D-channel frames go to the far PBX of the span's name.
 */
#ifndef TESTS_SIM_WORKER_H
#define TESTS_SIM_WORKER_H

#include <stdbool.h>
#include <stdint.h>

/* Forgets counts and faults; fails when a path of the last test is still open. */
void sim_worker_reset(void);

unsigned sim_worker_open_paths(void);
uint64_t sim_worker_opened(void), sim_worker_closed(void);
/* "t1/23+rtp send recv hears ringback", "t1/5:data+rtp:data": the ends, latest media and tone to the
 * first end of the oldest open path; "" when none, "t1/23 ..." when it has one end. */
const char *sim_worker_path_text(void);
bool sim_worker_has_path(const char *text); /* among all that are open */

/* The next count OPENs are refused with -EAGAIN, as when the ring is full. */
void sim_worker_refuse_opens(unsigned count);
/* The span's debounced alarms (enum tdm_alarm). */
void sim_worker_alarms(const char *span, unsigned alarms);
/* The RTP end of the oldest open path fell silent, or is heard again. */
void sim_worker_no_rtp(bool silent);
/* That end of it, which is listened to, sends a tone: "busy". */
void sim_worker_tone(unsigned end, const char *name);
/* The first RTP came for it. */
void sim_worker_first_rtp(void);

#endif
