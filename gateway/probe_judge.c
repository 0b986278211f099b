/* probe_judge.c - see probe_judge.h. */
#include "gateway/probe_judge.h"

#include <stdio.h>
#include <string.h>

#include "isup/q931.h"

#define BIT(n) (1u << (n))
enum {
	ALL = BIT(PROBE_SWITCHES) - 1,
	ATT = BIT(ISUP_4ESS) | BIT(ISUP_5ESS),
	/* What a maker's own dialect of a US switch sends, its National ISDN sends too. */
	US = ATT | BIT(ISUP_NI2) | BIT(ISUP_DMS100),
};

enum sign {
	SERVICE_ATT,
	SERVICE_NATIONAL,
	NO_LAYER_1,
	ROSE_QSIG,
	ROSE_NATIONAL,
	COMPLETE,
	DISPLAY,
	DISPLAY_CHARSET,
	CODESET_NETWORK,
	NETWORK_FACILITY,
};

/* Only what a type's standard, or equipment seen, sends and the others do not.  What is merely
 * missing is no sign: it may come with the next call. */
static const struct {
	unsigned switches;
	const char *text;
} signs[] = {
	[SERVICE_ATT] = {ATT, "SERVICE with AT&T's protocol discriminator, 0x03"},
	[SERVICE_NATIONAL] = {BIT(ISUP_NI2) | BIT(ISUP_DMS100),
			      "SERVICE with National ISDN's protocol discriminator, 0x43"},
	[NO_LAYER_1] = {BIT(ISUP_4ESS), "speech without a layer-1 octet in the bearer capability"},
	[ROSE_QSIG] = {BIT(ISUP_QSIG), "Facility with a QSIG network facility extension"},
	[ROSE_NATIONAL] = {BIT(ISUP_NI2) | BIT(ISUP_DMS100) | BIT(ISUP_5ESS),
			   "Facility with an operation of National ISDN (1.2.840.10005)"},
	[COMPLETE] = {BIT(ISUP_QSIG) | BIT(ISUP_EUROISDN), "Sending Complete in SETUP"},
	[DISPLAY] = {ALL & ~BIT(ISUP_QSIG), "Display with nothing before the text"},
	[DISPLAY_CHARSET] = {US, "Display with a character-set octet, 0xb1, before the text"},
	[CODESET_NETWORK] = {US, "elements of codeset 6, a US network's own"},
	[NETWORK_FACILITY] = {US, "Network-Specific Facilities"},
};
_Static_assert(sizeof(signs) / sizeof(signs[0]) == PROBE_SIGNS, "a text for each sign");

enum { IE_NETWORK_FACILITIES = 0x20, IE_SENDING_COMPLETE = 0xa1 };

/* --- layer 3 ------------------------------------------------------------------------------- */

/* Q.932 8.2.3: protocol profile, then perhaps a network facility extension; ECMA-165 11.3.1. */
static bool is_qsig_facility(const struct q931_ie *ie)
{
	return ie->len >= 2 && (ie->data[0] & 0x1f) == 0x1f && ie->data[1] == 0xaa;
}

static bool is_national_facility(const struct q931_ie *ie)
{
	static const uint8_t oid[] = {0x2a, 0x86, 0x48, 0xce, 0x15}; /* 1.2.840.10005 */

	return ie->len >= sizeof(oid) && memmem(ie->data, ie->len, oid, sizeof(oid)) != NULL;
}

/* Q.931 4.5.5: octet 3 capability, 4 mode and rate, 4.1 with rate 0x18; octet 5 is 001xxxxx. */
static unsigned bearer_signs(const struct q931_ie *ie)
{
	if (ie->len < 2)
		return 0;
	uint8_t capability = ie->data[0] & 0x1f, rate = ie->data[1] & 0x1f;
	if (capability != 0x00 && capability != 0x10) /* speech, 3.1 kHz audio */
		return 0;
	size_t at = rate == 0x18 ? 3 : 2;
	bool layer_1 = ie->len > at && (ie->data[at] & 0x60) == 0x20;
	return layer_1 ? 0 : BIT(NO_LAYER_1);
}

static unsigned element_signs(const struct q931_message *m, const struct q931_ie *ie)
{
	if (ie->codeset == 6)
		return BIT(CODESET_NETWORK);
	if (ie->codeset != 0)
		return 0;
	switch (ie->id) {
	case Q931_IE_BEARER: return m->type == Q931_SETUP ? bearer_signs(ie) : 0;
	case Q931_IE_DISPLAY:
		return BIT(ie->len > 1 && ie->data[0] == 0xb1 ? DISPLAY_CHARSET : DISPLAY);
	case Q931_IE_FACILITY:
		return (is_qsig_facility(ie) ? BIT(ROSE_QSIG) : 0) |
		       (is_national_facility(ie) ? BIT(ROSE_NATIONAL) : 0);
	case IE_NETWORK_FACILITIES: return BIT(NETWORK_FACILITY);
	case IE_SENDING_COMPLETE: return m->type == Q931_SETUP ? BIT(COMPLETE) : 0;
	default: return 0;
	}
}

static void judge_message(struct probe_judge *j, const uint8_t *frame, size_t len)
{
	struct q931_message m;
	struct q931_walk walk;
	struct q931_ie ie;
	unsigned seen = 0;

	if (!q931_parse(&m, frame, len))
		return;
	switch (m.discriminator) {
	case SERVICE_PD_ATT: seen = BIT(SERVICE_ATT); break;
	case SERVICE_PD_NATIONAL: seen = BIT(SERVICE_NATIONAL); break;
	case Q931_PD:
		q931_walk_start(&walk, &m);
		while (q931_walk_next(&walk, &ie))
			seen |= element_signs(&m, &ie);
		break;
	default: return;
	}
	j->messages++;
	j->signs |= (uint16_t)seen;
}

/* --- layer 2 ------------------------------------------------------------------------------- */

enum direction { COMMAND, RESPONSE, EITHER };

/* Q.921 3.6, modulo 128.  XID is both; of S frames only those that ask for an answer, or give one,
 * can be told: nobody asked. */
static enum direction count_frame(struct probe_judge *j, const uint8_t *frame, size_t len)
{
	uint8_t control = frame[2];

	if ((control & 1) == 0) {
		j->info += len >= 4;
		return len >= 4 ? COMMAND : EITHER;
	}
	if ((control & 3) == 1) {
		j->supervisory += len >= 4;
		return len >= 4 && (frame[3] & 1) != 0 ? COMMAND : EITHER;
	}
	switch (control & 0xef) {
	case 0x6f: j->sabme++; return COMMAND;
	case 0x43: j->disc++; return COMMAND;
	case 0x63: j->ua++; return RESPONSE;
	case 0x0f: j->dm++; return RESPONSE;
	case 0x87: j->frmr++; return RESPONSE;
	case 0x03: j->other++; return COMMAND; /* UI */
	default: j->other++; return EITHER;
	}
}

void probe_judge_frame(struct probe_judge *j, const uint8_t *frame, size_t len)
{
	if (len < 3 || (frame[0] & 1) != 0 || (frame[1] & 1) == 0)
		return;
	j->frames++;
	j->address_seen = true;
	j->sapi = frame[0] >> 2;
	j->tei = frame[1] >> 1;
	enum direction d = count_frame(j, frame, len);
	if (d == EITHER)
		return;
	/* Table 1: 1 in commands of the network and in responses of the user. */
	bool bit = (frame[0] & 2) != 0;
	if (bit == (d == COMMAND))
		j->from_network++;
	else
		j->from_user++;
	if (j->sapi == 0)
		judge_message(j, frame, len);
}

enum probe_side probe_judge_side(const struct probe_judge *j)
{
	if (j->from_user != 0 && j->from_network != 0)
		return PROBE_SIDE_BOTH;
	if (j->from_user != 0)
		return PROBE_SIDE_USER;
	return j->from_network != 0 ? PROBE_SIDE_NETWORK : PROBE_SIDE_UNKNOWN;
}

/* --- the switch type ---------------------------------------------------------------------------
 */

unsigned probe_judge_switches(const struct probe_judge *j)
{
	unsigned left = ALL;

	for (unsigned n = 0; n < PROBE_SIGNS; n++)
		if (j->signs & BIT(n))
			left &= signs[n].switches;
	return left;
}

enum isup_switch probe_judge_first(unsigned switches)
{
	/* The most common on a T1 first. */
	static const enum isup_switch order[] = {ISUP_NI2,  ISUP_DMS100, ISUP_5ESS,
						 ISUP_4ESS, ISUP_QSIG,   ISUP_EUROISDN};

	for (size_t i = 0; i < PROBE_SWITCHES; i++)
		if (switches & BIT(order[i]))
			return order[i];
	return ISUP_NI2;
}

const char *probe_switch_name(enum isup_switch type)
{
	static const char *const names[PROBE_SWITCHES] = {
		[ISUP_NI2] = "ni2",   [ISUP_5ESS] = "5ess", [ISUP_DMS100] = "dms100",
		[ISUP_4ESS] = "4ess", [ISUP_QSIG] = "qsig", [ISUP_EUROISDN] = "euroisdn"};

	return names[type];
}

const char *probe_judge_verdict(unsigned switches, char *out, size_t out_size)
{
	unsigned left = (unsigned)__builtin_popcount(switches);
	size_t at = 0;

	if (left == 0) {
		snprintf(out, out_size, "not clear: what was seen contradicts itself");
	} else if (left == PROBE_SWITCHES) {
		snprintf(out, out_size, "not known: nothing was seen that tells one from another");
	} else if (left == 1) {
		snprintf(out, out_size, "likely %s",
			 probe_switch_name(probe_judge_first(switches)));
	} else {
		at = (size_t)snprintf(out, out_size, "one of");
		for (int n = 0; n < PROBE_SWITCHES && at < out_size; n++)
			if (switches & BIT(n))
				at += (size_t)snprintf(out + at, out_size - at, " %s",
						       probe_switch_name((enum isup_switch)n));
	}
	return out;
}

const char *probe_judge_sign(const struct probe_judge *j, unsigned n)
{
	return j->signs & BIT(n) ? signs[n].text : NULL;
}
