/* media.h - what offer/answer agreed on: plain data between sip/dialog and sip/rtp.  Any thread. */
#ifndef SIP_MEDIA_H
#define SIP_MEDIA_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* CLEARMODE: 64 kbit/s of data, RFC 4040; never together with one of audio. */
enum sip_codec { SIP_PCMU, SIP_PCMA, SIP_CLEARMODE, SIP_CODEC_COUNT };

/* What we offer or answer with: our side of a session. */
struct sip_local_media {
	struct sockaddr_storage addr;          /* where our RTP socket is reached */
	enum sip_codec codec[SIP_CODEC_COUNT]; /* by preference */
	unsigned codec_count;
	uint8_t clearmode_type; /* payload type we offer for CLEARMODE */
	uint8_t dtmf_type; /* RFC 4733 payload type we offer, 0 = none */
	uint8_t ptime_ms;  /* what we like to receive */
	bool hold;         /* we send and do not listen, RFC 3264 8.4 */
};

/* What came out (RFC 3264): where and how to send, what to expect. */
struct sip_media {
	struct sockaddr_storage remote; /* RTP; ss_family 0 = none (stream refused or port 0) */
	struct sockaddr_storage remote_rtcp; /* RFC 3605 or port + 1 */
	enum sip_codec codec;
	uint8_t payload_type;    /* as we send it */
	uint8_t payload_type_in; /* as we offered it: the peer may send either */
	uint8_t dtmf_type;    /* telephone-event as we send it; 0 = none */
	uint8_t dtmf_type_in; /* as we offered it: the peer may send either */
	uint8_t ptime_ms;  /* of what we send */
	bool send, recv;   /* ours: held by the peer = send or recv false */
};

#endif
