/* What a call carries: each bearer against what the other side takes.  RFC 4040; RFC 3398 7.2.1.1
 * and 7.2.6, RFC 4497 10 say nothing of data, so what cannot be carried is refused with cause 65.
 */
#include "tests/sim/script.h"

#define REFUSED(bearer)                                                                            \
	"pbx raw", "pbx > SETUP called=7234 calling=7101 ch=5 bearer=" bearer,                     \
		"pbx < CALL-PROCEEDING ch=5", "pbx < DISCONNECT cause=65",                         \
		"pbx > RELEASE cause=65", "pbx < RELEASE-COMPLETE"

/* --- from the trunk to SIP --- */

#define VOICE_TO_SIP(bearer)                                                                       \
	"pbx raw", "pbx > SETUP called=7234 calling=7101 ch=5 bearer=" bearer,                     \
		"pbx < CALL-PROCEEDING ch=5", "sip < INVITE to=7234 sdp codec=0 !clearmode",       \
		"sip > 486", "sip < ACK", "pbx < DISCONNECT cause=17", "pbx > RELEASE cause=17",   \
		"pbx < RELEASE-COMPLETE", "record source=pbx cause=17", NULL

static const char *const speech_to_sip[] = {VOICE_TO_SIP("8090a2")};
static const char *const audio_to_sip[] = {VOICE_TO_SIP("9090a2")};

#define DATA_TO_SIP(bearer, path)                                                                  \
	"pbx raw", "pbx > SETUP called=7234 calling=7101 ch=5 bearer=" bearer,                     \
		"pbx < CALL-PROCEEDING ch=5", "sip < INVITE to=7234 sdp codec=97 clearmode",       \
		"sip > 200 sdp codec=97", "sip < ACK", "pbx < CONNECT", "pbx > CONNECT-ACK",       \
		"path is " path, "pbx > DISCONNECT cause=16", "pbx < RELEASE",                     \
		"pbx > RELEASE-COMPLETE", "sip < BYE", "sip > 200 BYE",                            \
		"record source=pbx cause=16", NULL

static const char *const data_64_to_sip[] = {DATA_TO_SIP("8890", "t1/5:data+rtp:data send recv")};
static const char *const restricted_to_sip[] = {
	DATA_TO_SIP("8990", "t1/5:data+rtp:data send recv")};
static const char *const data_56_to_sip[] = {
	DATA_TO_SIP("8890218f", "t1/5:data56+rtp:data send recv")};

#define REFUSED_BY_PEER(bearer) REFUSED(bearer), "record source=pbx cause=65", NULL
#define REFUSED_BY_LIBPRI(bearer, cause)                                                           \
	"pbx raw", "pbx > SETUP called=7234 calling=7101 ch=5 bearer=" bearer,                     \
		"pbx < RELEASE-COMPLETE cause=" cause, NULL
#define REFUSED_AT_ONCE(bearer) REFUSED(bearer), "refused cause=65", NULL

static const char *const data_64_refused[] = {REFUSED_BY_PEER("8890")};
static const char *const restricted_refused[] = {REFUSED_BY_PEER("8990")};
static const char *const data_56_refused[] = {REFUSED_BY_PEER("8890218f")};
static const char *const video_refused[] = {REFUSED_AT_ONCE("9890a5")};
/* libpri refuses these without asking; a coding standard it does not know is no element at all. */
static const char *const multirate_refused[] = {REFUSED_BY_LIBPRI("889118", "65")};
static const char *const packets_refused[] = {REFUSED_BY_LIBPRI("88c0c6e6", "65")};
static const char *const unknown_refused[] = {REFUSED_BY_LIBPRI("a890", "96")};

/* --- from SIP to the trunk --- */

#define DATA_TO_PBX(bearer)                                                                        \
	"sip > INVITE to=7101 from=7234 codec=98", "sip < 100 INVITE",                             \
		"pbx < SETUP called=7101 bearer=" bearer, "pbx > CALL-PROCEEDING",                 \
		"pbx > CONNECT", "pbx < CONNECT-ACK", "sip < 200 INVITE sdp codec=98 clearmode",   \
		"sip > ACK", "sip > BYE", "sip < 200 BYE", "pbx < DISCONNECT cause=16",            \
		"pbx < RELEASE-COMPLETE", "record source=cs cause=16", NULL

static const char *const data_to_pbx[] = {DATA_TO_PBX("8890")};
static const char *const data_to_pbx_restricted[] = {DATA_TO_PBX("8990")};
static const char *const data_to_pbx_56[] = {DATA_TO_PBX("8890218f")};

static const char *const voice_to_pbx[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 bearer=9090a2",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=17",
	"pbx < RELEASE",
	"sip < 486 INVITE",
	"sip > ACK",
	"record source=cs cause=17",
	NULL,
};

static const char *const data_from_sip_refused[] = {
	"sip > INVITE to=7101 from=7234 codec=97",
	"sip < 100 INVITE",
	"sip < 488 INVITE reason=65",
	"sip > ACK",
	"refused cause=65",
	NULL,
};

static const char *const data_refused_by_pbx[] = {
	"sip > INVITE to=7101 from=7234 codec=97",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 bearer=8890",
	"pbx > CALL-PROCEEDING",
	"pbx > DISCONNECT cause=65",
	"pbx < RELEASE",
	"sip < 488 INVITE reason=65",
	"sip > ACK",
	"record source=cs cause=65",
	NULL,
};

/* --- from trunk to trunk: as it came --- */

#define THROUGH(words)                                                                             \
	"pbx raw", "pbx > SETUP called=8001 calling=7101 ch=5 " words,                             \
		"pbx < CALL-PROCEEDING ch=5", "co < SETUP called=8001 " words,                     \
		"co > CALL-PROCEEDING", "co > DISCONNECT cause=17", "co < RELEASE",                \
		"pbx < DISCONNECT cause=17", "pbx > RELEASE cause=17", "pbx < RELEASE-COMPLETE",   \
		"record source=pbx cause=17", NULL

static const char *const speech_through[] = {THROUGH("bearer=8090a2")};
static const char *const audio_through[] = {THROUGH("bearer=9090a2")};
static const char *const data_64_through[] = {THROUGH("bearer=8890")};
static const char *const data_56_through[] = {THROUGH("bearer=8890218f")};
static const char *const v120_through[] = {
	THROUGH("bearer=8890a8 llc=8890a8 hlc=9181 calling.sub=8050414243 called.sub=80503132")};

static const char *const data_path_through[] = {
	"pbx raw",
	"pbx > SETUP called=8001 calling=7101 ch=5 bearer=8890",
	"pbx < CALL-PROCEEDING ch=5",
	"co < SETUP called=8001 bearer=8890",
	"co > CALL-PROCEEDING",
	"co > CONNECT",
	"co < CONNECT-ACK",
	"pbx < CONNECT",
	"pbx > CONNECT-ACK",
	"path is t1/5:data+t2/1:data",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx > RELEASE-COMPLETE",
	"co < DISCONNECT cause=16",
	"co < RELEASE-COMPLETE",
	"record source=pbx cause=16",
	NULL,
};

/* --- from peer to peer --- */

static const char *const data_sip_to_sip_refused[] = {
	"sip > INVITE to=9101 from=7234 codec=97",
	"sip < 100 INVITE",
	"sip < 488 INVITE reason=65",
	"sip > ACK",
	"record source=cs cause=65",
	NULL,
};

static const struct rig_conf clearmode = {.peer = "clearmode = yes\n"};
static const struct rig_conf restricted = {.peer = "clearmode = yes\n",
					   .trunk = "data_bearer = \"restricted\"\n"};
static const struct rig_conf seven_bits = {.peer = "clearmode = yes\n",
					   .trunk = "data_bearer = \"56k\"\n"};

static const struct scenario scenarios[] = {
	{"speech_to_sip", NULL, speech_to_sip},
	{"audio_to_sip", &clearmode, audio_to_sip},
	{"data_64_to_sip", &clearmode, data_64_to_sip},
	{"restricted_to_sip", &clearmode, restricted_to_sip},
	{"data_56_to_sip", &clearmode, data_56_to_sip},
	{"data_64_refused", NULL, data_64_refused},
	{"restricted_refused", NULL, restricted_refused},
	{"data_56_refused", NULL, data_56_refused},
	{"video_refused", &clearmode, video_refused},
	{"multirate_refused", &clearmode, multirate_refused},
	{"packets_refused", &clearmode, packets_refused},
	{"unknown_refused", &clearmode, unknown_refused},
	{"data_to_pbx", &clearmode, data_to_pbx},
	{"data_to_pbx_restricted", &restricted, data_to_pbx_restricted},
	{"data_to_pbx_56", &seven_bits, data_to_pbx_56},
	{"voice_to_pbx", &clearmode, voice_to_pbx},
	{"data_from_sip_refused", NULL, data_from_sip_refused},
	{"data_refused_by_pbx", &clearmode, data_refused_by_pbx},
	{"speech_through", NULL, speech_through},
	{"audio_through", NULL, audio_through},
	{"data_64_through", NULL, data_64_through},
	{"data_56_through", NULL, data_56_through},
	{"v120_through", NULL, v120_through},
	{"data_path_through", NULL, data_path_through},
	{"data_sip_to_sip_refused", &clearmode, data_sip_to_sip_refused},
};

int main(int argc, char **argv)
{
	return script_run_all("bearer", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
