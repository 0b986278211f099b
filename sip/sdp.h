/* sdp.h - session descriptions (RFC 4566) as far as offer/answer of one audio stream needs them
 * (RFC 3264, 6337).  Signalling thread (the parser's memory); text in, struct out.
 *
 * One m=audio line over RTP/AVP with PCMU, PCMA or CLEARMODE is used, the first that fits; every other line of
 * an offer is answered with port 0.
 */
#ifndef SIP_SDP_H
#define SIP_SDP_H

#include "sip/media.h"

#include <stddef.h>

enum {
	SIP_SDP_SIZE = 2048,    /* what we write always fits */
	SIP_SDP_LINES_MAX = 16, /* m= lines; an offer with more is refused */
};

struct sip_sdp_line { /* enough to refuse the stream */
	char media[16], proto[32], format[32];
};

struct sip_sdp {
	unsigned line_count;
	struct sip_sdp_line line[SIP_SDP_LINES_MAX];
	int audio;                         /* the line used; -1 = none fits */
	bool disabled;                     /* it has port 0 */
	struct sockaddr_storage rtp, rtcp; /* ss_family 0 = held by address (0.0.0.0) */
	bool unreachable;                  /* a name or multicast where an address should be */
	bool sends, receives;              /* the far side */
	unsigned ptime_ms, maxptime_ms;    /* 0 = not said */
	unsigned format_count;
	struct {
		uint8_t type;
		enum sip_codec codec;
	} format[SIP_CODEC_COUNT]; /* by the far side's preference */
	uint8_t dtmf_type;         /* 0 = none */
};

struct sip_sdp_origin {
	uint64_t id, version;
};

/* 0, -EBADMSG or -ENOMEM. */
int sip_sdp_parse(struct sip_sdp *out, const char *text, size_t len);

/* An offer of nothing but CLEARMODE: a data call. */
bool sip_sdp_is_data(const struct sip_sdp *offer);
/* Our side and theirs: what is agreed, the same whether theirs is the offer or the answer.  0,
 * -ENOTSUP: no codec in common (RFC 3261 20.43: warning 305), -EAFNOSUPPORT: no address that our
 * socket reaches (301). */
int sip_sdp_settle(struct sip_media *out, const struct sip_local_media *local,
		   const struct sip_sdp *remote);
bool sip_media_equal(const struct sip_media *a, const struct sip_media *b);

void sip_sdp_write_offer(char out[SIP_SDP_SIZE], const struct sip_sdp_origin *origin,
			 const struct sip_local_media *local);
void sip_sdp_write_answer(char out[SIP_SDP_SIZE], const struct sip_sdp_origin *origin,
			  const struct sip_local_media *local, const struct sip_sdp *offer,
			  const struct sip_media *settled);

#endif
