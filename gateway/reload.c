/* Applying the difference between the running configuration and a new one; live calls go on. */
#include "conf/address.h"
#include "gateway/base/log.h"
#include "gateway/gateway_state.h"

#include <errno.h>
#include <string.h>

static bool has_span(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->span_count; i++)
		if (strcmp(c->spans[i].name, name) == 0)
			return true;
	return false;
}

/* The stronger need of the span and of the trunk on it decides. */
static enum conf_change line_change(const struct conf *old, const struct conf *new_,
				    const char *span)
{
	const struct conf_trunk *before = gateway_trunk_of(old, span),
				*after = gateway_trunk_of(new_, span);
	enum conf_change change = conf_compare_span(old, new_, span);

	if (change == CONF_DRAIN || change == CONF_REMOVE)
		return change;
	if (before == NULL && after == NULL)
		return change;
	if (before == NULL || after == NULL || strcmp(before->isup.name, after->isup.name) != 0)
		return CONF_DRAIN;
	enum conf_change trunk = conf_compare_trunk(old, new_, after->isup.name);
	return trunk != CONF_SAME ? trunk : change;
}

static void change_line(struct gateway *g, unsigned i, const struct conf *old, FILE *report)
{
	struct line *l = g->lines[i].line;
	const char *name = l->span_conf.name;

	switch (line_change(old, g->conf, name)) {
	case CONF_SAME:
	case CONF_ADD: break;
	case CONF_CHANGE_NOW:
		if (l->trunk != NULL)
			line_reconfigure(l, gateway_trunk_of(g->conf, name));
		fprintf(report, "span %s: changed\n", name);
		break;
	case CONF_DRAIN:
		fprintf(report, "span %s: changes when its %u calls have ended\n", name,
			gateway_line_calls(g, l));
		gateway_line_drain(g, i);
		break;
	case CONF_REMOVE:
		fprintf(report, "span %s: goes when its %u calls have ended\n", name,
			gateway_line_calls(g, l));
		gateway_line_drain(g, i);
		break;
	}
}

static void report_peers(const struct conf *old, const struct conf *new_, FILE *report)
{
	for (size_t i = 0; i < new_->peer_count; i++) {
		const char *name = new_->peers[i].sip.name;
		enum conf_change change = conf_compare_peer(old, new_, name);
		if (change != CONF_SAME)
			fprintf(report, "peer %s: %s\n", name,
				change == CONF_ADD ? "added" : "changed");
	}
	for (size_t i = 0; i < old->peer_count; i++)
		if (conf_compare_peer(old, new_, old->peers[i].sip.name) == CONF_REMOVE)
			fprintf(report, "peer %s: gone; its calls go on\n", old->peers[i].sip.name);
}

static bool listens_on(const struct conf *c, const char *address)
{
	char text[CONF_ADDRESS_TEXT_MAX];

	for (unsigned i = 0; i < c->sip.listen_count; i++) {
		conf_bind_format(&c->sip.listen[i], text);
		if (strcmp(text, address) == 0)
			return true;
	}
	return false;
}

static void report_listeners(const struct conf *old, const struct conf *new_, FILE *report)
{
	char text[CONF_ADDRESS_TEXT_MAX];

	for (unsigned i = 0; i < new_->sip.listen_count; i++) {
		conf_bind_format(&new_->sip.listen[i], text);
		if (!listens_on(old, text))
			fprintf(report, "sip: listens on %s\n", text);
	}
	for (unsigned i = 0; i < old->sip.listen_count; i++) {
		conf_bind_format(&old->sip.listen[i], text);
		if (!listens_on(new_, text))
			fprintf(report, "sip: no longer listens on %s\n", text);
	}
}

int gateway_reload(struct gateway *g, struct conf *conf, FILE *report)
{
	struct conf *old = g->conf;
	char text[512];

	/* The listeners come first: all that can fail before anything has changed. */
	int r = sip_agent_reconfigure(g->agent, &conf->sip, text, sizeof(text));
	if (r < 0) {
		fprintf(report, "%s; nothing was changed\n", text);
		return r;
	}
	conf_restart_needed(old, conf, text, sizeof(text));
	if (text[0] != '\0')
		fprintf(report, "needs a restart to change: %s\n", text);
	report_listeners(old, conf, report);
	report_peers(old, conf, report);
	g->conf = conf;
	gateway_use_conf(g);
	for (unsigned i = 0; i < g->line_count; i++)
		change_line(g, i, old, report);
	for (size_t i = 0; i < conf->span_count; i++) {
		if (gateway_line_is_open(g, conf->spans[i].name))
			continue;
		if (gateway_line_waits(g, conf->spans[i].name)) {
			fprintf(report, "span %s: added when its trunk's calls have ended\n",
				conf->spans[i].name);
			continue;
		}
		r = gateway_line_open(g, &conf->spans[i], text, sizeof(text));
		if (r < 0)
			fprintf(report, "%s: not added; reload again when this is mended\n", text);
		else
			fprintf(report, "span %s: added\n", conf->spans[i].name);
	}
	for (size_t i = 0; i < old->span_count; i++)
		if (!has_span(conf, old->spans[i].name) &&
		    !gateway_line_is_open(g, old->spans[i].name))
			fprintf(report, "span %s: gone\n", old->spans[i].name);
	gateway_check_layout(g, report);
	fprintf(report, "%zu rules in force\n", conf->rule_count);
	conf_free(old);
	return 0;
}
