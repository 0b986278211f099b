/* The table itself: every key fits its struct, has words for people and a default that is legal. */
#include "conf/schema.c"
#include "conf/value.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static size_t field_end(const struct conf_key *k)
{
	switch (k->type) {
	case CONF_CHOICES: return k->offset + k->size * sizeof(unsigned);
	case CONF_ADDRESSES: return k->offset + k->size * sizeof(struct sockaddr_storage);
	case CONF_NAMES: return k->offset + k->size * CONF_NAME_MAX;
	default: return k->offset + k->size;
	}
}

static void keys_are_well_formed(void **state)
{
	(void)state;
	for (int id = 0; id < CONF_SECTION_COUNT; id++) {
		const struct conf_section *s = &conf_sections[id];
		assert_true(s->key_count > 0 && s->key_count <= CONF_KEYS_MAX);
		assert_true(strlen(s->help) > 5);
		for (size_t k = 0; k < s->key_count; k++) {
			const struct conf_key *key = &s->keys[k];
			assert_true(field_end(key) <= s->size && key->other < s->size);
			assert_int_equal(conf_key_index((enum conf_section_id)id, key->name), k);
			if (strlen(key->help) < 10 || key->help[strlen(key->help) - 1] != '.')
				fail_msg("%s.%s: help \"%s\"", s->name, key->name, key->help);
			if (key->type == CONF_UINT)
				assert_true(key->min < key->max);
			if (key->type == CONF_UINT && key->size == 1)
				assert_true(key->max <= 255);
			/* Two keys in one field: only a DTMF way and its type. */
			for (size_t j = 0; j < k; j++)
				if (key->offset < field_end(&s->keys[j]) &&
				    s->keys[j].offset < field_end(key))
					assert_int_equal(key->type, CONF_DTMF);
		}
	}
}

/* What is printed as default must be what a file may say, and must mean the same. */
static void defaults_are_legal_values(void **state)
{
	(void)state;
	for (int id = 0; id < CONF_SECTION_COUNT; id++) {
		const struct conf_section *s = &conf_sections[id];
		void *element = calloc(1, s->size), *again = calloc(1, s->size);
		assert_non_null(element);
		assert_non_null(again);
		s->set_default(element);
		for (size_t k = 0; k < s->key_count; k++) {
			char text[CONF_VALUE_TEXT_MAX], read_back[CONF_VALUE_TEXT_MAX], why[256];
			if (!conf_value_format(&s->keys[k], element, text) ||
			    s->keys[k].flags & CONF_REQUIRED || s->keys[k].def != NULL)
				continue; /* no default of its own */
			char copy[CONF_VALUE_TEXT_MAX], *rest = strcpy(copy, text), *word;
			const char *value[16];
			size_t count = 0, bad;
			if (*text != '"' && *text != '{')
				value[count++] = text;
			else /* every second piece stands in quotes */
				for (bool quoted = false; (word = strsep(&rest, "\"")) != NULL;
				     quoted = !quoted)
					if (quoted)
						value[count++] = word;
			if (conf_value_parse(&s->keys[k], again, value, count, &bad, why,
					     sizeof(why)) != 0)
				fail_msg("%s.%s = %s: %s", s->name, s->keys[k].name, text, why);
			conf_value_format(&s->keys[k], again, read_back);
			assert_string_equal(text, read_back);
		}
		free(element);
		free(again);
	}
}

static void defaults_the_issue_asks_for(void **state)
{
	struct tdm_span_conf span;
	struct conf_trunk trunk;
	struct conf_peer peer;
	struct conf_media media;
	struct sip_agent_conf sip;

	(void)state;
	conf_span_default(&span);
	assert_int_equal(span.backend, TDM_WIRE);
	assert_int_equal(span.dchan_slot, 24);
	assert_int_equal(span.wire.frames_per_packet, 8);
	trunk_default(&trunk);
	assert_int_equal(trunk.isup.side, ISUP_NETWORK);
	assert_int_equal(trunk.isup.switch_type, ISUP_NI2);
	conf_peer_default(&peer);
	assert_int_equal(peer.dtmf_type, 101);
	assert_int_equal(peer.ptime_ms, 20);
	assert_int_equal(peer.codec[0], SIP_PCMU);
	conf_media_default(&media);
	assert_int_equal(media.rtp.addr.ss_family, AF_UNSPEC); /* as the route says */
	assert_int_equal(media.rtp.port_min, 16384);
	conf_sip_default(&sip);
	assert_int_equal(sip.listen_count, 4); /* UDP and TCP, IPv4 and IPv6 */
	assert_int_equal(sip.t1_ms, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_well_formed),
		cmocka_unit_test(defaults_are_legal_values),
		cmocka_unit_test(defaults_the_issue_asks_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
