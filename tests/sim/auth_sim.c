/* Digest as client, and our registrations: what is asked, what is answered, when it is tried again.
 */
#include "tests/sim/script.h"

#define LOGIN "username = \"tandem\" password = \"secret\"\n"
#define SETUP                                                                                      \
	"pbx > SETUP called=7234 calling=7101 ch=5", "pbx < CALL-PROCEEDING ch=5",                 \
		"sip < INVITE cseq=1"

static const struct rig_conf with_login = {.peer = LOGIN};
static const struct rig_conf transfers = {.peer = LOGIN "transfer = yes"};

/* INVITE and BYE: one challenge, and its nonce counted from then on. */
static const char *const challenged[] = {
	SETUP " !auth",
	"sip > 407 realm=cs nonce=n1",
	"sip < ACK !pauth",
	"sip < INVITE cseq=2 pauth=n1/1 sdp",
	"sip > 180",
	"pbx < ALERTING",
	"sip > 200 sdp",
	"sip < ACK cseq=2 pauth=n1/1",
	"pbx < CONNECT",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE cseq=3 pauth=n1/2",
	"sip > 200 BYE",
	"record cause=16",
	"pbx#2 > SETUP called=7234 calling=7101 ch=6",
	"pbx#2 < CALL-PROCEEDING",
	"sip#2 < INVITE cseq=1 pauth=n1/3",
	"sip#2 > 407 realm=cs nonce=n2 stale",
	"sip#2 < ACK",
	"sip#2 < INVITE cseq=2 pauth=n2/1",
	"sip#2 > 486",
	"sip#2 < ACK",
	"pbx#2 < DISCONNECT cause=17",
	"pbx#2 < RELEASE-COMPLETE",
	"record cause=17",
	NULL,
};

/* The password is wrong: asked twice and no more. */
static const char *const refused[] = {
	SETUP,
	"sip > 401 realm=cs nonce=n1",
	"sip < ACK",
	"sip < INVITE cseq=2 auth=n1/1",
	"sip > 401 realm=cs nonce=n2",
	"sip < ACK",
	"pbx < DISCONNECT",
	"pbx < RELEASE-COMPLETE",
	"record",
	NULL,
};

/* A proxy and the far end, each with a realm of its own; stale for ever ends too. */
static const char *const two_realms[] = {
	SETUP,
	"sip > 407 realm=proxy nonce=p1",
	"sip < ACK",
	"sip < INVITE cseq=2 pauth=p1/1 !auth",
	"sip > 401 realm=far nonce=f1 alg=SHA-256",
	"sip < ACK",
	"sip < INVITE cseq=3 pauth=p1/2 auth=f1/1",
	"sip > 401 realm=far nonce=f2 stale",
	"sip < ACK",
	"sip < INVITE cseq=4 auth=f2/1",
	"sip > 401 realm=far nonce=f3 stale",
	"sip < ACK",
	"sip < INVITE cseq=5 auth=f3/1",
	"sip > 401 realm=far nonce=f4 stale",
	"sip < ACK",
	"sip < INVITE cseq=6 auth=f4/1",
	"sip > 401 realm=far nonce=f5 stale",
	"sip < ACK",
	"sip < INVITE cseq=7 auth=f5/1",
	"sip > 401 realm=far nonce=f6 stale",
	"sip < ACK",
	"pbx < DISCONNECT",
	"pbx < RELEASE-COMPLETE",
	"record",
	NULL,
};

/* Nothing we know, and nothing we hold a password for. */
static const char *const unknown_algorithm[] = {
	SETUP,
	"sip > 401 realm=cs nonce=n1 alg=SHA3-256",
	"sip < ACK",
	"pbx < DISCONNECT",
	"pbx < RELEASE-COMPLETE",
	"record",
	NULL,
};

/* The caller hangs up while the INVITE is out for the second time. */
static const char *const cancelled[] = {
	SETUP,
	"sip > 407 realm=cs nonce=n1",
	"sip < ACK",
	"sip < INVITE cseq=2",
	"sip > 100",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < CANCEL cseq=2 !pauth",
	"sip > 200 CANCEL",
	"sip > 487",
	"sip < ACK cseq=2",
	"record cause=16",
	NULL,
};

/* It had hung up before the challenge came: no second INVITE. */
static const char *const gone_before[] = {
	SETUP,
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip > 407 realm=cs nonce=n1",
	"sip < ACK",
	"record cause=16",
	NULL,
};

static const char *const bye_alone[] = {
	SETUP,
	"sip > 200 sdp",
	"sip < ACK !auth",
	"pbx < CONNECT",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE cseq=2",
	"sip > 401 BYE realm=cs nonce=n1",
	"sip < BYE cseq=3 auth=n1/1",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

/* --- registrations: the rig opens with the first REGISTER already sent and not answered --- */

static const struct rig_conf trunk = {.peer = LOGIN "register = \"trunk\" register_s = 600\n"};
static const struct rig_conf bulk = {.peer = LOGIN "register = \"bulk\"\n"};
static const struct rig_conf extensions = {
	.peer = "password = \"secret\" register = \"extensions\" register_first = 7101\n"
		"register_last = 7103\n"};

static const char *const registers[] = {
	"clear inboxes",
	"sip > 401 REGISTER realm=cs nonce=n1",
	"sip < REGISTER expires=600 auth=n1/1",
	"sip > 423 REGISTER min=900",
	"sip < REGISTER expires=900 auth=n1/2",
	"sip > 200 REGISTER expires=900 sroute=<sip:127.0.0.1:9;lr>",
	"sip < REGISTER expires=900 auth=n1/3 in 840000",
	"sip > 200 REGISTER expires=100",
	"sip < REGISTER auth=n1/4 in 50000",
	"sip > 503 REGISTER",
	"sip < REGISTER in 15000..30000",
	"sip > 503 REGISTER",
	"sip < REGISTER in 30000..60000",
	"sip > 503 REGISTER",
	"sip < REGISTER in 60000..120000",
	"sip > 200 REGISTER",
	"clear inboxes",
	NULL,
};

static const char *const registers_bulk[] = {
	"clear inboxes",
	"sip > 423 REGISTER min=700",
	"sip < REGISTER to=tandem bnc expires=700 cseq=2",
	"sip > 200 REGISTER",
	NULL,
};

/* Each under its own name, a tenth of a second apart. */
/* Every request in a call may be challenged, a NOTIFY as well. */
static const char *const notify_challenged[] = {
	SETUP,
	"sip > 200 sdp",
	"sip < ACK",
	"pbx < CONNECT",
	"sip > REFER refer=9001",
	"sip < 202 REFER",
	"sip < NOTIFY frag=100 active !auth",
	"sip > 401 NOTIFY realm=cs nonce=n1",
	"sip < NOTIFY frag=100 active auth=n1/1",
	"sip > 200 NOTIFY",
	"px < INVITE to=9001",
	"px > 404",
	"px < ACK",
	"sip < NOTIFY frag=404 terminated auth=n1/2",
	"sip > 200 NOTIFY",
	"record cause=1",
	"pbx > DISCONNECT cause=16",
	"pbx < RELEASE",
	"sip < BYE auth=n1/3",
	"sip > 200 BYE",
	"record cause=16",
	NULL,
};

static const char *const registers_extensions[] = {
	"clear inboxes",
	"sip > 401 REGISTER realm=cs nonce=n1",
	"sip < REGISTER to=7101 auth=n1/1",
	"sip > 200 REGISTER expires=3600",
	"sip#2 > 401 REGISTER realm=cs nonce=n2",
	"sip#2 < REGISTER to=7102 auth=n2/1",
	"sip#2 > 200 REGISTER expires=3500",
	"sip#3 > 200 REGISTER expires=3550",
	"sip#2 < REGISTER auth=n2/2 in 3440000",
	"sip#2 > 200 REGISTER expires=3600",
	"sip#3 < REGISTER to=7103 in 50000",
	"sip#3 > 200 REGISTER expires=3600",
	"sip#1 < REGISTER auth=n1/2 in 50000",
	"sip#1 > 403 REGISTER",
	"clear inboxes",
	NULL,
};

int main(int argc, char **argv)
{
	static const struct scenario scenarios[] = {
		{"challenged", &with_login, challenged},
		{"refused", &with_login, refused},
		{"two_realms", &with_login, two_realms},
		{"unknown_algorithm", &with_login, unknown_algorithm},
		{"cancelled", &with_login, cancelled},
		{"gone_before", &with_login, gone_before},
		{"bye_alone", &with_login, bye_alone},
		{"notify_challenged", &transfers, notify_challenged},
		{"registers", &trunk, registers},
		{"registers_bulk", &bulk, registers_bulk},
		{"registers_extensions", &extensions, registers_extensions},
	};

	return script_run_all("auth", scenarios, sizeof(scenarios) / sizeof(scenarios[0]), argc,
			      argv);
}
