/* script.h - what the simulated PBX is told to be: spans, phones, and commands at given times.
 *
 *   # a statement a line; an indented line goes on with the span or phone above it
 *   span t1-1 local 127.0.0.1:2001 peer 127.0.0.1:2000
 *   phone 7101 name "Anna"
 *           answer 1.5 play digits hangup 20
 *   at 3 dial 7101 7134
 *
 * docs/simpbx.md lists every word.  Parsing goes on after an error, so that all are told at once.
 */
#ifndef PBX_SCRIPT_H
#define PBX_SCRIPT_H

#include "isup/trunk.h"
#include "tdm/bert.h"
#include "tdm/span.h"
#include "tests/pbx/hybrid.h"
#include "tests/pbx/signal.h"
#include "tests/pbx/words.h"
#include <stdbool.h>
#include <stdio.h>

enum { SCRIPT_SPANS_MAX = ISUP_INTERFACES_MAX, SCRIPT_DTMF_MAX = 8 };

enum phone_reply { PHONE_ANSWER, PHONE_NEVER, PHONE_REFUSE };

struct phone_conf {
	char number[ISUP_DIGITS_MAX];
	char name[ISUP_NAME_MAX];
	char span[16]; /* it dials out by; "" = the first */
	enum phone_reply reply;
	unsigned alert_ms, answer_ms; /* after SETUP */
	int cause;                    /* refuse */
	bool ringback;                /* ALERTING says tones are on the channel, and they are */
	bool hangs_up;
	unsigned hangup_ms; /* after the answer */
	struct signal_conf play;
	bool bert; /* data: a test pattern once answered, and what comes is checked for it */
	enum tdm_bert_pattern bert_pattern;
	bool echoes;
	struct hybrid_conf hybrid;
	bool marker_listen;
	struct phone_dtmf {
		unsigned after_ms; /* the answer; ascending */
		char digits[32];
	} dtmf[SCRIPT_DTMF_MAX];
	unsigned dtmf_count;
	char record[256]; /* file name, "" = none; %c = call, %n = number */
	bool restricted;  /* caller number not to be shown */
	char connected[ISUP_DIGITS_MAX]; /* answers as this number; "" = as its own, not told */
	unsigned lines;   /* calls at once before it is busy */
	bool quiet;       /* no audio, no events: for load */
};

struct script_span {
	struct tdm_span_conf tdm;
	struct isup_trunk_conf trunk;
	char nfas[16];        /* the span whose D-channel serves it; "" = its own does */
	unsigned nfas_id;     /* its interface identifier there */
	bool nfas_backup;     /* it has the backup D-channel */
	unsigned line; /* where it began, for errors found at the end */
};

struct script_at {
	unsigned at_ms;
	char *command;
};

struct script {
	struct script_span span[SCRIPT_SPANS_MAX];
	unsigned span_count;
	struct phone_conf *phone;
	unsigned phone_count;
	struct script_at *at;
	unsigned at_count;
	/* where parsing is */
	enum { SCRIPT_NOTHING, SCRIPT_SPAN, SCRIPT_PHONE } open;
	unsigned open_first; /* phones first .. phone_count - 1 are being described */
};

void script_init(struct script *s);
void script_free(struct script *s);

/* One line; name and line are for errors, which go to err.  0 or -EINVAL, -ENOMEM. */
int script_line(struct script *s, const char *text, const char *name, unsigned line, FILE *err);
int script_file(struct script *s, const char *path, FILE *err);
/* What can be checked only when all was read. */
int script_check(const struct script *s, const char *name, FILE *err);

void phone_conf_default(struct phone_conf *p);
/* Words that describe a phone, to the end of the line. */
int phone_conf_parse(struct phone_conf *p, struct words *w);
int signal_conf_parse(struct signal_conf *out, struct words *w);

#endif
