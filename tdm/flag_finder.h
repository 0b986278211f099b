/* flag_finder.h - what one timeslot carries, judged from its octets alone: for a span whose
 * settings nobody knows.
 *
 * HDLC is looked for at any bit alignment and in three forms; a frame with a right FCS and a LAPD
 * address (Q.921 3.2) is proof, flags alone are a hint.  The rest is told apart by windows of
 * 240 ms, of which the last one counts; flags and robbed bits stand for a second against audio.
 * One thread.  Allocates in tdm_flag_finder_new() only.
 */
#ifndef TDM_FLAG_FINDER_H
#define TDM_FLAG_FINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tdm_flag_finder;

enum { TDM_FINDER_WINDOW_OCTETS = 1920 }; /* 80 extended superframes of 24 frames */

enum tdm_slot_kind {
	TDM_SLOT_UNHEARD, /* no window is full yet */
	TDM_SLOT_IDLE,    /* one octet over and over */
	TDM_SLOT_ROBBED,  /* every sixth octet's last bit is signalling: CAS (T1.403 9.1) */
	TDM_SLOT_BUSY,    /* audio, or data without flags */
	TDM_SLOT_FLAGS,   /* HDLC flags, no frame yet */
	TDM_SLOT_HDLC,    /* whole frames */
};

enum tdm_hdlc_form {
	TDM_HDLC_PLAIN,
	TDM_HDLC_INVERTED, /* every bit */
	TDM_HDLC_56K,      /* seven bits of each octet, the last one is 1 */
};
enum { TDM_HDLC_FORMS = 3 };

struct tdm_slot_look {
	enum tdm_slot_kind kind;
	enum tdm_hdlc_form form; /* FLAGS, HDLC */
	uint8_t idle_octet;      /* IDLE */
	bool talking;            /* ROBBED: audio between the signalling bits */
	unsigned flags_percent;  /* of the last window's bits, in that form */
	uint64_t frames;         /* with right FCS and a LAPD address, since new, in that form */
};

int tdm_flag_finder_new(struct tdm_flag_finder **out); /* 0 or -ENOMEM */
void tdm_flag_finder_free(struct tdm_flag_finder *f);
/* The line: octets received, most significant bit first on the line. */
void tdm_flag_finder_in(struct tdm_flag_finder *f, const uint8_t *octets, size_t count);
void tdm_flag_finder_look(const struct tdm_flag_finder *f, struct tdm_slot_look *out);
/* The next good frame, without FCS, of the form that look() tells.  Octets or -EAGAIN.  Frames
 * that nobody takes are kept up to a few, the oldest are dropped. */
ssize_t tdm_flag_finder_recv(struct tdm_flag_finder *f, uint8_t *frame, size_t cap);

#endif
