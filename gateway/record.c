#include "gateway/record.h"

#include "gateway/base/log.h"
#include "gateway/call.h"
#include "isup/cause.h"

#include <stdio.h>

/* Milliseconds from one moment to another; -1 when one of them never came. */
static long span_ms(uint64_t from, uint64_t to)
{
	return from == 0 || to == 0 ? -1 : (long)(to - from);
}

static size_t add_rtp(char *out, size_t cap, const char *side, const struct rtp_counts *r)
{
	int n = snprintf(out, cap,
			 " %s_rtp=tx:%llu,rx:%llu,lost:%llu,late:%llu,concealed:%llu,jitter_us:%u",
			 side, (unsigned long long)r->tx_packets, (unsigned long long)r->rx_packets,
			 (unsigned long long)r->lost, (unsigned long long)r->late,
			 (unsigned long long)r->concealed, r->jitter_us);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

static size_t add_echo(char *out, size_t cap, const char *side, const struct echo_report *r)
{
	int n = snprintf(out, cap, " %s_echo=erl_db:%.0f,erle_db:%.0f,converged:%d,modem:%d", side,
			 (double)r->erl_db, (double)r->erle_db, r->converged, r->was_disabled);
	return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

void record_write(const struct call *c, unsigned long now_ms)
{
	char rtp[480] = "", title[160];
	size_t n = 0;

	if (c->has_rtp[0])
		n = add_rtp(rtp, sizeof(rtp), "from", &c->rtp[0]);
	if (c->has_rtp[1])
		n += add_rtp(rtp + n, sizeof(rtp) - n, "to", &c->rtp[1]);
	if (c->has_echo[0])
		n += add_echo(rtp + n, sizeof(rtp) - n, "from", &c->echo[0]);
	if (c->has_echo[1])
		add_echo(rtp + n, sizeof(rtp) - n, "to", &c->echo[1]);
	log_line(LOG_CALL, LOG_INFO,
		 "%s: ended: source=%s target=%s dialled=%s called=%s calling=%s rule_line=%u "
		 "cause=%d from_cause=%d to_cause=%d (%s) alert_ms=%ld answer_ms=%ld talk_ms=%ld "
		 "clear_ms=%ld%s",
		 call_title(c, title, sizeof(title)), c->source,
		 c->target[0] != '\0' ? c->target : "-", c->dialled[0] != '\0' ? c->dialled : "-",
		 c->called.number,
		 c->calling.restricted          ? "restricted"
		 : c->calling.number[0] != '\0' ? c->calling.number
						: "-",
		 c->rule_line, c->why.cause, c->from_cause, c->to_cause, cause_text(c->why.cause),
		 span_ms(c->start_ms, c->alert_ms), span_ms(c->start_ms, c->answer_ms),
		 span_ms(c->answer_ms, c->clear_ms), span_ms(c->clear_ms, now_ms), rtp);
}

void record_refused(const char *from, const char *called, const char *calling, int q850_cause,
		    const char *why)
{
	log_line(LOG_CALL, LOG_WARN,
		 "call refused: source=%s dialled=%s calling=%s cause=%d (%s): %s", from, called,
		 calling, q850_cause, cause_text(q850_cause), why);
}
