/* probe_print.c - what a probe says: progress, the picture of the slots, findings, configuration.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conf/value.h"
#include "gateway/base/clock.h"
#include "gateway/probe_state.h"
#include "isup/q931.h"

enum { GRID_EVERY_MS = 1000, FRAMES_ALIKE_MAX = 3, BAD_LINE_MIN = 20 };

static const char *const form_names[] = {
	[TDM_HDLC_PLAIN] = "", [TDM_HDLC_INVERTED] = " inverted", [TDM_HDLC_56K] = " of 56 kbit/s"};

static unsigned elapsed_ms(const struct probe *p)
{
	return (unsigned)(clock_mono_ns() / 1000000 - p->start_ms);
}

void probe_say(const struct probe *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("[%5.1f s] %s\n", elapsed_ms(p) / 1000.0, text);
}

/* --- the slots ------------------------------------------------------------------------------- */

static char sign_of(const struct tdm_slot_look *look)
{
	switch (look->kind) {
	case TDM_SLOT_UNHEARD: return '?';
	case TDM_SLOT_IDLE: return look->idle_octet == TDM_IDLE ? '.' : '-';
	case TDM_SLOT_ROBBED: return 'r';
	case TDM_SLOT_BUSY: return '~';
	case TDM_SLOT_FLAGS: return 'f';
	case TDM_SLOT_HDLC: return 'H';
	}
	return '?';
}

void probe_show_grid(struct probe *p, bool always)
{
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		struct tdm_slot_look look;
		tdm_flag_finder_look(p->line.finder[slot], &look);
		p->grid[slot - 1] = sign_of(&look);
	}
	if (strcmp(p->grid, p->shown_grid) == 0 ||
	    (!always && elapsed_ms(p) < p->shown_ms + GRID_EVERY_MS))
		return;
	if (p->shown_grid[0] == '\0')
		printf("          . idle  - idle with another octet  ~ audio or data  "
		       "r robbed-bit signalling\n"
		       "          f HDLC flags  H HDLC frames  ? not heard yet\n");
	fputs("    slot", stdout);
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		printf("%3u", slot);
	fputs("\n        ", stdout);
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++)
		printf("%3c", p->grid[slot - 1]);
	putchar('\n');
	strcpy(p->shown_grid, p->grid);
	p->shown_ms = elapsed_ms(p);
}

/* What frames that tell the same have in common: a command or response, or a message. */
static unsigned kind_of(const uint8_t *frame, size_t len)
{
	struct q931_message m;

	if (len >= 3 && (frame[2] & 3) == 3)
		return frame[2] & 0xef;
	return q931_parse(&m, frame, len) ? (m.discriminator + m.type) & 0xffu : 0;
}

void probe_show_frame(struct probe *p, bool sent, const uint8_t *frame, size_t len)
{
	char text[160];

	if (len >= 3 && (frame[2] & 3) == 1)
		return; /* RR and its like: acknowledgements */
	unsigned char *shown = &p->shown_frames[sent][kind_of(frame, len)];
	if (*shown == FRAMES_ALIKE_MAX)
		return;
	probe_say(p, "%s %s%s", sent ? "-->" : "<--",
		  isup_frame_text(frame, len, text, sizeof(text)),
		  ++*shown == FRAMES_ALIKE_MAX ? "  (more like this are not shown)" : "");
}

/* --- nothing found --------------------------------------------------------------------------- */

static void print_card_advice(void)
{
	printf("  - a loopback plug in the card's jack (pins 1-4 and 2-5) clears the alarm: then "
	       "the "
	       "card is good,\n    and the cable or the far end is not\n"
	       "  - a cable that crosses the pairs where both ends are wired alike (1-4, 2-5)\n"
	       "  - line_build_out: 0 is for up to 133 feet; the far end switched on and in "
	       "service\n");
}

static void print_packet_advice(const struct tdm_span_counts *c)
{
	if (c->foreign > 0)
		printf("  - packets arrive, but from another address than the peer's: check "
		       "peer\n");
	if (c->malformed > 0)
		printf("  - packets arrive, but of another shape: this takes CESoPSN, basic "
		       "service, of 24 slots\n");
	if (c->rx_packets > 0)
		printf("  - packets arrive, and say that the line behind the device is dead: check "
		       "its T1\n");
	if (c->foreign == 0 && c->malformed == 0 && c->rx_packets == 0)
		printf("  - nothing arrives: check the device, its address for us, cable and "
		       "firewall\n");
}

static void print_alarms(unsigned alarms)
{
	static const char *const names[TDM_ALARM_BITS] = {
		"red (nothing usable is received)",
		"yellow (the far end does not receive us)",
		"blue (the far end's line is dead behind it)",
		"gone (the device or socket is unusable)",
		"looped back",
		"recovering"};

	for (unsigned i = 0, n = 0; i < TDM_ALARM_BITS; i++)
		if (alarms >> i & 1u)
			printf("%s%s", n++ > 0 ? ", " : "", names[i]);
}

void probe_print_no_line(const struct probe *p)
{
	struct tdm_span_counts c;

	tdm_span_counts(p->line.span, &c);
	printf("\nLine         no good: alarm ");
	print_alarms(tdm_span_alarms(p->line.span));
	printf("\nCheck next:\n");
	if (p->line.conf.backend == TDM_DAHDI)
		print_card_advice();
	else
		print_packet_advice(&c);
}

static unsigned count_signs(const struct probe *p, char sign)
{
	unsigned n = 0;

	for (const char *at = p->grid; *at != '\0'; at++)
		n += *at == sign;
	return n;
}

static void print_no_dchan(const struct probe *p)
{
	unsigned robbed = count_signs(p, 'r'), busy = count_signs(p, '~');

	if (p->looped || p->echo[0] || p->echo[1]) {
		printf("D-channel    none: the line %s looped, what we send comes back\n"
		       "Check next:  a loopback plug, or a loop set at the far end or in the "
		       "network\n",
		       p->looped ? "is" : "looks");
		return;
	}
	printf("D-channel    none: no HDLC flags and no frames in any slot\n");
	if (robbed > 0)
		printf("             %u slots look like robbed-bit signalling (CAS, such as E&M): "
		       "not ISDN\n"
		       "Check next:  the far end's trunk type; ISDN (PRI) must be set there\n",
		       robbed);
	else if (busy > 0)
		printf("             %u slots carry audio or data, none carries signalling\n"
		       "Check next:  whether the D-channel of this line is on another span "
		       "(NFAS)\n",
		       busy);
	else
		printf("             all slots are idle: the line is good and nobody signals on "
		       "it\n"
		       "Check next:  whether the far end's D-channel is in service\n");
}

/* --- findings ----------------------------------------------------------------------------------
 */

static const char *side_name(bool network)
{
	return network ? "network" : "user";
}

static void print_side(const struct probe *p)
{
	const struct probe_judge *j = &p->judge;
	enum probe_side side = probe_judge_side(j);

	switch (side) {
	case PROBE_SIDE_UNKNOWN:
		printf("Far end      %s: its side is not known\n",
		       p->echo[0] || p->echo[1] ? "sends back what we ask, or asks the same"
		       : j->frames > 0          ? "its frames do not tell"
						: "silent, also when asked");
		break;
	case PROBE_SIDE_BOTH:
		printf("Far end      contradicts itself: %u frames as user, %u as network\n",
		       j->from_user, j->from_network);
		break;
	default:
		printf("Far end      plays the %s: %u frames say so (Q.921 table 1)%s\n",
		       side_name(side == PROBE_SIDE_NETWORK),
		       side == PROBE_SIDE_NETWORK ? j->from_network : j->from_user,
		       p->drawn ? "; it was silent until asked" : "");
	}
	if (j->address_seen)
		printf("             SAPI %u, TEI %u\n", j->sapi, j->tei);
	if (p->came_up)
		printf("Layer 2      comes up with us as the %s side\n",
		       side_name(p->lapd.network));
	else if (j->dm > 0)
		printf("Layer 2      refused by the far end (DM)\n");
	else if (p->answering)
		printf("Layer 2      does not come up\n");
}

static void print_switch(const struct probe *p)
{
	char text[128];

	printf("Switch type  %s\n",
	       probe_judge_verdict(probe_judge_switches(&p->judge), text, sizeof(text)));
	for (unsigned n = 0; n < PROBE_SIGNS; n++)
		if (probe_judge_sign(&p->judge, n) != NULL)
			printf("             seen: %s\n", probe_judge_sign(&p->judge, n));
	if (p->judge.messages == 0)
		printf("             no layer 3 message came: run this again and place a call from "
		       "the far end\n");
}

static void print_other_hdlc(const struct probe *p)
{
	if (p->line.span == NULL)
		return;
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		struct tdm_slot_look look;
		tdm_flag_finder_look(p->line.finder[slot], &look);
		if (slot != p->slot && (look.kind == TDM_SLOT_FLAGS || look.kind == TDM_SLOT_HDLC))
			printf("             slot %u carries HDLC%s too\n", slot,
			       form_names[look.form]);
	}
}

/* --- what to configure ---------------------------------------------------------------------- */

static bool is_wanted(const struct conf_key *k, const char *value, const char *usual)
{
	return strcmp(value, usual) != 0 || strcmp(k->name, "backend") == 0 ||
	       strcmp(k->name, "clock") == 0 || strcmp(k->name, "dchan_slot") == 0;
}

static void print_span_block(const struct tdm_span_conf *conf)
{
	const struct conf_section *s = &conf_sections[CONF_SPAN];
	char value[CONF_VALUE_TEXT_MAX], usual[CONF_VALUE_TEXT_MAX];
	struct tdm_span_conf plain;

	s->set_default(&plain);
	printf("span \"%s\" {\n", conf->name);
	for (size_t k = 0; k < s->key_count; k++) {
		if (!conf_value_format(&s->keys[k], &plain, usual))
			usual[0] = '\0';
		bool about_card = strcmp(s->keys[k].name, "framing") == 0 ||
				  strcmp(s->keys[k].name, "line_coding") == 0;
		if (conf_value_format(&s->keys[k], conf, value) &&
		    (is_wanted(&s->keys[k], value, usual) ||
		     (about_card && conf->backend == TDM_DAHDI)))
			printf("\t%s = %s\n", s->keys[k].name, value);
	}
	printf("}\n");
}

static void print_block(const struct probe *p)
{
	unsigned switches = probe_judge_switches(&p->judge);
	enum probe_side side = probe_judge_side(&p->judge);
	struct tdm_span_conf conf = p->line.conf;
	bool known = side == PROBE_SIDE_USER || side == PROBE_SIDE_NETWORK;

	conf.dchan_slot = p->slot;
	printf("\n# --- for tandem.conf ---\n");
	print_span_block(&conf);
	printf("trunk \"%s\" {\n\tspan = \"%s\"\n",
	       p->trunk[0] != '\0'          ? p->trunk
	       : side == PROBE_SIDE_NETWORK ? "carrier"
					    : "pbx",
	       conf.name);
	printf("\tside = \"%s\"%s\n", side_name(side != PROBE_SIDE_NETWORK),
	       known ? "" : "    # not known: the far end must be the opposite");
	printf("\tswitch_type = \"%s\"%s\n}\n", probe_switch_name(probe_judge_first(switches)),
	       __builtin_popcount(switches) == 1 ? "    # likely" : "    # a guess, see above");
}

/* Octets put in or left out cut frames up and hide robbed bits. */
static void print_line(const struct probe *p)
{
	struct tdm_span_counts c;

	tdm_span_counts(p->line.span, &c);
	uint64_t slips = c.slips + c.line_slips;
	if (slips + c.underruns + c.line_bpv >= BAD_LINE_MIN)
		printf("Line         bad, or this machine is too busy: %" PRIu64 " slips, %" PRIu64
		       " gaps, %" PRIu64 " bipolar violations;\n"
		       "             what the slots seem to carry may be wrong\n",
		       slips, c.underruns, c.line_bpv);
}

bool probe_print_findings(const struct probe *p)
{
	enum probe_side side = probe_judge_side(&p->judge);

	putchar('\n');
	if (p->line.span != NULL)
		print_line(p);
	if (!p->found || p->looped) {
		print_no_dchan(p);
		return false;
	}
	printf("D-channel    slot %u: %s%s, %u frames with a right checksum\n", p->slot,
	       p->judge.frames > 0 ? "HDLC" : "HDLC flags", form_names[p->form], p->judge.frames);
	print_other_hdlc(p);
	print_side(p);
	print_switch(p);
	printf("Clock        %s: %s; %llu slips while probing\n",
	       p->line.conf.clock == TDM_CLOCK_OWN ? "own" : "line", p->clock_why,
	       (unsigned long long)p->slips);
	if (p->form != TDM_HDLC_PLAIN) {
		printf("\nTandem does not speak HDLC%s: set the far end to 64 kbit/s, not "
		       "inverted\n",
		       form_names[p->form]);
		return false;
	}
	print_block(p);
	return side == PROBE_SIDE_USER || side == PROBE_SIDE_NETWORK;
}
