/* rtcp.h - what RTCP says and what it is made of: pure functions, no sockets.  RFC 3550 6, A.1,
 * A.3.
 *
 * Thread: one.  Never allocates.  Times are ns of CLOCK_MONOTONIC; NTP times are ours to choose, as
 * nobody compares them with another host's (RFC 3550 6.4.1).
 */
#ifndef SIP_RTCP_H
#define SIP_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RTCP_PACKET_MAX = 160, RTCP_CNAME_MAX = 32 };

/* One stream that we receive. */
struct rtcp_source {
	bool known;
	uint32_t ssrc;
	uint32_t base_seq, max_seq; /* extended: cycles * 65536 + sequence number */
	uint32_t bad_seq;           /* the number that would confirm a leap */
	uint64_t seen;              /* bit n: max_seq - n was received */
	uint32_t received;          /* all, as reports count them */
	uint32_t unique;            /* without duplicates */
	uint32_t expected_prior, received_prior;
	bool transit_known;
	uint32_t transit; /* RFC 3550 A.8, timestamp units */
	uint32_t jitter_x16;
	uint32_t sr_ntp; /* middle 32 bits of the last sender report, 0 = none */
	uint64_t sr_at_ns;
};

enum rtcp_order { RTCP_NEXT, RTCP_REORDERED, RTCP_DUPLICATE };

void rtcp_source_start(struct rtcp_source *s, uint32_t ssrc, uint16_t seq);
enum rtcp_order rtcp_source_packet(struct rtcp_source *s, uint16_t seq);
/* Interarrival jitter, from every audio packet. */
void rtcp_source_arrival(struct rtcp_source *s, uint32_t ts, uint64_t arrival_ns);
/* Packets that never came, so far. */
uint32_t rtcp_source_lost(const struct rtcp_source *s);

struct rtcp_sent { /* what we say of ourselves */
	uint32_t ssrc;
	const char *cname;
	bool sender;  /* SR, else RR */
	uint64_t ntp; /* now, 32.32 */
	uint32_t ts;  /* the same instant as an RTP timestamp */
	uint32_t packets, octets;
	bool bye;
};

/* Writes SR or RR, SDES, and BYE; returns octets.  Starts the source's next report interval. */
size_t rtcp_build(uint8_t out[RTCP_PACKET_MAX], const struct rtcp_sent *mine,
		  struct rtcp_source *source, uint64_t now_ns);

struct rtcp_heard {
	bool sr;
	uint32_t sr_ssrc, sr_ntp;
	bool report; /* a report block about our stream */
	uint8_t fraction_lost;
	uint32_t lsr, dlsr; /* 1/65536 s */
	bool bye;
};

/* False: not a valid compound packet (RFC 3550 A.2). */
bool rtcp_parse(const uint8_t *data, size_t size, uint32_t our_ssrc, struct rtcp_heard *out);

/* Time until the next report.  random is a fresh random number. */
uint64_t rtcp_interval_ns(uint32_t random, bool first);

#endif
