/* Calls that go well: each pair of ends, both directions, with what a telephone engineer would try.
 */
#include "tests/sim/script.h"

static const struct rig_conf untimed = {.peer = "session_expires_s = 0"};

static const char *const pbx_calls_sip[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5 name=Anna",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=7101 sdp codec=0 dir=sendrecv !indialog",
	"sip > 100",
	"sip > 180",
	"pbx < ALERTING !pi=8",
	"calls 1",
	"sip > 200 sdp",
	"sip < ACK !sdp",
	"pbx < CONNECT",
	"path is t1/5+rtp send recv",
	"quiet 3600000",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE reason=16",
	"sip > 200 BYE",
	"path none",
	"record source=pbx target=cs dialled=7234 cause=16 from_cause=16 to_cause=16",
	"calls 0",
	NULL,
};

static const char *const sip_calls_pbx[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 calling=7234 ch=23",
	"pbx > CALL-PROCEEDING",
	"pbx > ALERTING",
	"sip < 180 INVITE !sdp",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp codec=0 dir=sendrecv",
	"sip > ACK",
	"path is rtp+t1/23 send recv",
	"quiet 3600000",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"path none",
	"record source=cs target=pbx cause=16 from_cause=16 to_cause=16",
	NULL,
};

/* Tones of the PBX instead of a ringing tone of the phone's own: Q.931 progress indicator 8. */
static const char *const pbx_plays_tones[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > PROGRESS pi=8",
	"sip < 183 INVITE sdp",
	"path is rtp+t1/23 send recv",
	"pbx > ALERTING",
	"wait 50",
	"clear inboxes",
	"pbx > CONNECT",
	"sip < 200 INVITE",
	"sip > ACK",
	"clear inboxes",
	"sip > BYE",
	"wait 200",
	"clear inboxes",
	"record cause=16",
	NULL,
};

static const char *const alerting_with_tones[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > ALERTING pi=8",
	"sip < 183 INVITE sdp",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE reason=16",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

/* An announcement of the SIP side reaches the caller on the PBX: 183 with SDP is PROGRESS 8. */
static const char *const sip_plays_announcement[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 100",
	"sip > 183 sdp",
	"pbx < PROGRESS pi=8",
	"path is t1/5+rtp send recv",
	"sip > 404",
	"sip < ACK",
	"pbx < DISCONNECT cause=1",
	"pbx < RELEASE-COMPLETE",
	"record cause=1 to_cause=1",
	NULL,
};

/* No ALERTING, no CALL PROCEEDING: the first answer is CONNECT. */
static const char *const pbx_answers_at_once[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP ch=23",
	"pbx > CONNECT ch=23",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp",
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

/* RFC 3261 13.2.1: no offer in the INVITE, ours goes in the 200, the answer comes in the ACK. */
static const char *const late_offer[] = {
	"sip > INVITE to=7101 from=7234 nosdp",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > ALERTING",
	"sip < 180 INVITE !sdp",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp codec=0",
	"sip > ACK sdp",
	"path is rtp+t1/23 send recv",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

static const char *const hold_and_resume[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP",
	"pbx > CALL-PROCEEDING",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE",
	"sip > ACK",
	"wait 1000",
	"sip > INVITE dir=sendonly",
	"sip < 200 INVITE sdp dir=recvonly",
	"sip > ACK",
	"path is rtp+t1/23 recv held",
	"wait 1000",
	"sip > INVITE dir=inactive",
	"sip < 200 INVITE sdp dir=inactive",
	"sip > ACK",
	"path is rtp+t1/23 held",
	"wait 1000",
	"sip > INVITE dir=sendrecv codec=8 port=41234",
	"sip < 200 INVITE sdp dir=sendrecv codec=8",
	"sip > ACK",
	"path is rtp+t1/23 send recv pcma",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* A re-INVITE that offers nothing we can do is refused and changes nothing (RFC 3261 14.2). */
static const char *const bad_reinvite[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"sip > INVITE codec=99",
	"sip < 488 INVITE",
	"sip > ACK",
	"path is t1/5+rtp send recv",
	"wait 100",
	"sip > BYE reason=16",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

static const char *const no_codec_in_common[] = {
	"sip > INVITE to=7101 from=7234 codec=99",
	"sip < 100 INVITE",
	"sip < 488 INVITE",
	"sip > ACK",
	"record cause=31 target=-",
	NULL,
};

static const char *const isdn_to_isdn[] = {
	"pbx > SETUP called=8012 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"co < SETUP called=8012 calling=7101 ch=1",
	"co > CALL-PROCEEDING",
	"co > ALERTING pi=8",
	"pbx < ALERTING pi=8",
	"co > CONNECT",
	"co < CONNECT-ACK",
	"pbx < CONNECT",
	"path is t1/5+t2/1",
	"quiet 60000",
	"co > DISCONNECT cause=16",
	"co < RELEASE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"path none",
	"record source=pbx target=co cause=16 from_cause=16 to_cause=16",
	NULL,
};

static const char *const sip_to_sip[] = {
	"sip > INVITE to=9012 from=7234",
	"sip < 100 INVITE",
	"px < INVITE to=9012 from=7234 sdp",
	"px > 180",
	"sip < 180 INVITE",
	"px > 200 sdp",
	"px < ACK",
	"sip < 200 INVITE sdp",
	"sip > ACK",
	"path is rtp+rtp send recv send recv",
	"quiet 60000",
	"px > BYE",
	"px < 200 BYE",
	"sip < BYE reason=16",
	"sip > 200 BYE",
	"path none",
	"record source=cs target=px cause=16 from_cause=16 to_cause=16",
	NULL,
};

/* RFC 3398 hides nothing that SIP said to SIP. */
static const char *const sip_to_sip_status_kept[] = {
	"sip > INVITE to=9012 from=7234",
	"sip < 100 INVITE",
	"px < INVITE",
	"px > 410",
	"px < ACK",
	"sip < 410 INVITE",
	"sip > ACK",
	"record to_cause=22",
	NULL,
};

/* Both far ends answer before anything else: 200 without 1xx. */
static const char *const sip_answers_at_once[] = {
	"pbx > SETUP called=7234 calling=7101 ch=1",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 100",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* Two phones ring, both answer: the second is thanked and sent away (RFC 3261 13.2.2.4). */
static const char *const forked_answers[] = {
	"pbx > SETUP called=7234 calling=7101 ch=1",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 180 tag=one",
	"pbx < ALERTING",
	"sip > 180 tag=two",
	"wait 1000",
	"sip > 200 sdp tag=one",
	"sip < ACK",
	"pbx < CONNECT",
	"sip > 200 sdp tag=two",
	"sip < ACK",
	"sip < BYE",
	"sip > 200 BYE",
	"path is t1/1+rtp send recv",
	"quiet 40000",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

static const char *const options[] = {
	"sip > OPTIONS",
	"sip < 200 OPTIONS",
	NULL,
};

static const char *const caller_number_restricted[] = {
	"pbx > SETUP called=7234 calling=7101 ch=1 restricted",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE to=7234 from=anonymous",
	"sip > 486",
	"sip < ACK",
	"pbx < DISCONNECT cause=17",
	"pbx < RELEASE-COMPLETE",
	"record cause=17 calling=restricted",
	NULL,
};

#define ROW(name)                                                                                  \
	{                                                                                          \
#name, NULL, name                                                                  \
	}

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		{"pbx_calls_sip", &untimed, pbx_calls_sip},
		{"sip_calls_pbx", &untimed, sip_calls_pbx},
		ROW(pbx_plays_tones),
		ROW(alerting_with_tones),
		ROW(sip_plays_announcement),
		ROW(pbx_answers_at_once),
		ROW(late_offer),
		ROW(hold_and_resume),
		ROW(bad_reinvite),
		ROW(no_codec_in_common),
		ROW(isdn_to_isdn),
		ROW(sip_to_sip),
		ROW(sip_to_sip_status_kept),
		ROW(sip_answers_at_once),
		ROW(forked_answers),
		ROW(options),
		ROW(caller_number_restricted),
	};

	return script_run_all("basic", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
