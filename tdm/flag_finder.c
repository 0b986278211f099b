/* flag_finder.c - see flag_finder.h. */
#include "tdm/flag_finder.h"
#include "tdm/hdlc.h"
#include "tdm/span.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FLAG = 0x7e,
	FLAGS_PERCENT_MIN = 50, /* chance makes 3, an idle D-channel 100 */
	IDLE_PERCENT_MIN = 98,
	SUPERFRAME = 24, /* of ESF; D4's 12 divide it */
	ROBBED_EVERY = 6,
	VARYING_MIN = 15, /* of the 20 frames of a superframe that carry no signalling */
	SAME_MAX = 320,   /* octets: longer than any frame */
	KEPT_FRAMES = 8,
	HELD_WINDOWS = 4,
};

struct kept {
	uint16_t len;
	uint8_t octets[TDM_FRAME_MAX];
};

/* One way of reading the slot as HDLC. */
struct form {
	struct tdm_hdlc *hdlc;
	uint8_t last_bits; /* the last eight */
	unsigned flags, bits;
	unsigned percent; /* flags in the window before this one */
	uint8_t packed;   /* 56k: bits that do not make an octet yet */
	unsigned packed_bits;
	uint64_t frames;
	struct kept kept[KEPT_FRAMES];
	unsigned first, count;
};

struct tdm_flag_finder {
	struct form form[TDM_HDLC_FORMS];
	uint8_t last_octet;
	unsigned same; /* times it came in a row */
	/* this window */
	unsigned octets;
	unsigned histogram[256];
	unsigned last_bit_ones[SUPERFRAME];
	/* of the last whole one */
	enum tdm_slot_kind kind; /* not HDLC, for which frames count */
	unsigned held;           /* windows for which kind still stands against audio */
	enum tdm_hdlc_form flags_form;
	uint8_t idle_octet;
	bool talking;
};

int tdm_flag_finder_new(struct tdm_flag_finder **out)
{
	struct tdm_flag_finder *f = calloc(1, sizeof(*f));

	*out = NULL;
	if (f == NULL)
		return -ENOMEM;
	for (int i = 0; i < TDM_HDLC_FORMS; i++) {
		if (tdm_hdlc_new(&f->form[i].hdlc) < 0) {
			tdm_flag_finder_free(f);
			return -ENOMEM;
		}
	}
	*out = f;
	return 0;
}

void tdm_flag_finder_free(struct tdm_flag_finder *f)
{
	if (f == NULL)
		return;
	for (int i = 0; i < TDM_HDLC_FORMS; i++)
		tdm_hdlc_free(f->form[i].hdlc);
	free(f);
}

/* --- HDLC -------------------------------------------------------------------------------- */

/* Q.921 3.2: the first address octet says that another follows, the second that it is the last. */
static bool is_lapd(const uint8_t *frame, size_t len)
{
	return len >= 3 && (frame[0] & 1) == 0 && (frame[1] & 1) == 1;
}

static void keep(struct form *m, const uint8_t *frame, size_t len)
{
	if (m->count == KEPT_FRAMES) {
		m->first = (m->first + 1) % KEPT_FRAMES;
		m->count--;
	}
	struct kept *k = &m->kept[(m->first + m->count++) % KEPT_FRAMES];
	k->len = (uint16_t)len;
	memcpy(k->octets, frame, len);
	m->frames++;
}

static void form_in(struct form *m, uint8_t octet, unsigned bits, bool feed)
{
	uint8_t frame[TDM_FRAME_MAX];
	ssize_t len;

	for (unsigned i = 0; i < bits; i++) {
		m->last_bits = (uint8_t)(m->last_bits << 1 | (octet >> (7 - i) & 1));
		m->flags += m->last_bits == FLAG;
	}
	m->bits += bits;
	if (!feed)
		return;
	tdm_hdlc_line_in(m->hdlc, &octet, 1);
	while ((len = tdm_hdlc_recv(m->hdlc, frame, sizeof(frame))) >= 0)
		if (is_lapd(frame, (size_t)len))
			keep(m, frame, (size_t)len);
}

/* Seven bits of each octet, one after another. */
static void form_56k_in(struct form *m, uint8_t octet, bool feed)
{
	for (int bit = 7; bit >= 1; bit--) {
		m->packed = (uint8_t)(m->packed << 1 | (octet >> bit & 1));
		if (++m->packed_bits == 8) {
			form_in(m, m->packed, 8, feed);
			m->packed_bits = 0;
		}
	}
}

/* --- everything else, a window at a time ----------------------------------------------------- */

/* Of the last bits of one frame of the superframe, over the window: always 0, always 1, or
 * neither. */
enum constant { ALWAYS_0, ALWAYS_1, VARIES };

static enum constant constant_of(unsigned ones)
{
	if (ones == 0)
		return ALWAYS_0;
	return ones == TDM_FINDER_WINDOW_OCTETS / SUPERFRAME ? ALWAYS_1 : VARIES;
}

/* With signalling in frames phase, phase + 6, ...: those stand still, and the others move as audio
 * does, or stand still at another value. */
static bool robbed_at(const enum constant *c, unsigned phase, bool *talking)
{
	unsigned signalling[3] = {0}, others[3] = {0};

	for (unsigned i = 0; i < SUPERFRAME; i++)
		(i % ROBBED_EVERY == phase ? signalling : others)[c[i]]++;
	if (signalling[VARIES] != 0)
		return false;
	*talking = others[VARIES] >= VARYING_MIN;
	return *talking || (others[ALWAYS_1] == SUPERFRAME - SUPERFRAME / ROBBED_EVERY &&
			    signalling[ALWAYS_0] != 0);
}

static bool is_robbed(const struct tdm_flag_finder *f, bool *talking)
{
	enum constant c[SUPERFRAME];

	for (unsigned i = 0; i < SUPERFRAME; i++)
		c[i] = constant_of(f->last_bit_ones[i]);
	for (unsigned phase = 0; phase < ROBBED_EVERY; phase++)
		if (robbed_at(c, phase, talking))
			return true;
	return false;
}

/* Of the window that ends now. */
static enum tdm_slot_kind window_kind(struct tdm_flag_finder *f)
{
	unsigned most = 0;

	for (unsigned octet = 1; octet < 256; octet++)
		if (f->histogram[octet] > f->histogram[most])
			most = octet;
	f->idle_octet = (uint8_t)most;
	if (is_robbed(f, &f->talking))
		return TDM_SLOT_ROBBED;
	return f->histogram[most] * 100 >= IDLE_PERCENT_MIN * TDM_FINDER_WINDOW_OCTETS
		       ? TDM_SLOT_IDLE
		       : TDM_SLOT_BUSY;
}

static unsigned last_bits_percent(const struct tdm_flag_finder *f)
{
	unsigned ones = 0;

	for (unsigned i = 0; i < SUPERFRAME; i++)
		ones += f->last_bit_ones[i];
	return ones * 100 / TDM_FINDER_WINDOW_OCTETS;
}

/* Octets that a slip, or a lost packet, put in or took away make of flags and robbed bits what
 * looks like audio: only when it goes on is it audio. */
static void set_kind(struct tdm_flag_finder *f, enum tdm_slot_kind kind)
{
	if (kind == TDM_SLOT_BUSY && f->held > 0) {
		f->held--;
		return;
	}
	f->held = kind == TDM_SLOT_ROBBED || kind == TDM_SLOT_FLAGS ? HELD_WINDOWS : 0;
	f->kind = kind;
}

static void end_window(struct tdm_flag_finder *f)
{
	enum tdm_slot_kind kind = window_kind(f);

	for (int i = 0; i < TDM_HDLC_FORMS; i++) {
		struct form *m = &f->form[i];
		m->percent = m->flags * 8 * 100 / m->bits;
		m->flags = m->bits = 0;
	}
	/* Flags that share their zeros are seven bits long: 0x7e again and again is flags of 64
	 * kbit/s, and 0x7f again and again is what idle channels of channel banks carry. */
	if (kind == TDM_SLOT_IDLE || last_bits_percent(f) < IDLE_PERCENT_MIN)
		f->form[TDM_HDLC_56K].percent = 0;
	for (int i = TDM_HDLC_FORMS - 1; i >= 0; i--) {
		if (f->form[i].percent < FLAGS_PERCENT_MIN)
			continue;
		kind = TDM_SLOT_FLAGS;
		f->flags_form = (enum tdm_hdlc_form)i;
	}
	set_kind(f, kind);
	f->octets = 0;
	memset(f->histogram, 0, sizeof(f->histogram));
	memset(f->last_bit_ones, 0, sizeof(f->last_bit_ones));
}

void tdm_flag_finder_in(struct tdm_flag_finder *f, const uint8_t *octets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t octet = octets[i];
		f->same = octet == f->last_octet ? f->same + 1 : 0;
		f->last_octet = octet;
		/* All ones or all zeros: an abort or too long for a frame, so that more of it
		 * leaves the receivers as they are.  An idle line is the most there is. */
		bool feed = f->same < SAME_MAX || (octet != 0xff && octet != 0);
		form_in(&f->form[TDM_HDLC_PLAIN], octet, 8, feed);
		form_in(&f->form[TDM_HDLC_INVERTED], (uint8_t)~octet, 8, feed);
		form_56k_in(&f->form[TDM_HDLC_56K], octet, feed);
		f->histogram[octet]++;
		f->last_bit_ones[f->octets % SUPERFRAME] += octet & 1;
		if (++f->octets == TDM_FINDER_WINDOW_OCTETS)
			end_window(f);
	}
}

/* --- the verdict ----------------------------------------------------------------------------- */

/* That with the most frames; without any, that of the flags. */
static enum tdm_hdlc_form best_form(const struct tdm_flag_finder *f)
{
	int best = (int)f->flags_form;

	for (int i = 0; i < TDM_HDLC_FORMS; i++)
		if (f->form[i].frames > f->form[best].frames)
			best = i;
	return (enum tdm_hdlc_form)best;
}

void tdm_flag_finder_look(const struct tdm_flag_finder *f, struct tdm_slot_look *out)
{
	enum tdm_hdlc_form best = best_form(f);
	const struct form *m = &f->form[best];

	*out = (struct tdm_slot_look){
		.kind = f->kind,
		.form = best,
		.idle_octet = f->idle_octet,
		.talking = f->talking,
		.flags_percent = m->percent,
		.frames = m->frames,
	};
	/* In audio a 16-bit FCS is right by chance once in some hours of a slot: one frame is proof
	 * only where nothing else goes on. */
	if (m->frames >= 2 ||
	    (m->frames == 1 && (f->kind == TDM_SLOT_FLAGS || f->kind == TDM_SLOT_IDLE)))
		out->kind = TDM_SLOT_HDLC;
}

ssize_t tdm_flag_finder_recv(struct tdm_flag_finder *f, uint8_t *frame, size_t cap)
{
	struct form *m = &f->form[best_form(f)];

	if (m->count == 0)
		return -EAGAIN;
	const struct kept *k = &m->kept[m->first];
	size_t len = k->len < cap ? k->len : cap;
	memcpy(frame, k->octets, len);
	m->first = (m->first + 1) % KEPT_FRAMES;
	m->count--;
	return (ssize_t)len;
}
