/* value.c - see value.h. */
#include "conf/value.h"
#include "conf/address.h"
#include "conf/profile.h"
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { DTMF_INBAND, DTMF_RFC4733, DTMF_TYPE_DEFAULT = 101 };

struct reason { /* why a value is refused */
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct reason *r, const char *fmt,
							...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->text, r->size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int refuse_expected(const struct reason *r, const struct conf_key *k)
{
	char expected[256];

	conf_value_expected(k, expected, sizeof(expected));
	return refuse(r, "expected %s", expected);
}

/* --- fields ------------------------------------------------------------------------------------
 */

static void put_uint(const struct conf_key *k, void *element, unsigned value)
{
	void *field = (char *)element + k->offset;

	switch (k->size) {
	case sizeof(uint8_t): *(uint8_t *)field = (uint8_t)value; break;
	case sizeof(uint16_t): *(uint16_t *)field = (uint16_t)value; break;
	default: *(unsigned *)field = value;
	}
}

static unsigned get_uint(const struct conf_key *k, const void *element)
{
	const void *field = (const char *)element + k->offset;

	switch (k->size) {
	case sizeof(uint8_t): return *(const uint8_t *)field;
	case sizeof(uint16_t): return *(const uint16_t *)field;
	default: return *(const unsigned *)field;
	}
}

_Static_assert(sizeof(enum sip_codec) == sizeof(unsigned) &&
		       sizeof(enum isup_side) == sizeof(unsigned) &&
		       sizeof(enum tdm_clock) == sizeof(unsigned) &&
		       sizeof(enum sip_protocol) == sizeof(unsigned),
	       "choices are stored as unsigned");

/* --- reading -----------------------------------------------------------------------------------
 */

/* Decimal digits alone; returns what follows them, NULL when there are none or too many. */
static const char *read_uint(const char *text, unsigned *value)
{
	const char *at = text;

	for (*value = 0; *at >= '0' && *at <= '9'; at++) {
		if (at - text >= 9)
			return NULL;
		*value = *value * 10 + (unsigned)(*at - '0');
	}
	return at != text ? at : NULL;
}

bool conf_name_is_good(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && strchr("-_.", *name) == NULL)
			return false;
	return true;
}

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++) /* UTF-8 passes; a quote could not be printed back */
		if ((unsigned char)*text < ' ' || *text == 127 || strchr("\"\\$", *text) != NULL)
			return false;
	return true;
}

static bool is_host(const char *text)
{
	size_t length = strlen(text);
	struct sockaddr_storage a;

	if (*text == '[')
		return length > 2 && text[length - 1] == ']' &&
		       conf_address_parse(&a, text, 0, NULL, 0) == 0 && a.ss_family == AF_INET6;
	return conf_name_is_good(text);
}

static bool is_number(const char *text)
{
	if (*text == '+')
		text++;
	return text[strspn(text, "0123456789*#")] == '\0';
}

bool conf_is_secret(const struct conf_key *k)
{
	return k->type == CONF_SECRET || k->type == CONF_HEX;
}

static bool is_hex(const char *text, size_t digits)
{
	return strlen(text) <= digits && text[strspn(text, "0123456789abcdef")] == '\0' &&
	       (strlen(text) == 32 || strlen(text) == 64);
}

static int parse_text(const struct conf_key *k, void *element, const char *text,
		      const struct reason *why)
{
	char err[128];

	if (strlen(text) >= k->size)
		return refuse(why, "expected at most %zu characters", k->size - 1);
	if (*text != '\0' || !(k->flags & CONF_MAY_BE_EMPTY)) {
		if (k->type == CONF_PATTERN && dialplan_check_pattern(text, err, sizeof(err)) != 0)
			return refuse(why, "expected a pattern: %s", err);
		if (conf_is_secret(k) && strcmp(text, CONF_MASK) == 0)
			return refuse(why, "expected the secret itself, not what --print-config "
					   "puts in its place");
		if (((k->type == CONF_TEXT || k->type == CONF_SECRET) &&
		     (*text == '\0' || !is_printable(text))) ||
		    (k->type == CONF_HEX && !is_hex(text, k->size - 1)) ||
		    (k->type == CONF_NAME && !conf_name_is_good(text)) ||
		    (k->type == CONF_HOST && !is_host(text)) ||
		    (k->type == CONF_NUMBER && !is_number(text)))
			return refuse_expected(why, k);
	}
	/* Whole, so that equal values are equal octet for octet. */
	memset((char *)element + k->offset, 0, k->size);
	memcpy((char *)element + k->offset, text, strlen(text));
	return 0;
}

static int parse_uint(const struct conf_key *k, void *element, const char *text,
		      const struct reason *why)
{
	unsigned value;
	const char *end = read_uint(text, &value);

	if (end == NULL || *end != '\0' || value < k->min || value > k->max)
		return refuse_expected(why, k);
	put_uint(k, element, value);
	return 0;
}

static int parse_bool(const struct conf_key *k, void *element, const char *text,
		      const struct reason *why)
{
	static const char *const word[] = {"false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; i < 6; i++) {
		if (strcmp(text, word[i]) == 0) {
			*(bool *)((char *)element + k->offset) = i % 2 == 1;
			return 0;
		}
	}
	return refuse_expected(why, k);
}

static int find_choice(const struct conf_key *k, const char *text, const struct reason *why)
{
	for (int i = 0; k->choices[i] != NULL; i++)
		if (strcmp(text, k->choices[i]) == 0)
			return i;
	return refuse_expected(why, k);
}

static int parse_address(const struct conf_key *k, struct sockaddr_storage *a, const char *text,
			 uint16_t port, const struct reason *why)
{
	struct sockaddr_storage parsed;

	if (k->type == CONF_BARE_ADDRESS && *text == '\0') {
		memset(a, 0, sizeof(*a));
		return 0;
	}
	if (conf_address_parse(&parsed, text, port, why->text, why->size) != 0)
		return -EINVAL;
	if (k->type == CONF_BARE_ADDRESS && conf_address_port(&parsed) != 0)
		return refuse(why, "expected an address without a port");
	*a = parsed;
	return 0;
}

static int parse_ports(const struct conf_key *k, void *element, const char *text,
		       const struct reason *why)
{
	unsigned first, last;
	const char *at = read_uint(text, &first);

	if (at == NULL || *at != '-' || (at = read_uint(at + 1, &last)) == NULL || *at != '\0' ||
	    first < k->min || last > k->max)
		return refuse_expected(why, k);
	if (last < first + 1 + first % 2)
		return refuse(why, "expected room for an even port and the next one, first-last");
	put_uint(k, element, first);
	*(uint16_t *)((char *)element + k->other) = (uint16_t)last;
	return 0;
}

static int parse_slots(const struct conf_key *k, void *element, const char *text,
		       const struct reason *why)
{
	unsigned slots = 0;

	for (const char *at = text;; at++) {
		unsigned first, last;
		at = read_uint(at, &first);
		last = first;
		if (at != NULL && *at == '-')
			at = read_uint(at + 1, &last);
		if (at == NULL || (*at != ',' && *at != '\0') || first < 1 || last < first ||
		    last > TDM_SLOTS)
			return refuse_expected(why, k);
		for (unsigned slot = first; slot <= last; slot++)
			slots |= 1u << slot;
		if (*at == '\0')
			break;
	}
	put_uint(k, element, slots);
	return 0;
}

static int parse_choices(const struct conf_key *k, void *element, const char *const *text,
			 size_t count, const struct reason *why)
{
	unsigned *list = (unsigned *)((char *)element + k->offset);
	unsigned found[8];

	for (size_t i = 0; i < count; i++) {
		int choice = find_choice(k, text[i], why);
		if (choice < 0)
			return choice;
		found[i] = (unsigned)choice;
		for (size_t j = 0; j < i; j++)
			if (found[j] == found[i])
				return refuse(why, "\"%s\" is there twice", text[i]);
	}
	memset(list, 0, k->size * sizeof(*list));
	memcpy(list, found, count * sizeof(*list));
	*(unsigned *)((char *)element + k->other) = (unsigned)count;
	return 0;
}

static int parse_addresses(const struct conf_key *k, void *element, const char *const *text,
			   size_t count, size_t *bad, const struct reason *why)
{
	struct sockaddr_storage *list = (struct sockaddr_storage *)((char *)element + k->offset);
	struct sockaddr_storage found[SIP_PEER_ADDRS_MAX];
	uint16_t port = (uint16_t)k->min;

	if (k->protocol != 0)
		port = sip_protocol_port(
			*(const enum sip_protocol *)((const char *)element + k->protocol));
	for (size_t i = 0; i < count; i++) {
		*bad = i;
		if (parse_address(k, &found[i], text[i], port, why) != 0)
			return -EINVAL;
		for (size_t j = 0; j < i; j++)
			if (memcmp(&found[i], &found[j], sizeof(found[i])) == 0)
				return refuse(why, "%s is there twice", text[i]);
	}
	memset(list, 0, k->size * sizeof(*list));
	memcpy(list, found, count * sizeof(*list));
	*(unsigned *)((char *)element + k->other) = (unsigned)count;
	return 0;
}

static int parse_binds(const struct conf_key *k, void *element, const char *const *text,
		       size_t count, size_t *bad, const struct reason *why)
{
	struct sip_bind *list = (struct sip_bind *)((char *)element + k->offset);
	struct sip_bind found[SIP_LISTEN_MAX];

	for (size_t i = 0; i < count; i++) {
		*bad = i;
		if (conf_bind_parse(&found[i], text[i], why->text, why->size) != 0)
			return -EINVAL;
		for (size_t j = 0; j < i; j++)
			if (found[i].protocol == found[j].protocol &&
			    memcmp(&found[i].addr, &found[j].addr, sizeof(found[i].addr)) == 0)
				return refuse(why, "%s is there twice", text[i]);
	}
	memset(list, 0, k->size * sizeof(*list));
	memcpy(list, found, count * sizeof(*list));
	*(unsigned *)((char *)element + k->other) = (unsigned)count;
	return 0;
}

static int parse_names(const struct conf_key *k, void *element, const char *const *text,
		       size_t count, size_t *bad, const struct reason *why)
{
	char(*list)[CONF_NAME_MAX] = (char(*)[CONF_NAME_MAX])((char *)element + k->offset);

	for (size_t i = 0; i < count; i++) {
		*bad = i;
		if (strlen(text[i]) >= CONF_NAME_MAX || !conf_name_is_good(text[i]))
			return refuse_expected(why, k);
		for (size_t j = 0; j < i; j++)
			if (strcmp(text[i], text[j]) == 0)
				return refuse(why, "%s is there twice", text[i]);
	}
	memset(list, 0, k->size * sizeof(*list));
	for (size_t i = 0; i < count; i++)
		memcpy(list[i], text[i], strlen(text[i]));
	*(unsigned *)((char *)element + k->other) = (unsigned)count;
	return 0;
}

static int parse_uints(const struct conf_key *k, void *element, const char *const *text,
		       size_t count, size_t *bad, const struct reason *why)
{
	uint8_t *list = (uint8_t *)element + k->offset;
	unsigned found[ISUP_INTERFACES_MAX];

	for (size_t i = 0; i < count; i++) {
		const char *end = read_uint(text[i], &found[i]);
		*bad = i;
		if (end == NULL || *end != '\0' || found[i] < k->min || found[i] > k->max)
			return refuse_expected(why, k);
		for (size_t j = 0; j < i; j++)
			if (found[i] == found[j])
				return refuse(why, "%u is there twice", found[i]);
	}
	memset(list, 0, k->size);
	for (size_t i = 0; i < count; i++)
		list[i] = (uint8_t)found[i];
	*(unsigned *)((char *)element + k->other) = (unsigned)count;
	return 0;
}

static bool is_list(const struct conf_key *k)
{
	return k->type == CONF_ADDRESSES || k->type == CONF_BINDS || k->type == CONF_CHOICES ||
	       k->type == CONF_NAMES || k->type == CONF_UINTS;
}

int conf_value_parse(const struct conf_key *k, void *element, const char *const *text, size_t count,
		     size_t *bad, char *why_text, size_t why_size)
{
	struct reason why = {why_text, why_size};
	int choice;

	*bad = 0;
	if (count == 0)
		return refuse_expected(&why, k);
	if (count > (is_list(k) ? k->size : 1))
		return is_list(k) ? refuse(&why, "expected at most %zu values", k->size)
				  : refuse(&why, "expected one value, not a list");
	switch (k->type) {
	case CONF_TEXT:
	case CONF_SECRET:
	case CONF_HEX:
	case CONF_NAME:
	case CONF_HOST:
	case CONF_NUMBER:
	case CONF_PATTERN: return parse_text(k, element, text[0], &why);
	case CONF_UINT: return parse_uint(k, element, text[0], &why);
	case CONF_BOOL: return parse_bool(k, element, text[0], &why);
	case CONF_PORTS: return parse_ports(k, element, text[0], &why);
	case CONF_SLOTS: return parse_slots(k, element, text[0], &why);
	case CONF_CHOICES: return parse_choices(k, element, text, count, &why);
	case CONF_ADDRESSES: return parse_addresses(k, element, text, count, bad, &why);
	case CONF_BINDS: return parse_binds(k, element, text, count, bad, &why);
	case CONF_NAMES: return parse_names(k, element, text, count, bad, &why);
	case CONF_UINTS: return parse_uints(k, element, text, count, bad, &why);
	case CONF_ADDRESS:
	case CONF_BARE_ADDRESS:
		return parse_address(k, (struct sockaddr_storage *)((char *)element + k->offset),
				     text[0], (uint16_t)k->min, &why);
	case CONF_CHOICE:
		choice = find_choice(k, text[0], &why);
		if (choice >= 0)
			put_uint(k, element, (unsigned)choice);
		return choice < 0 ? choice : 0;
	case CONF_PROFILE:
		choice = find_choice(k, text[0], &why);
		if (choice < 0)
			return choice;
		conf_profile_apply((unsigned)choice, element);
		put_uint(k, element, (unsigned)choice);
		return 0;
	case CONF_DTMF:
		choice = find_choice(k, text[0], &why);
		if (choice == DTMF_INBAND)
			put_uint(k, element, 0);
		else if (choice == DTMF_RFC4733 && get_uint(k, element) == 0)
			put_uint(k, element, DTMF_TYPE_DEFAULT);
		return choice < 0 ? choice : 0;
	}
	return -EINVAL;
}

/* --- writing -----------------------------------------------------------------------------------
 */

static void add(char out[CONF_VALUE_TEXT_MAX], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add(char out[CONF_VALUE_TEXT_MAX], const char *fmt, ...)
{
	size_t used = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + used, CONF_VALUE_TEXT_MAX - used, fmt, ap);
	va_end(ap);
}

static void format_slots(unsigned slots, char out[CONF_VALUE_TEXT_MAX])
{
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		unsigned last = slot;
		if (!(slots & 1u << slot))
			continue;
		while (last < TDM_SLOTS && slots & 1u << (last + 1))
			last++;
		add(out, "%s%u", out[1] != '\0' ? "," : "", slot);
		if (last > slot)
			add(out, "-%u", last);
		slot = last;
	}
}

static void format_list(const struct conf_key *k, const void *element,
			char out[CONF_VALUE_TEXT_MAX])
{
	const void *list = (const char *)element + k->offset;
	unsigned count = *(const unsigned *)((const char *)element + k->other);
	char address[CONF_ADDRESS_TEXT_MAX];

	add(out, "{");
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			add(out, ", ");
		switch (k->type) {
		case CONF_ADDRESSES:
			conf_address_format((const struct sockaddr_storage *)list + i, address);
			add(out, "\"%s\"", address);
			break;
		case CONF_BINDS:
			conf_bind_format((const struct sip_bind *)list + i, address);
			add(out, "\"%s\"", address);
			break;
		case CONF_NAMES: add(out, "\"%s\"", ((const char(*)[CONF_NAME_MAX])list)[i]); break;
		case CONF_UINTS: add(out, "%u", ((const uint8_t *)list)[i]); break;
		default: add(out, "\"%s\"", k->choices[((const unsigned *)list)[i]]);
		}
	}
	add(out, "}");
}

bool conf_value_format(const struct conf_key *k, const void *element, char out[CONF_VALUE_TEXT_MAX])
{
	const void *field = (const char *)element + k->offset;
	const struct sockaddr_storage *a = field;
	char address[CONF_ADDRESS_TEXT_MAX];

	out[0] = '\0';
	switch (k->type) {
	case CONF_TEXT:
	case CONF_SECRET:
	case CONF_HEX:
	case CONF_NAME:
	case CONF_HOST:
	case CONF_NUMBER:
	case CONF_PATTERN:
		add(out, "\"%s\"", (const char *)field);
		return *(const char *)field != '\0' || !(k->flags & CONF_MAY_BE_EMPTY);
	case CONF_UINT:
		add(out, "%u", get_uint(k, element));
		return get_uint(k, element) != 0 || !(k->flags & CONF_MAY_BE_EMPTY);
	case CONF_BOOL: add(out, "%s", *(const bool *)field ? "true" : "false"); return true;
	case CONF_CHOICE: add(out, "\"%s\"", k->choices[get_uint(k, element)]); return true;
	case CONF_PROFILE:
		add(out, "\"%s\"", k->choices[get_uint(k, element)]);
		return get_uint(k, element) != 0;
	case CONF_DTMF:
		add(out, "\"%s\"",
		    k->choices[get_uint(k, element) == 0 ? DTMF_INBAND : DTMF_RFC4733]);
		return true;
	case CONF_CHOICES:
	case CONF_BINDS:
	case CONF_ADDRESSES:
	case CONF_NAMES:
	case CONF_UINTS:
		format_list(k, element, out);
		return *(const unsigned *)((const char *)element + k->other) != 0;
	case CONF_ADDRESS:
	case CONF_BARE_ADDRESS:
		if (a->ss_family == AF_UNSPEC)
			return false;
		if (k->type == CONF_ADDRESS)
			conf_address_format(a, address);
		else
			conf_host_format(a, address);
		add(out, "\"%s\"", address);
		return true;
	case CONF_PORTS:
		add(out, "\"%u-%u\"", get_uint(k, element),
		    *(const uint16_t *)((const char *)element + k->other));
		return true;
	case CONF_SLOTS:
		add(out, "\"");
		format_slots(get_uint(k, element), out);
		add(out, "\"");
		return get_uint(k, element) != 0;
	}
	return false;
}
