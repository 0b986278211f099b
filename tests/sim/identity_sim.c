/* Who calls, as each side writes it: RFC 3398 7.2.1.1 and 8.2.1.1, RFC 4497 8 and 9, RFC 3325. */
#include "tests/sim/script.h"

/* Towards a trusted peer the number goes with an assertion, and + in front of what is international
 * or, by the trunk's keys, national. */
static const char *const number_to_trusted[] = {
	"pbx > SETUP called=7234 calling=2125551234 calling.type=2 ch=5 name=Anna",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=+12125551234 pai=+12125551234 pai.name=Anna !privacy",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record source=pbx calling=+12125551234 cause=17",
	NULL,
};

static const char *const restricted_to_trusted[] = {
	"pbx > SETUP called=7234 calling=7101 restricted ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=anonymous pai=7101 privacy=id",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record source=pbx cause=17",
	NULL,
};

/* Screening "user provided, verified and failed": nobody vouches for that. */
static const char *const failed_screening[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 calling.screen=2 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=7101 !pai",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx > RELEASE cause=17",
	"pbx < RELEASE-COMPLETE",
	"record source=pbx cause=17",
	NULL,
};

static const char *const restricted_to_untrusted[] = {
	"pbx > SETUP called=9234 calling=7101 restricted name=Anna ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"px < INVITE to=9234 from=anonymous !pai privacy=id",
	"px > 486",
	"px < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record source=pbx cause=17",
	NULL,
};

/* A trusted peer's assertion goes before its From; tel or sip; screening "network provided". */
static const char *const asserted_to_pbx[] = {
	"sip > INVITE to=7101 from=someone pai.tel=+12125551234 pai.name=Otto",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 calling=2125551234 calling.type=2 calling.screen=3 name=Otto",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record source=cs cause=17",
	NULL,
};

static const char *const hidden_to_pbx[] = {
	"sip > INVITE to=7101 from=anonymous pai=+4930123 privacy=id",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 calling=4930123 calling.type=1 calling.screen=3 restricted",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record source=cs cause=17",
	NULL,
};

static const char *const untrusted_is_not_believed[] = {
	"px > INVITE to=7101 from=7234 pai=+12125550000",
	"px < 100 INVITE",
	"pbx < SETUP called=7101 calling=7234 !calling.screen !calling.type",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"px < 486 INVITE",
	"px > ACK",
	"record source=px cause=17",
	NULL,
};

static const char *const prefixes_to_pbx[] = {
	"sip > INVITE to=7101 from=+4930123",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 calling=0114930123 !calling.type",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record source=cs cause=17",
	NULL,
};

/* --- redirected calls: RFC 5806, RFC 7044, RFC 7544 --- */

static const char *const redirected_to_diversion[] = {
	"pbx > SETUP called=7234 calling=7101 redirecting=2125550000 redirecting.type=2 "
	"redirecting.reason=1 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 "
	"div.0=<sip:+12125550000@cs;user=phone>;reason=user-busy;counter=1;privacy=off !hi.0",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record source=pbx cause=17",
	NULL,
};

static const char *const redirected_to_history[] = {
	"pbx > SETUP called=7234 calling=7101 redirecting=7100 redirecting.reason=15 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 hi.0=<sip:7100@cs>;index=1 "
	"hi.1=<sip:7234@cs;cause=302>;index=1.1;mp=1 !div.0",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record source=pbx cause=17",
	NULL,
};

static const char *const diversion_to_pbx[] = {
	"sip > INVITE to=7101 from=7234 "
	"div=<sip:+12125550000@h>;reason=no-answer,<sip:7099@h>;reason=user-busy",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 calling=7234 redirecting=2125550000 redirecting.type=2 "
	"redirecting.reason=2",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record source=cs cause=17",
	NULL,
};

static const char *const history_to_pbx[] = {
	"sip > INVITE to=7101 from=7234 "
	"hi=<sip:7099@h>;index=1,<sip:7100@h;cause=408>;index=1.1,<sip:7101@h;cause=486>;index=1.1."
	"1",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 calling=7234 redirecting=7100 redirecting.reason=1",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record source=cs cause=17",
	NULL,
};

static const char *const redirected_too_often[] = {
	"sip > INVITE to=7101 from=7234 div=<sip:7100@h>;reason=away;counter=6",
	"sip < 100 INVITE",
	"sip < 500 INVITE reason=25",
	"sip > ACK",
	"refused cause=25",
	NULL,
};

/* --- who answered: COLP and COLR --- */

static const char *const connected_to_sip[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT connected=2125557105 connected.type=2",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp pai=+12125557105 !privacy",
	"sip > ACK",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record source=cs cause=16",
	NULL,
};

static const char *const connected_restricted[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT connected=7105 restricted",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp pai=7105 privacy=id",
	"sip > ACK",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record source=cs cause=16",
	NULL,
};

static const char *const connected_not_told[] = {
	"px > INVITE to=7101 from=7234",
	"px < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT connected=7105",
	"pbx < CONNECT-ACK",
	"px < 200 INVITE sdp !pai !privacy",
	"px > ACK",
	"px > BYE",
	"px < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record source=px cause=16",
	NULL,
};

static const char *const connected_to_pbx[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234",
	"sip > 200 sdp pai=+12125557299",
	"sip < ACK",
	"pbx < CONNECT connected=2125557299 connected.type=2 connected.screen=3",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE",
	"sip > 200 BYE",
	"record source=pbx cause=16",
	NULL,
};

/* --- a name that follows (NI-2) --- */

#define BUSY_END                                                                                   \
	"sip > 486", "sip < ACK", "pbx < DISCONNECT cause=17", "pbx > RELEASE cause=17",           \
		"pbx < RELEASE-COMPLETE"

static const char *const name_follows[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 follows ch=5",
	"wait 200",
	"pbx > FACILITY cname=Anna",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=7101 pai.name=Anna",
	BUSY_END,
	"record source=pbx cause=17",
	NULL,
};

/* No longer than name_wait_ms; a name that comes later still is left out. */
static const char *const name_comes_too_late[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 follows ch=5",
	"quiet 450",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=7101 !pai.name",
	"pbx > FACILITY cname=Anna",
	BUSY_END,
	"record source=pbx cause=17",
	NULL,
};

static const char *const no_name_no_wait[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING ch=5 in 0..10",
	"sip < INVITE to=7234 from=7101",
	BUSY_END,
	"record source=pbx cause=17",
	NULL,
};

static const char *const caller_gives_up_waiting[] = {
	"pbx raw",    "pbx > SETUP called=7234 calling=7101 follows ch=5",
	"wait 100",   "pbx > RELEASE-COMPLETE cause=16",
	"quiet 1000", "record source=pbx cause=16",
	NULL,
};

#define NUMBERING                                                                                  \
	"country_code = \"1\"\n national_prefix = \"1\"\n international_prefix = \"011\"\n"

static const struct rig_conf trusted = {.peer = "trusted = yes\n", .trunk = NUMBERING};
static const struct rig_conf history = {.peer = "redirecting = \"history-info\"\n"};
static const struct rig_conf prefixed = {.trunk = NUMBERING "send_prefixes = yes\n"};

static const struct scenario scenarios[] = {
	{"number_to_trusted", &trusted, number_to_trusted},
	{"restricted_to_trusted", &trusted, restricted_to_trusted},
	{"failed_screening", &trusted, failed_screening},
	{"restricted_to_untrusted", &trusted, restricted_to_untrusted},
	{"asserted_to_pbx", &trusted, asserted_to_pbx},
	{"hidden_to_pbx", &trusted, hidden_to_pbx},
	{"untrusted_is_not_believed", &trusted, untrusted_is_not_believed},
	{"redirected_to_diversion", &trusted, redirected_to_diversion},
	{"redirected_to_history", &history, redirected_to_history},
	{"diversion_to_pbx", &trusted, diversion_to_pbx},
	{"history_to_pbx", &history, history_to_pbx},
	{"redirected_too_often", &trusted, redirected_too_often},
	{"connected_to_sip", &trusted, connected_to_sip},
	{"connected_restricted", &trusted, connected_restricted},
	{"connected_not_told", &trusted, connected_not_told},
	{"connected_to_pbx", &trusted, connected_to_pbx},
	{"name_follows", &trusted, name_follows},
	{"name_comes_too_late", &trusted, name_comes_too_late},
	{"no_name_no_wait", &trusted, no_name_no_wait},
	{"caller_gives_up_waiting", &trusted, caller_gives_up_waiting},
	{"prefixes_to_pbx", &prefixed, prefixes_to_pbx},
};

int main(int argc, char **argv)
{
	return script_run_all("identity", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
