/* probe_lapd.h - just enough of Q.921 to bring a D-channel up and to keep the far end talking.
 *
 * It answers SABME, polls and DISC, acknowledges I frames, RESTART and SERVICE, and refuses each
 * SETUP by RELEASE COMPLETE so that no caller waits for a probe.  It repeats nothing: what is lost,
 * is lost, and the far end asks again.  libpri would do all of it too, but speaks a dialect, restarts channels and
 * hides what a probe wants to see.
 * One thread; send may be called from inside probe_lapd_frame().
 */
#ifndef GATEWAY_PROBE_LAPD_H
#define GATEWAY_PROBE_LAPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct probe_lapd {
	bool network; /* the side we play */
	bool up;
	bool asked;   /* SABME sent, no answer yet */
	uint8_t tei; /* 0 on nearly every primary rate line, Q.921 annex A; as the far end has it */
	uint8_t sent, received; /* V(S) and V(R), modulo 128 */
	unsigned refused;       /* calls */
	void (*send)(void *arg, const uint8_t *frame, size_t len);
	void *arg;
};

void probe_lapd_connect(struct probe_lapd *l); /* SABME */
void probe_lapd_disconnect(struct probe_lapd *l);
void probe_lapd_frame(struct probe_lapd *l, const uint8_t *frame, size_t len);

#endif
