/* Numbers in parts, their timer, and the announcement that comes with DISCONNECT, by hand-written
 * messages: what libpri would not send either. */
#include "tests/sim/script.h"

static const struct rig_conf overlap = {
	.trunk = "overlap = receive",
	.rules = "rule \"whole\" { from = pbx number = 72XX to = cs }\n"
		 "rule \"open\" { from = pbx number = 9. to = cs }\n"
		 "rule \"codes\" { from = pbx number = \"*7X#\" to = cs }\n"
		 "rule \"in\" { from = cs number = 71XX to = pbx }\n",
};

static const struct rig_conf by_invites = {
	.trunk = "overlap = receive",
	.peer = "overlap = true",
	.rules = "rule \"open\" { from = pbx number = 9. to = cs }\n",
};

/* The trunk sends on what it gets, digit by digit. */
static const struct rig_conf passing_on = {
	.trunk = "overlap = both",
	.rules = "rule \"open\" { from = pbx number = 9. to = pbx }\n",
};

/* How each of these goes on once the INVITE is there. */
#define REFUSED                                                                                    \
	"sip > 486", "sip < ACK", "pbx < DISCONNECT cause=17", "pbx > RELEASE",                    \
		"pbx < RELEASE-COMPLETE"

/* The last digit that can be is the last: no timer. */
static const char *const the_plan_can_tell[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 ch=5",
	"pbx < SETUP-ACK ch=5 !pi",
	"pbx > INFORMATION called=7",
	"pbx > INFORMATION called=23",
	"wait 100",
	"pbx > INFORMATION called=4",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=7101",
	"sip > 100",
	REFUSED,
	"record dialled=7234 cause=17",
	NULL,
};

static const char *const whole_in_setup[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=7234 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234",
	"sip > 100",
	REFUSED,
	"record cause=17",
	NULL,
};

static const char *const t302_takes_what_there_is[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=95 ch=5",
	"pbx < SETUP-ACK ch=5",
	"quiet 14000",
	"pbx > INFORMATION called=5",
	"quiet 14000", /* from the last digit on */
	"pbx < CALL-PROCEEDING in 1000",
	"sip < INVITE to=955",
	"sip > 100",
	REFUSED,
	"record dialled=955 cause=17",
	NULL,
};

static const char *const t302_of_a_number_too_short[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=72 ch=5",
	"pbx < SETUP-ACK ch=5",
	"pbx < DISCONNECT cause=28 in 15000",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record dialled=72 cause=28",
	NULL,
};

static const char *const sending_complete[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=95 ch=5",
	"pbx < SETUP-ACK ch=5",
	"pbx > INFORMATION called=55 complete",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE to=9555",
	"sip > 100",
	REFUSED,
	"pbx#2 > SETUP calling=7101 called=955 complete ch=6",
	"pbx#2 < CALL-PROCEEDING",
	"sip#2 < INVITE to=955",
	"sip#2 > 486",
	"sip#2 < ACK",
	"pbx#2 < DISCONNECT",
	"pbx#2 > RELEASE",
	"pbx#2 < RELEASE-COMPLETE",
	"record cause=17",
	"record cause=17",
	NULL,
};

static const char *const hash_ends_it[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=9 ch=5",
	"pbx < SETUP-ACK ch=5",
	"pbx > INFORMATION called=55#",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE to=955",
	"sip > 100",
	REFUSED,
	"record dialled=955 cause=17",
	NULL,
};

static const char *const hash_of_a_code[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=*7 ch=5",
	"pbx < SETUP-ACK ch=5",
	"pbx > INFORMATION called=2#",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 100",
	REFUSED,
	"record dialled=*72# cause=17",
	NULL,
};

/* The first digit that fits nothing; before SETUP ACKNOWLEDGE RELEASE COMPLETE does (5.3.2). */
static const char *const no_such_number[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 ch=5",
	"pbx < SETUP-ACK ch=5",
	"pbx > INFORMATION called=3",
	"pbx < DISCONNECT cause=1",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"pbx#2 > SETUP calling=7101 called=3 ch=5",
	"pbx#2 < RELEASE-COMPLETE cause=1",
	"record cause=1",
	"record cause=1",
	NULL,
};

static const char *const hangs_up_while_dialling[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=9 ch=5",
	"pbx < SETUP-ACK ch=5",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx > RELEASE-COMPLETE",
	"record dialled=9 cause=16",
	"quiet 20000", /* T302 is gone with it */
	NULL,
};

/* What was not asked for means nothing, and hurts nothing. */
static const char *const digits_out_of_place[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=7234 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234",
	"pbx > INFORMATION called=99",
	"sip > 180",
	"pbx < ALERTING",
	"pbx > INFORMATION called=99",
	"wait 100",
	REFUSED,
	"record dialled=7234 called=7234 cause=17",
	NULL,
};

/* RFC 3578: each INVITE a call of its own; the last one may be what was meant. */
static const char *const address_incomplete[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=95 ch=5",
	"pbx < SETUP-ACK ch=5",
	"sip < INVITE to=95",
	"sip > 100",
	"sip > 484",
	"sip < ACK",
	"path none",
	"pbx > INFORMATION called=5",
	"sip#2 < INVITE to=955",
	"sip#2 > 100",
	"pbx > INFORMATION called=1", /* while the INVITE is out */
	"sip#2 > 484",
	"sip#2 < ACK",
	"sip#3 < INVITE to=9551",
	"sip#3 > 180",
	"pbx < CALL-PROCEEDING",
	"pbx < ALERTING",
	"sip#3 > 200 sdp",
	"sip#3 < ACK",
	"pbx < CONNECT",
	"path is t1/5+rtp send recv",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx > RELEASE-COMPLETE",
	"sip#3 < BYE",
	"sip#3 > 200 BYE",
	"record dialled=9551 cause=16",
	NULL,
};

static const char *const never_enough[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=95 ch=5",
	"pbx < SETUP-ACK ch=5",
	"sip < INVITE to=95",
	"sip > 484",
	"sip < ACK",
	"pbx < DISCONNECT cause=28 in 15000",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=28",
	NULL,
};

/* The caller hangs up between two INVITEs, or while one is out. */
static const char *const gives_up_between_invites[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=95 ch=5",
	"pbx < SETUP-ACK ch=5",
	"sip < INVITE to=95",
	"sip > 484",
	"sip < ACK",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx > RELEASE-COMPLETE",
	"record cause=16",
	"pbx#2 > SETUP calling=7101 called=95 ch=5",
	"pbx#2 < SETUP-ACK ch=5",
	"sip#2 < INVITE to=95",
	"sip#2 > 100",
	"pbx#2 > DISCONNECT cause=16",
	"pbx#2 < RELEASE",
	"pbx#2 > RELEASE-COMPLETE",
	"sip#2 < CANCEL",
	"sip#2 > 200 CANCEL",
	"sip#2 > 487",
	"sip#2 < ACK",
	"record cause=16",
	NULL,
};

/* --- sending --- */

/* T304, 20 s from the last digit sent, 5.2.4: the far side wanted more and never said enough.  T302
 * of the other leg is over by then: there are no more digits to wait for. */
static const char *const t304[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=95 ch=5",
	"pbx < SETUP-ACK ch=5",
	"pbx#2 < SETUP called=95 calling=7101 ch=23",
	"pbx#2 > SETUP-ACK ch=23",
	"quiet 12000",
	"pbx > INFORMATION called=5",
	"pbx#2 < INFORMATION called=5",
	"quiet 19000",
	"pbx#2 < DISCONNECT cause=102 in 1000",
	"pbx < DISCONNECT cause=28",
	"pbx#2 > RELEASE",
	"pbx#2 < RELEASE-COMPLETE",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record dialled=955 cause=28",
	NULL,
};

/* Whatever it says, but SETUP ACKNOWLEDGE, stops T304. */
static const char *const t304_stopped_by_proceeding[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=955 ch=5",
	"pbx < SETUP-ACK ch=5",
	"pbx#2 < SETUP called=955 ch=23",
	"pbx#2 > SETUP-ACK ch=23",
	"wait 5000",
	"pbx#2 > CALL-PROCEEDING",
	"pbx < CALL-PROCEEDING",
	"pbx#2 > ALERTING",
	"pbx < ALERTING",
	"quiet 40000",
	"pbx#2 > DISCONNECT cause=17",
	"pbx < DISCONNECT cause=17",
	"pbx#2 < RELEASE",
	"pbx#2 > RELEASE-COMPLETE",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record dialled=955 cause=17",
	NULL,
};

/* --- announcements, Q.931 5.3.4.1 --- */

#define PBX_PROCEEDS                                                                               \
	"pbx raw", "sip > INVITE to=7101 from=7234", "sip < 100 INVITE", "pbx < SETUP ch=23",      \
		"pbx > CALL-PROCEEDING ch=23"

static const char *const announcement_until_t306[] = {
	PBX_PROCEEDS,
	"wait 100",
	"pbx > DISCONNECT cause=1 pi=8",
	"sip < 183 INVITE sdp",
	"path is rtp+t1/23 send recv",
	"quiet 29000",
	"pbx < RELEASE in 1000",
	"sip < 404 INVITE reason=1",
	"sip > ACK",
	"pbx > RELEASE-COMPLETE",
	"record cause=1",
	NULL,
};

static const char *const announcement_until_release[] = {
	PBX_PROCEEDS,
	"pbx > ALERTING pi=8",
	"sip < 183 INVITE sdp",
	"pbx > DISCONNECT cause=19 pi=8",
	"wait 100",
	"clear inboxes",
	"quiet 5000",
	"pbx > RELEASE cause=19",
	"pbx < RELEASE-COMPLETE",
	"sip < 480 INVITE reason=19",
	"sip > ACK",
	"record cause=19",
	NULL,
};

static const char *const announcement_not_waited_for[] = {
	PBX_PROCEEDS,           "pbx > DISCONNECT cause=1 pi=8",
	"sip < 183 INVITE sdp", "wait 2000",
	"sip > CANCEL",         "sip < 200 CANCEL",
	"sip < 487 INVITE",     "sip > ACK",
	"pbx < RELEASE",        "pbx > RELEASE-COMPLETE",
	"record cause=16",      NULL,
};

static const char *const announcement_in_a_call[] = {
	PBX_PROCEEDS,
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"pbx > DISCONNECT cause=16 pi=8",
	"quiet 29000",
	"path is rtp+t1/23 send recv",
	"pbx < RELEASE in 1000",
	"sip < BYE",
	"sip > 200 BYE",
	"pbx > RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* Who called and hangs up before the answer hears nothing more. */
static const char *const no_announcement_to_nobody[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 called=7234 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 180",
	"pbx < ALERTING",
	"pbx > DISCONNECT cause=16 pi=8",
	"pbx < RELEASE",
	"sip < CANCEL",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK",
	"pbx > RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* --- who is heard before the answer, RFC 3960 --- */

static const char *const rings_by_itself[] = {
	PBX_PROCEEDS,
	"pbx > ALERTING",
	"sip < 180 INVITE !sdp",
	"path is rtp+t1/23 recv",
	"pbx > PROGRESS pi=2",
	"sip < 183 INVITE sdp",
	"path is rtp+t1/23 send recv",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"path is rtp+t1/23 send recv",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx > RELEASE-COMPLETE",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

/* The other way: SDP in a 180 is a promise; the PBX's caller is told once RTP came. */
static const char *const rtp_that_comes_is_early_media[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 180 sdp",
	"pbx < ALERTING !pi=8",
	"quiet 2000",
	"path first heard",
	"pbx < PROGRESS pi=8",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

#define OVERLAP(name)                                                                              \
	{                                                                                          \
#name, &overlap, name                                                              \
	}
#define PASSING_ON(name)                                                                           \
	{                                                                                          \
#name, &passing_on, name                                                           \
	}
#define BY_INVITES(name)                                                                           \
	{                                                                                          \
#name, &by_invites, name                                                           \
	}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		OVERLAP(the_plan_can_tell),
		OVERLAP(whole_in_setup),
		OVERLAP(t302_takes_what_there_is),
		OVERLAP(t302_of_a_number_too_short),
		OVERLAP(sending_complete),
		OVERLAP(hash_ends_it),
		OVERLAP(hash_of_a_code),
		OVERLAP(no_such_number),
		OVERLAP(hangs_up_while_dialling),
		OVERLAP(digits_out_of_place),
		BY_INVITES(address_incomplete),
		BY_INVITES(never_enough),
		BY_INVITES(gives_up_between_invites),
		PASSING_ON(t304),
		PASSING_ON(t304_stopped_by_proceeding),
		OVERLAP(announcement_until_t306),
		OVERLAP(announcement_until_release),
		OVERLAP(announcement_not_waited_for),
		OVERLAP(announcement_in_a_call),
		OVERLAP(no_announcement_to_nobody),
		OVERLAP(rings_by_itself),
		OVERLAP(rtp_that_comes_is_early_media),
	};
	return script_run_all("numbers in parts, announcements", scenarios,
			      sizeof(scenarios) / sizeof(scenarios[0]), argc, argv);
}
