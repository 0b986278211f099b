/* Calls that end: by every side in every state, refused, and crossing. */
#include "tests/sim/script.h"

/* --- the PBX called; who gives up when --- */

/* RFC 3261 9.1: no CANCEL before a provisional response. */
static const char *const pbx_gives_up_before_100[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < INVITE in 300..600",
	"sip > 100",
	"sip < CANCEL reason=16",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK",
	"record cause=16 from_cause=16",
	NULL,
};

static const char *const pbx_gives_up_proceeding[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 100",
	"wait 1000",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < CANCEL reason=16",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK",
	"record cause=16 from_cause=16",
	NULL,
};

static const char *const pbx_gives_up_ringing[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 180",
	"pbx < ALERTING",
	"wait 20000",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < CANCEL reason=16",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK",
	"record cause=16 from_cause=16",
	NULL,
};

static const char *const sip_refuses_at_once[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record cause=17 from_cause=17 to_cause=17",
	NULL,
};

static const char *const sip_refuses_after_ringing[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 180",
	"pbx < ALERTING",
	"sip > 480",
	"sip < ACK",
	"pbx < DISCONNECT cause=18",
	"pbx < RELEASE-COMPLETE",
	"record cause=18",
	NULL,
};

/* The far side's own cause goes before the table (RFC 6432). */
static const char *const sip_says_why[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 503 reason=42",
	"sip < ACK",
	"pbx < DISCONNECT cause=42",
	"pbx < RELEASE-COMPLETE",
	"record cause=42",
	NULL,
};

static const char *const sip_hangs_up[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 5000",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* --- SIP called; who gives up when --- */

static const char *const sip_gives_up_before_proceeding[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"sip > CANCEL",
	"sip < 200 CANCEL",
	"sip < 487 INVITE",
	"sip > ACK",
	"pbx < DISCONNECT cause=16",
	"pbx > RELEASE cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

static const char *const sip_gives_up_proceeding[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"wait 100",
	"sip > CANCEL",
	"sip < 200 CANCEL",
	"sip < 487 INVITE",
	"sip > ACK",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

static const char *const sip_gives_up_ringing[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > ALERTING",
	"sip < 180 INVITE",
	"wait 10000",
	"sip > CANCEL reason=31",
	"sip < 200 CANCEL",
	"sip < 487 INVITE",
	"sip > ACK",
	"pbx < DISCONNECT cause=31",
	"pbx < RELEASE-COMPLETE",
	"record cause=31",
	NULL,
};

static const char *const pbx_refuses_at_once[] = {
	"pbx raw",     "sip > INVITE to=7101 from=7234", "sip < 100 INVITE",
	"pbx < SETUP", "pbx > RELEASE-COMPLETE cause=1", "sip < 404 INVITE reason=1",
	"sip > ACK",   "record cause=1 to_cause=1",      NULL,
};

static const char *const pbx_busy[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE reason=17",
	"sip > ACK",
	"record cause=17 to_cause=17",
	NULL,
};

static const char *const pbx_refuses_ringing[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > ALERTING",
	"sip < 180 INVITE",
	"pbx > DISCONNECT cause=21",
	"pbx < RELEASE",
	"sip < 403 INVITE reason=21",
	"sip > ACK",
	"record cause=21",
	NULL,
};

static const char *const pbx_hangs_up[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"wait 5000",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE reason=16",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

/* Q.931 5.3.3 and 5.3.4: a RELEASE, or RELEASE COMPLETE, out of the blue ends the call as well. */
static const char *const pbx_releases_abruptly[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP ch=23",
	"pbx > CALL-PROCEEDING ch=23",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"pbx > RELEASE cause=41",
	"pbx < RELEASE-COMPLETE",
	"sip < BYE reason=41",
	"sip > 200 BYE",
	"record cause=41",
	"sip#2 > INVITE to=7101 from=7234",
	"sip#2 < 100 INVITE",
	"pbx#2 < SETUP ch=23",
	"pbx#2 > CALL-PROCEEDING ch=23",
	"pbx#2 > RELEASE cause=41",
	"pbx#2 < RELEASE-COMPLETE",
	/* on another slot, of which the phone hears nothing, and on a third */
	"pbx#3 < SETUP ch=22",
	"pbx#3 > RELEASE-COMPLETE cause=44",
	"pbx#4 < SETUP ch=21",
	"pbx#4 > CALL-PROCEEDING ch=21",
	"pbx#4 > RELEASE-COMPLETE cause=41",
	"sip#2 < 503 INVITE reason=41",
	"sip#2 > ACK",
	"record cause=41",
	NULL,
};

/* Once there is something to hear, a call stays where it is. */
static const char *const no_retry_after_ringing[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP ch=23",
	"pbx > CALL-PROCEEDING ch=23",
	"pbx > ALERTING",
	"sip < 180 INVITE",
	"pbx > RELEASE-COMPLETE cause=41",
	"sip < 503 INVITE reason=41",
	"sip > ACK",
	"record cause=41",
	NULL,
};

/* Given up while the second SETUP is out: that one is cleared, and no third is sent. */
static const char *const no_retry_after_cancel[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP ch=23",
	"pbx > CALL-PROCEEDING ch=23",
	"pbx > DISCONNECT cause=44",
	"pbx < RELEASE",
	"sip > CANCEL",
	"sip < 200 CANCEL",
	"sip < 487 INVITE",
	"sip > ACK",
	"pbx > RELEASE-COMPLETE",
	"record cause=16",
	"quiet 1000",
	NULL,
};

/* Another number is not reached by another slot. */
static const char *const no_retry_for_the_number[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP ch=23",
	"pbx > RELEASE-COMPLETE cause=34",
	"sip < 503 INVITE reason=34",
	"sip > ACK",
	"record cause=34",
	NULL,
};

/* --- nowhere to go --- */

static const char *const no_route_from_pbx[] = {
	"pbx > SETUP called=5555 calling=7101 ch=5",
	"pbx < RELEASE-COMPLETE cause=1",
	"record cause=1",
	NULL,
};

static const char *const no_route_from_sip[] = {
	"sip > INVITE to=5555 from=7234",
	"sip < 100 INVITE",
	"sip < 404 INVITE reason=1",
	"sip > ACK",
	"record cause=1",
	NULL,
};

static const char *const rule_rejects_sip[] = {
	"sip > INVITE to=666 from=7234",
	"sip < 100 INVITE",
	"sip < 403 INVITE reason=21",
	"sip > ACK",
	"record cause=21",
	NULL,
};

static const char *const rule_rejects_pbx[] = {
	"pbx > SETUP called=666 calling=7101 ch=5",
	"wait 50",
	"clear inboxes",
	"record cause=21",
	NULL,
};

/* --- crossing --- */

static const char *const cancel_crosses_200[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > CANCEL",
	"sip < 200 CANCEL",
	"sip > ACK",
	"calls 1",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* We cancel, they answered already: ACK and BYE at once. */
static const char *const answer_crosses_our_cancel[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 180",
	"pbx < ALERTING",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < CANCEL",
	"sip > 200 sdp",
	"sip > 200 CANCEL",
	"sip < ACK",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

static const char *const bye_crosses_bye[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE",
	"sip > BYE",
	"sip < 200 BYE",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

/* Both ends hang up in the same moment. */
static const char *const bye_crosses_disconnect[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx > CONNECT-ACK",
	"wait 100",
	"pbx > DISCONNECT cause=16",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx > RELEASE",
	"pbx < RELEASE",
	"pbx > RELEASE-COMPLETE",
	"wait 100",
	"clear inboxes",
	"record cause=16",
	NULL,
};

static const char *const connect_crosses_cancel[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"wait 100",
	"pbx > CONNECT",
	"sip > CANCEL",
	"sip < 200 CANCEL",
	"sip < 487 INVITE",
	"sip > ACK",
	"wait 100",
	"clear inboxes",
	"record cause=16",
	NULL,
};

static const char *const their_200_repeated[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 500",
	"sip > AGAIN",
	"sip < ACK",
	"wait 1000",
	"sip > AGAIN",
	"sip < ACK",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* --- strays --- */

static const char *const stray_requests[] = {
	"sip > BYE", "sip < 481 BYE", "sip > CANCEL", "sip < 481 CANCEL", "sip > ACK", "sip > INFO",
	"wait 100",  "clear inboxes", NULL,
};

/* Q.931 5.8.3.2: unknown call references. */
static const char *const stray_isdn_messages[] = {
	"pbx raw",
	"pbx > SETUP called=666 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"pbx < DISCONNECT cause=21",
	"pbx > RELEASE-COMPLETE",
	"record cause=21",
	"pbx > RELEASE-COMPLETE",
	"quiet 1000",
	"pbx > RELEASE cause=16",
	"pbx < RELEASE-COMPLETE cause=81",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE cause=81",
	"pbx > ALERTING",
	"pbx < RELEASE-COMPLETE cause=81",
	NULL,
};

#define ROW(name)                                                                                  \
	{                                                                                          \
#name, NULL, name                                                                  \
	}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		ROW(pbx_gives_up_before_100),
		ROW(pbx_gives_up_proceeding),
		ROW(pbx_gives_up_ringing),
		ROW(sip_refuses_at_once),
		ROW(sip_refuses_after_ringing),
		ROW(sip_says_why),
		ROW(sip_hangs_up),
		ROW(sip_gives_up_before_proceeding),
		ROW(sip_gives_up_proceeding),
		ROW(sip_gives_up_ringing),
		ROW(pbx_refuses_at_once),
		ROW(pbx_busy),
		ROW(pbx_refuses_ringing),
		ROW(pbx_hangs_up),
		ROW(pbx_releases_abruptly),
		ROW(no_retry_after_ringing),
		ROW(no_retry_after_cancel),
		ROW(no_retry_for_the_number),
		ROW(no_route_from_pbx),
		ROW(no_route_from_sip),
		ROW(rule_rejects_sip),
		ROW(rule_rejects_pbx),
		ROW(cancel_crosses_200),
		ROW(answer_crosses_our_cancel),
		ROW(bye_crosses_bye),
		ROW(bye_crosses_disconnect),
		ROW(connect_crosses_cancel),
		ROW(their_200_repeated),
		ROW(stray_requests),
		ROW(stray_isdn_messages),
	};

	return script_run_all("clearing", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
