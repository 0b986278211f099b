/* leg_sip.h - the SIP end of a call: a leg over one dialog and its RTP session.  Signalling
 * thread. */
#ifndef GATEWAY_LEG_SIP_H
#define GATEWAY_LEG_SIP_H

#include "conf/conf.h"
#include "gateway/leg.h"
#include "sip/dialog.h"

/* Where the leg's RTP socket lives and what it offers. */
struct leg_sip_place {
	bool data; /* CLEARMODE instead of the peer's codecs */
	struct sip_agent *agent;
	const struct conf_peer *peer; /* copied from where needed */
	const struct rtp_conf *rtp;
};

/* The leg of a dialog that SIP_INVITED offers.  0 or -errno: no RTP port, no memory. */
int leg_sip_offered(struct leg **out, const struct leg_sip_place *place,
		    const struct sip_event *ev);

/* Sends INVITE.  0 or -errno of the RTP session or sip_dialog_start(). */
int leg_sip_start(struct leg **out, const struct leg_sip_place *place,
		  const struct leg_parties *who);

/* An event of the dialog whose user pointer is leg. */
void leg_sip_event(struct leg *leg, const struct sip_event *ev);

void leg_sip_redirecting(struct leg_redirecting *out, const struct sip_redirecting *in);
void leg_sip_user_data(struct isup_user_data *out, const struct sip_user_data *in);
void leg_sip_party(struct leg_party *out, const struct sip_party *in);

/* Name of the peer of a leg; NULL for a leg of another kind. */
const char *leg_sip_peer(const struct leg *leg);
/* How the transfer goes on that the leg's peer asked for. */
void leg_sip_refer_progress(struct leg *leg, int status);
/* RTP came for the leg that was called; nothing for legs of another kind. */
void leg_sip_heard(struct leg *leg);

#endif
