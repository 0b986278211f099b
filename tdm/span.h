/* span.h - one T1 span: 24 timeslots of 8000 octets a second.
 *
 * Backends (tdm/backend.h) implement it; nothing outside tdm/ may know which one is behind a
 * struct tdm_span.
 *
 * Time:    the span is the clock.  One tick = TDM_TICK_OCTETS of every slot.
 *          n ticks read, n ticks written.  The fd says when to look; tdm_span_service() moves what
 *          is due and says how many ticks may be exchanged.
 * Threads: open/close on the signalling thread while no media worker runs the span; service,
 *          exchange and dchan_* on the span's media worker only; alarms, counts, send_alarms and
 *          loop on any thread (relaxed atomics).
 * Octets:  G.711 mu-law as on the line, first transmitted bit = most significant bit; timeslot n
 *          at index n (1..24).
 */
#ifndef TDM_SPAN_H
#define TDM_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
	TDM_SLOTS = 24,
	TDM_TICK_MS = 10,
	TDM_TICK_OCTETS = 80, /* 8 octets a millisecond */
	TDM_FRAME_MAX =
		264, /* one D-channel frame, no FCS: Q.921 5.9.3 N201 260 + address, control */
	TDM_CATCH_UP_TICKS = 3, /* service never asks for more ticks than this at once */
	TDM_IDLE = 0xff,        /* mu-law idle, G.711 positive zero */
};

/* Bits; 0 = the line is good. */
enum tdm_alarm {
	TDM_ALARM_RED = 1u << 0,    /* nothing usable received */
	TDM_ALARM_YELLOW = 1u << 1, /* far end does not receive us (RAI; CESoPSN R or M=10) */
	TDM_ALARM_BLUE = 1u << 2,   /* far end's line is dead behind it (AIS; CESoPSN L) */
	TDM_ALARM_GONE = 1u << 3,   /* device or socket unusable */
	TDM_ALARM_LOOP = 1u << 4,   /* looped back, by us or by the far end: no calls */
	TDM_ALARM_RECOVERING = 1u << 5, /* the card waits for the line to stay good */
};
enum { TDM_ALARM_BITS = 6 };

enum tdm_backend_kind { TDM_WIRE, TDM_DAHDI, TDM_ETHER };
enum tdm_framing { TDM_ESF, TDM_D4 };  /* T1.403; D4 is also called SF */
enum tdm_coding { TDM_B8ZS, TDM_AMI }; /* T1.403 */
enum tdm_clock { TDM_CLOCK_OWN, TDM_CLOCK_LINE };

/* Who cancels the echo of the PBX's analog lines.  AUTO: the card's own where it has one, else
 * tdm/echo.h; CARD: the card's, else the kernel's; OWN: tdm/echo.h; OFF: nobody is wanted. */
enum tdm_canceller {
	TDM_CANCELLER_AUTO,
	TDM_CANCELLER_CARD,
	TDM_CANCELLER_OWN,
	TDM_CANCELLER_OFF
};

/* RFC 5086 CESoPSN, basic NxDS0 service over UDP. */
struct tdm_wire_conf {
	struct sockaddr_storage local,
		peer;               /* same family; packets from any other source are dropped */
	unsigned frames_per_packet; /* 125 us frames: 8 = 1 ms; a divisor of 80, up to 40 */
	bool rtp_header;            /* send the optional RTP header; received ones need no option */
};

/* A T1 card that the DAHDI driver runs. */
struct tdm_dahdi_conf {
	char card[64]; /* the driver's name of the span, location or number; "" = the only one */
	enum tdm_framing framing;
	enum tdm_coding coding;
	unsigned build_out; /* 0..4: to 133, 266, 399, 533, 655 feet; 5..7: -7.5, -15, -22.5 dB */
	unsigned lead_ms;   /* octets kept written ahead of the card: 20; a multiple of 10 */
	enum tdm_canceller canceller;
	bool reconfigure; /* whatever another program has configured the span as */
};

/* TDM over Ethernet, type 0xD00D, as DAHDI's dahdi_dynamic_eth and Redfone bridges speak it. */
struct tdm_ether_conf {
	char interface[16];
	char mac[18]; /* of the peer, 00:50:c2:65:d0:12; frames from any other are not ours */
	unsigned subaddress;
};

struct tdm_span_conf {
	char name[16]; /* "t1-1"; unique, used in every log line */
	enum tdm_backend_kind backend;
	unsigned dchan_slot; /* 1..24, usually 24; 0 = no D-channel */
	/* own: our timer or the card's oscillator; line: what arrives paces what leaves */
	enum tdm_clock clock;
	/* Backends that carry packets: the adaptive jitter buffer, 2 and 10, and nothing received
	 * for this long = RED, 25. */
	unsigned buffer_min_ms, buffer_max_ms, loss_ms;
	struct tdm_wire_conf wire;
	struct tdm_dahdi_conf dahdi;
	struct tdm_ether_conf ether;
};

void tdm_span_conf_default(struct tdm_span_conf *conf);

typedef uint8_t tdm_tick[TDM_SLOTS + 1][TDM_TICK_OCTETS]; /* row 0 unused */

struct tdm_span;

/* Opens the span described by conf (copied).  0, or -errno with *out = NULL and why in err. */
int tdm_span_open(struct tdm_span **out, const struct tdm_span_conf *conf, char *err,
		  size_t err_size);
void tdm_span_close(struct tdm_span *s);
const char *tdm_span_name(const struct tdm_span *s);

/* Readable (poll) when tdm_span_service() should be called. */
int tdm_span_fd(const struct tdm_span *s);

/* Receives, sends and counts what is due now, the D-channel included; never waits.  Returns the
 * number of ticks (0..TDM_CATCH_UP_TICKS) that tdm_span_exchange() must now move. */
unsigned tdm_span_service(struct tdm_span *s);

/* Moves exactly one tick: copies what the line gave into rx and takes tx for the line.  Slots not
 * in mask (bit n = slot n) carry idle and their rx row is untouched. */
void tdm_span_exchange(struct tdm_span *s, uint32_t mask, tdm_tick rx, tdm_tick tx);

/* The D-channel: whole HDLC frames without FCS.  It does not wait for ticks: frames leave in the
 * next octets sent, and arrive with the service that completed them.
 * recv: octets, or -EAGAIN.  send: 0, -EAGAIN (queue full, frame refused) or -EINVAL. */
ssize_t tdm_dchan_recv(struct tdm_span *s, uint8_t *frame, size_t cap);
int tdm_dchan_send(struct tdm_span *s, const uint8_t *frame, size_t len);

/* Alarm state of the line now (enum tdm_alarm bits), undebounced. */
unsigned tdm_span_alarms(const struct tdm_span *s);
/* Alarms we raise towards the far end (TDM_ALARM_YELLOW, TDM_ALARM_BLUE), beside those the
 * backend raises by itself. */
void tdm_span_send_alarms(struct tdm_span *s, unsigned alarms);

/* Loops for tests by the far end or by us.  LOCAL: what we send comes back to us; NETWORK: what the
 * far end sends goes back to it.  0, or -ENOTSUP. */
enum tdm_loop { TDM_LOOP_NONE, TDM_LOOP_LOCAL, TDM_LOOP_NETWORK };
int tdm_span_set_loop(struct tdm_span *s, enum tdm_loop loop);
enum tdm_loop tdm_span_loop(const struct tdm_span *s);

/* In words, what carries the span now, or why nothing does and what to do: for a card, which may
 * come later than the span is opened; "" for a kind that has nothing to add.  Signalling thread. */
void tdm_span_describe(struct tdm_span *s, char *out, size_t out_size);

/* The card's canceller runs on these slots (bit n = slot n) and no others, soon.  Signalling thread. */
void tdm_span_cancel_echo(struct tdm_span *s, uint32_t slots);
/* Which one that is: "the card's (HWEC)"; "" = there is none.  Signalling thread. */
void tdm_span_canceller(struct tdm_span *s, char *out, size_t out_size);

/* In words, what opening would find; changes nothing.  0, or -errno: it is not there, or not as conf
 * has it.  May wait for the card. */
int tdm_span_look(const struct tdm_span_conf *conf, char *out, size_t out_size);

/* Of one slot, since open; slots that share one buffer share these. */
struct tdm_slot_counts {
	uint64_t underruns, overruns;
};
void tdm_span_slot_counts(const struct tdm_span *s, unsigned slot, struct tdm_slot_counts *out);

/* All since open.  Wire: "packets" are datagrams; card: they stay 0. */
struct tdm_span_counts {
	uint64_t ticks;
	uint64_t late_ticks; /* ticks moved in a catch-up, and ticks given up after it */
	uint64_t rx_packets, tx_packets;
	uint64_t lost, reordered, duplicate, late; /* by sequence number */
	uint64_t foreign;                          /* from an address that is not the peer */
	uint64_t malformed;                        /* from the peer but not CESoPSN of this shape */
	uint64_t underruns; /* playout instants without a packet: idle sent to the slots */
	uint64_t slips;     /* packets dropped or idle inserted to re-centre the buffer */
	uint64_t tx_errors; /* send refused by the kernel */
	uint64_t hdlc_rx_frames, hdlc_tx_frames;
	uint64_t hdlc_crc, hdlc_abort, hdlc_short, hdlc_long;
	uint64_t hdlc_dropped; /* good frames nobody fetched in time */
	uint64_t alarm_changes;
	/* By the card's framer; others keep 0. */
	uint64_t line_bpv, line_crc, line_framing, line_slips;
	uint32_t buffer_us; /* jitter buffer target now */
	int32_t clock_ppb;  /* clock line: how far the peer is from our oscillator */
};
void tdm_span_counts(const struct tdm_span *s, struct tdm_span_counts *out);

#endif
