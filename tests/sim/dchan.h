/* dchan.h - the D-channel between a far PBX and the gateway: delay, loss, and a wrench.
 *
 * Frames are addresses, control and information without FCS.  A line carries them in order after a
 * fixed time.  A rule can lose the k-th message of a type for good although LAPD would repeat it:
 * the frame arrives, but its Q.931 message is spoiled so that the receiver ignores it.
 */
#ifndef TESTS_SIM_DCHAN_H
#define TESTS_SIM_DCHAN_H

#include "tests/sim/clock.h"

enum dchan_dir { DCHAN_TO_FAR, DCHAN_TO_GATEWAY };
enum { DCHAN_FRAME_MAX = 300, DCHAN_RULES_MAX = 8 };

struct dchan;
typedef void dchan_receive_fn(void *arg, const uint8_t *frame, size_t len);

/* What arrives at an end goes to its fn. */
void dchan_open(struct dchan **out, const char *name);
void dchan_close(struct dchan *l);
struct dchan *dchan_find(const char *name); /* by the span's name; NULL = none */
void dchan_attach(struct dchan *l, enum dchan_dir to, dchan_receive_fn *fn, void *arg);
void dchan_send(struct dchan *l, enum dchan_dir to, const uint8_t *frame, size_t len);

void dchan_set_delay(struct dchan *l, enum dchan_dir to, unsigned ms);
void dchan_cut(struct dchan *l, bool cut);              /* all frames are lost while cut */
void dchan_set_loss(struct dchan *l, unsigned percent); /* LAPD has to repair it */
/* So many of 100 frames are late by up to ms, and those behind them wait: a line keeps the order. */
void dchan_set_lateness(struct dchan *l, unsigned percent, unsigned ms);
void dchan_set_duplication(struct dchan *l, unsigned percent);
/* The next count Q.931 messages of this type that go in this direction never arrive. */
void dchan_lose(struct dchan *l, enum dchan_dir to, uint8_t message_type, unsigned count);

/* The Q.931 message in a frame: NULL when there is none (RR, SABME ...). */
const uint8_t *dchan_q931(const uint8_t *frame, size_t len, size_t *q931_len);
/* Replaces the information field of the next I-frame in that direction. */
void dchan_replace_next(struct dchan *l, enum dchan_dir to, const uint8_t *q931, size_t len);
#endif
