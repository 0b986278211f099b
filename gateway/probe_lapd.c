/* probe_lapd.c - see probe_lapd.h. */
#include "gateway/probe_lapd.h"

#include <string.h>

#include "isup/q931.h"
#include "isup/trunk.h"

enum { SABME = 0x6f, DISC = 0x43, UA = 0x63, DM = 0x0f, RR = 0x01, REJ = 0x09, PF = 0x10 };
enum { MODULUS = 128, HEADER_OCTETS = 9, CAUSE_TEMPORARY_FAILURE = 41 };
/* The two have the same message types the other way round. */
enum { ATT_SERVICE = 0x0f, ATT_SERVICE_ACK = 0x07 };
enum { NATIONAL_SERVICE = 0x07, NATIONAL_SERVICE_ACK = 0x0f };

/* Q.921 table 1: 1 in commands of the network and in responses of the user. */
static void put_address(const struct probe_lapd *l, uint8_t *frame, bool command)
{
	frame[0] = l->network == command ? 0x02 : 0x00; /* SAPI 0 */
	frame[1] = (uint8_t)(l->tei << 1 | 1);
}

static void send_unnumbered(struct probe_lapd *l, uint8_t control, bool command)
{
	uint8_t frame[3];

	put_address(l, frame, command);
	frame[2] = control;
	l->send(l->arg, frame, sizeof(frame));
}

static void send_supervisory(struct probe_lapd *l, uint8_t control, bool final)
{
	uint8_t frame[4];

	put_address(l, frame, false);
	frame[2] = control;
	frame[3] = (uint8_t)(l->received << 1 | final);
	l->send(l->arg, frame, sizeof(frame));
}

void probe_lapd_connect(struct probe_lapd *l)
{
	l->up = false;
	l->asked = true;
	l->sent = l->received = 0;
	send_unnumbered(l, SABME | PF, true);
}

void probe_lapd_disconnect(struct probe_lapd *l)
{
	l->up = l->asked = false;
	send_unnumbered(l, DISC | PF, true);
}

/* An answer to m, in an I frame. */
static void send_answer(struct probe_lapd *l, const struct q931_message *m, uint8_t type,
			const uint8_t *ies, size_t ies_len)
{
	uint8_t frame[ISUP_FRAME_MAX] = {
		[2] = (uint8_t)(l->sent << 1),
		[3] = (uint8_t)(l->received << 1),
		[4] = m->discriminator,
		[5] = 2, /* octets of call reference; the flag: to the side that chose it */
		[6] = (uint8_t)(0x80 | m->call_reference >> 8),
		[7] = (uint8_t)m->call_reference,
		[8] = type,
	};

	if (HEADER_OCTETS + ies_len > sizeof(frame))
		return;
	put_address(l, frame, true);
	memcpy(frame + HEADER_OCTETS, ies, ies_len);
	l->sent = (l->sent + 1) % MODULUS;
	l->send(l->arg, frame, HEADER_OCTETS + ies_len);
}

/* A far end that is not told that its restart was heard places no calls. */
static void on_message(struct probe_lapd *l, const struct q931_message *m)
{
	static const uint8_t cause[] = {Q931_IE_CAUSE, 2,
					0x81, /* private network serving the local user */
					0x80 | CAUSE_TEMPORARY_FAILURE};
	bool call = m->discriminator == Q931_PD;

	if (m->reference_len != 2 || m->to_originator)
		return;
	if (call && m->type == Q931_SETUP) { /* Q.931 5.3.2 a: rejected at once */
		l->refused++;
		send_answer(l, m, Q931_RELEASE_COMPLETE, cause, sizeof(cause));
	} else if (call && m->type == Q931_RESTART) {
		send_answer(l, m, Q931_RESTART_ACK, m->ies, m->ies_len);
	} else if (m->discriminator == SERVICE_PD_ATT && m->type == ATT_SERVICE) {
		send_answer(l, m, ATT_SERVICE_ACK, m->ies, m->ies_len);
	} else if (m->discriminator == SERVICE_PD_NATIONAL && m->type == NATIONAL_SERVICE) {
		send_answer(l, m, NATIONAL_SERVICE_ACK, m->ies, m->ies_len);
	}
}

static void on_information(struct probe_lapd *l, const uint8_t *frame, size_t len)
{
	struct q931_message m;
	bool polled = (frame[3] & 1) != 0;

	if (frame[2] >> 1 != l->received) {
		send_supervisory(l, REJ, polled);
		return;
	}
	l->received = (l->received + 1) % MODULUS;
	send_supervisory(l, RR, polled);
	if (q931_parse(&m, frame, len))
		on_message(l, &m);
}

static void on_unnumbered(struct probe_lapd *l, const uint8_t *frame)
{
	uint8_t final = frame[2] & PF;

	switch (frame[2] & ~PF) {
	case SABME:
		l->tei = frame[1] >> 1;
		l->up = true;
		l->sent = l->received = 0;
		send_unnumbered(l, UA | final, false);
		break;
	case DISC:
		l->up = false;
		send_unnumbered(l, UA | final, false);
		break;
	case UA:
		l->up = l->up || l->asked;
		l->asked = false;
		break;
	case DM: l->up = false; break;
	default: break;
	}
}

/* From the other side: a frame of our own that comes back is not for us. */
static bool is_for_us(const struct probe_lapd *l, const uint8_t *frame)
{
	uint8_t control = frame[2] & (uint8_t)~PF;
	bool response = (frame[2] & 3) == 3 && (control == UA || control == DM);
	bool set = (frame[0] & 2) != 0;

	return (frame[2] & 3) == 1 /* either */ || set == (l->network == response);
}

void probe_lapd_frame(struct probe_lapd *l, const uint8_t *frame, size_t len)
{
	if (len < 3 || frame[0] >> 2 != 0 || !is_for_us(l, frame))
		return;
	if ((frame[2] & 3) == 3)
		on_unnumbered(l, frame);
	else if (l->up && len >= 4 && (frame[2] & 1) == 0)
		on_information(l, frame, len);
	else if (l->up && len >= 4 && (frame[3] & 1) != 0)
		send_supervisory(l, RR, true);
}
