/* Who hears which tone of ours, and when it gives way: each progress indicator, each kind of early
 * RTP, dial tone, and calls that fail. */
#include "tests/sim/script.h"

static const struct rig_conf own = {.trunk = "ringback = own"};
static const struct rig_conf far_end = {.trunk = "ringback = far"};
static const struct rig_conf own_to_sip = {.peer = "ringback = own"};
static const struct rig_conf failing = {.trunk = "failure_tone_ms = 5000"};
static const struct rig_conf disconnecting = {
	.trunk = "failure_tone_ms = 5000 disconnect_tone = yes"};
static const struct rig_conf failing_to_sip = {.peer = "failure_tone_ms = 5000"};
static const struct rig_conf listening = {.trunk = "hangup_on_busy = true"};
static const struct rig_conf dial_tone = {
	.trunk = "overlap = receive dial_tone = true t302_ms = 15000",
	.rules = "rule \"whole\" { from = pbx number = 72XX to = cs }\n"
		 "rule \"own\" { from = pbx number = 80XX to = co }\n",
};
static const struct rig_conf dial_and_fail = {
	.trunk = "overlap = receive dial_tone = true failure_tone_ms = 5000",
	.rules = "rule \"whole\" { from = pbx number = 72XX to = cs }\n",
};

#define PBX_CALLS                                                                                  \
	"pbx > SETUP called=7234 calling=7101 ch=5", "pbx < CALL-PROCEEDING", "sip < INVITE"
#define PBX_CALLS_RAW(pi)                                                                          \
	"pbx raw", "pbx > SETUP called=7234 calling=7101 ch=5 " pi, "pbx < CALL-PROCEEDING",       \
		"sip < INVITE"
#define SIP_CALLS                                                                                  \
	"sip > INVITE to=7101 from=7234", "sip < 100 INVITE", "pbx < SETUP", "pbx > CALL-PROCEEDING"
#define SIP_ANSWERS "sip > 200 sdp", "sip < ACK", "pbx < CONNECT"
#define PBX_ENDS                                                                                   \
	"pbx > DISCONNECT cause=16", "pbx < RELEASE", "sip < BYE", "sip > 200 BYE",                \
		"record cause=16"
#define PBX_ENDS_RAW                                                                               \
	"pbx > DISCONNECT cause=16", "pbx < RELEASE", "pbx > RELEASE-COMPLETE", "sip < BYE",       \
		"sip > 200 BYE", "record cause=16"

/* --- ringing tone to the PBX --- */

/* The PBX makes it: no indicator, no tone of ours. */
static const char *const the_pbx_rings_by_itself[] = {
	PBX_CALLS, "sip > 180", "pbx < ALERTING !pi", "path is t1/5+rtp", SIP_ANSWERS,
	PBX_ENDS,  NULL,
};

static const char *const ours_until_the_answer[] = {
	PBX_CALLS,
	"sip > 180",
	"pbx < ALERTING pi=8",
	"path is t1/5+rtp hears ringback",
	"quiet 20000",
	"path is t1/5+rtp hears ringback",
	SIP_ANSWERS,
	"path is t1/5+rtp send recv",
	PBX_ENDS,
	NULL,
};

/* RFC 3960 3.2: SDP is a promise, RTP keeps it. */
static const char *const ours_until_rtp_comes[] = {
	PBX_CALLS,
	"sip > 180 sdp",
	"pbx < ALERTING pi=8",
	"path is t1/5+rtp send recv hears ringback",
	"quiet 3000",
	"path first heard",
	"path is t1/5+rtp send recv",
	"quiet 3000", /* it was told to listen: nothing new */
	SIP_ANSWERS,
	PBX_ENDS,
	NULL,
};

static const char *const rtp_before_180[] = {
	PBX_CALLS,
	"sip > 183 sdp",
	"pbx < PROGRESS pi=8",
	"path first heard",
	"sip > 180",
	"pbx < ALERTING pi=8",
	"path is t1/5+rtp send recv",
	SIP_ANSWERS,
	PBX_ENDS,
	NULL,
};

/* 183 told the PBX to listen; then it rings, and nothing comes. */
static const char *const a_promise_not_kept[] = {
	PBX_CALLS,
	"sip > 183 sdp",
	"pbx < PROGRESS pi=8",
	"path is t1/5+rtp send recv", /* not ringing yet: nothing to say */
	"sip > 180",
	"pbx < ALERTING pi=8",
	"path is t1/5+rtp send recv hears ringback",
	"path first heard",
	"path is t1/5+rtp send recv",
	SIP_ANSWERS,
	PBX_ENDS,
	NULL,
};

/* Q.931 4.5.23: 1 and 3 say that the caller hears tones alone; 8 in SETUP says nothing of the kind.
 */
static const char *const indicator_3_of_the_caller[] = {
	PBX_CALLS_RAW("pi=3"),
	"sip > 180",
	"pbx < ALERTING pi=8",
	"path is t1/5+rtp hears ringback",
	SIP_ANSWERS,
	PBX_ENDS_RAW,
	NULL,
};

static const char *const indicator_1_of_the_caller[] = {
	PBX_CALLS_RAW("pi=1"),
	"sip > 180",
	"pbx < ALERTING pi=8",
	"path is t1/5+rtp hears ringback",
	SIP_ANSWERS,
	PBX_ENDS_RAW,
	NULL,
};

static const char *const indicator_8_of_the_caller[] = {
	PBX_CALLS_RAW("pi=8"), "sip > 180", "pbx < ALERTING !pi", "path is t1/5+rtp", SIP_ANSWERS,
	PBX_ENDS_RAW,          NULL,
};

/* "far" means the far end, whatever SETUP says. */
static const char *const indicator_3_is_not_asked_for[] = {
	PBX_CALLS_RAW("pi=3"), "sip > 180", "pbx < ALERTING !pi", "path is t1/5+rtp", SIP_ANSWERS,
	PBX_ENDS_RAW,          NULL,
};

/* The other trunk plays its own, or leaves it to us. */
static const char *const between_trunks[] = {
	"pbx > SETUP called=8001 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"co < SETUP",
	"co > CALL-PROCEEDING",
	"co > ALERTING",
	"pbx < ALERTING pi=8",
	"path is t1/5+t2/1 hears ringback",
	"co > PROGRESS pi=8",
	"wait 50",
	"path is t1/5+t2/1",
	"co > CONNECT",
	"co < CONNECT-ACK",
	"pbx < CONNECT",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"co < DISCONNECT",
	"co < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* --- ringing tone to SIP --- */

static const char *const ours_as_early_media[] = {
	SIP_CALLS,
	"pbx > ALERTING",
	"sip < 183 INVITE sdp",
	"path is rtp+t1/23 send recv hears ringback",
	"pbx > PROGRESS pi=8", /* now the PBX has something to say */
	"sip < 183 INVITE sdp",
	"path is rtp+t1/23 send recv",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	PBX_ENDS,
	NULL,
};

static const char *const tones_of_the_pbx_go_first[] = {
	SIP_CALLS,
	"pbx > ALERTING pi=8",
	"sip < 183 INVITE sdp",
	"path is rtp+t1/23 send recv",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	PBX_ENDS,
	NULL,
};

/* --- dial tone --- */

static const char *const dial_tone_until_a_digit[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 ch=5",
	"pbx < SETUP-ACK ch=5 pi=8",
	"path is t1/5 hears dial",
	"quiet 10000",
	"pbx > INFORMATION called=7",
	"wait 30",
	"path none",
	"pbx > INFORMATION called=234",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234",
	"path is t1/5+rtp",
	"sip > 180",
	"pbx < ALERTING",
	SIP_ANSWERS,
	PBX_ENDS_RAW,
	NULL,
};

static const char *const all_digits_at_once[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 ch=5",
	"pbx < SETUP-ACK ch=5 pi=8",
	"pbx > INFORMATION called=7234",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234",
	"path is t1/5+rtp",
	SIP_ANSWERS,
	PBX_ENDS_RAW,
	NULL,
};

/* Who has begun to dial has had dial tone. */
static const char *const no_dial_tone_after_digits[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=7 ch=5",
	"pbx < SETUP-ACK ch=5 !pi",
	"path none",
	"pbx > INFORMATION called=234",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234",
	SIP_ANSWERS,
	PBX_ENDS_RAW,
	NULL,
};

static const char *const nobody_dials[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 ch=5",
	"pbx < SETUP-ACK ch=5 pi=8",
	"path is t1/5 hears dial",
	"pbx < DISCONNECT cause=28 in 15000",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=28",
	NULL,
};

static const char *const hangs_up_in_dial_tone[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 ch=5",
	"pbx < SETUP-ACK ch=5 pi=8",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx > RELEASE-COMPLETE",
	"wait 30",
	"path none",
	"record cause=16",
	NULL,
};

/* --- why it failed --- */

static const char *const busy_is_heard[] = {
	PBX_CALLS,
	"sip > 180",
	"pbx < ALERTING",
	"sip > 486",
	"sip < ACK",
	"pbx < PROGRESS pi=8",
	"wait 30", /* the worker gives the whole path back first */
	"path is t1/5 hears busy",
	"pbx < DISCONNECT cause=17 in 5000",
	"pbx < RELEASE-COMPLETE",
	"wait 30",
	"path none",
	"record cause=17 to_cause=17",
	NULL,
};

static const char *const hangs_up_in_busy_tone[] = {
	PBX_CALLS,
	"sip > 486",
	"sip < ACK",
	"pbx < PROGRESS pi=8",
	"quiet 2000",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"record cause=17 from_cause=16 to_cause=17",
	NULL,
};

/* No second leg was ever made. */
static const char *const no_such_number[] = {
	"pbx > SETUP called=5555 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"pbx < PROGRESS pi=8",
	"path is t1/5 hears vacant",
	"pbx < DISCONNECT cause=1 in 5000",
	"pbx < RELEASE-COMPLETE",
	"record cause=1",
	NULL,
};

static const char *const no_such_number_dialled_in_parts[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 ch=5",
	"pbx < SETUP-ACK ch=5 pi=8",
	"path is t1/5 hears dial",
	"pbx > INFORMATION called=3",
	"pbx < CALL-PROCEEDING",
	"pbx < PROGRESS pi=8",
	"path is t1/5 hears vacant",
	"pbx < DISCONNECT cause=1 in 5000",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=1",
	NULL,
};

/* An announcement was heard: nothing is added to it. */
static const char *const an_announcement_is_enough[] = {
	PBX_CALLS,
	"sip > 183 sdp",
	"pbx < PROGRESS pi=8",
	"path first heard",
	"wait 50",
	"sip > 404",
	"sip < ACK",
	"pbx < DISCONNECT cause=1",
	"pbx < RELEASE-COMPLETE",
	"record cause=1",
	NULL,
};

/* The second leg's slot must be free for others while the first hears why. */
/* DISCONNECT with progress indicator 8, Q.931 5.3.4.1. */
static const char *const busy_after_disconnect[] = {
	PBX_CALLS,
	"pbx passive",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17 pi=8",
	"wait 30",
	"path is t1/5 hears busy",
	"quiet 4900",
	"path is t1/5 hears busy",
	"pbx < RELEASE cause=17 in 50..150",
	"record cause=17",
	NULL,
};

static const char *const nobody_listens_after_disconnect[] = {
	PBX_CALLS,
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17 pi=8",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

static const char *const data_hear_no_tone[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5 bearer=8890",
	"pbx < CALL-PROCEEDING",
	"pbx < DISCONNECT cause=65 !pi",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=65",
	NULL,
};

static const char *const failed_between_trunks[] = {
	"pbx > SETUP called=8001 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"co < SETUP",
	"co > ALERTING",
	"pbx < ALERTING",
	"path is t1/5+t2/1",
	"co > DISCONNECT cause=17",
	"co < RELEASE",
	"pbx < PROGRESS pi=8",
	"wait 30", /* the worker gives the whole path back first */
	"path is t1/5 hears busy",
	"pbx < DISCONNECT cause=17 in 5000",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

static const char *const the_line_fails_meanwhile[] = {
	PBX_CALLS,
	"sip > 486",
	"sip < ACK",
	"pbx < PROGRESS pi=8",
	"pbx alarm 1", /* for ten seconds: the call ends before */
	"pbx < DISCONNECT cause=17 in 5000",
	"pbx alarm 0",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

static const char *const busy_as_early_media[] = {
	SIP_CALLS,
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 183 INVITE sdp",
	"wait 30",
	"path is rtp send recv hears busy",
	"sip < 486 INVITE in 5000",
	"sip > ACK",
	"record cause=17",
	NULL,
};

/* The PBX had the path when it rang: its slot goes, the RTP goes on. */
static const char *const busy_after_ringing[] = {
	SIP_CALLS,
	"pbx > ALERTING",
	"sip < 180 INVITE !sdp",
	"path is rtp+t1/23 recv",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 183 INVITE sdp",
	"wait 30",
	"path is rtp send recv hears busy",
	"sip < 486 INVITE in 5000",
	"sip > ACK",
	"record cause=17",
	NULL,
};

static const char *const sip_gives_up_in_busy_tone[] = {
	SIP_CALLS,          "pbx > DISCONNECT cause=17",
	"pbx < RELEASE",    "sip < 183 INVITE sdp",
	"sip > CANCEL",     "sip < 200 CANCEL",
	"sip < 487 INVITE", "sip > ACK",
	"record cause=17",  NULL,
};

/* An INVITE without an offer has nowhere to send a tone to. */
static const char *const no_offer_no_tone[] = {
	"sip > INVITE to=7101 from=7234 nosdp",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record cause=17",
	NULL,
};

/* --- a far end that hangs up by busy tone alone --- */

static const char *const busy_tone_ends_a_call[] = {
	SIP_CALLS,
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"wait 5000",
	"path end 1 sends busy",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"sip < BYE reason=16",
	"sip > 200 BYE",
	"record cause=16 to_cause=16",
	NULL,
};

/* It is heard by SIP, too: indicated as the PBX's tones, and then told as a status. */
static const char *const busy_tone_before_the_answer[] = {
	SIP_CALLS,
	"pbx > PROGRESS pi=8",
	"sip < 183 INVITE sdp",
	"path end 1 sends busy",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record cause=17 to_cause=17",
	NULL,
};

static const char *const congestion_before_the_answer[] = {
	SIP_CALLS,
	"pbx > PROGRESS pi=8",
	"sip < 183 INVITE sdp",
	"path end 1 sends congestion",
	"pbx < DISCONNECT cause=34",
	"pbx < RELEASE-COMPLETE",
	"sip < 503 INVITE",
	"sip > ACK",
	"record cause=34",
	NULL,
};

/* The caller's line: it hung up, and the tone crossed our clearing. */
static const char *const busy_tone_of_the_caller[] = {
	PBX_CALLS,
	SIP_ANSWERS,
	"wait 100",
	"path end 0 sends busy",
	"path end 0 sends busy", /* again, in the same turn */
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

#define ROW(conf, name)                                                                            \
	{                                                                                          \
#name, conf, name                                                                  \
	}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		ROW(NULL, the_pbx_rings_by_itself),
		ROW(&own, ours_until_the_answer),
		ROW(&own, ours_until_rtp_comes),
		ROW(&own, rtp_before_180),
		ROW(NULL, a_promise_not_kept),
		ROW(NULL, indicator_3_of_the_caller),
		ROW(NULL, indicator_1_of_the_caller),
		ROW(NULL, indicator_8_of_the_caller),
		ROW(&far_end, indicator_3_is_not_asked_for),
		ROW(&own, between_trunks),
		ROW(&own_to_sip, ours_as_early_media),
		ROW(&own_to_sip, tones_of_the_pbx_go_first),
		ROW(&dial_tone, dial_tone_until_a_digit),
		ROW(&dial_tone, all_digits_at_once),
		ROW(&dial_tone, no_dial_tone_after_digits),
		ROW(&dial_tone, nobody_dials),
		ROW(&dial_tone, hangs_up_in_dial_tone),
		ROW(&failing, busy_is_heard),
		ROW(&failing, hangs_up_in_busy_tone),
		ROW(&failing, no_such_number),
		ROW(&dial_and_fail, no_such_number_dialled_in_parts),
		ROW(&failing, an_announcement_is_enough),
		ROW(&failing, failed_between_trunks),
		ROW(&disconnecting, busy_after_disconnect),
		ROW(&disconnecting, nobody_listens_after_disconnect),
		ROW(&failing, data_hear_no_tone),
		ROW(&failing, the_line_fails_meanwhile),
		ROW(&failing_to_sip, busy_as_early_media),
		ROW(&failing_to_sip, busy_after_ringing),
		ROW(&failing_to_sip, sip_gives_up_in_busy_tone),
		ROW(&failing_to_sip, no_offer_no_tone),
		ROW(&listening, busy_tone_ends_a_call),
		ROW(&listening, busy_tone_before_the_answer),
		ROW(&listening, congestion_before_the_answer),
		ROW(&listening, busy_tone_of_the_caller),
	};
	return script_run_all("tones of ours", scenarios, sizeof(scenarios) / sizeof(scenarios[0]),
			      argc, argv);
}
