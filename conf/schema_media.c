/* schema_media.c - the keys of section media; see schema.h. */
#include "conf/schema_impl.h"
#include <stdio.h>
#include <string.h>

const struct conf_key conf_media_keys[CONF_MEDIA_KEYS] = {
	{"address", CONF_BARE_ADDRESS, CONF_MAY_BE_EMPTY, FIELD(struct conf_media, rtp.addr),
	 .def = "the address the route to the peer starts from",
	 .help = "Local address of all RTP.  Needed only where the route does not tell, as with "
		 "several addresses on one interface."},
	{"rtp_ports", CONF_PORTS, 0, FIELD(struct conf_media, rtp.port_min),
	 .other = offsetof(struct conf_media, rtp.port_max), .min = 1024, .max = 65535,
	 .help = "UDP ports of RTP, \"first-last\": an even port a call for RTP and the next one "
		 "for "
		 "RTCP.  What a firewall must let in."},
	{"jitter_min_ms", CONF_UINT, 0, FIELD(struct conf_media, rtp.jitter_min_ms), .min = 0,
	 .max = 350,
	 .help = "Least playout delay.  Low, because the delay adapts upward as soon as packets "
		 "come "
		 "late."},
	{"jitter_max_ms", CONF_UINT, 0, FIELD(struct conf_media, rtp.jitter_max_ms), .min = 10,
	 .max = 350,
	 .help = "Most playout delay; later packets are dropped.  More delay than this hurts a "
		 "talk "
		 "more than a gap does."},
	{"workers", CONF_UINT, CONF_RESTART, FIELD(struct conf_media, workers), .min = 0, .max = 64,
	 .help = "Threads that move audio; 0 = one a core less one, at least one."},
	{"fifo_priority", CONF_UINT, CONF_RESTART, FIELD(struct conf_media, fifo_priority),
	 .min = 0, .max = 99,
	 .help = "SCHED_FIFO priority of these threads, 0 = normal scheduling.  Audio every 10 ms "
		 "must not wait for other programs; where the system does not permit it, the "
		 "gateway "
		 "says so and goes on."},
	{"no_rtp_ms", CONF_UINT, CONF_RESTART, FIELD(struct conf_media, no_rtp_ms), .min = 0,
	 .max = 3600000,
	 .help = "A peer that sends no RTP for this time in a call that is not held is reported; 0 "
		 "= "
		 "never."},
	{"hold_audio", CONF_TEXT, CONF_RESTART, FIELD(struct conf_media, hold_audio),
	 .help = "What somebody on hold hears where the other end plays nothing itself: \"tone\", "
		 "a "
		 "short soft one every five seconds, \"silence\", or a file with an absolute path: "
		 "WAV (8 kHz, one channel, 16-bit or mu-law) or raw mu-law, ten minutes at most, "
		 "read "
		 "at the start and played over and over."},
};

void conf_media_default(void *element)
{
	struct conf_media *m = element;

	memset(m, 0, sizeof(*m));
	rtp_conf_default(&m->rtp);
	memset(&m->rtp.addr, 0, sizeof(m->rtp.addr));
	m->fifo_priority = 50;
	m->no_rtp_ms = 20000;
	snprintf(m->hold_audio, sizeof(m->hold_audio), "tone");
}
