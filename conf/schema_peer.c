/* schema_peer.c - the keys of section peer; see schema.h. */
#include "conf/schema_impl.h"
#include "conf/schema_tones.h"

static const char *const codecs[] = {"pcmu", "pcma", NULL};
static const char *const dtmf_ways[] = {"inband", "rfc4733", NULL};
static const char *const line_forms[] = {"none", "isup-oli", "oli", NULL};
static const char *const proofs[] = {"address", "digest", "address-and-digest", NULL};
static const char *const redirect_forms[] = {"diversion", "history-info", "both", "none", NULL};
static const char *const registrations[] = {"no", "trunk", "bulk", "extensions", NULL};
static const char *const reliabilities[] = {"off", "supported", "required", NULL};
static const char *const transports[] = {"udp", "tcp", "tls", NULL};

_Static_assert(SIP_BY_ADDRESS == 0 && SIP_BY_DIGEST == 1 && SIP_BY_BOTH == 2,
	       "the order of proofs");

const struct conf_key conf_peer_keys[CONF_PEER_KEYS] = {
	/* Before address, whose port it decides. */
	{"transport", CONF_CHOICE, 0, FIELD(struct conf_peer, sip.transport), .choices = transports,
	 .help = "How requests go to it.  They are accepted by this transport and by those that "
		 "protect more: \"udp\" accepts all, \"tcp\" TCP and TLS, \"tls\" TLS alone.  To a "
		 "\"udp\" peer a request over 1300 octets goes by TCP when section sip listens on "
		 "TCP and the peer takes it (RFC 3261 18.1.1)."},
	{"address", CONF_ADDRESSES, CONF_MAY_BE_EMPTY,
	 LIST(struct conf_peer, sip.addr, sip.addr_count), .min = 5060,
	 .protocol = offsetof(struct conf_peer, sip.transport),
	 .def = "must be given, but to a registrar or for \"digest\" alone",
	 .help = "Where the peer is.  Requests go to the first address and are accepted from each, "
		 "and from no other.  Port 0, not in the first, accepts any source port; so does "
		 "TCP always."},
	{"any_port", CONF_BOOL, 0, FIELD(struct conf_peer, sip.any_port),
	 .help = "Accept requests from any source port of these addresses."},
	{"tls_name", CONF_HOST, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, sip.tls_name),
	 .help = "The domain its certificate must prove (RFC 5922; wildcards prove nothing) when "
		 "it "
		 "connects to us, and it may then come from any address.  When we connect to it, "
		 "it must prove this name too, or \"domain\" when none is given here."},
	{"keepalive_s", CONF_UINT, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, sip.keepalive_s),
	 .min = 5, .max = 3600,
	 .help = "So often an empty line is sent to it, which keeps open what a NAT or firewall on "
		 "the way would forget: 20 to 30 for UDP, 110 for TCP.  A TCP or TLS peer that "
		 "answered (RFC 5626 4.4.1) and does so no more is connected to anew."},
	{"domain", CONF_HOST, 0, FIELD(struct conf_peer, sip.domain), .def = "the first address",
	 .help = "Host part of the URIs sent to it: \"cs\" makes sip:7134@cs."},
	{"authenticate", CONF_CHOICE, 0, FIELD(struct conf_peer, sip.proof), .choices = proofs,
	 .def = "\"address\"; \"digest\" for a registrar",
	 .help = "What shows that a call comes from this peer: one of its addresses, the "
		 "password of a user whose peer it is, or both."},
	{"registrar", CONF_BOOL, 0, FIELD(struct conf_peer, sip.registrar),
	 .help = "The peer is our own registrar: it has no address, its users are called where "
		 "they registered with us, by their names as numbers.  A rule sends calls to it "
		 "as to any other."},
	{"calls_per_second", CONF_UINT, 0, FIELD(struct conf_peer, sip.calls_per_second), .min = 0,
	 .max = 10000,
	 .help = "Calls the peer, or all its users, may begin in a second, four times that at "
		 "once; more get 503.  0 = no limit."},
	{"username", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, sip.login.username),
	 .def = "none: a challenge refuses the call",
	 .help = "Who we say we are when the peer asks by 401 or 407."},
	{"password", CONF_SECRET, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, sip.login.password),
	 .def = "none", .help = "With username; or ha1."},
	{"ha1", CONF_HEX, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, sip.login.ha1), .def = "none",
	 .help = "In place of password: the MD5 or SHA-256 hash of \"username:realm:password\", "
		 "so that the file does not tell the password."},
	{"register", CONF_CHOICE, 0, FIELD(struct conf_peer, sip.registers),
	 .choices = registrations,
	 .help = "What we register there: \"trunk\", username; \"bulk\", username for all the "
		 "numbers it has (RFC 6140); \"extensions\", each number from "
		 "register_first to register_last, so that extensions of the PBX are users "
		 "there.  These log in by username, or, without one, each by its own number."},
	{"register_s", CONF_UINT, 0, FIELD(struct conf_peer, sip.register_s), .min = 30,
	 .max = 86400,
	 .help = "Seconds a registration is asked to be good for; renewed a minute before its "
		 "end.  Short enough for a peer that lost it in a restart."},
	{"register_first", CONF_UINT, CONF_MAY_BE_EMPTY,
	 FIELD(struct conf_peer, sip.extension_first), .min = 1, .max = 999999999, .def = "none",
	 .help = "See register."},
	{"register_last", CONF_UINT, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, sip.extension_last),
	 .min = 1, .max = 999999999, .def = "none", .help = "See register."},
	{"trusted", CONF_BOOL, 0, FIELD(struct conf_peer, sip.trusted),
	 .help = "Whether the peer is inside our trust domain (RFC 3325): P-Asserted-Identity is "
		 "sent to it, with the number of a caller who wants privacy too, and believed from "
		 "it.  Any other peer gets and gives From alone."},
	{"transfer", CONF_BOOL, 0, FIELD(struct conf_peer, sip.transfer),
	 .help = "Whether the peer may transfer its calls: REFER, and INVITE with Replaces.  A "
		 "call "
		 "made by a transfer is judged by the rules as one of the peer's own."},
	{"hold", CONF_BOOL, 0, FIELD(struct conf_peer, sip.hold),
	 .help = "Whether the peer is told, by re-INVITE with sendonly, that the other end has put "
		 "the call on hold.  It hears hold_audio either way."},
	{"redirecting", CONF_CHOICE, 0, FIELD(struct conf_peer, sip.redirecting),
	 .choices = redirect_forms,
	 .help = "How the peer is told who redirected a call, and who was called first: "
		 "\"diversion\" (RFC 5806), \"history-info\" (RFC 7044), both or not at all.  "
		 "What it sends is understood either way, Diversion first."},
	{"reliable", CONF_CHOICE, 0, FIELD(struct conf_peer, sip.reliable),
	 .choices = reliabilities,
	 .help = "Provisional responses acknowledged by PRACK (RFC 3262), so that ringing and "
		 "early "
		 "media survive a lost datagram: \"supported\" where the peer says it can, "
		 "\"required\" refuses calls without (421), \"off\" for a peer that says it can "
		 "and cannot."},
	{"session_expires_s", CONF_UINT, 0, FIELD(struct conf_peer, sip.session_expires_s),
	 .min = 0, .max = 86400,
	 .help = "RFC 4028: a call is refreshed by UPDATE or re-INVITE each half of this time, and "
		 "ends with cause 102 when the peer does not answer any more, so that a dead peer "
		 "frees its B-channels; 1800 is what the RFC recommends.  A peer that knows no "
		 "session timer is refreshed by us.  0: no session timer."},
	{"min_se_s", CONF_UINT, 0, FIELD(struct conf_peer, sip.min_se_s), .min = 90, .max = 86400,
	 .help = "A peer that wants to refresh more often is asked for this time (422)."},
	{"redirects_max", CONF_UINT, 0, FIELD(struct conf_peer, sip.redirects_max), .min = 0,
	 .max = 10,
	 .help = "How often in a call a 3xx of the peer is followed, and only to a configured "
		 "peer: "
		 "one whose domain or address the Contact names.  0: a 3xx ends the call as any "
		 "other refusal."},
	{"line_information", CONF_CHOICE, 0, FIELD(struct conf_peer, sip.line_information),
	 .choices = line_forms,
	 .help = "Originating line information (ANI II digits), as a parameter of the URI in From "
		 "and P-Asserted-Identity: \"isup-oli\", as most gateways write it, or \"oli\".  "
		 "With either, all forms are believed from the peer."},
	{"subaddress", CONF_BOOL, 0, FIELD(struct conf_peer, subaddress),
	 .help = "Pass on ISDN subaddresses of characters, both ways, as isub of a number in the "
		 "URI "
		 "(RFC 3966, RFC 4715).  A peer that looks at the user part as a whole does not "
		 "find "
		 "a number that has one."},
	{"user_to_user", CONF_BOOL, 0, FIELD(struct conf_peer, sip.user_to_user),
	 .help = "Pass on user-user information of ISDN in User-to-User headers (RFC 7433, RFC "
		 "7434), both ways: of INVITE, 18x, final responses and BYE."},
	{"codecs", CONF_CHOICES, 0, LIST(struct conf_peer, codec, codec_count), .choices = codecs,
	 .help = "Codecs offered and accepted, by preference.  \"pcmu\" is what a T1 carries, so "
		 "it needs no conversion."},
	{"dtmf_type", CONF_UINT, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, dtmf_type), .min = 96,
	 .max = 127, .help = "RTP payload type offered for telephone-events."},
	/* After dtmf_type, which it may take back. */
	{"dtmf", CONF_DTMF, 0, FIELD(struct conf_peer, dtmf_type), .choices = dtmf_ways,
	 .help = "\"rfc4733\": digits leave as telephone-events where the peer takes them.  "
		 "\"inband\": as tones only."},
	{"ptime_ms", CONF_UINT, 0, FIELD(struct conf_peer, ptime_ms), .min = 10, .max = 60,
	 .help = "Audio in a packet we like to receive; a multiple of 10."},
	{"clearmode", CONF_BOOL, 0, FIELD(struct conf_peer, clearmode),
	 .help = "Data calls of 64 and 56 kbit/s go to the peer and come from it by CLEARMODE (RFC "
		 "4040), octets as they are.  Else they are refused, with cause 65 and 488.  Where "
		 "the clocks of both ends differ octets slip."},
	{"clearmode_type", CONF_UINT, 0, FIELD(struct conf_peer, clearmode_type), .min = 96,
	 .max = 127, .help = "RTP payload type offered for CLEARMODE."},
	{"calls_max", CONF_UINT, 0, FIELD(struct conf_peer, calls_max), .min = 0, .max = 100000,
	 .help = "Calls at once with this peer, both ways together; 0 = no limit."},
	{"overlap", CONF_BOOL, 0, FIELD(struct conf_peer, overlap),
	 .help = "RFC 3578: a number that is dialled in parts is tried as soon as a rule matches "
		 "it, and 484 asks for more of it.  Else digits are collected until it is "
		 "complete."},
	CONF_AUDIBLE_KEYS(
		struct conf_peer, conf_peer_ringbacks,
		"Who makes the ringing tone for a caller of the peer when the called end sends "
		"none: "
		"\"far\", the peer, as phones do; \"own\", this gateway, as early media (183), for "
		"a peer that plays nothing by itself."),
};

void conf_peer_default(void *element)
{
	struct conf_peer *p = element;

	*p = (struct conf_peer){
		.sip.reliable = SIP_RELIABLE_SUPPORTED,
		.sip.session_expires_s = 1800,
		.sip.min_se_s = 90,
		.sip.register_s = 600,
		.codec = {SIP_PCMU, SIP_PCMA},
		.codec_count = 2,
		.dtmf_type = 101,
		.ptime_ms = 20,
		.audible = {.tones = "us"},
		.clearmode_type = 97,
		.sip.hold = true,
	};
}
