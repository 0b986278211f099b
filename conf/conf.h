/* conf.h - the whole configuration as one value.
 *
 * conf_load() returns a complete, checked, immutable struct conf or nothing and a list of
 * "file:line: key: what was expected".  A running gateway holds one; a reload loads a second,
 * compares, applies and drops the first.  conf_print() writes it back: load(print(c)) equals c.
 * No module knows conf/: each defines its own struct x_conf, embedded here.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "dialplan/dialplan.h"
#include "dialplan/numbering.h"
#include "isup/trunk.h"
#include "sip/agent.h"
#include "sip/media.h"
#include "sip/rtp.h"
#include "tdm/span.h"
#include "tdm/tone.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	CONF_NAME_MAX = 16,
	CONF_SPANS_MAX = 32,
	CONF_PEERS_MAX = 64,
	CONF_TONES_MAX = 16,
	CONF_USERS_MAX = 2000,
	CONF_RULES_MAX = 4096
};

enum conf_ringback { RINGBACK_FAR, RINGBACK_OWN, RINGBACK_AUTO };

struct conf_audible { /* of sections trunk and peer: what callers from there hear of us */
	char tones[16]; /* a country, or a section tones */
	struct tone_set set; /* these, read; by conf_load() */
	/* Who makes the ringing tone.  AUTO: we do for a caller whose SETUP says that it is not of
	 * the ISDN, progress indicator 1 or 3. */
	enum conf_ringback ringback;
	unsigned failure_tone_ms; /* 0 = a failure is signalled alone */
};

struct conf_tones { /* section tones NAME */
	char name[16];
	unsigned country;                     /* index into tone_countries */
	char text[TONE_KINDS][TONE_TEXT_MAX]; /* "" = the country's */
	struct tone_set set;                  /* read; by conf_load() */
};

/* What SETUP says of data that came by SIP, which has no word for it. */
enum conf_data_bearer { CONF_DATA_64, CONF_DATA_RESTRICTED, CONF_DATA_56 };

struct conf_trunk {                  /* section trunk NAME */
	struct isup_trunk_conf isup; /* isup.name is the section's title */
	char span[CONF_NAME_MAX];    /* name of the span it runs on; "" = those below */
	/* NFAS: the first has the D-channel, backup the other one. */
	char spans[ISUP_INTERFACES_MAX][CONF_NAME_MAX];
	unsigned span_count;
	char backup[CONF_NAME_MAX]; /* "" = none */
	uint8_t interface_id[ISUP_INTERFACES_MAX];
	unsigned interface_ids; /* given; 0 = 0, 1, 2 ... */
	unsigned profile;            /* profile.h; 0 = none */
	char group[DIAL_NAME_MAX];   /* rules may name the group; "" = none */
	enum tdm_canceller echo_canceller;
	unsigned retries;            /* SETUP again on another slot, cause 44 or 41 */
	struct dial_numbering numbering;
	unsigned name_wait_ms; /* for a calling name that SETUP announced */
	unsigned echo_tail_ms;
	struct conf_audible audible;
	bool dial_tone;      /* overlap: SETUP without digits is answered with dial tone */
	bool hangup_on_busy; /* busy or congestion tone from the far end ends a call */
	enum conf_data_bearer data_bearer;
	bool disconnect_tone; /* why a call failed is heard after DISCONNECT, not before */
	/* gateway/line_alarm.h */
	unsigned alarm_on_ms, alarm_off_ms, alarm_keep_ms;
};

struct conf_peer { /* section peer NAME */
	struct sip_peer_conf sip;
	enum sip_codec codec[SIP_CODEC_COUNT];
	unsigned codec_count;
	uint8_t dtmf_type; /* telephone-event payload type, 0 = off */
	uint8_t ptime_ms;
	bool clearmode;         /* data calls */
	bool subaddress;        /* isub, RFC 4715, both ways */
	uint8_t clearmode_type; /* payload type offered for them */
	unsigned calls_max; /* at once, both ways; 0 = no limit */
	struct conf_audible audible;
	bool overlap; /* RFC 3578: INVITE before the number is complete; 484 asks for more */
};

struct conf_media {          /* section media */
	struct rtp_conf rtp; /* addr unspecified = as the route to the peer says */
	unsigned workers;    /* 0 = one per core less one, at least one */
	int fifo_priority;
	unsigned no_rtp_ms;
	char hold_audio[256]; /* "tone", "silence" or a file, tdm/music.h */
};

struct conf_gateway {           /* section gateway */
	char control_path[108]; /* AF_UNIX socket of tandemctl */
	unsigned calls_max;
	unsigned redirects_max;     /* a call sent on more often: cause 25 */
	unsigned trace_memory_kb;   /* for the last calls' messages; 0 = none */
	unsigned setup_timeout_ms;  /* a call that reached nobody in this time: cause 102 */
	unsigned answer_timeout_ms; /* alerting this long: cause 19 */
};

struct conf {
	struct conf_gateway gateway;
	struct conf_media media;
	struct sip_agent_conf sip;   /* its peers pointer is filled by conf_load() */
	struct tdm_span_conf *spans; /* arrays owned; in the file's order */
	size_t span_count;
	struct conf_trunk *trunks;
	size_t trunk_count;
	struct conf_peer *peers;
	size_t peer_count;
	struct conf_tones *tones;
	size_t tones_count;
	struct sip_peer_conf *sip_peers; /* what sip.peers points to */
	struct sip_user_conf *users; /* what sip.users points to */
	size_t user_count;
	struct dial_rule *rules;
	size_t rule_count;
	struct dialplan *plan; /* built from rules */
	char path[256];        /* the file, for "file:line" of a rule */
};

/* Where in the trunk this span is, 0 = the first; -1: it does not run on it. */
int conf_trunk_interface(const struct conf_trunk *t, const char *span);

/* Errors go to err one line each, all that can be told at once, in the order of the file; at least
 * one when it fails.  0, -ENOENT..., -EINVAL, -ENOMEM.  The file is read, never waited for:
 * anything but a regular file is refused.  Signalling thread or start-up only: libconfuse's scanner
 * is static. */
int conf_load(struct conf **out, const char *path, FILE *err);
int conf_parse(struct conf **out, const char *name, const char *text, FILE *err); /* from memory */
void conf_free(struct conf *c);
/* Passwords and hashes are masked; CONF_MASK stands for them. */
void conf_print(const struct conf *c, FILE *to);
/* True when it holds a password or a hash, which no other user of the machine should read. */
bool conf_has_secrets(const struct conf *c);
/* Every section and key: what it takes, its default and what it is for. */
void conf_print_keys(FILE *to);

/* What a reload must do to one span, trunk or peer.  A trunk is compared by itself: when its span
 * drains, so must it.  CONF_SAME too for a name that is in neither. */
enum conf_change { CONF_SAME, CONF_CHANGE_NOW, CONF_DRAIN, CONF_ADD, CONF_REMOVE };
enum conf_change conf_compare_span(const struct conf *old, const struct conf *new_,
				   const char *name);
enum conf_change conf_compare_trunk(const struct conf *old, const struct conf *new_,
				    const char *name);
enum conf_change conf_compare_peer(const struct conf *old, const struct conf *new_,
				   const char *name);
/* Changed keys that a running process cannot change, as "gateway.control media.workers": "" when
 * there are none. */
void conf_restart_needed(const struct conf *old, const struct conf *new_, char *out,
			 size_t out_size);

#endif
