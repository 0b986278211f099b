/* Provisional responses with PRACK, RFC 3262, and UPDATE before the answer, RFC 3311 and 6337. */
#include "tests/sim/script.h"

#define SIP_CALLS(words)                                                                           \
	"sip > INVITE to=7101 from=7234 " words, "sip < 100 INVITE", "pbx < SETUP",                \
		"pbx > CALL-PROCEEDING"
#define PBX_CALLS                                                                                  \
	"pbx > SETUP called=7234 calling=7101 ch=5", "pbx < CALL-PROCEEDING", "sip < INVITE"
#define SIP_HANGS_UP                                                                               \
	"wait 100", "sip > BYE", "sip < 200 BYE", "pbx < DISCONNECT cause=16",                     \
		"pbx < RELEASE-COMPLETE"

/* --- ours --- */

static const char *const ringing_is_acknowledged[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > ALERTING",
	"sip < 180 INVITE rel require=100rel !sdp",
	"sip < 180 INVITE rel in 500",
	"sip > PRACK",
	"sip < 200 PRACK !sdp",
	"sip > AGAIN",
	"sip < 200 PRACK",
	"quiet 5000",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp !rel",
	"sip > ACK",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

/* 3: doubled without a limit, and after 64*T1 the call is refused with a 5xx. */
static const char *const prack_never_comes[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > ALERTING",
	"sip < 180 INVITE",
	"sip < 180 INVITE in 500",
	"sip < 180 INVITE in 1000",
	"sip < 180 INVITE in 2000",
	"sip < 180 INVITE in 4000",
	"sip < 180 INVITE in 8000",
	"sip < 180 INVITE in 16000",
	"sip < 504 INVITE reason=102 in 500",
	"sip > ACK",
	"pbx < DISCONNECT cause=102",
	"pbx < RELEASE-COMPLETE",
	"record cause=102",
	"quiet 60000",
	NULL,
};

static const char *const prack_of_something_else[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > ALERTING",
	"sip < 180 INVITE rel",
	"sip > PRACK rseq=7",
	"sip < 481 PRACK",
	"sip > PRACK",
	"sip < 200 PRACK",
	"sip > PRACK",
	"sip < 481 PRACK",
	"sip > CANCEL",
	"sip < 200 CANCEL",
	"sip < 487 INVITE",
	"sip > ACK",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* 5: the answer in a 183 must have arrived before the 200; the 180 waits for its turn. */
static const char *const answer_waits_for_prack[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > PROGRESS pi=8",
	"sip < 183 INVITE sdp rel",
	"pbx > ALERTING",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"quiet 300",
	"sip < 183 INVITE sdp rel in 100..300",
	"sip > PRACK",
	"sip < 200 PRACK",
	"sip < 200 INVITE !sdp",
	"sip > ACK",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

/* A 180 without SDP need not: its repetition ends with the 200. */
static const char *const answer_overtakes_prack[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > ALERTING",
	"sip < 180 INVITE rel",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp",
	"sip > PRACK",
	"sip < 200 PRACK",
	"sip > ACK",
	"quiet 5000",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

static const char *const one_at_a_time[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > ALERTING",
	"sip < 180 INVITE rel",
	"pbx > PROGRESS pi=8",
	"quiet 100",
	"sip > PRACK",
	"sip < 200 PRACK",
	"sip < 183 INVITE rel sdp",
	"sip > PRACK",
	"sip < 200 PRACK",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE !sdp",
	"sip > ACK",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

/* 13.2.1: without an offer in INVITE ours goes out in the first reliable response. */
static const char *const offer_in_ringing[] = {
	SIP_CALLS("nosdp supported=100rel"),
	"pbx > ALERTING",
	"sip < 180 INVITE rel sdp codec=0",
	"sip > PRACK sdp codec=0",
	"sip < 200 PRACK !sdp",
	"path is rtp+t1/23 recv",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE !sdp",
	"sip > ACK !sdp",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

static const char *const offer_not_answered[] = {
	SIP_CALLS("nosdp supported=100rel"),
	"pbx > ALERTING",
	"sip < 180 INVITE rel sdp",
	"sip > PRACK",
	"sip < 488 PRACK",
	"sip < 488 INVITE",
	"sip > ACK",
	"pbx < DISCONNECT",
	"pbx < RELEASE-COMPLETE",
	"record from_cause=31",
	NULL,
};

/* 5: the answer in the 183 may be followed by another offer, in the PRACK. */
static const char *const offer_in_prack[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > PROGRESS pi=8",
	"sip < 183 INVITE rel sdp codec=0",
	"sip > PRACK sdp codec=8",
	"sip < 200 PRACK sdp codec=8",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE !sdp",
	"sip > ACK",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

static const char *const offer_in_prack_we_cannot[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > PROGRESS pi=8",
	"sip < 183 INVITE rel sdp codec=0",
	"sip > PRACK sdp codec=99",
	"sip < 488 PRACK",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE !sdp",
	"sip > ACK",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

/* The offer of INVITE has no answer yet: two at once. */
static const char *const offer_in_prack_too_early[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > ALERTING",
	"sip < 180 INVITE rel !sdp",
	"sip > PRACK sdp",
	"sip < 500 PRACK later",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp",
	"sip > ACK",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

static const struct rig_conf required = {.peer = "reliable = required"};
static const struct rig_conf off = {.peer = "reliable = off"};

static const char *const no_call_without[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 421 INVITE require=100rel",
	"sip > ACK",
	NULL,
};

static const char *const required_of_them[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE require=100rel supported=100rel,timer,from-change",
	"sip > 420",
	"sip < ACK",
	"pbx < DISCONNECT",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record to_cause=127",
	NULL,
};

static const char *const not_with_us[] = {
	"sip > INVITE to=7101 from=7234 require=100rel",
	"sip < 420 INVITE unsupported=100rel",
	"sip > ACK",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip#2 < INVITE supported=timer,from-change",
	"sip#2 > 180 require=100rel rseq=1",
	"pbx < ALERTING",
	"sip#2 > 486",
	"sip#2 < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

/* --- theirs --- */

static const char *const we_acknowledge[] = {
	PBX_CALLS,
	"sip > 180 require=100rel rseq=41",
	"sip < PRACK rack=411INVITE !sdp indialog",
	"pbx < ALERTING",
	"sip < PRACK in 500",
	"sip > 200 PRACK",
	"sip > 183 require=100rel rseq=42 sdp",
	"sip < PRACK rack=421INVITE",
	"sip > 200 PRACK",
	"pbx < PROGRESS",
	"sip > 200",
	"sip < ACK",
	"pbx < CONNECT",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

/* 4: the same again is no news, and one that is not the next has to come again. */
static const char *const out_of_order[] = {
	PBX_CALLS,
	"sip > 183 require=100rel rseq=3",
	"sip < PRACK rack=31INVITE",
	"sip > 200 PRACK",
	"sip > 183 require=100rel rseq=3",
	"quiet 100",
	"sip > 180 require=100rel rseq=5",
	"quiet 100",
	"sip > 180 require=100rel rseq=4",
	"sip < PRACK rack=41INVITE",
	"sip > 200 PRACK",
	"pbx < ALERTING",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

/* Each branch counts for itself; media follow the one heard last, the one that answers has the
 * call, and what the other says later is acknowledged and ended. */
static const char *const branches[] = {
	PBX_CALLS,
	"sip > 183 sdp tag=a require=100rel rseq=10",
	"sip < PRACK rack=101INVITE",
	"sip > 200 PRACK",
	"pbx < PROGRESS",
	"sip > 183 sdp tag=b require=100rel rseq=900 codec=8",
	"sip < PRACK rack=9001INVITE",
	"sip > 200 PRACK",
	"path is t1/5+rtp send recv pcma",
	"sip > UPDATE sdp tag=a",
	"sip < 200 UPDATE sdp codec=0",
	"path is t1/5+rtp send recv",
	"sip > 200 tag=b",
	"sip < ACK",
	"pbx < CONNECT",
	"path is t1/5+rtp send recv pcma",
	"sip > 200 tag=a",
	"sip < ACK",
	"sip < BYE",
	"sip > 200 BYE",
	"sip > UPDATE sdp tag=a",
	"sip < 481 UPDATE",
	"sip > UPDATE sdp tag=b",
	"sip < 200 UPDATE sdp",
	"wait 100",
	"sip > BYE tag=b",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* --- UPDATE before the answer --- */

/* RFC 3311 5.2: our offer is open until its answer came reliably. */
static const char *const their_offer_crosses_ours[] = {
	PBX_CALLS,
	"sip > 183 sdp",
	"pbx < PROGRESS",
	"sip > UPDATE sdp",
	"sip < 491 UPDATE",
	"sip > UPDATE",
	"sip < 200 UPDATE !sdp",
	"sip > 183 sdp require=100rel rseq=1",
	"sip < PRACK",
	"sip > 200 PRACK",
	"sip > UPDATE sdp codec=8",
	"sip < 200 UPDATE sdp codec=8",
	"sip > UPDATE sdp codec=99",
	"sip < 488 UPDATE",
	"path is t1/5+rtp send recv pcma",
	"sip > 200",
	"sip < ACK",
	"pbx < CONNECT",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

static const char *const two_of_theirs[] = {
	SIP_CALLS("supported=100rel"),
	"pbx > ALERTING",
	"sip < 180 INVITE rel",
	"sip > PRACK",
	"sip < 200 PRACK",
	"sip > UPDATE sdp",
	"sip < 500 UPDATE later",
	"pbx > PROGRESS pi=8",
	"sip < 183 INVITE rel sdp",
	"sip > PRACK",
	"sip < 200 PRACK",
	"sip > UPDATE sdp codec=8",
	"sip < 200 UPDATE sdp codec=8",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE !sdp",
	"sip > ACK",
	"sip > UPDATE sdp dir=sendonly",
	"sip < 200 UPDATE sdp dir=recvonly",
	"path is rtp+t1/23 recv held",
	SIP_HANGS_UP,
	"record cause=16",
	NULL,
};

/* --- early media, RFC 5009 --- */

static const struct rig_conf trusted = {.peer = "trusted = yes"};

static const char *const early_media_in_ringing[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE pem=supported",
	"sip > 180 sdp pem=sendrecv",
	"pbx < ALERTING pi=8",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

static const char *const no_early_media_in_progress[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 183 sdp pem=inactive",
	"quiet 200",
	"sip > 183 sdp pem=sendonly",
	"pbx < PROGRESS pi=8",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

static const char *const early_media_told[] = {
	SIP_CALLS("pem=supported"),
	"pbx > PROGRESS pi=8",
	"sip < 183 INVITE sdp pem=sendrecv",
	"sip > CANCEL",
	"sip < 200 CANCEL",
	"sip < 487 INVITE",
	"sip > ACK",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

#define ROW(name)                                                                                  \
	{                                                                                          \
#name, NULL, name                                                                  \
	}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		ROW(ringing_is_acknowledged),
		ROW(prack_never_comes),
		ROW(prack_of_something_else),
		ROW(answer_waits_for_prack),
		ROW(answer_overtakes_prack),
		ROW(one_at_a_time),
		ROW(offer_in_ringing),
		ROW(offer_not_answered),
		ROW(offer_in_prack),
		ROW(offer_in_prack_we_cannot),
		ROW(offer_in_prack_too_early),
		{"no_call_without", &required, no_call_without},
		{"required_of_them", &required, required_of_them},
		{"not_with_us", &off, not_with_us},
		ROW(we_acknowledge),
		ROW(out_of_order),
		ROW(branches),
		ROW(their_offer_crosses_ours),
		ROW(two_of_theirs),
		{"early_media_in_ringing", &trusted, early_media_in_ringing},
		{"no_early_media_in_progress", &trusted, no_early_media_in_progress},
		{"early_media_told", &trusted, early_media_told},
	};

	return script_run_all("reliable", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
