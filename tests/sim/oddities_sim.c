/* Far ends that do what they should not, or what they seldom do; and other sides and plans. */
#include "tests/sim/script.h"

/* --- SIP --- */

/* RFC 3261 15: the callee must not send BYE before it has the ACK. */
static const char *const pbx_hangs_up_before_ack[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"quiet 400",
	"sip > ACK",
	"sip < BYE reason=16",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

/* The caller hangs up without ever acknowledging: the 200 is repeated no more. */
static const char *const bye_instead_of_ack[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	"quiet 40000",
	NULL,
};

/* An answer without SDP, or with nothing we can use, cannot become a call (RFC 3261 13.2.2.4). */
static const char *const answered_without_sdp[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200",
	"sip < ACK",
	"sip < BYE",
	"sip > 200 BYE",
	"wait 200",
	"pbx < DISCONNECT",
	"pbx < RELEASE-COMPLETE",
	"record to_cause=31",
	NULL,
};

static const char *const answered_with_another_codec[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp codec=99",
	"sip < ACK",
	"sip < BYE",
	"sip > 200 BYE",
	"wait 200",
	"pbx < DISCONNECT",
	"pbx < RELEASE-COMPLETE",
	"record to_cause=31",
	NULL,
};

/* We have nothing to authenticate with, and do not follow redirections. */
static const char *const challenged_and_redirected[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 401",
	"sip < ACK",
	"pbx < DISCONNECT cause=21",
	"pbx < RELEASE-COMPLETE",
	"record cause=21",
	"pbx#2 > SETUP called=7234 calling=7101 ch=5",
	"pbx#2 < CALL-PROCEEDING",
	"sip#2 < INVITE",
	"sip#2 > 302",
	"sip#2 < ACK",
	"pbx#2 < DISCONNECT",
	"pbx#2 < RELEASE-COMPLETE",
	"record",
	NULL,
};

static const char *const requests_we_do_not_know[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 100",
	"sip > REFER",
	"sip < 405 REFER",
	"sip > PUBLISH",
	"sip < 405 PUBLISH",
	"sip > OPTIONS",
	"sip < 200 OPTIONS",
	"calls 1",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* Provisional answers after the final one, and a final one after that. */
static const char *const answers_in_the_wrong_order[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"sip > 180",
	"sip > 183 sdp",
	"sip > 486",
	"quiet 1000",
	"calls 1",
	"path is t1/5+rtp send recv",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* The peer puts us on hold the old way, RFC 2543: connection address 0.0.0.0. */
static const char *const hold_by_zero_address[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 100",
	"sip > INVITE c=0.0.0.0",
	"sip < 200 INVITE sdp",
	"sip > ACK",
	"path is t1/5+rtp recv held",
	"sip > INVITE",
	"sip < 200 INVITE sdp dir=sendrecv",
	"sip > ACK",
	"path is t1/5+rtp send recv",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* --- ISDN --- */

/* An overlap-minded PBX answers SETUP ACKNOWLEDGE: it has the whole number already. */
static const char *const setup_acknowledged[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP ch=23",
	"pbx > SETUP-ACK ch=23",
	"wait 100",
	"pbx > ALERTING",
	"sip < 180 INVITE",
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

/* Q.931 5.8.11: STATUS that says "null" ends the call at once. */
static const char *const status_null[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx > CONNECT-ACK",
	"pbx > STATUS cause=30 state=0",
	"sip < BYE",
	"sip > 200 BYE",
	"record from_cause=30",
	NULL,
};

/* 5.8.10: STATUS ENQUIRY is answered with the state, and changes nothing. */
static const char *const status_enquiry[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx > CONNECT-ACK",
	"pbx > STATUS-ENQUIRY",
	"pbx < STATUS cause=30 state=10",
	"calls 1",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx > RELEASE-COMPLETE",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

static const char *const data_call[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5 bearer=9890a5",
	"pbx < CALL-PROCEEDING",
	"pbx < DISCONNECT cause=65",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"refused cause=65",
	NULL,
};

static const char *const no_called_number[] = {
	"pbx raw",
	"pbx > SETUP calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"pbx < DISCONNECT cause=28",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=28",
	NULL,
};

/* The PBX missed our answer and repeats SETUP (its T303): still one call. */
static const char *const setup_repeated[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 180",
	"pbx < ALERTING",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"wait 200",
	"calls 1",
	"clear inboxes",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

/* A slot the gateway may not use, 5.2.3.1: no such channel. */
static const struct rig_conf few_slots = {.trunk = "slots = \"1-4\""};
static const char *const channel_not_ours[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=9 exclusive",
	"pbx < RELEASE-COMPLETE cause=82",
	NULL,
};

/* An operator sets the clock, by an hour either way, in a live call: nothing happens.  libpri runs
 * its timers on the time of day. */
static const char *const wall_clock_steps[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wall 3600000",
	"quiet 130000",
	"wall -7200000",
	"quiet 130000",
	"calls 1",
	"pbx cut",
	"sip < BYE reason=27 in 90000..125000",
	"sip > 200 BYE",
	"record cause=27",
	"wait 30000",
	"pbx mend",
	"wait 30000",
	"clear inboxes",
	NULL,
};

/* --- the gateway as the user's side of the PBX trunk --- */

static const struct rig_conf user_side = {.pbx_is_network = true};
static const char *const as_user_out[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 calling=7234 ch=23",
	"pbx > CALL-PROCEEDING",
	"pbx > ALERTING",
	"sip < 180 INVITE",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp",
	"sip > ACK",
	"wait 1000",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE reason=16",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

static const char *const as_user_in[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=7101 sdp",
	"sip > 180",
	"pbx < ALERTING",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"quiet 60000",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* --- numbers are rewritten --- */

static const struct rig_conf rewriting = {
	.rules = "rule out { from = \"pbx\" number = \"9.\" to = \"co\" strip = 1 "
		 "caller_prefix = \"555\" }\n"
		 "rule in { from = \"co\" number = \"5557[1-6]XX\" to = \"pbx\" strip = 3 }\n"
		 "rule hot { from = \"cs\" number = \"0\" to = \"pbx\" strip = 1 prefix = \"7100\" "
		 "caller_number = \"7999\" }\n"};
static const char *const numbers_rewritten[] = {
	"pbx > SETUP called=98012 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"co < SETUP called=8012 calling=5557101",
	"co > CALL-PROCEEDING",
	"co > DISCONNECT cause=17",
	"co < RELEASE",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record cause=17 dialled=98012 called=8012 calling=5557101",
	"co#2 > SETUP called=5557101 calling=8012 ch=7",
	"co#2 < CALL-PROCEEDING",
	"pbx#2 < SETUP called=7101 calling=8012",
	"pbx#2 > CALL-PROCEEDING",
	"pbx#2 > DISCONNECT cause=18",
	"pbx#2 < RELEASE",
	"co#2 < DISCONNECT cause=18",
	"co#2 < RELEASE-COMPLETE",
	"record cause=18",
	"sip > INVITE to=0 from=7234",
	"sip < 100 INVITE",
	"pbx#3 < SETUP called=7100 calling=7999",
	"pbx#3 > CALL-PROCEEDING",
	"pbx#3 > DISCONNECT cause=17",
	"pbx#3 < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record cause=17",
	/* the rule is for calls from the PBX only */
	"sip#2 > INVITE to=98012 from=7234",
	"sip#2 < 100 INVITE",
	"sip#2 < 404 INVITE",
	"sip#2 > ACK",
	"record cause=1",
	NULL,
};

#define ROW(name)                                                                                  \
	{                                                                                          \
#name, NULL, name                                                                  \
	}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		ROW(pbx_hangs_up_before_ack),
		ROW(bye_instead_of_ack),
		ROW(answered_without_sdp),
		ROW(answered_with_another_codec),
		ROW(challenged_and_redirected),
		ROW(requests_we_do_not_know),
		ROW(answers_in_the_wrong_order),
		ROW(hold_by_zero_address),
		ROW(setup_acknowledged),
		ROW(status_null),
		ROW(status_enquiry),
		ROW(data_call),
		ROW(no_called_number),
		ROW(setup_repeated),
		{"channel_not_ours", &few_slots, channel_not_ours},
		ROW(wall_clock_steps),
		{"as_user_out", &user_side, as_user_out},
		{"as_user_in", &user_side, as_user_in},
		{"numbers_rewritten", &rewriting, numbers_rewritten},
	};

	return script_run_all("oddities", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
