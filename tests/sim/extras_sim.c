/* Elements that libpri neither writes nor reads: user-user both ways (RFC 7433, RFC 7434, Q.957.1),
 * originating line information, and elements nobody knows (Q.931 5.8.7). */
#include "tests/sim/script.h"

/* Protocol discriminator 4 (IA5), "Hi". */
#define UUI      "044869"
#define ISDN     ";encoding=hex;purpose=isdn-uui;content=isdn-uui"
#define UUI_LONG "04" X64 X64
#define X64      X16 X16 X16 X16
#define X16      "41414141414141414141414141414141"

#define PBX_BUSY                                                                                   \
	"pbx < DISCONNECT cause=17", "pbx > RELEASE cause=17", "pbx < RELEASE-COMPLETE",           \
		"record source=pbx cause=17", NULL
#define SIP_BUSY                                                                                   \
	"pbx > CALL-PROCEEDING", "pbx > DISCONNECT cause=17", "pbx < RELEASE", "sip < 486 INVITE", \
		"sip > ACK", "record source=cs cause=17", NULL

/* --- user-user --- */

/* With SETUP, ALERTING, CONNECT and what clears, from and to each side. */
static const char *const each_message_from_pbx[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5 uui=" UUI,
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 uui=" UUI ISDN,
	"sip > 180 uui=0401" ISDN,
	"pbx < ALERTING uui=0401",
	"sip > 200 sdp uui=0402" ISDN,
	"sip < ACK",
	"pbx < CONNECT uui=0402",
	"pbx > CONNECT-ACK",
	"pbx > DISCONNECT cause=16 uui=0403",
	"pbx < RELEASE !uui",
	"pbx > RELEASE-COMPLETE",
	"sip < BYE uui=0403" ISDN,
	"sip > 200 BYE",
	"record source=pbx cause=16",
	NULL,
};

static const char *const each_message_to_pbx[] = {
	"sip > INVITE to=7101 from=7234 uui=" UUI ISDN,
	"sip < 100 INVITE",
	"pbx raw",
	"pbx < SETUP called=7101 uui=" UUI,
	"pbx > CALL-PROCEEDING ch=23",
	"pbx > ALERTING uui=0401",
	"sip < 180 INVITE uui=0401" ISDN,
	"pbx > CONNECT uui=0402",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp uui=0402" ISDN,
	"sip > ACK",
	"sip > BYE uui=0403" ISDN,
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16 uui=0403",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE !uui",
	"record source=cs cause=16",
	NULL,
};

static const char *const refused_by_sip[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 !uui",
	"sip > 486 uui=0404" ISDN,
	"sip < ACK",
	"pbx < DISCONNECT cause=17 uui=0404",
	"pbx > RELEASE cause=17",
	"pbx < RELEASE-COMPLETE",
	"record source=pbx cause=17",
	NULL,
};

static const char *const refused_by_pbx[] = {
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx raw",
	"pbx < SETUP called=7101 !uui",
	"pbx > RELEASE-COMPLETE cause=17 uui=0404",
	"sip < 486 INVITE uui=0404" ISDN,
	"sip > ACK",
	"record source=cs cause=17",
	NULL,
};

/* By T303, to an end that says nothing: a new message, with all that the first one had. */
static const char *const repeated_setup[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234 uui=" UUI ISDN,
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 uui=" UUI,
	"pbx#2 < SETUP called=7101 uui=" UUI " in 4000",
	"pbx#2 > RELEASE-COMPLETE cause=17",
	"sip < 486 INVITE",
	"sip > ACK",
	"record source=cs cause=17",
	NULL,
};

static const char *const the_most_there_is[] = {
	"sip > INVITE to=7101 from=7234 uui=" UUI_LONG ISDN,
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 uui=" UUI_LONG,
	SIP_BUSY,
};

static const char *const more_than_that[] = {
	"sip > INVITE to=7101 from=7234 uui=" UUI_LONG "41" ISDN,
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 !uui",
	SIP_BUSY,
};

#define NOT_UNDERSTOOD(value)                                                                      \
	"sip > INVITE to=7101 from=7234 uui=" value, "sip < 100 INVITE",                           \
		"pbx < SETUP called=7101 !uui", SIP_BUSY
#define UNDERSTOOD(value)                                                                          \
	"sip > INVITE to=7101 from=7234 uui=" value, "sip < 100 INVITE",                           \
		"pbx < SETUP called=7101 uui=" UUI, SIP_BUSY

static const char *const odd_digits[] = {NOT_UNDERSTOOD("04486" ISDN)};
static const char *const no_digits[] = {NOT_UNDERSTOOD("hello;purpose=isdn-uui")};
static const char *const other_encoding[] = {NOT_UNDERSTOOD("044869;encoding=base64")};
static const char *const other_package[] = {NOT_UNDERSTOOD("044869;purpose=video-uui")};
static const char *const other_content[] = {NOT_UNDERSTOOD("044869;content=x")};
static const char *const not_said[] = {UNDERSTOOD("044869")};
static const char *const draft_name[] = {UNDERSTOOD("044869;purpose=isdn-interwork")};
static const char *const quoted[] = {UNDERSTOOD("\"044869\";encoding=HEX")};
static const char *const second_of_list[] = {UNDERSTOOD("00;purpose=x,044869;purpose=isdn-uui")};

static const char *const not_from_trunk[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5 uui=" UUI,
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 !uui",
	"sip > 486 uui=" UUI ISDN,
	"sip < ACK",
	"pbx < DISCONNECT cause=17 !uui",
	"pbx > RELEASE cause=17",
	"pbx < RELEASE-COMPLETE",
	"record source=pbx cause=17",
	NULL,
};

static const char *const not_to_trunk[] = {
	"sip > INVITE to=7101 from=7234 uui=" UUI ISDN,
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 !uui",
	SIP_BUSY,
};

static const char *const not_with_peer[] = {
	"sip > INVITE to=7101 from=7234 uui=" UUI ISDN,
	"sip < 100 INVITE",
	"pbx raw",
	"pbx < SETUP called=7101 !uui",
	"pbx > RELEASE-COMPLETE cause=17 uui=0404",
	"sip < 486 INVITE !uui",
	"sip > ACK",
	"record source=cs cause=17",
	NULL,
};

/* --- originating line information --- */

#define LINE_TO_SIP(oli, words)                                                                    \
	"pbx raw", "pbx > SETUP called=7234 calling=7101 ch=5 " oli, "pbx < CALL-PROCEEDING ch=5", \
		"sip < INVITE to=7234 from=7101 " words, "sip > 486", "sip < ACK", PBX_BUSY

static const char *const line_to_sip[] = {LINE_TO_SIP("oli=62", "isup-oli=62")};
static const char *const ordinary_line[] = {LINE_TO_SIP("oli=0", "isup-oli=00")};
static const char *const no_line[] = {LINE_TO_SIP("", "!isup-oli !oli")};
static const char *const line_as_oli[] = {LINE_TO_SIP("oli=7", "oli=07")};
static const char *const line_not_told[] = {LINE_TO_SIP("oli=7", "!isup-oli=07 !oli=07")};

static const char *const line_of_nobody[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 restricted ch=5 oli=70",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=anonymous isup-oli=70",
	"sip > 486",
	"sip < ACK",
	PBX_BUSY,
};

#define LINE_TO_PBX(param, words)                                                                  \
	"sip > INVITE to=7101 from=7234 from.param=" param, "sip < 100 INVITE",                    \
		"pbx < SETUP called=7101 calling=7234 " words, SIP_BUSY

static const char *const line_to_pbx[] = {LINE_TO_PBX("isup-oli=62", "oli=62")};
static const char *const ss7_form[] = {LINE_TO_PBX("ss7-oli=7", "oli=7")};
static const char *const plain_form[] = {LINE_TO_PBX("oli=00", "oli=0")};
static const char *const three_digits[] = {LINE_TO_PBX("oli=620", "!oli=620 !oli=62")};
static const char *const no_number[] = {LINE_TO_PBX("oli=x", "!oli=0")};
static const char *const line_not_believed[] = {LINE_TO_PBX("oli=62", "!oli=62")};

/* --- subaddresses: RFC 3966, RFC 4715 --- */

static const char *const subaddress_to_sip[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5 calling.sub=8050414243 called.sub=80503123",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234;isub=1%23;isub-encoding=nsap-ia5 "
	"target=sip:7234;isub=1%23;isub-encoding=nsap-ia5 "
	"from=7101;isub=ABC;isub-encoding=nsap-ia5",
	"sip > 486",
	"sip < ACK",
	PBX_BUSY,
};

static const char *const subaddress_of_another_kind[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5 called.sub=a0414243 calling.sub=80481234",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 from=7101 !target",
	"sip > 486",
	"sip < ACK",
	PBX_BUSY,
};

/* Not in a URI that libosip2 writes. */
static const char *const subaddress_with_semicolon[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5 called.sub=8050313b32",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234 !target",
	"sip > 486",
	"sip < ACK",
	PBX_BUSY,
};

static const char *const subaddress_not_told[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5 called.sub=80503132",
	"pbx < CALL-PROCEEDING ch=5",
	"sip < INVITE to=7234",
	"sip > 486",
	"sip < ACK",
	PBX_BUSY,
};

#define SUBADDRESS_TO_PBX(user, words)                                                             \
	"sip > INVITE to=7101" user " from=7234", "sip < 100 INVITE",                              \
		"pbx < SETUP called=7101 calling=7234 " words, SIP_BUSY

static const char *const subaddress_to_pbx[] = {
	SUBADDRESS_TO_PBX(";isub=1%232;isub-encoding=nsap-ia5", "called.sub=8050312332")};
static const char *const subaddress_kind_not_said[] = {
	SUBADDRESS_TO_PBX(";isub=12", "called.sub=80503132")};
static const char *const subaddress_kind_not_known[] = {
	SUBADDRESS_TO_PBX(";isub=12;isub-encoding=nsap-bcd", "!called.sub=80503132")};
static const char *const subaddress_too_long[] = {
	SUBADDRESS_TO_PBX(";isub=12345678901234567890", "!called.sub=80503132")};
static const char *const subaddress_not_believed[] = {
	SUBADDRESS_TO_PBX(";isub=12", "!called.sub=80503132")};

static const char *const subaddress_of_caller[] = {
	"sip > INVITE to=7101 from=7234;isub=9",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101 calling=7234 calling.sub=805039",
	SIP_BUSY,
};

/* --- elements that nobody knows: Q.931 5.8.7.1 --- */

static const char *const unknown_in_setup[] = {
	"pbx raw",
	"pbx > SETUP called=7234 calling=7101 ch=5 unknown=ff",
	"pbx < RELEASE-COMPLETE cause=96",
	NULL,
};

/* The answer counts all the same only when it is understood. */
static const char *const unknown_in_connect[] = {
	"pbx raw",
	"sip > INVITE to=7101 from=7234",
	"sip < 100 INVITE",
	"pbx < SETUP called=7101",
	"pbx > CALL-PROCEEDING ch=23",
	"pbx > CONNECT unknown=ff",
	"pbx < STATUS cause=96",
	"pbx > CONNECT",
	"pbx < CONNECT-ACK",
	"sip < 200 INVITE sdp",
	"sip > ACK",
	"sip > BYE",
	"sip < 200 BYE",
	"pbx < DISCONNECT cause=16",
	"pbx > RELEASE",
	"pbx < RELEASE-COMPLETE",
	"record source=cs cause=16",
	NULL,
};

#define LINE "line_information = yes\n"
#define BOTH "user_to_user = yes\n"
static const struct rig_conf uui = {.peer = BOTH, .trunk = BOTH};
static const struct rig_conf uui_peer = {.peer = BOTH};
static const struct rig_conf uui_trunk = {.trunk = BOTH};
static const struct rig_conf isub = {.peer = "subaddress = yes\n"};
static const struct rig_conf line = {.peer = "line_information = \"isup-oli\"\n", .trunk = LINE};
static const struct rig_conf line_oli = {.peer = "line_information = \"oli\"\n", .trunk = LINE};
static const struct rig_conf line_trunk = {.trunk = LINE};

static const struct scenario scenarios[] = {
	{"each_message_from_pbx", &uui, each_message_from_pbx},
	{"each_message_to_pbx", &uui, each_message_to_pbx},
	{"refused_by_sip", &uui, refused_by_sip},
	{"refused_by_pbx", &uui, refused_by_pbx},
	{"repeated_setup", &uui, repeated_setup},
	{"the_most_there_is", &uui, the_most_there_is},
	{"more_than_that", &uui, more_than_that},
	{"odd_digits", &uui, odd_digits},
	{"no_digits", &uui, no_digits},
	{"other_encoding", &uui, other_encoding},
	{"other_package", &uui, other_package},
	{"other_content", &uui, other_content},
	{"not_said", &uui, not_said},
	{"draft_name", &uui, draft_name},
	{"quoted", &uui, quoted},
	{"second_of_list", &uui, second_of_list},
	{"not_from_trunk", &uui_peer, not_from_trunk},
	{"not_to_trunk", &uui_peer, not_to_trunk},
	{"not_with_peer", &uui_trunk, not_with_peer},
	{"line_to_sip", &line, line_to_sip},
	{"ordinary_line", &line, ordinary_line},
	{"no_line", &line, no_line},
	{"line_as_oli", &line_oli, line_as_oli},
	{"line_not_told", &line_trunk, line_not_told},
	{"line_of_nobody", &line, line_of_nobody},
	{"line_to_pbx", &line, line_to_pbx},
	{"ss7_form", &line_oli, ss7_form},
	{"plain_form", &line, plain_form},
	{"three_digits", &line, three_digits},
	{"no_number", &line, no_number},
	{"line_not_believed", &line_trunk, line_not_believed},
	{"subaddress_to_sip", &isub, subaddress_to_sip},
	{"subaddress_of_another_kind", &isub, subaddress_of_another_kind},
	{"subaddress_with_semicolon", &isub, subaddress_with_semicolon},
	{"subaddress_not_told", NULL, subaddress_not_told},
	{"subaddress_to_pbx", &isub, subaddress_to_pbx},
	{"subaddress_kind_not_said", &isub, subaddress_kind_not_said},
	{"subaddress_kind_not_known", &isub, subaddress_kind_not_known},
	{"subaddress_too_long", &isub, subaddress_too_long},
	{"subaddress_not_believed", NULL, subaddress_not_believed},
	{"subaddress_of_caller", &isub, subaddress_of_caller},
	{"unknown_in_setup", NULL, unknown_in_setup},
	{"unknown_in_connect", NULL, unknown_in_connect},
};

int main(int argc, char **argv)
{
	return script_run_all("extras", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
