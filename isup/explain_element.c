/* The elements of Q.931 4.5, one function each; n may be anything. */
#include "isup/cause.h"
#include "isup/explain_internal.h"
#include "isup/q931.h"

#include <string.h>

static const char *const standards[] = {"", "ISO ", "national ", "network's "};

/* Location, Q.850 2.2.3; also of Progress indicator. */
static void put_location(FILE *o, uint8_t octet)
{
	static const struct explain_name names[] = {
		{0, "user"},
		{1, "private network serving the local user"},
		{2, "public network serving the local user"},
		{3, "transit network"},
		{4, "public network serving the remote user"},
		{5, "private network serving the remote user"},
		{7, "international network"},
		{10, "network beyond the interworking point"},
	};

	explain_name(o, names, LENGTH(names), "location", octet & 0x0fu);
}

/* Diagnostics of 96 to 101: message types or elements. */
static void put_diagnostics(FILE *o, int cause, const uint8_t *p, size_t n)
{
	if (n == 0)
		return;
	fputs(", about ", o);
	for (size_t i = 0; i < n; i++) {
		const char *name = NULL;
		if (cause == 97 || cause == 98 || cause == 101)
			name = isup_message_name(p[i]);
		else if (cause == 96 || cause == 99 || cause == 100)
			name = explain_element_name(0, p[i]);
		if (name != NULL)
			fprintf(o, "%s%s", i > 0 ? ", " : "", name);
		else
			fprintf(o, "%s%02x", i > 0 ? ", " : "", p[i]);
	}
}

static void put_cause(FILE *o, const uint8_t *p, size_t n)
{
	struct q931_ie ie = {.data = p, .len = n};
	int value, location;

	if (!q931_cause(&ie, &value, &location)) {
		explain_hex(o, p, n);
		return;
	}
	size_t at = (p[0] & 0x80) == 0 ? 3 : 2;
	fprintf(o, "%s%d %s, from ", standards[p[0] >> 5 & 3], value, cause_text(value));
	put_location(o, (uint8_t)location);
	if (at < n)
		put_diagnostics(o, value, p + at, n - at);
}

static void put_call_state(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name names[] = {
		{0, "null"},
		{1, "call initiated"},
		{2, "overlap sending"},
		{3, "outgoing call proceeding"},
		{4, "call delivered"},
		{6, "call present"},
		{7, "call received"},
		{8, "connect request"},
		{9, "incoming call proceeding"},
		{10, "active"},
		{11, "disconnect request"},
		{12, "disconnect indication"},
		{15, "suspend request"},
		{17, "resume request"},
		{19, "release request"},
		{22, "call abort"},
		{25, "overlap receiving"},
		{61, "restart request"},
		{62, "restart"},
	};

	if (n == 0)
		return;
	fprintf(o, "%s%u ", standards[p[0] >> 6], p[0] & 0x3fu);
	explain_name(o, names, LENGTH(names), "state", p[0] & 0x3fu);
}

/* The last octet has slots 8 to 1, figure 4-21. */
static void put_map(FILE *o, const uint8_t *p, size_t n)
{
	unsigned first = 0, slots = (unsigned)n * 8;
	const char *separator = " ";

	for (unsigned slot = 1; slot <= slots + 1; slot++) {
		bool in = slot <= slots && (p[n - 1 - (slot - 1) / 8] >> (slot - 1) % 8 & 1) != 0;
		if (in && first == 0)
			first = slot;
		if (in || first == 0)
			continue;
		fprintf(o, slot - 1 > first ? "%s%u-%u" : "%s%u", separator, first, slot - 1);
		separator = ",";
		first = 0;
	}
}

static void put_channel_numbers(FILE *o, const uint8_t *p, size_t n)
{
	if (n == 0) {
		fputs("whole interface", o);
		return;
	}
	unsigned type = p[0] & 0x0fu;
	fputs(n > 2 ? "slots" : "slot", o);
	if (type != 3)
		fprintf(o, " (channel type %u)", type);
	if ((p[0] & 0x10) != 0)
		put_map(o, p + 1, n - 1);
	else
		for (size_t i = 1; i < n; i++)
			fprintf(o, "%s%u", i > 1 ? "," : " ", p[i] & 0x7fu);
}

static void put_channel(FILE *o, const uint8_t *p, size_t n)
{
	size_t at = 1;

	if (n == 0)
		return;
	if ((p[0] & 0x40) != 0 && at < n) {
		fputs("interface", o);
		do
			fprintf(o, " %u", p[at] & 0x7fu);
		while ((p[at++] & 0x80) == 0 && at < n);
		fputs(", ", o);
	}
	switch (p[0] & 0x03) {
	case 0: fputs("no channel", o); break;
	case 3: fputs("any channel", o); break;
	default:
		if ((p[0] & 0x20) != 0)
			put_channel_numbers(o, p + at, n - at);
		else
			fprintf(o, "B%u of a basic rate interface", p[0] & 0x03u);
		break;
	}
	fputs((p[0] & 0x08) != 0 ? ", exclusive" : ", preferred", o);
	if ((p[0] & 0x04) != 0)
		fputs(", the D-channel", o);
}

static void put_progress(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name names[] = {
		{1, "call is not end-to-end ISDN"},
		{2, "destination is not ISDN"},
		{3, "origin is not ISDN"},
		{4, "call has returned to the ISDN"},
		{5, "another bearer by interworking"},
		{8, "in-band tones or announcement"},
		{10, "delay at the called interface"},
		{16, "interworking with a public network"},
		{17, "interworking with a network without supplementary services"},
		{18, "interworking with a network without supplementary services, before that"},
	};

	if (n < 2) {
		explain_hex(o, p, n);
		return;
	}
	fprintf(o, "%s%u ", standards[p[0] >> 5 & 3], p[1] & 0x7fu);
	explain_name(o, names, LENGTH(names), "description", p[1] & 0x7fu);
	fputs(", from ", o);
	put_location(o, p[0]);
}

static void put_type_and_plan(FILE *o, uint8_t octet)
{
	static const struct explain_name types[] = {
		{0, "unknown"},          {1, "international"}, {2, "national"},
		{3, "network specific"}, {4, "subscriber"},    {6, "abbreviated"},
	};
	static const struct explain_name plans[] = {
		{0, "unknown"}, {1, "E.164"},    {3, "X.121"},
		{4, "F.69"},    {8, "national"}, {9, "private"},
	};

	fputs(", type ", o);
	explain_name(o, types, LENGTH(types), "", octet >> 4 & 7u);
	fputs(", plan ", o);
	explain_name(o, plans, LENGTH(plans), "", octet & 0x0fu);
}

static void put_presentation(FILE *o, uint8_t octet)
{
	static const char *const presentations[] = {"allowed", "restricted", "not available",
						    "reserved"};
	static const char *const screenings[] = {"not screened", "verified and passed",
						 "verified and failed", "network provided"};

	fprintf(o, ", presentation %s, %s", presentations[octet >> 5 & 3], screenings[octet & 3]);
}

static void put_redirect_reason(FILE *o, uint8_t octet)
{
	static const struct explain_name names[] = {
		{0, "unknown"},      {1, "busy"},       {2, "no reply"},       {4, "deflection"},
		{9, "out of order"}, {10, "by called"}, {15, "unconditional"},
	};

	fputs(", reason ", o);
	explain_name(o, names, LENGTH(names), "", octet & 0x0fu);
}

/* Octets 3, 3a and 3b, then the digits. */
static void put_number(FILE *o, const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at < n && (p[at] & 0x80) == 0)
		at++;
	if (at >= n) {
		explain_hex(o, p, n);
		return;
	}
	at++;
	if (at < n)
		explain_text(o, p + at, n - at);
	else
		fputs("no digits", o);
	put_type_and_plan(o, p[0]);
	if (at > 1)
		put_presentation(o, p[1]);
	if (at > 2)
		put_redirect_reason(o, p[2]);
}

static void put_subaddress(FILE *o, const uint8_t *p, size_t n)
{
	if (n == 0)
		return;
	fputs((p[0] >> 4 & 7) == 0 ? "NSAP " : (p[0] >> 4 & 7) == 2 ? "user's " : "type? ", o);
	explain_hex(o, p + 1, n - 1);
}

static void put_hlc(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name names[] = {
		{0x01, "telephony"},  {0x04, "fax group 2/3"},   {0x21, "fax group 4"},
		{0x32, "teletex"},    {0x33, "videotex"},        {0x35, "telex"},
		{0x38, "X.400"},      {0x41, "X.200"},           {0x5e, "maintenance"},
		{0x5f, "management"}, {0x60, "video telephony"},
	};

	if (n < 2) {
		explain_hex(o, p, n);
		return;
	}
	fputs(standards[p[0] >> 5 & 3], o);
	explain_name(o, names, LENGTH(names), "characteristics", p[1] & 0x7fu);
	if (n > 2) {
		fputs(", extended ", o);
		explain_hex(o, p + 2, n - 2);
	}
}

static void put_display(FILE *o, const uint8_t *p, size_t n)
{
	size_t at = n > 0 && (p[0] & 0x80) != 0 ? 1 : 0; /* character set octet */

	explain_text(o, p + at, n - at);
	if (at > 0)
		fprintf(o, ", display type %02x", p[0]);
}

static void put_signal(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name names[] = {
		{0x00, "dial tone on"},
		{0x01, "ringback on"},
		{0x02, "intercept on"},
		{0x03, "congestion on"},
		{0x04, "busy on"},
		{0x05, "confirm on"},
		{0x06, "answer on"},
		{0x07, "call waiting on"},
		{0x08, "off-hook warning on"},
		{0x09, "pre-emption on"},
		{0x3f, "tones off"},
		{0x40, "alerting pattern 0"},
		{0x41, "alerting pattern 1"},
		{0x4f, "alerting off"},
	};

	if (n > 0)
		explain_name(o, names, LENGTH(names), "signal", p[0]);
}

static void put_date(FILE *o, const uint8_t *p, size_t n)
{
	if (n < 3) {
		explain_hex(o, p, n);
		return;
	}
	fprintf(o, "20%02u-%02u-%02u", p[0], p[1], p[2]);
	for (size_t i = 3; i < n; i++)
		fprintf(o, "%s%02u", i == 3 ? " " : ":", p[i]);
}

/* AT&T TR41459, NI-2: octet 4 says which feature or service. */
static void put_network_facility(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name names[] = {
		{0x31, "SID preferred"},
		{0x32, "ANI preferred"},
		{0x33, "SID only"},
		{0x34, "ANI only"},
		{0x35, "operator"},
		{0x36, "pre-subscribed carrier operator"},
		{0x39, "call associated TSC"},
		{0x3a, "TSC clearing notification"},
		{0x61, "SDN"},
		{0x62, "toll-free Megacom"},
		{0x63, "Megacom"},
		{0x65, "WATS"},
		{0x66, "Accunet"},
		{0x67, "long distance"},
		{0x68, "international toll-free"},
		{0x70, "Multiquest"},
		{0x77, "call redirection"},
	};
	size_t id = n > 0 ? p[0] & 0x7fu : 0;

	if (n == 0 || id + 1 >= n) {
		explain_hex(o, p, n);
		return;
	}
	if (id > 1) {
		fputs("network ", o);
		explain_text(o, p + 2, id - 1);
		fputs(", ", o);
	}
	explain_name(o, names, LENGTH(names), "facility", p[1 + id] & 0x7fu);
	if (n > id + 2) {
		fputs(", ", o);
		explain_hex(o, p + id + 2, n - id - 2);
	}
}

static void put_notification(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name names[] = {
		{0x00, "user suspended"},
		{0x01, "user resumed"},
		{0x02, "bearer changes"},
		{0x40, "ASN.1 extension"},
		{0x60, "call waits"},
		{0x68, "diversion activated"},
		{0x69, "call transferred, alerting"},
		{0x6a, "call transferred, active"},
		{0x79, "remote hold"},
		{0x7a, "remote retrieval"},
		{0x7b, "call is diverting"},
	};

	if (n > 0)
		explain_name(o, names, LENGTH(names), "notification", p[0] & 0x7fu);
	if (n > 1) {
		fputs(", ", o);
		explain_hex(o, p + 1, n - 1);
	}
}

static void put_restart(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name names[] = {
		{0, "indicated channels"}, {6, "this interface"}, {7, "all interfaces"}};

	if (n > 0)
		explain_name(o, names, LENGTH(names), "class", p[0] & 7u);
}

void explain_service_status(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name names[] = {
		{0, "in service"}, {1, "maintenance"}, {2, "out of service"}};

	if (n == 0)
		return;
	explain_name(o, names, LENGTH(names), "status", p[0] & 0x0fu);
	fprintf(o, ", preference %d", p[0] >> 6 & 1);
}

static void put_user_user(FILE *o, const uint8_t *p, size_t n)
{
	if (n == 0)
		return;
	fprintf(o, "protocol %02x%s, ", p[0],
		p[0] == 0x04   ? " (IA5)"
		: p[0] == 0x00 ? " (user's own)"
			       : "");
	if (p[0] == 0x04)
		explain_text(o, p + 1, n - 1);
	else
		explain_hex(o, p + 1, n - 1);
}

/* T1.607a, NANPA's ANI II digits. */
static void put_line_information(FILE *o, const uint8_t *p, size_t n)
{
	static const struct explain_name names[] = {
		{0, "ordinary line"},
		{1, "multiparty"},
		{2, "ANI failure"},
		{6, "hotel or motel"},
		{7, "coinless, hospital or inmate"},
		{20, "AIOD"},
		{23, "coin or non-coin"},
		{24, "toll-free service"},
		{25, "toll-free service from a pay station"},
		{27, "coin"},
		{29, "prison or inmate"},
		{34, "telco operator"},
		{61, "cellular, type 1"},
		{62, "cellular, type 2"},
		{63, "cellular, roaming"},
		{70, "private pay station"},
		{93, "private virtual network"},
	};

	if (n == 0)
		return;
	fprintf(o, "%02u ", p[0] & 0x7fu);
	explain_name(o, names, LENGTH(names), "category", p[0] & 0x7fu);
}

static void put_octets(FILE *o, const uint8_t *p, size_t n)
{
	explain_hex(o, p, n);
}

static void put_nothing(FILE *o, const uint8_t *p, size_t n)
{
}

static void put_plain_text(FILE *o, const uint8_t *p, size_t n)
{
	explain_text(o, p, n);
}

static void put_count(FILE *o, const uint8_t *p, size_t n)
{
	if (n > 0)
		fprintf(o, "%u", p[0] & 0x1fu);
}

static const struct {
	uint8_t codeset, id;
	const char *name;
	void (*put)(FILE *o, const uint8_t *p, size_t n);
} elements[] = {
	{0, 0x00, "Segmented message", put_octets},
	{0, 0x04, "Bearer capability", explain_bearer},
	{0, 0x08, "Cause", put_cause},
	{0, 0x0d, "Extended facility", put_octets},
	{0, 0x10, "Call identity", put_octets},
	{0, 0x14, "Call state", put_call_state},
	{0, 0x18, "Channel identification", put_channel},
	{0, 0x1c, "Facility", explain_facility},
	{0, 0x1e, "Progress indicator", put_progress},
	{0, 0x20, "Network facilities", put_network_facility},
	{0, 0x24, "Terminal capabilities", put_octets},
	{0, 0x27, "Notification", put_notification},
	{0, 0x28, "Display", put_display},
	{0, 0x29, "Date and time", put_date},
	{0, 0x2c, "Keypad", put_plain_text},
	{0, 0x32, "Information request", put_octets},
	{0, 0x34, "Signal", put_signal},
	{0, 0x37, "Generic digits", put_octets},
	{0, 0x40, "Information rate", put_octets},
	{0, 0x42, "Transit delay", put_octets},
	{0, 0x4c, "Connected number", put_number},
	{0, 0x4d, "Connected subaddress", put_subaddress},
	{0, 0x6c, "Calling number", put_number},
	{0, 0x6d, "Calling subaddress", put_subaddress},
	{0, 0x70, "Called number", put_number},
	{0, 0x71, "Called subaddress", put_subaddress},
	{0, 0x73, "Original called number", put_number},
	{0, 0x74, "Redirecting number", put_number},
	{0, 0x75, "Redirecting subaddress", put_subaddress},
	{0, 0x76, "Redirection number", put_number},
	{0, 0x78, "Transit network", put_octets},
	{0, 0x79, "Restart indicator", put_restart},
	{0, 0x7a, "User-user facility", put_octets},
	{0, 0x7c, "Low layer comp.", explain_llc},
	{0, 0x7d, "High layer comp.", put_hlc},
	{0, 0x7e, "User-user", put_user_user},
	{0, 0xa0, "More data", put_nothing},
	{0, 0xa1, "Sending complete", put_nothing},
	{4, 0x31, "Transit counter", put_count},
	{4, 0x32, "Party category", put_count},
	{5, 0x31, "Transit counter", put_count},
	{5, 0x32, "Party category", put_count},
	{6, 0x01, "Originating line", put_line_information},
	{6, 0x28, "Display", put_display},
};

const char *explain_element_name(unsigned codeset, uint8_t id)
{
	for (size_t i = 0; i < LENGTH(elements); i++)
		if (elements[i].codeset == codeset && elements[i].id == id)
			return elements[i].name;
	return NULL;
}

void explain_element(FILE *o, unsigned codeset, uint8_t id, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < LENGTH(elements); i++)
		if (elements[i].codeset == codeset && elements[i].id == id)
			elements[i].put(o, p, n);
}
