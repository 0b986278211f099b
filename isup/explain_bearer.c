/* Bearer capability and Low layer compatibility, Q.931 4.5.5 and 4.5.19. */
#include "isup/explain_internal.h"

#include <stdbool.h>

static const struct explain_name capabilities[] = {
	{0x00, "speech"},
	{0x08, "unrestricted digital"},
	{0x09, "restricted digital"},
	{0x10, "3.1 kHz audio"},
	{0x11, "unrestricted digital with tones"},
	{0x18, "video"},
};

static const struct explain_name rates[] = {
	{0x00, "packet"},      {0x10, "64 kbit/s"},   {0x11, "2 x 64 kbit/s"}, {0x13, "384 kbit/s"},
	{0x15, "1536 kbit/s"}, {0x17, "1920 kbit/s"}, {0x18, "multirate"},
};

static const struct explain_name layer1[] = {
	{0x01, "V.110 rate adaption"},
	{0x02, "G.711 mu-law"},
	{0x03, "G.711 A-law"},
	{0x04, "G.721"},
	{0x05, "H.221"},
	{0x06, "H.223"},
	{0x07, "rate adaption not of ITU-T"},
	{0x08, "V.120 rate adaption"},
	{0x09, "X.31 flags"},
};

static const struct explain_name layer2[] = {
	{0x01, "basic mode"}, {0x02, "Q.921"}, {0x06, "X.25 link"}, {0x0c, "LAN logical link"}};
static const struct explain_name layer3[] = {
	{0x02, "Q.931"}, {0x06, "X.25 packet"}, {0x0b, "TR 9577"}};

static const struct explain_name user_rates[] = {
	{0x01, "0.6 kbit/s"}, {0x02, "1.2 kbit/s"},  {0x03, "2.4 kbit/s"},  {0x05, "4.8 kbit/s"},
	{0x08, "9.6 kbit/s"}, {0x09, "14.4 kbit/s"}, {0x0b, "19.2 kbit/s"}, {0x0c, "32 kbit/s"},
	{0x0e, "48 kbit/s"},  {0x0f, "56 kbit/s"},   {0x10, "64 kbit/s"},
};

static void explain_layer(FILE *o, uint8_t octet)
{
	unsigned value = octet & 0x1fu;

	fputs(", ", o);
	switch (octet >> 5 & 3) {
	case 1: explain_name(o, layer1, LENGTH(layer1), "layer 1 protocol", value); break;
	case 2: explain_name(o, layer2, LENGTH(layer2), "layer 2 protocol", value); break;
	case 3: explain_name(o, layer3, LENGTH(layer3), "layer 3 protocol", value); break;
	default: fprintf(o, "octet %02x", octet); break;
	}
}

/* From octet 4 on both elements are the same. */
static void explain_mode(FILE *o, const uint8_t *p, size_t n)
{
	size_t at = 1;

	if (n == 0)
		return;
	fprintf(o, ", %s",
		(p[0] >> 5 & 3) == 0   ? "circuit"
		: (p[0] >> 5 & 3) == 2 ? "packet"
				       : "mode?");
	if ((p[0] & 0x1f) != 0) {
		fputs(", ", o);
		explain_name(o, rates, LENGTH(rates), "rate", p[0] & 0x1fu);
	}
	if ((p[0] & 0x1f) == 0x18 && at < n)
		fprintf(o, " of %u", p[at++] & 0x7fu);
	while (at < n && (p[at - 1] & 0x80) == 0)
		fprintf(o, " (octet 4a %02x)", p[at++]);
	while (at < n) {
		bool is_layer1 = (p[at] >> 5 & 3) == 1;
		explain_layer(o, p[at]);
		for (unsigned k = 0; (p[at++] & 0x80) == 0 && at < n; k++) {
			fputs(", ", o);
			if (is_layer1 && k == 0) /* octet 5a */
				explain_name(o, user_rates, LENGTH(user_rates), "user rate",
					     p[at] & 0x1fu);
			else
				fprintf(o, "octet %02x", p[at]);
		}
	}
}

static void explain_capability(FILE *o, uint8_t octet)
{
	static const char *const standards[] = {"", "ISO ", "national ", "network's "};

	fputs(standards[octet >> 5 & 3], o);
	explain_name(o, capabilities, LENGTH(capabilities), "capability", octet & 0x1fu);
}

void explain_bearer(FILE *o, const uint8_t *p, size_t n)
{
	if (n == 0)
		return;
	explain_capability(o, p[0]);
	explain_mode(o, p + 1, n - 1);
}

void explain_llc(FILE *o, const uint8_t *p, size_t n)
{
	size_t at = 1;

	if (n == 0)
		return;
	explain_capability(o, p[0]);
	if ((p[0] & 0x80) == 0 && at < n) /* octet 3a */
		fputs((p[at++] & 0x40) != 0 ? ", out-band negotiation" : "", o);
	explain_mode(o, p + at, n - at);
}
