/* clock.h - virtual time: a day passes in a second, and the same day every time.
 *
 * clock.c defines clock_gettime() and gettimeofday(), which takes libc's place for our code, libuv
 * and libpri alike.  Time stands still while anything can happen, then jumps to the next moment
 * something is due: in the loop (libuv's timers), in the harness (sim_at), or in the test itself.
 *
 * Units: milliseconds since the program began.  One thread.
 */
#ifndef TESTS_SIM_CLOCK_H
#define TESTS_SIM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

uint64_t sim_now_ms(void);
/* An operator sets the time of day: CLOCK_REALTIME jumps, CLOCK_MONOTONIC does not. */
void sim_step_wall_ms(int64_t by_ms);

/* The loop that runs beside the harness; NULL = none. */
void sim_set_loop(struct loop *loop);

/* Something the harness does later; embedded, zeroed = not due. */
typedef void sim_fn(void *arg);
struct sim_event {
	uint64_t due_ms;
	sim_fn *fn;
	void *arg;
	bool pending;
	struct sim_event *next;
};
void sim_at(struct sim_event *e, uint64_t due_ms, sim_fn *fn, void *arg); /* restarts */
void sim_cancel(struct sim_event *e);

/* After a test that failed half way: nothing is due any more. */
void sim_forget_events(void);

/* Asked in every turn: does what it can without waiting, true = it did something. */
typedef bool sim_poll_fn(void *arg);
void sim_add_poll(sim_poll_fn *fn, void *arg);
void sim_remove_poll(sim_poll_fn *fn, void *arg);

/* Runs until virtual time until_ms, or until stop (may be NULL) says so after a turn.  True: it
 * stopped because of stop. */
bool sim_run(uint64_t until_ms, bool (*stop)(void *arg), void *arg);
/* Runs what can happen now, without moving time. */
void sim_settle(void);

/* Deterministic randomness of the harness. */
void sim_seed(uint64_t seed);
uint32_t sim_random(uint32_t below);

/* What happened, a line each with its time.  Kept, and printed when a test fails; with SIM_VERBOSE
 * in the environment printed at once. */
void sim_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void sim_print_notes(void);
void sim_clear_notes(void);
/* Prints the notes and fails the cmocka test. */
void sim_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
