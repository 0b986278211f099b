/* far.h - the PBX at the other end of a span: libpri's other side, used directly so that a mistake
 * in isup/ is not made a second time here.
 *
 * What arrives is read off the wire by hand (q931text.h) and put in the inbox.  What is sent goes
 * through libpri, or, in raw mode, is written by hand: then only Q.921 is libpri's, and nothing is
 * answered that the test does not answer.
 *
 * Calls are numbered from 1 in the order they appear at this end.
 */
#ifndef TESTS_SIM_FAR_H
#define TESTS_SIM_FAR_H

#include "tests/sim/dchan.h"
#include "tests/sim/inbox.h"

struct far;

struct far_conf {
	const char *name; /* "pbx", for notes */
	const char *span; /* name of the gateway's span */
	bool network;     /* which side libpri plays */
	int switch_type;  /* libpri's PRI_SWITCH_x */
};

void far_open(struct far **out, const struct far_conf *conf);
void far_close(struct far *f);
struct inbox *far_inbox(struct far *f);
struct dchan *far_dchan(struct far *f);
bool far_up(const struct far *f);

/* Hand-written from now on (true). */
void far_set_raw(struct far *f, bool raw);
/* As after a power failure: libpri knows no call any more, and says nothing about it. */
void far_forget(struct far *f);
/* Whether DISCONNECT and RELEASE are answered by themselves, as Q.931 5.3 wants (default true). */
void far_set_answer_clearing(struct far *f, bool answer);

/* Sends: "SETUP called=7134 calling=7101 ch=5", "CALL-PROCEEDING", "ALERTING pi=8", "PROGRESS
 * pi=8", "INFORMATION called=34", "CONNECT", "DISCONNECT cause=16", "RESTART ch=3", "HOLD", "RETRIEVE ch=4" (ch=0: any), "NOTIFY notice=121".  Of SETUP also
 * calling.type=1 called.type=2 (Q.931 4.5.10), calling.screen=3 (raw), restricted, redirecting=7100
 * redirecting.reason=1 original=7099 original.reason=2 redirecting.count=2.  With libpri any
 * clearing word lets it
 * choose the message that is due. */
void far_do(struct far *f, unsigned call, const char *words);

/* The next count messages of this name never arrive: those to it (in), or those it sends. */
void far_lose(struct far *f, bool in, const char *name, unsigned count);

unsigned far_calls(const struct far *f); /* known to libpri and not yet released */
bool far_call_alive(const struct far *f, unsigned call);
unsigned far_next_call(const struct far *f); /* number the next new call gets */
unsigned far_call_channel(const struct far *f, unsigned call);
/* Told of each message as it arrives, beside the inbox: for tests that react by program. */
typedef void far_message_fn(void *arg, unsigned call, const char *words);
void far_set_message_fn(struct far *f, far_message_fn *fn, void *arg);

#endif
