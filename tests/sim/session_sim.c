/* What happens inside a dialog: session timers (RFC 4028), UPDATE and re-INVITE that cross (RFC
 * 3261 14, RFC 3311), identity that changes (RFC 4916), 3xx that is followed. */
#include "tests/sim/script.h"

#define SIP_CALLS(words)                                                                           \
	"sip > INVITE to=7101 from=7234 " words, "sip < 100 INVITE", "pbx < SETUP",                \
		"pbx > CALL-PROCEEDING", "pbx > CONNECT", "pbx < CONNECT-ACK"
#define PBX_CALLS "pbx > SETUP called=7234 calling=7101 ch=5", "pbx < CALL-PROCEEDING"
#define SIP_HANGS_UP                                                                               \
	"wait 100", "sip > BYE", "sip < 200 BYE", "pbx < DISCONNECT cause=16",                     \
		"pbx < RELEASE-COMPLETE", "record cause=16"

/* --- who refreshes --- */

static const char *const we_refresh_by_update[] = {
	PBX_CALLS,
	"sip < INVITE se=1800 !minse supported=100rel,timer,from-change",
	"sip > 200 sdp supported=timer require=timer allow=INVITE,UPDATE se=1800;refresher=uac",
	"sip < ACK",
	"pbx < CONNECT",
	"sip < UPDATE !sdp se=1800;refresher=uac indialog in 900000",
	"sip > 200 UPDATE se=1000;refresher=uac",
	"sip < UPDATE se=1000;refresher=uac in 500000",
	"sip > 200 UPDATE se=1000;refresher=uac",
	SIP_HANGS_UP,
	"quiet 2000000",
	NULL,
};

/* Not knowing UPDATE: by re-INVITE with the same offer; what answers is there. */
static const char *const we_refresh_by_reinvite[] = {
	PBX_CALLS,
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"sip < INVITE sdp codec=0 se=1800;refresher=uac indialog in 900000",
	"sip > 200 sdp",
	"sip < ACK cseq=2",
	"sip > AGAIN",
	"sip < ACK cseq=2",
	"sip < INVITE indialog in 900000",
	"sip > 488",
	"sip < ACK cseq=3",
	"sip < INVITE indialog in 900000",
	"sip > 200 sdp codec=8",
	"sip < ACK",
	"path is t1/5+rtp send recv pcma",
	SIP_HANGS_UP,
	NULL,
};

/* An UPDATE that Allow promised and the far side refuses: the next one is a re-INVITE. */
static const char *const update_was_a_promise[] = {
	PBX_CALLS,
	"sip < INVITE",
	"sip > 200 sdp allow=INVITE,UPDATE",
	"sip < ACK",
	"pbx < CONNECT",
	"sip < UPDATE in 900000",
	"sip > 405 UPDATE",
	"sip < INVITE sdp in 900000",
	"sip > 200 sdp",
	"sip < ACK",
	SIP_HANGS_UP,
	NULL,
};

static const char *const they_refresh[] = {
	SIP_CALLS("supported=timer se=600;refresher=uac"),
	"sip < 200 INVITE sdp se=600;refresher=uac require=timer",
	"sip > ACK",
	"wait 300000",
	"sip > UPDATE supported=timer se=600;refresher=uac",
	"sip < 200 UPDATE !sdp se=600;refresher=uac require=timer",
	"wait 300000",
	"sip > INVITE supported=timer se=600;refresher=uac",
	"sip < 200 INVITE sdp se=600;refresher=uac",
	"sip > ACK",
	"sip < BYE reason=102 in 568000", /* 10: 32 s before the end */
	"sip > 200 BYE",
	"pbx < DISCONNECT cause=102",
	"pbx < RELEASE-COMPLETE",
	"record cause=102",
	NULL,
};

static const char *const they_know_no_timer[] = {
	SIP_CALLS("allow=UPDATE"),
	"sip < 200 INVITE se=1800;refresher=uas !require",
	"sip > ACK",
	"sip < UPDATE in 900000",
	"sip > 200 UPDATE",
	SIP_HANGS_UP,
	NULL,
};

/* The far side has died: the B-channel is free after the refresh and its repetitions. */
static const char *const far_side_is_dead[] = {
	PBX_CALLS,
	"sip < INVITE",
	"sip > 200 sdp supported=timer allow=UPDATE se=1800;refresher=uac",
	"sip < ACK",
	"pbx < CONNECT",
	"sip deaf",
	"pbx < DISCONNECT cause=102 in 932000",
	"pbx < RELEASE-COMPLETE",
	"path none",
	"record cause=102",
	"sip hears",
	"wait 40000",
	"clear inboxes",
	"pbx#2 > SETUP called=7234 calling=7101 ch=5", /* that slot again */
	"pbx#2 < CALL-PROCEEDING ch=5",
	"sip#2 < INVITE",
	"sip#2 > 486",
	"sip#2 < ACK",
	"pbx#2 < DISCONNECT cause=17",
	"pbx#2 < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

/* It was started anew and knows the dialog no more: RFC 5057. */
static const char *const far_side_forgot[] = {
	PBX_CALLS,
	"sip < INVITE",
	"sip > 200 sdp allow=UPDATE",
	"sip < ACK",
	"pbx < CONNECT",
	"sip < UPDATE in 900000",
	"sip > 481 UPDATE",
	"sip < BYE",
	"sip > 481 BYE",
	"pbx < DISCONNECT cause=102",
	"pbx < RELEASE-COMPLETE",
	"record cause=102",
	NULL,
};

/* --- 422 --- */

static const struct rig_conf slow = {.peer = "min_se_s = 600"};

static const char *const too_brief_for_us[] = {
	"sip > INVITE to=7101 from=7234 supported=timer se=300",
	"sip < 422 INVITE minse=600",
	"sip > ACK",
	"sip#2 > INVITE to=7101 from=7234 se=300", /* cannot know 422 */
	"sip#2 < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip#2 < 200 INVITE se=300;refresher=uas",
	"sip#2 > ACK",
	"sip#2 > UPDATE supported=timer se=200",
	"sip#2 < 422 UPDATE minse=600",
	"wait 100",
	"sip#2 > BYE",
	"sip#2 < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

static const char *const too_brief_for_them[] = {
	PBX_CALLS,
	"sip < INVITE se=1800 cseq=1",
	"sip > 422 minse=7200",
	"sip < ACK",
	"sip < INVITE se=7200 minse=7200 cseq=2 sdp !indialog",
	"sip > 422 minse=7200",
	"sip < ACK", /* no more than it asked for: it makes no sense */
	"pbx < DISCONNECT cause=31",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=31",
	NULL,
};

/* --- two at once --- */

/* 14.1: after 491 we wait 2.1 to 4 s, having made the Call-ID. */
static const char *const reinvites_cross[] = {
	PBX_CALLS,
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"sip < INVITE in 900000",
	"sip > UPDATE sdp",
	"sip < 491 UPDATE",
	"sip > UPDATE",
	"sip < 200 UPDATE",
	"sip > 491",
	"sip < ACK",
	"quiet 2050",
	"sip < INVITE sdp in 0..2000",
	"sip > 500 retry=7",
	"sip < ACK",
	"sip < INVITE sdp in 7000",
	"sip > 200 sdp",
	"sip < ACK",
	SIP_HANGS_UP,
	NULL,
};

/* The far side made the Call-ID: up to 2 s. */
static const char *const callee_waits_less[] = {
	SIP_CALLS(""),
	"sip < 200 INVITE",
	"sip > ACK",
	"sip < INVITE sdp in 900000",
	"sip > 491",
	"sip < ACK",
	"sip < INVITE in 0..2010",
	"sip > 200 sdp",
	"sip < ACK",
	SIP_HANGS_UP,
	NULL,
};

static const char *const reinvite_without_offer[] = {
	SIP_CALLS(""),
	"sip < 200 INVITE",
	"sip > ACK",
	"sip > INVITE nosdp",
	"sip < 200 INVITE sdp",
	"sip > UPDATE sdp", /* our offer is open until the ACK */
	"sip < 491 UPDATE",
	"sip > ACK sdp codec=8",
	"path is rtp+t1/23 send recv pcma",
	SIP_HANGS_UP,
	NULL,
};

static const char *const refused_in_dialog[] = {
	SIP_CALLS(""),
	"sip < 200 INVITE",
	"sip > ACK",
	"sip > UPDATE sdp codec=99",
	"sip < 488 UPDATE",
	"sip > INVITE require=precondition",
	"sip < 420 INVITE unsupported=precondition",
	"sip > ACK",
	"sip > OPTIONS",
	"sip < 200 OPTIONS allow=INVITE,ACK,CANCEL,BYE,OPTIONS,PRACK,UPDATE "
	"supported=100rel,timer,from-change accept=application/sdp",
	"sip > PRACK rseq=1",
	"sip < 481 PRACK",
	SIP_HANGS_UP,
	NULL,
};

static const char *const preconditions_are_not_ours[] = {
	"sip > INVITE to=7101 from=7234 require=100rel,precondition",
	"sip < 420 INVITE unsupported=precondition",
	"sip > ACK",
	NULL,
};

/* --- who it is --- */

static const struct rig_conf trusted = {.peer = "trusted = yes"};

/* A name that comes after name_wait_ms: UPDATE in the early dialog, when there is one. */
static const char *const name_comes_late[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 follows ch=5",
	"pbx < CALL-PROCEEDING in 500",
	"sip < INVITE from=7101 !pai.name",
	"pbx > FACILITY cname=Anna",
	"quiet 100",
	"sip > 180 allow=INVITE,UPDATE",
	"sip < UPDATE pai=7101 pai.name=Anna !sdp",
	"sip > 200 UPDATE",
	"pbx < ALERTING",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx > RELEASE cause=17",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

/* What the far side says to that UPDATE, or whether it says anything, is nothing to the call. */
static const char *const late_name_refused[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 follows ch=5",
	"pbx < CALL-PROCEEDING in 500",
	"sip < INVITE from=7101",
	"sip > 180 allow=INVITE,UPDATE",
	"pbx < ALERTING",
	"pbx > FACILITY cname=Anna",
	"sip < UPDATE pai.name=Anna",
	"sip > 481 UPDATE",
	"quiet 3000",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx > CONNECT-ACK",
	"wait 100",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx > RELEASE cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* To a peer that is not trusted by From, if that may change (RFC 4916). */
static const char *const name_comes_late_in_from[] = {
	"pbx raw",
	"pbx > SETUP called=9234 calling=7101 follows ch=5",
	"pbx < CALL-PROCEEDING in 500",
	"px < INVITE from=7101 !from.name",
	"pbx > FACILITY cname=Anna",
	"px > 180 allow=INVITE,UPDATE supported=from-change",
	"px < UPDATE from=7101 from.name=Anna !pai",
	"px > 200 UPDATE",
	"pbx < ALERTING",
	"px > 486",
	"px < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx > RELEASE cause=17",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

/* And when it knows neither, the call goes on without. */
static const char *const name_comes_late_for_nobody[] = {
	"pbx raw",
	"pbx > SETUP called=9234 calling=7101 follows ch=5",
	"pbx < CALL-PROCEEDING in 500",
	"px < INVITE",
	"pbx > FACILITY cname=Anna",
	"px > 180 allow=INVITE,UPDATE",
	"pbx < ALERTING",
	"quiet 1000",
	"px > 486",
	"px < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx > RELEASE cause=17",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

/* RFC 4916 4.4.2: another one answered. */
static const char *const connected_in_from[] = {
	"px > INVITE to=7101 from=9234 supported=from-change allow=UPDATE",
	"px < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT connected=7105",
	"pbx < CONNECT-ACK",
	"px < 200 INVITE sdp !pai",
	"px > ACK",
	"px < UPDATE from=7105 indialog !sdp",
	"px > 200 UPDATE",
	"wait 100",
	"px > BYE",
	"px < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* SIP to SIP the change goes through. */
static const char *const identity_passes[] = {
	"px > INVITE to=7200 from=9234",
	"px < 100 INVITE",
	"sip < INVITE from=9234 to=7200",
	"sip > 200 sdp allow=UPDATE supported=from-change",
	"sip < ACK",
	"px < 200 INVITE",
	"px > ACK",
	"px > UPDATE from=9777 name=Otto",
	"px < 200 UPDATE",
	"sip < UPDATE from=9777 from.name=Otto",
	"sip > 200 UPDATE",
	"px > UPDATE from=9777 name=Otto", /* nothing new */
	"px < 200 UPDATE",
	"quiet 100",
	"px > BYE",
	"px < 200 BYE",
	"sip < BYE from=9777",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

/* --- 3xx --- */

static const struct rig_conf follows = {.peer = "redirects_max = 2"};

static const char *const sent_on_to_another_peer[] = {
	PBX_CALLS,
	"sip < INVITE to=7234",
	"sip > 302 contact=<sip:1@elsewhere>;q=0.9,<sip:9300@px>;q=0.7",
	"sip < ACK",
	"px < INVITE to=7234 cseq=2 div.0=<sip:7234@px>;reason=unconditional;counter=1;privacy=off",
	"px > 180",
	"pbx < ALERTING",
	"px > 200 sdp",
	"px < ACK",
	"pbx < CONNECT",
	"wait 100",
	"px > BYE",
	"px < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

static const char *const sent_on_too_often[] = {
	PBX_CALLS,
	"sip < INVITE",
	"sip > 302 contact=<sip:7235@cs>",
	"sip < ACK",
	"sip < INVITE cseq=2",
	"sip > 301 contact=<sip:7236@cs>",
	"sip < ACK",
	"sip < INVITE cseq=3",
	"sip > 302 contact=<sip:7234@cs>",
	"sip < ACK",
	"pbx < DISCONNECT cause=23",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=23",
	NULL,
};

static const char *const sent_on_to_a_stranger[] = {
	PBX_CALLS,
	"sip < INVITE",
	"sip > 302 contact=<sip:7235@192.0.2.1>",
	"sip < ACK",
	"pbx < DISCONNECT cause=23",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=23",
	NULL,
};

#define ROW(name)                                                                                  \
	{                                                                                          \
#name, NULL, name                                                                  \
	}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		ROW(we_refresh_by_update),
		ROW(we_refresh_by_reinvite),
		ROW(update_was_a_promise),
		ROW(they_refresh),
		ROW(they_know_no_timer),
		ROW(far_side_is_dead),
		ROW(far_side_forgot),
		{"too_brief_for_us", &slow, too_brief_for_us},
		ROW(too_brief_for_them),
		ROW(reinvites_cross),
		ROW(callee_waits_less),
		ROW(reinvite_without_offer),
		ROW(refused_in_dialog),
		ROW(preconditions_are_not_ours),
		{"name_comes_late", &trusted, name_comes_late},
		{"late_name_refused", &trusted, late_name_refused},
		ROW(name_comes_late_in_from),
		ROW(name_comes_late_for_nobody),
		ROW(connected_in_from),
		ROW(identity_passes),
		{"sent_on_to_another_peer", &follows, sent_on_to_another_peer},
		{"sent_on_too_often", &follows, sent_on_too_often},
		{"sent_on_to_a_stranger", &follows, sent_on_to_a_stranger},
	};

	return script_run_all("session", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
