/* probe_state.h - one span being probed; shared by the files of probe. */
#ifndef GATEWAY_PROBE_STATE_H
#define GATEWAY_PROBE_STATE_H

#include <signal.h>

#include "gateway/probe_judge.h"
#include "gateway/probe_lapd.h"
#include "gateway/probe_line.h"

enum { PROBE_TARGETS_MAX = 32 };

struct probe_target {
	struct tdm_span_conf conf;
	char trunk[16]; /* on it in the configuration, or "" */
	bool taken;     /* a running gateway has it */
};

struct probe_options {
	unsigned limit_ms;
	struct probe_target target[PROBE_TARGETS_MAX];
	unsigned targets;
};

struct probe {
	struct probe_line line;
	struct probe_judge judge;
	struct probe_lapd lapd;
	const char *trunk;
	uint64_t start_ms, shown_ms;
	unsigned limit_ms;
	bool answering; /* frames are handed to lapd */

	unsigned good_ticks; /* in a row, while the line is looked for */
	unsigned slot;       /* of the D-channel, or of where it is asked for; 0 = none */
	bool found;          /* flags or frames were seen in slot */
	enum tdm_hdlc_form form;
	bool asking;
	bool echo[2]; /* while asking, a SABME as we send as user, as network, came in */
	bool looped, drawn; /* the far end said nothing until it was asked */
	bool came_up;       /* layer 2, with us */

	uint64_t slips;        /* since the line was opened last */
	const char *clock_why; /* of line.conf.clock */

	char grid[TDM_SLOTS + 1], shown_grid[TDM_SLOTS + 1];
	unsigned char shown_frames[2][256]; /* sent or not, and what; how many like it */
};

/* probe_target.c: 0, or the exit status. */
int probe_targets_read(struct probe_options *o, int argc, char **argv);

enum { PROBE_CLOCKS_MS = 11000 }; /* what probe_compare_clocks() takes, when there is need */

/* probe_span.c */
bool probe_find_line(struct probe *p); /* false: no good line, or it cannot be opened; was told */
void probe_compare_clocks(struct probe *p); /* when there were slips, and time is left */
unsigned probe_left_ms(const struct probe *p);
/* As probe_line_run(), with p for arg and within the probe's time. */
bool probe_run(struct probe *p, unsigned for_ms, bool (*done)(void *arg));
bool probe_is_interrupted(void *arg);
extern volatile sig_atomic_t probe_interrupted; /* by the person; set in a signal handler */

/* probe_stage.c: each does what it can in its time; what it found is in p. */
void probe_find_dchan(struct probe *p);
void probe_listen(struct probe *p);
void probe_ask(struct probe *p);
void probe_bring_up(struct probe *p);
void probe_hear_messages(struct probe *p);

/* probe_print.c */
void probe_say(const struct probe *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void probe_show_grid(struct probe *p, bool always);
void probe_show_frame(struct probe *p, bool sent, const uint8_t *frame, size_t len);
void probe_print_no_line(const struct probe *p);
/* The findings, and the block to paste.  Whether all was found. */
bool probe_print_findings(const struct probe *p);

#endif
