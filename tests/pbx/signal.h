/* signal.h - what a phone says: silence, a tone, a file, spoken digits, delay markers, call
 * progress tones; and DTMF digits over any of them.
 *
 * One owner.  Levels in dBm0, frequencies in Hz.  The words of a script that make one:
 *   silence | tone [HZ [DBM0]] | digits [DBM0] | marker [DBM0] | ringback | file PATH
 */
#ifndef PBX_SIGNAL_H
#define PBX_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum signal_kind {
	SIGNAL_SILENCE,
	SIGNAL_TONE,
	SIGNAL_DIGITS,
	SIGNAL_MARKER,
	SIGNAL_RINGBACK,
	SIGNAL_FILE
};

struct signal_conf {
	enum signal_kind kind;
	double hz;      /* tone; 0 = the phone's own, signal_own_hz() */
	double dbm0;    /* tone, digits (while a digit sounds), marker (the burst) */
	char path[256]; /* file */
};

/* The tone that tells phone n from the others: 400 + 37 * n Hz, 60 different ones. */
double signal_own_hz(unsigned n);

struct signal;

/* digits: what SIGNAL_DIGITS speaks.  0, -ENOMEM, or a file's error with why (lent) in *why. */
int signal_new(struct signal **out, const struct signal_conf *conf, const char *digits,
	       const char **why);
void signal_free(struct signal *s);
/* Makes the next count samples.  Where a marker starts among them, *marker_at is its index, else
 * -1 (NULL: not wanted). */
void signal_run(struct signal *s, int16_t *pcm, size_t count, int *marker_at);

enum { SIGNAL_DTMF_ON_MS = 100, SIGNAL_DTMF_OFF_MS = 100 };

struct signal_dtmf { /* zeroed = nothing to send */
	char digits[64];
	unsigned at;      /* digit being sent */
	unsigned samples; /* of it sent so far */
};
/* 0, -EINVAL (not digits of DTMF) or -ENOSPC. */
int signal_dtmf_add(struct signal_dtmf *d, const char *digits);
/* While digits are to be sent, replaces the samples; true when it did. */
bool signal_dtmf_run(struct signal_dtmf *d, int16_t *pcm, size_t count);

#endif
