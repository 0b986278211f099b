/* schema.c - see schema.h.  The help texts are what the manual page says. */
#include "conf/schema.h"
#include "conf/address.h"
#include "conf/profile.h"
#include "conf/schema_tones.h"
#include "tdm/echo.h"
#include <stddef.h>
#include <string.h>

#define FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define LIST(type, member, count)                                                                  \
	.offset = offsetof(type, member),                                                          \
	.size = sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]),                      \
	.other = offsetof(type, count)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#include "conf/schema_rule.h"
#include "conf/schema_span.h"

static const char *const cancellers[] = {"auto", "card", "own", "off", NULL};
static const char *const sides[] = {"user", "network", NULL};
static const char *const switches[] = {"ni2", "5ess", "dms100", "4ess", "qsig", "euroisdn", NULL};
static const char *const hunts[] = {"ascending", "descending", "longest-idle", "round-robin", NULL};
static const char *const channels[] = {"preferred", "exclusive", NULL};
static const char *const overlaps[] = {"no", "receive", "send", "both", NULL};
static const char *const early_audios[] = {"never", "inband", "indicated", "always", NULL};
static const char *const redirect_forms[] = {"diversion", "history-info", "both", "none", NULL};
static const char *const reliabilities[] = {"off", "supported", "required", NULL};
static const char *const codecs[] = {"pcmu", "pcma", NULL};
static const char *const transports[] = {"udp", "tcp", "tls", NULL};
static const char *const dtmf_ways[] = {"inband", "rfc4733", NULL};

#include "conf/schema_auth.h"

/* --- gateway -----------------------------------------------------------------------------------
 */

static const struct conf_key gateway_keys[] = {
	{"control", CONF_TEXT, CONF_RESTART, FIELD(struct conf_gateway, control_path),
	 .help = "Socket on which tandemctl(1) reaches the gateway; an absolute path."},
	{"calls_max", CONF_UINT, CONF_RESTART, FIELD(struct conf_gateway, calls_max), .min = 1,
	 .max = 100000,
	 .help = "Calls at once in the whole gateway; the next one is refused with cause 42 or "
		 "503. "
		 "A bound on memory, far above what the spans carry."},
	{"redirects_max", CONF_UINT, 0, FIELD(struct conf_gateway, redirects_max), .min = 0,
	 .max = 100,
	 .help = "A call that was redirected more often than this is refused with cause 25: it may "
		 "go "
		 "in circles."},
	{"setup_timeout_ms", CONF_UINT, 0, FIELD(struct conf_gateway, setup_timeout_ms),
	 .min = 1000, .max = 600000,
	 .help = "A call that reached nobody (no ringing, no answer) in this time ends with cause "
		 "102.  A little above the 32 s after which SIP itself gives up, so that the "
		 "protocol's own answer comes first."},
	{"answer_timeout_ms", CONF_UINT, 0, FIELD(struct conf_gateway, answer_timeout_ms),
	 .min = 1000, .max = 3600000,
	 .help = "A call that rings this long without an answer ends with cause 19."},
};

static void gateway_default(void *element)
{
	struct conf_gateway *g = element;

	*g = (struct conf_gateway){
		.control_path = "/run/tandem/control",
		.calls_max = 1000,
		.redirects_max = 5,
		.setup_timeout_ms = 35000,
		.answer_timeout_ms = 180000,
	};
}

/* --- media -------------------------------------------------------------------------------------
 */

static const struct conf_key media_keys[] = {
	{"address", CONF_BARE_ADDRESS, CONF_MAY_BE_EMPTY, FIELD(struct conf_media, rtp.addr),
	 .def = "the address the route to the peer starts from",
	 .help = "Local address of all RTP.  Needed only where the route does not tell, as with "
		 "several addresses on one interface."},
	{"rtp_ports", CONF_PORTS, 0, FIELD(struct conf_media, rtp.port_min),
	 .other = offsetof(struct conf_media, rtp.port_max), .min = 1024, .max = 65535,
	 .help = "UDP ports of RTP, \"first-last\": an even port a call for RTP and the next one "
		 "for "
		 "RTCP.  What a firewall must let in."},
	{"jitter_min_ms", CONF_UINT, 0, FIELD(struct conf_media, rtp.jitter_min_ms), .min = 0,
	 .max = 350,
	 .help = "Least playout delay.  Low, because the delay adapts upward as soon as packets "
		 "come "
		 "late."},
	{"jitter_max_ms", CONF_UINT, 0, FIELD(struct conf_media, rtp.jitter_max_ms), .min = 10,
	 .max = 350,
	 .help = "Most playout delay; later packets are dropped.  More delay than this hurts a "
		 "talk "
		 "more than a gap does."},
	{"workers", CONF_UINT, CONF_RESTART, FIELD(struct conf_media, workers), .min = 0, .max = 64,
	 .help = "Threads that move audio; 0 = one a core less one, at least one."},
	{"fifo_priority", CONF_UINT, CONF_RESTART, FIELD(struct conf_media, fifo_priority),
	 .min = 0, .max = 99,
	 .help = "SCHED_FIFO priority of these threads, 0 = normal scheduling.  Audio every 10 ms "
		 "must not wait for other programs; where the system does not permit it, the "
		 "gateway "
		 "says so and goes on."},
	{"no_rtp_ms", CONF_UINT, CONF_RESTART, FIELD(struct conf_media, no_rtp_ms), .min = 0,
	 .max = 3600000,
	 .help = "A peer that sends no RTP for this time in a call that is not held is reported; 0 "
		 "= "
		 "never."},
};

static void media_default(void *element)
{
	struct conf_media *m = element;

	memset(m, 0, sizeof(*m));
	rtp_conf_default(&m->rtp);
	memset(&m->rtp.addr, 0, sizeof(m->rtp.addr));
	m->fifo_priority = 50;
	m->no_rtp_ms = 20000;
}

/* --- sip ---------------------------------------------------------------------------------------
 */

static const struct conf_key sip_keys[] = {
	{"listen", CONF_BINDS, 0, LIST(struct sip_agent_conf, listen, listen_count),
	 .help = "Local addresses for SIP: \"192.0.2.1\" over UDP, \"tcp:192.0.2.1\" over TCP, "
		 "\"tls:192.0.2.1\" over TLS; 0.0.0.0 and [::] stand for every address of the "
		 "machine.  Requests leave by a transport only when it is here too, for the "
		 "answer must find us.  Port 0 lets the system choose, for tests."},
	{"certificate", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct sip_agent_conf, tls.certificate),
	 .help = "File in PEM, by its absolute path: our certificate for TLS, then those between "
		 "it and its root.  Shown to whoever connects, and to servers that ask for one.  "
		 "This file, key and ca are read again at each reload; connections stay."},
	{"key", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct sip_agent_conf, tls.key),
	 .help = "File in PEM: the certificate's private key, without a password."},
	{"ca", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct sip_agent_conf, tls.ca),
	 .def = "those the system trusts",
	 .help = "File in PEM: the certificates of the CAs whose word on a peer's name is "
		 "believed.  With a CA of your own, only it: any of those the system trusts could "
		 "issue a certificate in the name of a peer."},
	{"verify_client", CONF_BOOL, 0, FIELD(struct sip_agent_conf, tls.verify_client),
	 .help = "Whether everyone who connects by TLS must have a certificate from these CAs "
		 "(mutual TLS).  Else a certificate is asked for, and only peers with tls_name "
		 "need it."},
	{"connections_max", CONF_UINT, 0, FIELD(struct sip_agent_conf, connections_max), .min = 2,
	 .max = 100000,
	 .help = "TCP and TLS connections at once.  Those of no known peer (one whose certificate "
		 "is still to come) may be half of them."},
	{"connections_per_address", CONF_UINT, 0,
	 FIELD(struct sip_agent_conf, connections_per_address), .min = 1, .max = 100000,
	 .help = "Of these at once, those of no known peer from one address."},
	{"connections_per_network", CONF_UINT, 0,
	 FIELD(struct sip_agent_conf, connections_per_network), .min = 1, .max = 100000,
	 .help = "The same from one network: a /24 of IPv4, a /64 of IPv6."},
	{"idle_timeout_s", CONF_UINT, 0, FIELD(struct sip_agent_conf, idle_timeout_s), .min = 10,
	 .max = 86400,
	 .help = "A TCP or TLS connection nothing came by for so long is closed; the next request "
		 "opens another."},
	{"setup_timeout_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, setup_timeout_ms),
	 .min = 100, .max = 60000,
	 .help = "Time to connect with TLS and all, and for a message that has begun to be "
		 "complete.  Who is slower is cut off; a call goes another way while its caller "
		 "still waits."},
	{"user_agent", CONF_TEXT, CONF_MAY_BE_EMPTY, FIELD(struct sip_agent_conf, user_agent),
	 .help = "What the User-Agent and Server headers say."},
	{"t1_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, t1_ms), .min = 10, .max = 10000,
	 .help = "Estimated round-trip time, RFC 3261 17.1.1.1; first interval of repetition."},
	{"t2_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, t2_ms), .min = 10, .max = 60000,
	 .help = "Longest interval of repetition of requests other than INVITE, and of 2xx."},
	{"t4_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, t4_ms), .min = 10, .max = 60000,
	 .help = "Longest time a message stays in the network."},
	{"invite_timeout_ms", CONF_UINT, 0, FIELD(struct sip_agent_conf, invite_timeout_ms),
	 .min = 1000, .max = 3600000,
	 .help = "Our INVITE without a final response is cancelled after this time: cause 102.  "
		 "RFC "
		 "3261 13.3.1.1 lets a phone ring for three minutes."},
	{"dialogs_max", CONF_UINT, 0, FIELD(struct sip_agent_conf, dialogs_max), .min = 1,
	 .max = 100000, .help = "Dialogs at once; more INVITEs get 503.  A bound on memory."},
	SIP_AUTH_KEYS
};

static void sip_default(void *element)
{
	static const char *const listen[] = {"0.0.0.0", "[::]", "tcp:0.0.0.0", "tcp:[::]"};
	struct sip_agent_conf *s = element;

	memset(s, 0, sizeof(*s));
	sip_agent_conf_default(s);
	for (size_t i = 0; i < COUNT_OF(listen); i++)
		conf_bind_parse(&s->listen[i], listen[i], NULL, 0);
	s->listen_count = COUNT_OF(listen);
}

/* --- trunk -------------------------------------------------------------------------------------
 */

static const struct conf_key trunk_keys[] = {
	{"span", CONF_NAME, CONF_DRAINS | CONF_MAY_BE_EMPTY, FIELD(struct conf_trunk, span),
	 .def = "none: span or spans must be given",
	 .help = "Name of the span it runs on; one trunk a span."},
	{"spans", CONF_NAMES, CONF_DRAINS | CONF_MAY_BE_EMPTY,
	 LIST(struct conf_trunk, spans, span_count), .def = "none",
	 .help = "In place of span, NFAS: up to 20 spans that share one D-channel, that of the "
		 "first.  The others have none, unless one is the backup, and carry 24 calls.  NI2, "
		 "DMS-100, 5ESS and 4ESS."},
	{"backup", CONF_NAME, CONF_DRAINS | CONF_MAY_BE_EMPTY, FIELD(struct conf_trunk, backup),
	 .def = "none",
	 .help = "NFAS: the span with the backup D-channel, usually the second.  Both data links "
		 "are up all the time; when the D-channel in service is lost, the other one takes "
		 "over and calls go on."},
	{"interface_ids", CONF_UINTS, CONF_DRAINS | CONF_MAY_BE_EMPTY,
	 LIST(struct conf_trunk, interface_id, interface_ids), .min = 0, .max = 126,
	 .def = "0, 1, 2 and so on",
	 .help = "NFAS: interface identifier of each of spans, as the other end has them."},
	/* Before the keys it sets, which then override it. */
	{"profile", CONF_PROFILE, 0, FIELD(struct conf_trunk, profile),
	 .choices = conf_profile_names, .def = "\"none\"",
	 .help = "What is at the other end: sets side, switch_type and every other key that the "
		 "profile's page in docs/profiles names; a key written here as well goes before "
		 "it.  `tandem --profiles` lists them, `tandem --print-config` shows the result."},
	{"side", CONF_CHOICE, CONF_DRAINS, FIELD(struct conf_trunk, isup.side), .choices = sides,
	 .help = "Which side of ISDN we are; the other end must be the opposite.  Towards a PBX "
		 "that "
		 "expects a carrier: \"network\".  Towards a carrier: \"user\"."},
	{"switch_type", CONF_CHOICE, CONF_DRAINS, FIELD(struct conf_trunk, isup.switch_type),
	 .choices = switches, .help = "Dialect of Q.931 that both ends speak."},
	{"hunt", CONF_CHOICE, 0, FIELD(struct conf_trunk, isup.hunt), .choices = hunts,
	 .def = "\"ascending\" on the network side, \"descending\" on the user side",
	 .help = "Order in which free slots are taken.  The two ends should hunt in opposite "
		 "order, so that they seldom choose the same slot at once.  \"longest-idle\" takes "
		 "the one that had no call for the longest time, \"round-robin\" the next after "
		 "the one taken last: they spread the load over the slots, and meet the other end "
		 "more often."},
	{"channel", CONF_CHOICE, 0, FIELD(struct conf_trunk, isup.channel), .choices = channels,
	 .help = "How our SETUP names its slot.  The other end may choose another than a "
		 "\"preferred\" one.  \"exclusive\" is for one that refuses \"preferred\" or "
		 "does not keep to what it chose."},
	{"retries", CONF_UINT, 0, FIELD(struct conf_trunk, retries), .min = 0, .max = 23,
	 .help = "How often a call is tried on another slot of the trunk when its slot is refused "
		 "with cause 44 or 41, or went to a call of the other end (Q.931 5.7).  Not once "
		 "there is something to hear."},
	{"slots", CONF_SLOTS, 0, FIELD(struct conf_trunk, isup.bearer_slots),
	 .def = "every slot of the span but its D-channel",
	 .help = "Timeslots that may carry calls, as \"1-12,14\".  A slot taken away on reload "
		 "keeps its call to the end."},
	{"group", CONF_NAME, CONF_MAY_BE_EMPTY, FIELD(struct conf_trunk, group), .def = "none",
	 .help = "Several trunks may share a group; rules can name the group in place of one "
		 "trunk."},
	{"echo_canceller", CONF_CHOICE, CONF_DRAINS, FIELD(struct conf_trunk, echo_canceller),
	 .choices = cancellers,
	 .help = "Who takes the echo of the PBX's analog lines out of what SIP hears.  \"auto\": "
		 "the card's own canceller, else tandem's.  \"card\": the card's, else the "
		 "driver's (MG2); where there is neither, none runs, and the log and tandemctl say "
		 "so.  \"own\": tandem's.  \"off\": none is wanted, as where the PBX or the "
		 "carrier has them.  Calls between two slots are never touched."},
	{"echo_tail_ms", CONF_UINT, CONF_DRAINS, FIELD(struct conf_trunk, echo_tail_ms),
	 .min = ECHO_TAIL_MS_MIN, .max = ECHO_TAIL_MS_MAX,
	 .help = "How much later than it was said tandem's own canceller looks for echo: as long "
		 "as the way to the PBX and back and what its lines add.  A longer tail costs more "
		 "and is learned more slowly."},
	{"name_wait_ms", CONF_UINT, 0, FIELD(struct conf_trunk, name_wait_ms), .min = 0,
	 .max = 3000,
	 .help = "NI-2: how long a call waits for the calling name when SETUP says that it follows "
		 "in a FACILITY.  A call whose name is not announced never waits; 0 = none does."},
	{"country_code", CONF_NUMBER, CONF_MAY_BE_EMPTY,
	 FIELD(struct conf_trunk, numbering.country_code), .def = "none",
	 .help = "E.164 country code of the trunk, \"1\" in North America.  A national number of "
		 "its then becomes +1... for the plan and SIP, and back.  Without it only a number "
		 "whose type is international gets a +."},
	{"national_prefix", CONF_NUMBER, CONF_MAY_BE_EMPTY,
	 FIELD(struct conf_trunk, numbering.national_prefix), .def = "none",
	 .help = "What callers dial before a national number: \"1\".  A number of unknown type "
		 "that starts so is national; needs country_code."},
	{"international_prefix", CONF_NUMBER, CONF_MAY_BE_EMPTY,
	 FIELD(struct conf_trunk, numbering.international_prefix), .def = "none",
	 .help = "What callers dial before an international number: \"011\".  A number of unknown "
		 "type that starts so is international."},
	{"send_prefixes", CONF_BOOL, 0, FIELD(struct conf_trunk, numbering.prefixed),
	 .help = "How the trunk is sent a number that starts with +.  no: with its type, national "
		 "or international.  yes: of unknown type, the prefix in front; for a PBX that "
		 "does not look at types."},
	{"alarm_on_ms", CONF_UINT, 0, FIELD(struct conf_trunk, alarm_on_ms), .min = 0, .max = 60000,
	 .help = "An alarm of the line refuses new calls, with cause 38, after this time; it is "
		 "shown "
		 "at once.  2.5 s is what T1.231 has for a failure.  An alarm counts for half a "
		 "second at least."},
	{"alarm_off_ms", CONF_UINT, 0, FIELD(struct conf_trunk, alarm_off_ms), .min = 0,
	 .max = 60000,
	 .help = "The line takes calls again when it was good for this time.  T1.231 clears a "
		 "failure after 10 s (20 s at most), for want of another sign; here the D-channel "
		 "must be up as well, and a card's driver waits by itself before it says that the "
		 "line is good."},
	{"alarm_keep_ms", CONF_UINT, 0, FIELD(struct conf_trunk, alarm_keep_ms), .min = 0,
	 .max = 600000,
	 .help = "Live calls end, with cause 27, when an alarm lasts this long; 0 = never by the "
		 "alarm, only by t309_ms.  Shorter than T309, which is for a D-channel that fails "
		 "while the audio goes on: in an alarm nobody hears anything."},
	{"restart_on_start", CONF_BOOL, 0, FIELD(struct conf_trunk, isup.restart_on_start),
	 .help = "Send RESTART for each channel when the D-channel first comes up (Q.931 5.5), so "
		 "that both ends agree that all are free."},
	{"restart_interface", CONF_BOOL, 0, FIELD(struct conf_trunk, isup.restart_interface),
	 .help = "Then send one RESTART for the whole interface instead: for an end that does not "
		 "take 23 of them."},
	{"service", CONF_BOOL, 0, FIELD(struct conf_trunk, isup.service),
	 .help = "Tell the other end by SERVICE messages what slots go out of service and come "
		 "back.  NI2, DMS-100, 5ESS and 4ESS know them; for one that does not, say "
		 "\"no\"."},
	{"flap_losses", CONF_UINT, 0, FIELD(struct conf_trunk, isup.flap_losses), .min = 0,
	 .max = 31,
	 .help = "When the D-channel is lost more often than this within flap_window_ms, no new "
		 "calls are sent until it has stayed up for flap_hold_ms; 0 = never so."},
	{"flap_window_ms", CONF_UINT, 0, FIELD(struct conf_trunk, isup.flap_window_ms), .min = 1000,
	 .max = 86400000, .help = "See flap_losses."},
	{"flap_hold_ms", CONF_UINT, 0, FIELD(struct conf_trunk, isup.flap_hold_ms), .min = 0,
	 .max = 3600000, .help = "See flap_losses."},
	{"n316", CONF_UINT, 0, FIELD(struct conf_trunk, isup.n316), .min = 0, .max = 10,
	 .help = "Q.931 N316, how often RESTART is repeated.  After that: from an end that never "
		 "answered one, slots are taken as idle; from one that did, the slot is out of "
		 "service and tried again every minute."},
#define TIMER(field, what)                                                                         \
	{                                                                                          \
#field, CONF_UINT, 0, FIELD(struct conf_trunk, isup.field),                        \
			.min = 0, .max = 600000, .help = what "; 0 = the standard's value."        \
	}
	{"overlap", CONF_CHOICE, 0, FIELD(struct conf_trunk, isup.overlap), .choices = overlaps,
	 .help = "Which calls may come without the whole number: \"receive\", those from the "
		 "trunk; "
		 "\"send\", those to it; \"both\".  Digits are collected until the rules say that "
		 "no longer number could match, # or the far side ends the number, or t302_ms "
		 "passes; a rule whose pattern ends with . or ! cannot tell.  \"no\" takes each "
		 "SETUP as complete, as the North American switches "
		 "send it: a caller then never waits for a timer."},
	{"early_audio", CONF_CHOICE, 0, FIELD(struct conf_trunk, isup.early_audio),
	 .choices = early_audios,
	 .help = "When the far end's tones are passed on before the answer, and told as early "
		 "media: \"inband\", with progress indicator 8; \"indicated\", with 1, 2 or 8; "
		 "\"always\", with ALERTING and PROGRESS that have none as well, for a PBX that "
		 "plays ringing tone without saying so; \"never\".  Else the caller's phone makes "
		 "its own ringing tone, and is sent no audio until the answer."},
	{"disconnect_audio", CONF_BOOL, 0, FIELD(struct conf_trunk, isup.disconnect_audio),
	 .help = "A DISCONNECT with progress indicator 8 brings an announcement: the caller hears "
		 "it until the far end releases the call or t306_ms passes, and only then is the "
		 "call cleared."},
	CONF_AUDIBLE_KEYS(
		struct conf_trunk, conf_trunk_ringbacks,
		"Who makes the ringing tone for a caller of the trunk when the called end sends "
		"none: \"far\", the caller's own end; \"own\", this gateway, and ALERTING says so "
		"with progress indicator 8.  \"auto\": this gateway for a caller that its SETUP "
		"says is not of the ISDN (progress indicator 1 or 3), else the caller's end.  "
		"Either way what the called end sends takes its place as soon as it arrives "
		"(RFC 3960)."),
	{"dial_tone", CONF_BOOL, 0, FIELD(struct conf_trunk, dial_tone),
	 .help = "A SETUP without any digit is answered with dial tone until the first one comes, "
		 "and SETUP ACKNOWLEDGE says so with progress indicator 8 (Q.931 5.1.3).  Needs "
		 "overlap.  For a far end that gives its callers no dial tone by itself."},
	{"hangup_on_busy", CONF_BOOL, 0, FIELD(struct conf_trunk, hangup_on_busy),
	 .help = "Busy or congestion tone from the far end, as tones has them, ends the call: for "
		 "analog lines behind the trunk, whose end nobody signals.  Three periods of it "
		 "must be heard and nothing else.  Not for a trunk that signals: somebody may want "
		 "to hear the tone."},
	TIMER(t302_ms, "Q.931 T302, overlap receiving and no further digit"),
	TIMER(t303_ms, "Q.931 T303, SETUP sent and nothing back"),
	TIMER(t304_ms, "Q.931 T304, overlap sending and nothing back"),
	TIMER(t305_ms, "Q.931 T305, DISCONNECT sent and nothing back"),
	TIMER(t306_ms, "Q.931 T306, how long an announcement with DISCONNECT is heard"),
	TIMER(t308_ms, "Q.931 T308, RELEASE sent and nothing back"),
	TIMER(t309_ms, "Q.931 T309, how long live calls survive the loss of the D-channel (5.8.8)"),
	TIMER(t310_ms, "Q.931 T310, CALL PROCEEDING received and nothing after it"),
	TIMER(t313_ms, "Q.931 T313, CONNECT sent and not acknowledged"),
	TIMER(t316_ms,
	      "Q.931 T316, RESTART sent and not acknowledged.  The standard has two minutes, "
	      "for which a lost RESTART would keep its slot from calls"),
#undef TIMER
};

static void trunk_default(void *element)
{
	struct conf_trunk *t = element;

	memset(t, 0, sizeof(*t));
	isup_trunk_conf_default(&t->isup);
	t->isup.side = ISUP_NETWORK; /* of a PBX: what most trunks here are */
	t->retries = 2;
	t->alarm_on_ms = 2500;
	t->name_wait_ms = 500;
	t->echo_tail_ms = 64;
	strcpy(t->audible.tones, "us");
	t->audible.ringback = RINGBACK_AUTO;
	t->alarm_off_ms = 1000;
	t->alarm_keep_ms = 10000;
}

/* --- peer --------------------------------------------------------------------------------------
 */

static const struct conf_key peer_keys[] = {
	/* Before address, whose port it decides. */
	{"transport", CONF_CHOICE, 0, FIELD(struct conf_peer, sip.transport), .choices = transports,
	 .help = "How requests go to it.  They are accepted by this transport and by those that "
		 "protect more: \"udp\" accepts all, \"tcp\" TCP and TLS, \"tls\" TLS alone.  To a "
		 "\"udp\" peer a request over 1300 octets goes by TCP when section sip listens on "
		 "TCP and the peer takes it (RFC 3261 18.1.1)."},
	{"address", CONF_ADDRESSES, CONF_MAY_BE_EMPTY, LIST(struct conf_peer, sip.addr, sip.addr_count),
	 .min = 5060, .protocol = offsetof(struct conf_peer, sip.transport),
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
	PEER_AUTH_KEYS
	{"trusted", CONF_BOOL, 0, FIELD(struct conf_peer, sip.trusted),
	 .help = "Whether the peer is inside our trust domain (RFC 3325): P-Asserted-Identity is "
		 "sent to it, with the number of a caller who wants privacy too, and believed from "
		 "it.  Any other peer gets and gives From alone."},
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
	{"codecs", CONF_CHOICES, 0, LIST(struct conf_peer, codec, codec_count), .choices = codecs,
	 .help = "Codecs offered and accepted, by preference.  \"pcmu\" is what a T1 carries, so "
		 "it "
		 "needs no conversion."},
	{"dtmf_type", CONF_UINT, CONF_MAY_BE_EMPTY, FIELD(struct conf_peer, dtmf_type), .min = 96,
	 .max = 127, .help = "RTP payload type offered for telephone-events."},
	/* After dtmf_type, which it may take back. */
	{"dtmf", CONF_DTMF, 0, FIELD(struct conf_peer, dtmf_type), .choices = dtmf_ways,
	 .help = "\"rfc4733\": digits leave as telephone-events where the peer takes them.  "
		 "\"inband\": as tones only."},
	{"ptime_ms", CONF_UINT, 0, FIELD(struct conf_peer, ptime_ms), .min = 10, .max = 60,
	 .help = "Audio in a packet we like to receive; a multiple of 10."},
	{"calls_max", CONF_UINT, 0, FIELD(struct conf_peer, calls_max), .min = 0, .max = 100000,
	 .help = "Calls at once with this peer, both ways together; 0 = no limit."},
	{"overlap", CONF_BOOL, 0, FIELD(struct conf_peer, overlap),
	 .help = "RFC 3578: a number that is dialled in parts is tried as soon as a rule matches "
		 "it, "
		 "and 484 asks for more of it.  Else digits are collected until it is complete."},
	CONF_AUDIBLE_KEYS(
		struct conf_peer, conf_peer_ringbacks,
		"Who makes the ringing tone for a caller of the peer when the called end sends "
		"none: "
		"\"far\", the peer, as phones do; \"own\", this gateway, as early media (183), for "
		"a peer that plays nothing by itself."),
};

static void peer_default(void *element)
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
	};
}

/* --- all ---------------------------------------------------------------------------------------
 */

#define KEYS(array) .keys = array, .key_count = COUNT_OF(array)
#define TITLE(type, member, kind)                                                                  \
	.titled = true, .size = sizeof(type), .title_offset = offsetof(type, member),              \
	.title_size = sizeof(((type *)0)->member), .title_type = (kind)

_Static_assert(COUNT_OF(trunk_keys) <= CONF_KEYS_MAX, "more keys than the readers have room for");

const struct conf_section conf_sections[CONF_SECTION_COUNT] = {
	[CONF_GATEWAY] = {.name = "gateway",
			  .size = sizeof(struct conf_gateway),
			  .limit = 1,
			  .set_default = gateway_default,
			  KEYS(gateway_keys),
			  .help = "The process."},
	[CONF_MEDIA] = {.name = "media",
			.size = sizeof(struct conf_media),
			.limit = 1,
			.set_default = media_default,
			KEYS(media_keys),
			.help = "Audio."},
	[CONF_SIP] = {.name = "sip",
		      .size = sizeof(struct sip_agent_conf),
		      .limit = 1,
		      .set_default = sip_default,
		      KEYS(sip_keys),
		      .help = "What concerns every SIP peer."},
	[CONF_SPAN] = {.name = "span",
		       TITLE(struct tdm_span_conf, name, CONF_NAME),
		       .limit = CONF_SPANS_MAX,
		       .set_default = span_default,
		       KEYS(span_keys),
		       .help = "A T1 line: 24 timeslots."},
	[CONF_TRUNK] = {.name = "trunk",
			TITLE(struct conf_trunk, isup.name, CONF_NAME),
			.limit = CONF_SPANS_MAX,
			.set_default = trunk_default,
			KEYS(trunk_keys),
			.help = "ISDN signalling on a span, or on several with one D-channel."},
	[CONF_PEER] = {.name = "peer",
		       TITLE(struct conf_peer, sip.name, CONF_NAME),
		       .limit = CONF_PEERS_MAX,
		       .set_default = peer_default,
		       KEYS(peer_keys),
		       .help = "A SIP server or phone we exchange calls with."},
	[CONF_TONES] = {.name = "tones",
			TITLE(struct conf_tones, name, CONF_NAME),
			.limit = CONF_TONES_MAX,
			.set_default = conf_tones_default,
			.keys = conf_tones_keys,
			.key_count = CONF_TONES_KEYS,
			.help = "Tones that differ from a country's; a trunk or peer names the "
				"section in its key tones."},
	[CONF_USER] = {.name = "user",
		       TITLE(struct sip_user_conf, name, CONF_NAME),
		       .limit = CONF_USERS_MAX,
		       .set_default = user_default,
		       KEYS(user_keys),
		       .help = "Who proves to be so by a password: a phone that registers with us, "
			       "or a peer without a fixed address.  The title is the name it logs "
			       "in by."},
	[CONF_RULE] =
		{.name = "rule",
		 TITLE(struct dial_rule, name, CONF_TEXT),
		 .limit = CONF_RULES_MAX,
		 .set_default = rule_default,
		 KEYS(rule_keys),
		 .help = "Where a call goes.  Rules are tried in the file's order and the first "
			 "that matches decides; its title is for people."},
};

void *conf_element(const struct conf *c, enum conf_section_id section, size_t i)
{
	switch (section) {
	case CONF_GATEWAY: return (void *)&c->gateway;
	case CONF_MEDIA: return (void *)&c->media;
	case CONF_SIP: return (void *)&c->sip;
	case CONF_SPAN: return &c->spans[i];
	case CONF_TRUNK: return &c->trunks[i];
	case CONF_PEER: return &c->peers[i];
	case CONF_TONES: return &c->tones[i];
	case CONF_USER: return &c->users[i];
	case CONF_RULE: return &c->rules[i];
	case CONF_SECTION_COUNT: break;
	}
	return NULL;
}

size_t conf_element_count(const struct conf *c, enum conf_section_id section)
{
	switch (section) {
	case CONF_SPAN: return c->span_count;
	case CONF_TRUNK: return c->trunk_count;
	case CONF_PEER: return c->peer_count;
	case CONF_TONES: return c->tones_count;
	case CONF_USER: return c->user_count;
	case CONF_RULE: return c->rule_count;
	default: return 1;
	}
}

const char *conf_element_title(enum conf_section_id section, const void *element)
{
	return (const char *)element + conf_sections[section].title_offset;
}

size_t conf_key_index(enum conf_section_id section, const char *key)
{
	const struct conf_section *s = &conf_sections[section];
	size_t i = 0;

	while (i < s->key_count && strcmp(s->keys[i].name, key) != 0)
		i++;
	return i;
}
