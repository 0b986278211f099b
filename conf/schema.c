/* schema.c - see schema.h.  The help texts are what the manual page says. */
#include "conf/schema.h"
#include "conf/profile.h"
#include "conf/schema_impl.h"
#include "conf/schema_tones.h"
#include "tdm/echo.h"
#include <string.h>

static const char *const cancellers[] = {"auto", "card", "own", "off", NULL};
static const char *const sides[] = {"user", "network", NULL};
static const char *const switches[] = {"ni2", "5ess", "dms100", "4ess", "qsig", "euroisdn", NULL};
static const char *const hunts[] = {"ascending", "descending", "longest-idle", "round-robin", NULL};
static const char *const channels[] = {"preferred", "exclusive", NULL};
static const char *const overlaps[] = {"no", "receive", "send", "both", NULL};
static const char *const transfers[] = {"off", "auto", NULL};
static const char *const early_audios[] = {"never", "inband", "indicated", "always", NULL};
static const char *const data_bearers[] = {"64k", "restricted", "56k", NULL};

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
	{"trace_memory_kb", CONF_UINT, 0, FIELD(struct conf_gateway, trace_memory_kb), .min = 0,
	 .max = 1048576,
	 .help = "Memory in which the newest D-channel and SIP messages are kept, so that "
		 "tandemctl(8) "
		 "trace --recent can show a call that has ended; about 10 for a call.  0 = none."},
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
		.trace_memory_kb = 2048,
		.setup_timeout_ms = 35000,
		.answer_timeout_ms = 180000,
	};
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
		 "first.  The others have none, unless one is the backup, and carry 24 calls.  "
		 "NI2, "
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
	{"hold", CONF_BOOL, 0, FIELD(struct conf_trunk, isup.hold),
	 .help = "Whether HOLD from the PBX is accepted: the channel is free until RETRIEVE takes "
		 "one "
		 "again, and SIP is put on hold meanwhile.  Else it is refused with cause 69."},
	{"hold_notify", CONF_BOOL, 0, FIELD(struct conf_trunk, isup.hold_notify),
	 .help = "Whether the PBX is told by NOTIFY that SIP has put the call on hold or taken it "
		 "back: remote hold and retrieval on EuroISDN, user suspended and resumed "
		 "elsewhere. "
		 " For a PBX that does not take an unexpected NOTIFY amiss."},
	{"transfer", CONF_CHOICE, 0, FIELD(struct conf_trunk, isup.transfer), .choices = transfers,
	 .help = "\"auto\": when a transfer leaves two channels of this trunk that talk to each "
		 "other, the other end is asked to connect the two calls itself: TBCT on NI2, 5ESS "
		 "and 4ESS, RLT on DMS-100, ECT on EuroISDN, path replacement on QSIG.  What it "
		 "does not grant in 10 s stays connected here.  Only a network does it for its "
		 "user, so \"auto\" needs side = \"user\", or QSIG.  \"off\": it is not asked; for "
		 "a line that has not subscribed to it."},
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
		 "shown at once.  2.5 s is what T1.231 has for a failure.  An alarm counts for "
		 "half a "
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
	{"disconnect_tone", CONF_BOOL, 0, FIELD(struct conf_trunk, disconnect_tone),
	 .help = "How the tone of failure_tone_ms is told of.  no: by PROGRESS, and the call is "
		 "cleared after it.  yes: by DISCONNECT with progress indicator 8, so that the "
		 "cause "
		 "is known at once (Q.931 5.3.4.1); for a PBX that then keeps the channel.  The "
		 "user side of a trunk always does as with no."},
	{"data_bearer", CONF_CHOICE, 0, FIELD(struct conf_trunk, data_bearer),
	 .choices = data_bearers,
	 .help = "Bearer capability of a data call from SIP, which has no word for it.  \"56k\" is "
		 "for a line or a far end that carries seven bits of an octet only.  Data calls "
		 "from another trunk keep theirs."},
	{"user_to_user", CONF_BOOL, 0, FIELD(struct conf_trunk, isup.user_to_user),
	 .help = "Pass on user-user information (Q.957.1) of up to 128 octets, both ways.  Only "
		 "when "
		 "asked: it lets callers send data for nothing, and some switches refuse it."},
	{"line_information", CONF_BOOL, 0, FIELD(struct conf_trunk, isup.line_information),
	 .help = "Pass on originating line information, the ANI II digits for the kind of line a "
		 "call comes from, in codeset 6 (AT&T TR 41459), both ways."},
#define TIMER(field, what)                                                                         \
	{                                                                                          \
#field, CONF_UINT, 0, FIELD(struct conf_trunk, isup.field),                        \
			.min = 0, .max = 600000, .help = what "; 0 = the standard's value."        \
	}
	{"overlap", CONF_CHOICE, 0, FIELD(struct conf_trunk, isup.overlap), .choices = overlaps,
	 .help = "Which calls may come without the whole number: \"receive\", those from the "
		 "trunk; \"send\", those to it; \"both\".  Digits are collected until the rules "
		 "say that no longer number could match, # or the far side ends the number, or "
		 "t302_ms passes; a rule whose pattern ends with . or ! cannot tell.  \"no\" takes "
		 "each SETUP as complete, as the North American switches send it: a caller then "
		 "never waits for a timer."},
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
			.set_default = conf_media_default,
			.keys = conf_media_keys,
			.key_count = CONF_MEDIA_KEYS,
			.help = "Audio."},
	[CONF_SIP] = {.name = "sip",
		      .size = sizeof(struct sip_agent_conf),
		      .limit = 1,
		      .set_default = conf_sip_default,
		      .keys = conf_sip_keys,
		      .key_count = CONF_SIP_KEYS,
		      .help = "What concerns every SIP peer."},
	[CONF_SPAN] = {.name = "span",
		       TITLE(struct tdm_span_conf, name, CONF_NAME),
		       .limit = CONF_SPANS_MAX,
		       .set_default = conf_span_default,
		       .keys = conf_span_keys,
		       .key_count = CONF_SPAN_KEYS,
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
		       .set_default = conf_peer_default,
		       .keys = conf_peer_keys,
		       .key_count = CONF_PEER_KEYS,
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
		       .set_default = conf_user_default,
		       .keys = conf_user_keys,
		       .key_count = CONF_USER_KEYS,
		       .help = "Who proves to be so by a password: a phone that registers with us, "
			       "or a peer without a fixed address.  The title is the name it logs "
			       "in by."},
	[CONF_RULE] =
		{.name = "rule",
		 TITLE(struct dial_rule, name, CONF_TEXT),
		 .limit = CONF_RULES_MAX,
		 .set_default = conf_rule_default,
		 .keys = conf_rule_keys,
		 .key_count = CONF_RULE_KEYS,
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
