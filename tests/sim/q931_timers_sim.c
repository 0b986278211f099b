/* Every timer of Q.931 that can fire here, glare, RESTART, and the D-channel going away. */
#include "tests/sim/script.h"

/* T303, 4 s: SETUP is repeated once; then nobody is there (5.2.5.3: no user responding). */
static const char *const t303_of_the_network_side[] = {
	"pbx loses in SETUP 2",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"sip < 408 INVITE reason=18 in 8000",
	"sip > ACK",
	"wait 3000",
	"clear inboxes",
	"record cause=18 to_cause=18",
	NULL,
};

static const char *const t303_of_the_user_side[] = {
	"co loses in SETUP 2",
	"sip > INVITE to=8012 from=7234",
	"sip < 100 INVITE",
	"sip < 504 INVITE reason=102 in 8000",
	"sip > ACK",
	"wait 3000",
	"clear inboxes",
	"record cause=102 to_cause=102",
	NULL,
};

/* The first SETUP is lost: the second one makes the call. */
static const char *const t303_repeats[] = {
	"pbx loses in SETUP 1",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP ch=23 in 4000",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record cause=17",
	NULL,
};

/* T310, 10 s after CALL PROCEEDING without ALERTING, PROGRESS or CONNECT. */
static const char *const t310[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx < DISCONNECT cause=102 in 10000",
	"pbx < RELEASE-COMPLETE",
	"sip < 408 INVITE reason=18",
	"sip > ACK",
	"record cause=18",
	NULL,
};

/* PROGRESS stops T310: the caller hears something. */
static const char *const t310_stopped_by_progress[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > PROGRESS pi=8",
	"sip < 183 INVITE sdp",
	"quiet 15000",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* T305, 30 s: DISCONNECT unanswered, RELEASE; T308, 4 s: RELEASE twice, then RESTART. */
static const char *const t305_then_t308[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP ch=23",
	"pbx > CALL-PROCEEDING ch=23",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE in 30000",
	"pbx < RELEASE in 4000",
	"pbx#0 < RESTART ch=23 in 4000",
	"pbx#0 > RESTART-ACK ch=23 restart=1",
	"record cause=16",
	"quiet 300000",
	NULL,
};

static const char *const t305_answered_late[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP ch=23",
	"pbx > CALL-PROCEEDING ch=23",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE in 30000",
	"pbx > RELEASE-COMPLETE",
	"record cause=16",
	"quiet 60000",
	NULL,
};

/* T308 alone: RELEASE after their DISCONNECT, twice. */
static const char *const t308[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE",
	"sip > 180",
	"pbx < ALERTING",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < CANCEL",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK",
	"pbx < RELEASE in 3900..4100",
	"pbx#0 < RESTART ch=5 in 4000",
	"pbx#0 > RESTART-ACK ch=5 restart=1",
	"record cause=16",
	NULL,
};

/* T313, 4 s, only the user side waits for CONNECT ACKNOWLEDGE: trunk co. */
static const char *const t313[] = {
	"co raw",
	"co > SETUP called=9012 calling=8001 ch=3",
	"co < CALL-PROCEEDING ch=3",
	"px < INVITE",
	"px > 200 sdp",
	"px < ACK",
	"co < CONNECT",
	"co < DISCONNECT cause=102 in 4000",
	"px < BYE reason=102",
	"px > 200 BYE",
	"co > RELEASE",
	"co < RELEASE-COMPLETE",
	"record cause=102",
	NULL,
};

/* The network side does not. */
static const char *const no_t313_on_the_network_side[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=3",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"quiet 60000",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx > RELEASE-COMPLETE",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

/* T316: RESTART unanswered is repeated; a slot that used to answer stays out of service, is tried
 * again, and no call is put on it. */
static const char *const t316[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=23",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE cause=17 in 30000",
	"pbx < RELEASE cause=17 in 4000",
	"pbx#0 < RESTART ch=23 in 4000",
	"pbx#0 < RESTART ch=23 in 2000",
	"pbx#0 < RESTART ch=23 in 2000",
	"record cause=17",
	"quiet 10000",
	"sip#2 > INVITE to=7101 from=7234",
	"sip#2 < 100 INVITE",
	"pbx#2 < SETUP ch=22",
	"pbx#2 > RELEASE-COMPLETE cause=17",
	"sip#2 < 486 INVITE",
	"sip#2 > ACK",
	"record cause=17",
	"pbx#0 < RESTART ch=23 in 40000..60000",
	"pbx#0 > RESTART-ACK ch=23 restart=1",
	"wait 1000",
	"sip#3 > INVITE to=7101 from=7234",
	"sip#3 < 100 INVITE",
	"pbx#3 < SETUP ch=23",
	"pbx#3 > RELEASE-COMPLETE cause=17",
	"sip#3 < 486 INVITE",
	"sip#3 > ACK",
	"record cause=17",
	NULL,
};

/* 5.5.2: the PBX restarts a channel: the call on it is over, other calls are not touched. */
static const char *const pbx_restarts_a_channel[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx#2 > SETUP called=7235 calling=7102 ch=6",
	"pbx#2 < CALL-PROCEEDING",
	"sip#2 < INVITE",
	"sip#2 > 200 sdp",
	"sip#2 < ACK",
	"pbx#2 < CONNECT",
	"pbx#0 > RESTART ch=5",
	"pbx#0 < RESTART-ACK ch=5",
	"sip < BYE reason=41",
	"sip > 200 BYE",
	"record cause=41",
	"quiet 30000",
	"calls 1",
	"pbx#2 > DISCONNECT cause=16",
	"pbx#2 < RELEASE",
	"sip#2 < BYE",
	"sip#2 > 200 BYE",
	"record cause=16",
	NULL,
};

/* T309, 90 s: an active call survives a shorter loss of the D-channel (5.8.9) ... */
static const char *const active_call_survives_dchannel_loss[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 1000",
	"pbx cut",
	"quiet 60000",
	"calls 1",
	"path is t1/5+rtp send recv",
	"pbx mend",
	"wait 20000",
	"calls 1",
	"clear inboxes",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

/* ... and is cleared by a longer one. */
static const char *const t309[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 1000",
	"pbx cut",
	"sip < BYE reason=27 in 90000..125000",
	"sip > 200 BYE",
	"record cause=27",
	"wait 100000",
	"pbx mend",
	"wait 30000",
	"clear inboxes",
	NULL,
};

/* 5.8.9: a call that is not active does not survive. */
static const char *const alerting_call_dies_with_the_dchannel[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > ALERTING",
	"sip < 180 INVITE",
	"wait 1000",
	"pbx cut",
	"sip < 502 INVITE reason=27 in 1000..45000",
	"sip > ACK",
	"record cause=27",
	"wait 60000",
	"pbx mend",
	"wait 30000",
	"clear inboxes",
	NULL,
};

static const char *const no_call_without_dchannel[] = {
	"pbx cut",
	"wait 60000",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"sip < 503 INVITE reason=38",
	"sip > ACK",
	"record cause=38",
	"pbx mend",
	"wait 30000",
	"clear inboxes",
	NULL,
};

/* The far PBX was switched off and on: the link is back within T309, but it knows no call.  Both
 * sides ask (5.8.9, 5.8.10), and the answer ends the call. */
static const char *const dchannel_reestablished_by_far_side[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"pbx cut",
	"wait 35000",
	"pbx forgets",
	"pbx mend",
	"pbx < STATUS state=10 in 0..20000",
	"pbx < STATUS state=10 in 0..2000",
	"sip < BYE",
	"sip > 200 BYE",
	"record from_cause=101",
	NULL,
};

/* Glare, 5.7: both sides want channel 23.  The gateway is the network here: its call has it, the
 * other is moved, or refused with 44 when its SETUP insists. */
static const char *const glare_on_the_network_side[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"pbx#1 > SETUP called=7235 calling=7102 ch=23",
	"sip < 100 INVITE",
	"pbx#2 < SETUP ch=23",
	"pbx#1 < CALL-PROCEEDING ch=22",
	"sip#2 < INVITE",
	"sip#2 > 486",
	"sip#2 < ACK",
	"pbx#1 < DISCONNECT cause=17",
	"pbx#1 > RELEASE",
	"pbx#1 < RELEASE-COMPLETE",
	"record cause=17",
	"pbx#2 > CALL-PROCEEDING ch=23",
	"pbx#2 > DISCONNECT cause=17",
	"pbx#2 < RELEASE",
	"pbx#2 > RELEASE-COMPLETE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record cause=17",
	NULL,
};

static const char *const glare_exclusive[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"pbx#1 > SETUP called=7235 calling=7102 ch=23 exclusive",
	"sip < 100 INVITE",
	"pbx#2 < SETUP ch=23",
	"pbx#1 < RELEASE-COMPLETE cause=44",
	"pbx#2 > RELEASE-COMPLETE cause=17",
	"sip < 486 INVITE",
	"sip > ACK",
	"record cause=17",
	NULL,
};

/* On trunk co the gateway is the user: the network's call has the channel, ours is moved. */
static const char *const glare_on_the_user_side[] = {
	"co raw",
	"sip > INVITE to=8012 from=7234",
	"co#1 > SETUP called=9012 calling=8001 ch=1",
	"sip < 100 INVITE",
	"co#2 < SETUP ch=1",
	"co#1 < CALL-PROCEEDING ch=1",
	"px < INVITE",
	"co#2 > CALL-PROCEEDING ch=2",
	"co#2 > CONNECT",
	"co#2 < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"path is rtp+t2/2 send recv",
	"px > 486",
	"px < ACK",
	"co#1 < DISCONNECT cause=17",
	"co#1 > RELEASE",
	"co#1 < RELEASE-COMPLETE",
	"record cause=17",
	"sip > BYE",
	"sip < 200 BYE",
	"co#2 < DISCONNECT cause=16",
	"co#2 > RELEASE",
	"co#2 < RELEASE-COMPLETE",
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
		ROW(t303_of_the_network_side),
		ROW(t303_of_the_user_side),
		ROW(t303_repeats),
		ROW(t310),
		ROW(t310_stopped_by_progress),
		ROW(t305_then_t308),
		ROW(t305_answered_late),
		ROW(t308),
		ROW(t313),
		ROW(no_t313_on_the_network_side),
		ROW(t316),
		ROW(pbx_restarts_a_channel),
		ROW(active_call_survives_dchannel_loss),
		ROW(t309),
		ROW(alerting_call_dies_with_the_dchannel),
		ROW(no_call_without_dchannel),
		ROW(dchannel_reestablished_by_far_side),
		ROW(glare_on_the_network_side),
		ROW(glare_exclusive),
		ROW(glare_on_the_user_side),
	};

	return script_run_all("q931_timers", scenarios, sizeof(scenarios) / sizeof(scenarios[0]),
			      argc, argv);
}
