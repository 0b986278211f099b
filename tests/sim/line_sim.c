/* Alarms of a span: what new and live calls notice of them, and when. */
#include "tests/sim/script.h"

#define CALL_UP                                                                                    \
	"pbx > SETUP called=7234 calling=7101 ch=5", "pbx < CALL-PROCEEDING", "sip < INVITE",      \
		"sip > 200 sdp", "sip < ACK", "pbx < CONNECT"
/* sip: which dialog of the peer. */
#define REFUSED(sip)                                                                               \
	sip " > INVITE to=7101 from=7235", sip " < 100 INVITE", sip " < 503 INVITE reason=38",     \
		sip " > ACK", "record cause=38"
#define GETS_THROUGH(sip)                                                                          \
	sip " > INVITE to=7101 from=7235", sip " < 100 INVITE", "pbx#2 < SETUP ch=23",             \
		"pbx#2 > CALL-PROCEEDING", "pbx#2 > DISCONNECT cause=17", "pbx#2 < RELEASE",       \
		sip " < 486 INVITE", sip " > ACK", "record cause=17"
#define CALL_ENDS                                                                                  \
	"pbx > DISCONNECT cause=16", "pbx < RELEASE", "sip < BYE", "sip > 200 BYE",                \
		"record cause=16"

/* A stall of the machine or the network: nobody is refused. */
static const char *const short_alarm[] = {
	CALL_UP,   "pbx alarm 1", "wait 2400", GETS_THROUGH("sip#2"), "pbx alarm 0", "quiet 20000",
	"calls 1", CALL_ENDS,     NULL,
};

/* T1.231: a failure after 2.5 s.  The call stays, new ones are refused; a second good, and all is
 * as before. */
static const char *const failure[] = {
	CALL_UP,
	"pbx alarm 1",
	"wait 2600",
	REFUSED("sip#2"),
	"calls 1",
	"wait 5000",
	"pbx alarm 0",
	"wait 900",
	REFUSED("sip#3"),
	"wait 200",
	GETS_THROUGH("sip#4"),
	CALL_ENDS,
	NULL,
};

/* After alarm_keep_ms the live call ends: the line has failed, and nobody heard anything. */
static const char *const failure_that_lasts[] = {
	CALL_UP,
	"pbx alarm 1",
	"sip < BYE reason=27 in 9950..10050",
	"sip > 200 BYE",
	"pbx < DISCONNECT cause=27",
	"pbx < RELEASE-COMPLETE",
	"record cause=27",
	"quiet 60000",
	"pbx alarm 0",
	"wait 1100",
	GETS_THROUGH("sip#2"),
	NULL,
};

/* 0: the alarm alone ends no call. */
static const char *const failure_without_end[] = {
	CALL_UP, "pbx alarm 1", "quiet 600000", "calls 1", "pbx alarm 0", CALL_ENDS, NULL,
};

/* Yellow, recovering: by the time of the file.  Loop: at once. */
static const char *const each_alarm_refuses[] = {
	"pbx alarm 2",  "wait 600",       REFUSED("sip#1"), "pbx alarm 32",
	"wait 600",     REFUSED("sip#2"), "pbx alarm 0",    "wait 1100",
	"pbx alarm 16", "wait 1",         REFUSED("sip#3"), "pbx alarm 0",
	NULL,
};

int main(int argc, char **argv)
{
	static const struct rig_conf quick = {.trunk = "alarm_on_ms = 500"};
	static const struct rig_conf keep = {.trunk = "alarm_keep_ms = 0"};
	static const struct scenario scenarios[] = {
		{"short_alarm", NULL, short_alarm},
		{"failure", NULL, failure},
		{"failure_that_lasts", NULL, failure_that_lasts},
		{"failure_without_end", &keep, failure_without_end},
		{"each_alarm_refuses", &quick, each_alarm_refuses},
	};

	return script_run_all("line", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
