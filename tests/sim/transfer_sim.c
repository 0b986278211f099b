/* Hold both ways, and transfer by REFER and Replaces: who talks to whom before and after, who is
 * told, and what happens when somebody hangs up meanwhile. */
#include "tests/sim/script.h"

static const struct rig_conf may = {.peer = "transfer = yes"};
static const struct rig_conf tells = {.peer = "transfer = yes", .trunk = "hold_notify = yes"};
static const struct rig_conf unheld = {.peer = "hold = no"};
static const struct rig_conf no_hold = {.trunk = "hold = no"};

/* The PBX calls a phone that answers: path t1/5+rtp. */
#define PBX_CALLS_SIP                                                                              \
	"pbx > SETUP called=7234 calling=7101 ch=5", "pbx < CALL-PROCEEDING", "sip < INVITE",      \
		"sip > 200 sdp", "sip < ACK", "pbx < CONNECT", "path is t1/5+rtp send recv",       \
		"wait 50"
#define PBX_HANGS_UP                                                                               \
	"pbx > DISCONNECT cause=16", "pbx < RELEASE", "sip < BYE", "sip > 200 BYE",                \
		"record cause=16"

/* --- the PBX holds --- */

static const char *const pbx_holds[] = {
	PBX_CALLS_SIP,
	"pbx > HOLD",
	"pbx < HOLD-ACK",
	"sip < INVITE sdp dir=sendonly indialog",
	"sip > 200 sdp dir=recvonly",
	"sip < ACK",
	"wait 50",
	"path is music+rtp send",
	"quiet 600000",
	"pbx > RETRIEVE ch=9 ",
	"pbx < RETRIEVE-ACK ch=9",
	"sip < INVITE sdp dir=sendrecv indialog",
	"sip > 200 sdp",
	"sip < ACK",
	"wait 50",
	"path is t1/9+rtp send recv",
	PBX_HANGS_UP,
	NULL,
};

/* Any channel will do; the one it had is in use meanwhile. */
static const char *const pbx_retrieves_any[] = {
	PBX_CALLS_SIP,
	"pbx > HOLD",
	"pbx < HOLD-ACK",
	"sip < INVITE dir=sendonly",
	"sip > 200 sdp dir=recvonly",
	"sip < ACK",
	"pbx#2 > SETUP called=9001 calling=7102 ch=5",
	"pbx#2 < CALL-PROCEEDING ch=5",
	"px < INVITE",
	"px > 200 sdp",
	"px < ACK",
	"pbx#2 < CONNECT",
	"pbx > RETRIEVE ch=0",
	"pbx < RETRIEVE-ACK ch=23",
	"sip < INVITE dir=sendrecv",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx > RETRIEVE ch=0",
	"wait 100",
	"clear inboxes",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	"pbx#2 > DISCONNECT cause=16",
	"pbx#2 < RELEASE",
	"px < BYE",
	"px > 200 BYE",
	"record cause=16",
	NULL,
};

static const char *const pbx_hangs_up_held[] = {
	PBX_CALLS_SIP,
	"pbx > HOLD",
	"pbx < HOLD-ACK",
	"sip < INVITE dir=sendonly",
	"sip > 200 sdp dir=inactive",
	"sip < ACK",
	"wait 1000",
	PBX_HANGS_UP,
	NULL,
};

static const char *const sip_hangs_up_held[] = {
	PBX_CALLS_SIP,
	"pbx > HOLD",
	"pbx < HOLD-ACK",
	"sip < INVITE dir=sendonly",
	"sip > BYE", /* crosses the re-INVITE */
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* A phone that will not be held hears music all the same. */
static const char *const sip_refuses_hold[] = {
	PBX_CALLS_SIP,
	"pbx > HOLD",
	"pbx < HOLD-ACK",
	"sip < INVITE dir=sendonly",
	"sip > 488",
	"sip < ACK",
	"wait 50",
	"path is music+rtp send recv",
	"pbx > RETRIEVE ch=5",
	"pbx < RETRIEVE-ACK ch=5",
	"wait 50",
	"path is t1/5+rtp send recv",
	PBX_HANGS_UP,
	NULL,
};

/* RFC 3261 14.1: both sent INVITE; ours comes again, later. */
static const char *const hold_glare[] = {
	PBX_CALLS_SIP,
	"pbx > HOLD",
	"pbx < HOLD-ACK",
	"sip < INVITE dir=sendonly",
	"sip > 491",
	"sip < ACK",
	"sip < INVITE dir=sendonly in 2100..4000",
	"sip > 200 sdp dir=recvonly",
	"sip < ACK",
	"sip > 200 sdp dir=recvonly", /* our ACK was lost */
	"sip < ACK",
	"wait 50",
	"path is music+rtp send",
	PBX_HANGS_UP,
	NULL,
};

/* The dialog is gone at the other end: so it is here. */
static const char *const hold_finds_nobody[] = {
	PBX_CALLS_SIP,         "pbx > HOLD",
	"pbx < HOLD-ACK",      "sip < INVITE dir=sendonly",
	"sip > 481",           "sip < ACK",
	"sip < BYE",           "sip > 481 BYE",
	"pbx < DISCONNECT",    "pbx < RELEASE-COMPLETE",
	"record to_cause=102", NULL,
};

static const char *const hold_untold[] = {
	PBX_CALLS_SIP,
	"pbx > HOLD",
	"pbx < HOLD-ACK",
	"wait 50",
	"path is music+rtp send recv",
	"quiet 60000",
	"pbx > RETRIEVE ch=5",
	"pbx < RETRIEVE-ACK",
	"wait 50",
	"path is t1/5+rtp send recv",
	PBX_HANGS_UP,
	NULL,
};

static const char *const hold_not_allowed[] = {
	PBX_CALLS_SIP,
	"pbx > HOLD",
	"pbx < HOLD-REJECT cause=69",
	"wait 50",
	"path is t1/5+rtp send recv",
	PBX_HANGS_UP,
	NULL,
};

/* Before the answer there is nothing to hold. */
static const char *const hold_too_early[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 180",
	"pbx < ALERTING",
	"pbx > HOLD",
	"pbx < HOLD-REJECT cause=101",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE cause=16",
	"pbx > RELEASE-COMPLETE",
	"sip < CANCEL",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK",
	"record cause=16",
	NULL,
};

/* Q.931 NOTIFY: the channel stays, and so does what the PBX plays on it. */
static const char *const pbx_suspends[] = {
	PBX_CALLS_SIP,
	"pbx > NOTIFY notice=0",
	"sip < INVITE dir=sendonly",
	"sip > 200 sdp dir=recvonly",
	"sip < ACK",
	"path is t1/5+rtp send",
	"pbx > NOTIFY notice=2", /* bearer change: nothing to us */
	"quiet 1000",
	"pbx > NOTIFY notice=1",
	"sip < INVITE dir=sendrecv",
	"sip > 200 sdp",
	"sip < ACK",
	"wait 50",
	"path is t1/5+rtp send recv",
	PBX_HANGS_UP,
	NULL,
};

/* --- the phone holds --- */

static const char *const sip_holds[] = {
	PBX_CALLS_SIP,
	"sip > INVITE dir=sendonly",
	"pbx < NOTIFY notice=0",
	"sip < 200 INVITE dir=recvonly",
	"sip > ACK",
	"path is t1/5+rtp recv held",
	"sip > INVITE dir=inactive",
	"sip < 200 INVITE dir=inactive",
	"sip > ACK",
	"path is t1/5+rtp held",
	"sip > INVITE c=0.0.0.0", /* RFC 2543's way */
	"sip < 200 INVITE",
	"sip > ACK",
	"quiet 1000",
	"sip > INVITE",
	"pbx < NOTIFY notice=1",
	"sip < 200 INVITE dir=sendrecv",
	"sip > ACK",
	"wait 50",
	"path is t1/5+rtp send recv",
	PBX_HANGS_UP,
	NULL,
};

static const char *const both_hold[] = {
	PBX_CALLS_SIP,
	"sip > INVITE dir=sendonly",
	"sip < 200 INVITE dir=recvonly",
	"sip > ACK",
	"pbx > HOLD",
	"pbx < HOLD-ACK",
	"sip < INVITE dir=sendonly",
	"sip > 200 sdp dir=inactive",
	"sip < ACK",
	"wait 50",
	"path is music+rtp held",
	"pbx > RETRIEVE ch=7",
	"pbx < RETRIEVE-ACK ch=7",
	"sip < INVITE dir=sendrecv",
	"sip > 200 sdp dir=sendonly", /* still holds */
	"sip < ACK",
	"wait 50",
	"path is t1/7+rtp recv held",
	"sip > INVITE",
	"sip < 200 INVITE dir=sendrecv",
	"sip > ACK",
	"wait 50",
	"path is t1/7+rtp send recv",
	PBX_HANGS_UP,
	NULL,
};

static const char *const sip_to_sip_hold[] = {
	"sip > INVITE to=9001 from=7234",
	"sip < 100 INVITE",
	"px < INVITE",
	"px > 200 sdp",
	"px < ACK",
	"sip < 200 INVITE sdp",
	"sip > ACK",
	"path is rtp+rtp send recv send recv",
	"sip > INVITE dir=sendonly",
	"sip < 200 INVITE dir=recvonly",
	"sip > ACK",
	"px < INVITE dir=sendonly",
	"px > 200 sdp dir=recvonly",
	"px < ACK",
	"path is rtp+rtp recv held send",
	"sip > BYE",
	"sip < 200 BYE",
	"px < BYE",
	"px > 200 BYE",
	"record cause=16",
	NULL,
};

/* --- blind transfer --- */

#define REFERRED                                                                                   \
	"sip > REFER refer=9001", "sip < 202 REFER", "sip < NOTIFY frag=100 active",               \
		"sip > 200 NOTIFY"

static const char *const blind[] = {
	PBX_CALLS_SIP,
	"sip > REFER refer=9001 by=<sip:7234@cs>",
	"sip < 202 REFER",
	"sip < NOTIFY frag=100 active event=refer",
	"sip > 200 NOTIFY",
	"px < INVITE to=9001 from=7101 by=<sip:7234@cs> !replaces",
	"px > 180",
	"sip < NOTIFY frag=180 active",
	"sip > 200 NOTIFY",
	"path is t1/5+rtp send recv",
	"calls 2",
	"px > 200 sdp",
	"px < ACK",
	"sip < NOTIFY frag=200 terminated",
	"sip > 200 NOTIFY",
	"sip < BYE reason=16",
	"sip > 200 BYE",
	"record cause=16 source=pbx",
	"wait 50",
	"path is t1/5+rtp send recv",
	"calls 1",
	"quiet 60000",
	"px > BYE",
	"px < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record source=cs target=px dialled=9001 cause=16",
	NULL,
};

/* Many phones hang up at once; the caller waits with music. */
static const char *const blind_and_gone[] = {
	PBX_CALLS_SIP,
	REFERRED,
	"px < INVITE to=9001 from=7101",
	"px > 100",
	"sip > BYE",
	"sip < 200 BYE",
	"wait 50",
	"path is t1/5+music",
	"quiet 5000",
	"px > 200 sdp",
	"px < ACK",
	"record cause=16",
	"wait 50",
	"path is t1/5+rtp send recv",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"px < BYE",
	"px > 200 BYE",
	"record cause=16",
	NULL,
};

static const char *const blind_fails[] = {
	PBX_CALLS_SIP,
	REFERRED,
	"px < INVITE",
	"px > 486",
	"px < ACK",
	"sip < NOTIFY frag=486 terminated",
	"sip > 200 NOTIFY",
	"record cause=17",
	"path is t1/5+rtp send recv",
	"quiet 60000",
	REFERRED, /* and may try again */
	"px#2 < INVITE",
	"px#2 > 404",
	"px#2 < ACK",
	"sip < NOTIFY frag=404 terminated event=refer;id=2",
	"sip > 200 NOTIFY",
	"record cause=1",
	PBX_HANGS_UP,
	NULL,
};

static const char *const blind_fails_and_gone[] = {
	PBX_CALLS_SIP,
	REFERRED,
	"px < INVITE",
	"sip > BYE",
	"sip < 200 BYE",
	"px > 486",
	"px < ACK",
	"record cause=17",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

static const char *const blind_unanswered[] = {
	PBX_CALLS_SIP,
	REFERRED,
	"px < INVITE",
	"px > 180",
	"sip < NOTIFY frag=180",
	"sip > 200 NOTIFY",
	"px < CANCEL in 180000",
	"px > 200 CANCEL",
	"px > 487",
	"px < ACK",
	"sip < NOTIFY frag=480 terminated in 0..200",
	"sip > 200 NOTIFY",
	"record cause=19",
	PBX_HANGS_UP,
	NULL,
};

static const char *const caller_hangs_up_in_transfer[] = {
	PBX_CALLS_SIP,
	REFERRED,
	"px < INVITE",
	"px > 180",
	"sip < NOTIFY frag=180",
	"sip > 200 NOTIFY",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"px < CANCEL",
	"px > 200 CANCEL",
	"px > 487",
	"px < ACK",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	"record cause=16",
	NULL,
};

/* RFC 4488: no word of how it goes. */
static const char *const blind_silent[] = {
	PBX_CALLS_SIP,
	"sip > REFER refer=9001 nosub",
	"sip < 202 REFER",
	"px < INVITE",
	"px > 200 sdp",
	"px < ACK",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	"wait 50",
	"path is t1/5+rtp send recv",
	"px > BYE",
	"px < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* To another number of the PBX: two channels of the trunk talk to each other. */
static const char *const blind_to_pbx[] = {
	PBX_CALLS_SIP,
	"sip > REFER refer=7102",
	"sip < 202 REFER",
	"sip < NOTIFY frag=100",
	"sip > 200 NOTIFY",
	"pbx#2 < SETUP called=7102 calling=7101 ch=23",
	"pbx#2 > CALL-PROCEEDING",
	"pbx#2 > CONNECT",
	"pbx#2 < CONNECT-ACK",
	"sip < NOTIFY frag=200 terminated",
	"sip > 200 NOTIFY",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	"wait 50",
	"path is t1/5+t1/23",
	"quiet 20000",
	"pbx#2 > DISCONNECT cause=16",
	"pbx < DISCONNECT cause=16",
	"pbx#2 < RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* The transfer is a call of the phone's: the plan says no to both alike. */
static const char *const blind_barred[] = {
	PBX_CALLS_SIP,      "sip > REFER refer=666",
	"sip < 202 REFER",  "sip < NOTIFY frag=100",
	"sip > 200 NOTIFY", "sip < NOTIFY frag=403 terminated",
	"sip > 200 NOTIFY", "record cause=21",
	"wait 50",          "path is t1/5+rtp send recv",
	PBX_HANGS_UP,       NULL,
};

static const char *const refer_not_allowed[] = {
	PBX_CALLS_SIP, "sip > REFER refer=9001",     "sip < 405 REFER",
	"wait 50",     "path is t1/5+rtp send recv", PBX_HANGS_UP,
	NULL,
};

static const char *const refer_without_target[] = {
	PBX_CALLS_SIP,
	"sip > REFER",
	"sip < 400 REFER",
	"sip > REFER refer=<sip:9001@cs;method=BYE>",
	"sip < 603 REFER",
	"sip > REFER refer=<sip:cs>",
	"sip < 404 REFER",
	"sip > REFER refer=<http://cs/>",
	"sip < 404 REFER",
	PBX_HANGS_UP,
	NULL,
};

static const char *const refer_of_no_call[] = {
	"sip > REFER refer=9001 to=7101 from=7234",
	"sip < 403 REFER",
	NULL,
};

/* Another peer knows the dialog, tags and all: it is none of its calls. */
static const char *const second_refer[] = {
	PBX_CALLS_SIP,      REFERRED,          "px < INVITE", "sip > REFER refer=9002",
	"sip < 491 REFER",  "px > 486",        "px < ACK",    "sip < NOTIFY frag=486",
	"sip > 200 NOTIFY", "record cause=17", PBX_HANGS_UP,  NULL,
};

/* --- attended transfer --- */

#define TWO_CALLS                                                                                  \
	PBX_CALLS_SIP, "sip#2 > INVITE to=9001 from=7234", "sip#2 < 100 INVITE", "px < INVITE",    \
		"px > 200 sdp", "px < ACK", "sip#2 < 200 INVITE", "sip#2 > ACK", "calls 2"

static const char *const attended[] = {
	TWO_CALLS,
	"sip > REFER refer=9001 replaces=2",
	"sip < 202 REFER",
	"sip < NOTIFY frag=100 active",
	"sip#2 < BYE",
	"sip > 200 NOTIFY",
	"sip#2 > 200 BYE",
	"sip < NOTIFY frag=200 terminated",
	"sip > 200 NOTIFY",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	"calls 1",
	"path is t1/5+rtp send recv",
	"quiet 60000",
	"px > BYE",
	"px < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* The two callers are held, as they would be, and hear each other all the same. */
static const char *const attended_held[] = {
	PBX_CALLS_SIP,
	"sip > INVITE dir=sendonly",
	"sip < 200 INVITE",
	"sip > ACK",
	"sip#2 > INVITE to=7102 from=7234",
	"sip#2 < 100 INVITE",
	"pbx#2 < SETUP called=7102 ch=23",
	"pbx#2 > CALL-PROCEEDING",
	"pbx#2 > CONNECT",
	"pbx#2 < CONNECT-ACK",
	"sip#2 < 200 INVITE",
	"sip#2 > ACK",
	"sip#2 > REFER refer=7101 replaces=1 nosub",
	"sip#2 < 202 REFER",
	"sip#2 < BYE",
	"sip < BYE",
	"sip > 200 BYE",
	"sip#2 > 200 BYE",
	"record cause=16",
	"wait 50",
	"path is t1/5+t1/23",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx#2 < DISCONNECT",
	"pbx#2 < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* A dialog that is not ours: its other end will know it. */
static const char *const attended_elsewhere[] = {
	PBX_CALLS_SIP,
	"sip > REFER refer=9001 replaces=99",
	"sip < 202 REFER",
	"sip < NOTIFY frag=100",
	"sip > 200 NOTIFY",
	"px < INVITE to=9001 replaces=nobody@nowhere;to-tag=a;from-tag=b",
	"px > 200 sdp",
	"px < ACK",
	"sip < NOTIFY frag=200",
	"sip > 200 NOTIFY",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	"px > BYE",
	"px < 200 BYE",
	"pbx < DISCONNECT",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

static const char *const invite_replaces[] = {
	PBX_CALLS_SIP,
	"sip#2 > INVITE to=7101 from=7235 replaces=1",
	"sip#2 < 100 INVITE",
	"sip#2 < 200 INVITE sdp",
	"sip < BYE reason=16",
	"sip > 200 BYE",
	"sip#2 > ACK",
	"record cause=16",
	"wait 50",
	"path is t1/5+rtp send recv",
	"calls 1",
	"sip#2 > BYE",
	"sip#2 < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* The offer is ours then, and comes back with the ACK. */
static const char *const invite_replaces_late_offer[] = {
	PBX_CALLS_SIP,
	"sip#2 > INVITE to=7101 from=7235 replaces=1 nosdp",
	"sip#2 < 100 INVITE",
	"sip#2 < 200 INVITE sdp",
	"sip < BYE",
	"sip > 200 BYE",
	"sip#2 > ACK sdp",
	"record cause=16",
	"wait 50",
	"path is t1/5+rtp send recv",
	"sip#2 > BYE",
	"sip#2 < 200 BYE",
	"pbx < DISCONNECT",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

static const char *const invite_replaces_nothing[] = {
	"sip > INVITE to=7101 from=7235 replaces=99",
	"sip < 100 INVITE",
	"sip < 481 INVITE",
	"sip > ACK",
	NULL,
};

static const char *const invite_replaces_bad_offer[] = {
	PBX_CALLS_SIP,
	"sip#2 > INVITE to=7101 from=7235 replaces=1 codec=99",
	"sip#2 < 100 INVITE",
	"sip#2 < 488 INVITE",
	"sip#2 > ACK",
	"record source=cs",
	"wait 50",
	"path is t1/5+rtp send recv",
	PBX_HANGS_UP,
	NULL,
};

/* Who may not transfer makes a call of its own by it. */
static const char *const invite_replaces_not_allowed[] = {
	PBX_CALLS_SIP,
	"sip#2 > INVITE to=9001 from=7235 replaces=1",
	"sip#2 < 100 INVITE",
	"px < INVITE",
	"px > 486",
	"px < ACK",
	"sip#2 < 486 INVITE",
	"sip#2 > ACK",
	"record cause=17",
	"wait 50",
	"path is t1/5+rtp send recv",
	PBX_HANGS_UP,
	NULL,
};

int main(int argc, char **argv)
{
#define ROW(name, conf)                                                                            \
	{                                                                                          \
#name, conf, name                                                                  \
	}
	static const struct scenario scenarios[] = {
		ROW(pbx_holds, NULL),
		ROW(pbx_retrieves_any, NULL),
		ROW(pbx_hangs_up_held, NULL),
		ROW(sip_hangs_up_held, NULL),
		ROW(sip_refuses_hold, NULL),
		ROW(hold_glare, NULL),
		ROW(hold_finds_nobody, NULL),
		ROW(hold_untold, &unheld),
		ROW(hold_not_allowed, &no_hold),
		ROW(hold_too_early, NULL),
		ROW(pbx_suspends, NULL),
		ROW(sip_holds, &tells),
		ROW(both_hold, NULL),
		ROW(sip_to_sip_hold, NULL),
		ROW(blind, &may),
		ROW(blind_and_gone, &may),
		ROW(blind_fails, &may),
		ROW(blind_fails_and_gone, &may),
		ROW(blind_unanswered, &may),
		ROW(caller_hangs_up_in_transfer, &may),
		ROW(blind_silent, &may),
		ROW(blind_to_pbx, &may),
		ROW(blind_barred, &may),
		ROW(refer_not_allowed, NULL),
		ROW(refer_without_target, &may),
		ROW(refer_of_no_call, &may),
		ROW(second_refer, &may),
		ROW(attended, &may),
		ROW(attended_held, &may),
		ROW(attended_elsewhere, &may),
		ROW(invite_replaces, &may),
		ROW(invite_replaces_late_offer, &may),
		ROW(invite_replaces_nothing, &may),
		ROW(invite_replaces_bad_offer, &may),
		ROW(invite_replaces_not_allowed, NULL),
	};

	return script_run_all("transfer", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
