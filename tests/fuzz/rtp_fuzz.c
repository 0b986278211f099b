/* RTP and RTCP datagrams from the negotiated peer, through real sockets on loopback.
 *
 * Input: records of [kind][length, 2 octets][octets].  kind: bit 0 RTCP, bit 1 a tick passes after
 * it, bit 2 the media is agreed on anew (bits 3 and 4: codec, recv). */
#include "sip/media_socket.h"
#include "sip/rtp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct media_sockets peer;
static struct sockaddr_storage loopback;

static void setup(void)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&loopback;

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (media_sockets_open(&peer, &loopback, 20000, 60000) != 0)
		abort();
}

static void set_media(struct rtp_session *s, unsigned kind)
{
	struct sip_media m = {.remote = peer.local, .dtmf_type = 101, .ptime_ms = 20, .send = true};

	m.codec = kind & 8 ? SIP_PCMA : SIP_PCMU;
	m.payload_type = kind & 8 ? 8 : 0;
	m.recv = !(kind & 16);
	rtp_session_set(s, &m);
}

static void tick(struct rtp_session *s, char *sounding, uint64_t now_ns)
{
	uint8_t octets[RTP_TICK];
	char digit;
	bool on;

	rtp_session_play(s, octets, now_ns);
	while (rtp_session_event(s, &digit, &on)) {
		/* Edges alternate, or a tone would never end. */
		if (on == (*sounding != 0) || (!on && digit != *sounding))
			abort();
		*sounding = on ? digit : 0;
	}
	rtp_session_send(s, octets, now_ns);
}

/* Takes what the session sent, so that the sockets never fill up. */
static void take(int fd)
{
	uint8_t data[64];

	while (recv(fd, data, sizeof(data), MSG_DONTWAIT) >= 0)
		;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_storage to, to_rtcp;
	struct rtp_session *s;
	struct rtp_counts c;
	struct rtp_conf conf;
	uint64_t now_ns = 1000000000;
	char sounding = 0;

	if (loopback.ss_family == 0)
		setup();
	rtp_conf_default(&conf);
	conf.addr = loopback;
	if (rtp_session_open(&s, &conf) != 0)
		return 0;
	rtp_session_local(s, &to);
	media_address_next_port(&to_rtcp, &to);
	set_media(s, 0);
	for (unsigned n = 0; size >= 3 && n < 300; n++) {
		unsigned kind = data[0];
		size_t len = (size_t)data[1] << 8 | data[2];

		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		media_socket_send(kind & 1 ? peer.rtcp : peer.rtp, data, len,
				  kind & 1 ? &to_rtcp : &to);
		data += len;
		size -= len;
		rtp_session_receive(s, now_ns);
		if (kind & 2) {
			tick(s, &sounding, now_ns);
			now_ns += 10000000;
		}
		if (kind & 4)
			set_media(s, kind);
	}
	/* Whatever came, an event ends in a second. */
	for (unsigned i = 0; i < 5; i++, now_ns += 200000000) {
		rtp_session_receive(s, now_ns);
		tick(s, &sounding, now_ns);
	}
	if (sounding != 0)
		abort();
	rtp_session_counts(s, &c);
	if (c.foreign != 0 || c.delay_us > 400000)
		abort();
	rtp_session_bye(s);
	rtp_session_close(s);
	take(peer.rtp);
	take(peer.rtcp);
	return 0;
}
