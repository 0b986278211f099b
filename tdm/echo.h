/* echo.h - takes the echo of a far end's voice out of what a near end sends back.
 *
 *   far end's audio ----+------------------------> near end's line, its hybrid
 *                       | echo_run()                      | echo, near end's audio
 *   far end hears <-----+---------------------------------+
 *
 * 8 kHz, blocks of 80 samples.  Learns the echo path (16 to 128 ms of it), subtracts the echo,
 * and replaces what is left of it by noise like that of the near end.  In double talk, with tones
 * and in silence it keeps what it has learned.  Steps aside for modems: 2100 Hz with phase
 * reversals in either direction (G.165 4, G.168 7), until both directions are quiet again.
 *
 * Knows neither spans nor RTP.  One owner at a time, but echo_report(): any thread.  Running
 * neither allocates nor waits.
 */
#ifndef TDM_ECHO_H
#define TDM_ECHO_H

#include <stdbool.h>
#include <stdint.h>

enum { ECHO_SAMPLES = 80, ECHO_TAIL_MS_MIN = 16, ECHO_TAIL_MS_MAX = 128, ECHO_BULK_MS_MAX = 100 };

struct echo_conf {
	unsigned tail_ms; /* of echo path, from bulk_ms on */
	unsigned bulk_ms; /* the far end's audio is heard at least that much later */
	bool leave_residue; /* what subtraction leaves is passed on, for measurements */
	bool ignore_tones;  /* modems get no way past */
};

struct echo;

/* 0, -EINVAL or -ENOMEM. */
int echo_new(struct echo **out, const struct echo_conf *conf);
void echo_free(struct echo *e);

/* A block both ways, in place: what the far end said, what came from the near end. */
void echo_run(struct echo *e, const int16_t far[ECHO_SAMPLES], int16_t near[ECHO_SAMPLES]);
/* The same in mu-law octets; those of near stay as they are while the canceller steps aside. */
void echo_run_ulaw(struct echo *e, const uint8_t far[ECHO_SAMPLES], uint8_t near[ECHO_SAMPLES]);

/* Everything goes through from now on, or no more. */
void echo_set_off(struct echo *e, bool off);

struct echo_report {
	float erl_db;   /* echo return loss of the path, as learned; 0 = not known */
	float erle_db;  /* how much more is taken away, before the noise takes over; lately */
	unsigned path_ms; /* from when on, in steps of 10, the strongest echo is heard */
	bool converged; /* what is learned is good and in use */
	bool disabled;  /* by a modem's tone, now */
	bool was_disabled;
	unsigned path_changes; /* seen */
};
void echo_report(const struct echo *e, struct echo_report *out);

/* Which arithmetic runs: "plain", "v4", "avx2". */
const char *echo_kernel_name(void);

#endif
