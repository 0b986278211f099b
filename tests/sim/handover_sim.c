/* transfer = "auto": two calls of one trunk that only talk to each other, and the far end that is
 * asked to connect them by itself.  What each switch type is sent, and that whatever comes of it
 * the two still talk. */
#include "tests/sim/script.h"

#include <libpri.h>

static const struct rig_conf hands_over = {
	.peer = "transfer = yes", .trunk = "transfer = \"auto\"", .pbx_is_network = true};

#define HANDS_OVER(words, libpri)                                                                  \
	{                                                                                          \
		.peer = "transfer = yes",                                                          \
		.trunk = "transfer = \"auto\" switch_type = \"" words "\"",                        \
		.pbx_is_network = true, .pbx_switch = libpri                                       \
	}
static const struct rig_conf of_5ess = HANDS_OVER("5ess", PRI_SWITCH_LUCENT5E);
static const struct rig_conf of_4ess = HANDS_OVER("4ess", PRI_SWITCH_ATT4ESS);
static const struct rig_conf of_dms100 = HANDS_OVER("dms100", PRI_SWITCH_DMS100);
static const struct rig_conf of_euroisdn = HANDS_OVER("euroisdn", PRI_SWITCH_EUROISDN_T1);
static const struct rig_conf of_qsig = HANDS_OVER("qsig", PRI_SWITCH_QSIG);

/* The network takes both calls: it clears them. */
static const char *const handed_over[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 100",
	"clear inboxes",
	"sip > REFER refer=7102 nosub",
	"sip < 202 REFER",
	"pbx#2 < SETUP called=7102 bearer=8090a2",
	"pbx#2 > CALL-PROCEEDING",
	"pbx#2 > CONNECT",
	"wait 50",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	"pbx#2 < CONNECT-ACK",
	"pbx < FACILITY invoke=2a8648ce150008",
	"wait 50",
	"path is t1/5+t1/23",
	"pbx > DISCONNECT cause=16",
	"pbx#2 > DISCONNECT cause=16",
	"pbx < RELEASE",
	"pbx#2 < RELEASE",
	"record cause=16",
	NULL,
};

/* It does not answer: the two go on through us. */
static const char *const not_handed_over[] = {
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING",
	"sip < INVITE",
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"wait 100",
	"sip > REFER refer=7102 nosub",
	"sip < 202 REFER",
	"pbx#2 < SETUP called=7102 bearer=8090a2",
	"pbx#2 > CALL-PROCEEDING",
	"pbx#2 > CONNECT",
	"wait 50",
	"sip < BYE",
	"sip > 200 BYE",
	"record cause=16",
	"pbx#2 < CONNECT-ACK",
	"pbx < FACILITY invoke=2a8648ce150008",
	"quiet 60000",
	"path is t1/5+t1/23",
	"pbx#2 > DISCONNECT cause=16",
	"pbx < DISCONNECT cause=16",
	"pbx#2 < RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

/* Attended: the phone's own call went out as 3.1 kHz audio before anybody knew whom for.  Calls of
 * different bearers are not asked for. */
#define ATTENDED(bearer)                                                                           \
	"pbx > SETUP called=7234 calling=7101 ch=5" bearer, "pbx < CALL-PROCEEDING",               \
		"sip < INVITE", "sip > 200 sdp", "sip < ACK", "pbx < CONNECT",                     \
		"sip#2 > INVITE to=7102 from=7234", "sip#2 < 100 INVITE", "wait 50",               \
		"pbx#2 < SETUP called=7102 bearer=9090a2", "pbx#2 > CALL-PROCEEDING",              \
		"pbx#2 > CONNECT", "sip#2 < 200 INVITE", "sip#2 > ACK", "wait 50",                 \
		"clear inboxes", "sip#2 > REFER refer=7101 replaces=1 nosub", "sip#2 < 202 REFER", \
		"sip#2 < BYE", "sip < BYE", "sip > 200 BYE", "sip#2 > 200 BYE", "record cause=16"
#define ATTENDED_OVER                                                                              \
	"quiet 60000", "path is t1/5+t1/23", "pbx > DISCONNECT cause=16", "pbx < RELEASE",         \
		"pbx#2 < DISCONNECT", "pbx#2 < RELEASE-COMPLETE", "record cause=16"
static const char *const attended_handed_over[] = {
	ATTENDED(" 3.1k"), "pbx < FACILITY invoke=2a8648ce150008", ATTENDED_OVER, NULL};
static const char *const attended_bearers_differ[] = {ATTENDED(""), ATTENDED_OVER, NULL};

/* By hand, as no far side of libpri's grants these.  The two calls, of speech, until the transfer
 * is asked for. */
#define RAW_TRANSFER(setup, connect)                                                               \
	"pbx raw",                                                                                 \
		"pbx > SETUP called=7234 calling=7101 ch=5 bearer=8090a2 hlc=9181 "                \
		"llc=8090a2",                                                                      \
		"pbx < CALL-PROCEEDING", "sip < INVITE", "sip > 200 sdp", "sip < ACK",             \
		"pbx < CONNECT", "pbx > CONNECT-ACK", "wait 50", "sip > REFER refer=7102 nosub",   \
		"sip < 202 REFER",                                                                 \
		"pbx#2 < SETUP called=7102 bearer=8090a2 hlc=9181 llc=8090a2 " setup,              \
		"pbx#2 > CALL-PROCEEDING ch=23", "pbx#2 > CONNECT" connect, "sip < BYE",           \
		"sip > 200 BYE", "record cause=16", "pbx#2 < CONNECT-ACK"
/* The two go on through us. */
#define STAY                                                                                       \
	"quiet 60000", "path is t1/5+t1/23", "pbx > DISCONNECT cause=16", "pbx < RELEASE",         \
		"pbx > RELEASE-COMPLETE", "pbx#2 < DISCONNECT cause=16", "pbx#2 > RELEASE",        \
		"pbx#2 < RELEASE-COMPLETE", "record cause=16"
/* The far end has connected them. */
#define GRANTED                                                                                    \
	"path is t1/5+t1/23", "pbx > DISCONNECT cause=16", "pbx#2 > DISCONNECT cause=16",          \
		"pbx < RELEASE", "pbx > RELEASE-COMPLETE", "pbx#2 < RELEASE",                      \
		"pbx#2 > RELEASE-COMPLETE", "record cause=16"

/* X.880: return error and reject of the invocation ID. */
#define ERROR(id)  " fac=91a30602010" id "020100"
#define REJECT(id) " fac=91a40602010" id "810101"

/* The call reference of the second call as the switch has it. */
static const char *const tbct_granted[] = {RAW_TRANSFER("", ""),
					   "pbx < FACILITY invoke=2a8648ce150008", GRANTED, NULL};
static const char *const tbct_refused[] = {RAW_TRANSFER("", ""),
					   "pbx < FACILITY invoke=2a8648ce150008",
					   "pbx > FACILITY" ERROR("1"), STAY, NULL};
static const char *const tbct_rejected[] = {RAW_TRANSFER("", ""),
					    "pbx < FACILITY invoke=2a8648ce150008",
					    "pbx > FACILITY" REJECT("1"), STAY, NULL};
static const char *const tbct_unanswered[] = {RAW_TRANSFER("", ""),
					      "pbx < FACILITY invoke=2a8648ce150008", STAY, NULL};

/* The switch gives the call an ID (12345h) if SETUP asks for it; the other call goes there. */
#define RLT_ID " fac=91a20d02010130080201018003012345"
#define RLT_ASK                                                                                    \
	RAW_TRANSFER("invoke=1", RLT_ID), "pbx < FACILITY invoke=2 args=30088003012345810100"
static const char *const rlt_granted[] = {RLT_ASK, GRANTED, NULL};
static const char *const rlt_refused[] = {RLT_ASK, "pbx > FACILITY" ERROR("2"), STAY, NULL};
static const char *const rlt_unanswered[] = {RLT_ASK, STAY, NULL};
/* Without the ID there is nothing to ask with. */
static const char *const rlt_without_id[] = {RAW_TRANSFER("invoke=1", ""), STAY, NULL};

/* EN 300 369: the link ID (7) of one call, then the transfer on the other. */
#define ECT_ASK RAW_TRANSFER("", ""), "pbx < FACILITY invoke=040082710104"
#define ECT_ID  "pbx > FACILITY fac=91a210020101300b0606040082710104020107"
static const char *const ect_granted[] = {
	ECT_ASK, ECT_ID, "pbx#2 < FACILITY invoke=040082710101 args=020107", GRANTED, NULL};
static const char *const ect_refused[] = {ECT_ASK, "pbx > FACILITY" ERROR("1"), STAY, NULL};
static const char *const ect_refused_late[] = {
	ECT_ASK, ECT_ID, "pbx#2 < FACILITY invoke=040082710101", "pbx#2 > FACILITY" ERROR("2"),
	STAY,    NULL};
static const char *const ect_unanswered[] = {ECT_ASK, STAY, NULL};

/* ECMA-178 and 176: each call's end is told that it was transferred; one of them then proposes
 * another path, which goes to the other as it came. */
#define PR_ASK                                                                                     \
	RAW_TRANSFER("", ""), "pbx < FACILITY invoke=12 args=30080a010081000a0101",                \
		"pbx#2 < FACILITY invoke=12 args=30080a010181000a0101"
static const char *const pr_granted[] = {PR_ASK, "pbx > FACILITY fac=91a10902010902010430013100",
					 "pbx#2 < FACILITY invoke=4 args=30013100", GRANTED, NULL};
static const char *const pr_refused[] = {PR_ASK, "pbx > FACILITY" REJECT("1"),
					 "pbx#2 > FACILITY" REJECT("2"), STAY, NULL};
static const char *const pr_unanswered[] = {PR_ASK, STAY, NULL};
/* One of the two is gone: libpri would pass the proposal to what it was. */
static const char *const pr_proposed_late[] = {
	PR_ASK,
	"pbx#2 > DISCONNECT cause=16",
	"pbx < DISCONNECT cause=16",
	"pbx#2 < RELEASE",
	"pbx#2 > RELEASE-COMPLETE",
	"wait 100",
	"pbx > FACILITY fac=91a10902010902010430013100",
	"quiet 100",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record cause=16",
	NULL,
};

int main(int argc, char **argv)
{
#define ROW(name, conf)                                                                            \
	{                                                                                          \
#name, conf, name                                                                  \
	}
	static const struct scenario scenarios[] = {
		ROW(handed_over, &hands_over),
		ROW(not_handed_over, &hands_over),
		ROW(attended_handed_over, &hands_over),
		ROW(attended_bearers_differ, &hands_over),
		ROW(tbct_refused, &hands_over),
		ROW(tbct_granted, &of_5ess),
		ROW(tbct_refused, &of_5ess),
		ROW(tbct_unanswered, &of_5ess),
		ROW(tbct_granted, &of_4ess),
		ROW(tbct_rejected, &of_4ess),
		ROW(tbct_unanswered, &of_4ess),
		ROW(rlt_granted, &of_dms100),
		ROW(rlt_refused, &of_dms100),
		ROW(rlt_unanswered, &of_dms100),
		ROW(rlt_without_id, &of_dms100),
		ROW(ect_granted, &of_euroisdn),
		ROW(ect_refused, &of_euroisdn),
		ROW(ect_refused_late, &of_euroisdn),
		ROW(ect_unanswered, &of_euroisdn),
		ROW(pr_granted, &of_qsig),
		ROW(pr_refused, &of_qsig),
		ROW(pr_unanswered, &of_qsig),
		ROW(pr_proposed_late, &of_qsig),
	};

	return script_run_all("handover", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
