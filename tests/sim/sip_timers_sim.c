/* Every timer of RFC 3261 table 4 that can be seen from outside, and the gateway's own. */
#include "tests/sim/script.h"

#define PBX_CALLS                                                                                  \
	"pbx > SETUP called=7234 calling=7101 ch=5", "pbx < CALL-PROCEEDING", "sip < INVITE"
#define SIP_CALLS                                                                                  \
	"sip > INVITE to=7101 from=7234", "sip < 100 INVITE", "pbx < SETUP", "pbx > CALL-PROCEEDING"
#define PBX_CLEARED(cause) "pbx < DISCONNECT cause=" #cause, "pbx < RELEASE-COMPLETE"

/* A doubles from T1, B gives up after 64*T1. */
static const char *const timer_a_and_b[] = {
	PBX_CALLS,
	"sip < INVITE in 500",
	"sip < INVITE in 1000",
	"sip < INVITE in 2000",
	"sip < INVITE in 4000",
	"sip < INVITE in 8000",
	"sip < INVITE in 16000",
	"pbx < DISCONNECT cause=102 in 500",
	"pbx < RELEASE-COMPLETE",
	"record cause=102",
	"quiet 60000",
	NULL,
};

/* A stops at the first answer. */
static const char *const timer_a_stops[] = {
	PBX_CALLS,   "sip < INVITE in 500", "sip > 100",       "quiet 20000", "sip > 486",
	"sip < ACK", PBX_CLEARED(17),       "record cause=17", NULL,
};

/* D: the final response comes again because our ACK was lost; 32 s later it is a stray. */
static const char *const timer_d[] = {
	PBX_CALLS,   "sip > 486",   "sip < ACK",   PBX_CLEARED(17), "record cause=17",
	"wait 500",  "sip > AGAIN", "sip < ACK",   "wait 30000",    "sip > AGAIN",
	"sip < ACK", "wait 5000",   "sip > AGAIN", "quiet 5000",    NULL,
};

/* E and F: our BYE, doubled up to T2, given up after 64*T1. */
static const char *const timer_e_and_f[] = {
	PBX_CALLS,
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE",
	"sip < BYE in 500",
	"sip < BYE in 1000",
	"sip < BYE in 2000",
	"sip < BYE in 4000",
	"sip < BYE in 4000",
	"sip < BYE in 4000",
	"sip < BYE in 4000",
	"sip < BYE in 4000",
	"sip < BYE in 4000",
	"sip < BYE in 4000",
	"quiet 10000",
	"record cause=16",
	NULL,
};

/* K: the answer to our BYE comes again and is swallowed. */
static const char *const timer_k[] = {
	PBX_CALLS,
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE",
	"sip > 200 BYE",
	"sip > AGAIN",
	"wait 3000",
	"sip > AGAIN",
	"quiet 10000",
	"record cause=16",
	NULL,
};

/* G and H: our final response, doubled up to T2, given up after 64*T1. */
static const char *const timer_g_and_h[] = {
	SIP_CALLS,
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip < 486 INVITE in 500",
	"sip < 486 INVITE in 1000",
	"sip < 486 INVITE in 2000",
	"sip < 486 INVITE in 4000",
	"sip < 486 INVITE in 4000",
	"sip < 486 INVITE in 4000",
	"sip < 486 INVITE in 4000",
	"sip < 486 INVITE in 4000",
	"sip < 486 INVITE in 4000",
	"sip < 486 INVITE in 4000",
	"quiet 10000",
	"record cause=17",
	NULL,
};

/* I: a second ACK is swallowed; the INVITE itself, late from the network, too. */
static const char *const timer_i[] = {
	SIP_CALLS,
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"sip > AGAIN",
	"wait 3000",
	"sip > AGAIN",
	"quiet 40000",
	"record cause=17",
	NULL,
};

/* J: their BYE comes again because our 200 was lost. */
static const char *const timer_j[] = {
	PBX_CALLS,
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 100",
	"sip > BYE",
	"sip < 200 BYE",
	PBX_CLEARED(16),
	"record cause=16",
	"wait 4000",
	"sip > AGAIN",
	"sip < 200 BYE",
	"wait 25000",
	"sip > AGAIN",
	"sip < 200 BYE",
	"wait 10000",
	"sip > AGAIN",
	"sip < 481 BYE",
	NULL,
};

/* A repeated INVITE gets the last provisional response again, and makes no second call. */
static const char *const their_invite_repeated[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"sip > AGAIN",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > ALERTING",
	"sip < 180 INVITE",
	"sip > AGAIN",
	"sip < 180 INVITE",
	"calls 1",
	"sip > CANCEL",
	"sip < 200 CANCEL",
	"sip < 487 INVITE",
	"sip > ACK",
	PBX_CLEARED(16),
	"record cause=16",
	NULL,
};

/* 13.3.1.4: our 200 is repeated until the ACK comes, doubled up to T2 ... */
static const char *const our_200_repeated[] = {
	SIP_CALLS,
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip < 200 INVITE in 500",
	"sip < 200 INVITE in 1000",
	"sip < 200 INVITE in 2000",
	"sip < 200 INVITE in 4000",
	"sip < 200 INVITE in 4000",
	"sip > ACK",
	"quiet 60000",
	"sip > BYE",
	"sip < 200 BYE",
	PBX_CLEARED(16),
	"record cause=16",
	NULL,
};

/* ... for 64*T1; then the dialog is confirmed and ended. */
static const char *const our_200_never_acknowledged[] = {
	SIP_CALLS,
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip < 200 INVITE in 500",
	"sip < 200 INVITE in 1000",
	"sip < 200 INVITE in 2000",
	"sip < 200 INVITE in 4000",
	"sip < 200 INVITE in 4000",
	"sip < 200 INVITE in 4000",
	"sip < 200 INVITE in 4000",
	"sip < 200 INVITE in 4000",
	"sip < 200 INVITE in 4000",
	"sip < 200 INVITE in 4000",
	"sip < BYE in 500",
	"sip > 200 BYE",
	PBX_CLEARED(102),
	"record cause=102",
	NULL,
};

/* The peer took the INVITE and then said nothing more: invite_timeout, 102 to the PBX. */
static const struct rig_conf short_invite = {.sip = "invite_timeout_ms = 20000"};
static const char *const invite_timeout[] = {
	PBX_CALLS,
	"sip > 100",
	"sip < CANCEL reason=102 in 20000",
	"pbx < DISCONNECT cause=102 in 0..33000",
	"pbx < RELEASE-COMPLETE",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK",
	"record cause=102",
	NULL,
};

/* A peer that answers CANCEL but never the INVITE: 64*T1 and it is over (RFC 3261 9.1). */
static const char *const peer_ignores_cancel[] = {
	PBX_CALLS,         "sip > 180",    "pbx < ALERTING",   "pbx > DISCONNECT cause=16",
	"pbx < RELEASE",   "sip < CANCEL", "sip > 200 CANCEL", "quiet 60000",
	"record cause=16", NULL,
};

static const struct rig_conf short_setup = {.gateway = "setup_timeout_ms = 5000"};
static const char *const setup_timeout_to_sip[] = {
	PBX_CALLS,
	"sip > 100",
	"pbx < DISCONNECT cause=102 in 5000",
	"pbx < RELEASE-COMPLETE",
	"sip < CANCEL reason=102",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK",
	"record cause=102",
	NULL,
};

static const char *const setup_timeout_to_pbx[] = {
	SIP_CALLS,
	"pbx < DISCONNECT cause=102 in 5000",
	"pbx < RELEASE-COMPLETE",
	"sip < 504 INVITE reason=102",
	"sip > ACK",
	"record cause=102",
	NULL,
};

static const struct rig_conf short_answer = {.gateway = "answer_timeout_ms = 50000"};
static const char *const nobody_answers_sip[] = {
	PBX_CALLS,
	"sip > 180",
	"pbx < ALERTING",
	"pbx < DISCONNECT cause=19 in 50000",
	"pbx < RELEASE-COMPLETE",
	"sip < CANCEL reason=19",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK",
	"record cause=19",
	NULL,
};

static const char *const nobody_answers_pbx[] = {
	SIP_CALLS,
	"pbx > ALERTING",
	"sip < 180 INVITE",
	"pbx < DISCONNECT cause=19 in 50000",
	"pbx < RELEASE-COMPLETE",
	"sip < 480 INVITE reason=19",
	"sip > ACK",
	"record cause=19",
	NULL,
};

/* 13.3.1.1: a proxy on the way forgets a call it hears nothing of for three minutes. */
static const char *const ringing_repeated_each_minute[] = {
	SIP_CALLS,
	"pbx > ALERTING",
	"sip < 180 INVITE",
	"sip < 180 INVITE in 60000",
	"sip < 180 INVITE in 60000",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"quiet 120000",
	"sip > BYE",
	"sip < 200 BYE",
	PBX_CLEARED(16),
	"record cause=16",
	NULL,
};

static const char *const peer_is_silent_after_answer[] = {
	PBX_CALLS,         "sip > 200 sdp",
	"sip < ACK",       "pbx < CONNECT",
	"path silent",     "wait 5000",
	"calls 1",         "path heard",
	"wait 1000",       "sip > BYE",
	"sip < 200 BYE",   PBX_CLEARED(16),
	"record cause=16", NULL,
};

#define ROW(name)                                                                                  \
	{                                                                                          \
#name, NULL, name                                                                  \
	}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		ROW(timer_a_and_b),
		ROW(timer_a_stops),
		ROW(timer_d),
		ROW(timer_e_and_f),
		ROW(timer_k),
		ROW(timer_g_and_h),
		ROW(timer_i),
		ROW(timer_j),
		ROW(their_invite_repeated),
		ROW(our_200_repeated),
		ROW(our_200_never_acknowledged),
		{"invite_timeout", &short_invite, invite_timeout},
		ROW(peer_ignores_cancel),
		{"setup_timeout_to_sip", &short_setup, setup_timeout_to_sip},
		{"setup_timeout_to_pbx", &short_setup, setup_timeout_to_pbx},
		{"nobody_answers_sip", &short_answer, nobody_answers_sip},
		{"nobody_answers_pbx", &short_answer, nobody_answers_pbx},
		ROW(ringing_repeated_each_minute),
		ROW(peer_is_silent_after_answer),
	};

	return script_run_all("sip_timers", scenarios, sizeof(scenarios) / sizeof(scenarios[0]),
			      argc, argv);
}
