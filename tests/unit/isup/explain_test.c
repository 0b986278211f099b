/* The lines for people about a D-channel frame, and that no octets lead out of it. */
#include "isup/explain.c"

#include "isup/explain_bearer.c"
#include "isup/explain_element.c"
#include "isup/explain_facility.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the two above first */
#include <cmocka.h>

#define FRAME(...)                                                                                 \
	sizeof((uint8_t[]){__VA_ARGS__}), (const uint8_t[])                                        \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
#define I 0x02, 0x01, 0x06, 0x08, 0x08, 0x02
static const struct {
	const char *text; /* lines, squeezed: one space for many, none in front */
	size_t len;
	const uint8_t *frame;
} rows[] = {
	{"torn frame 02 01\n", FRAME(0x02, 0x01)},
	{"layer 2 SAPI 0, TEI 0, C/R 1, SABME, P/F 1\n", FRAME(0x02, 0x01, 0x7f)},
	{"layer 2 SAPI 0, TEI 0, C/R 0, REJ, N(R) 5, P/F 1\n", FRAME(0x00, 0x01, 0x09, 0x0b)},
	{"layer 2 SAPI 0, TEI 127, C/R 0, RNR, N(R) 0, P/F 0\n", FRAME(0x00, 0xff, 0x05, 0x00)},
	{"layer 2 SAPI 63, TEI 0, C/R 0, XID, P/F 0\ninformation 82 80\n",
	 FRAME(0xfc, 0x01, 0xaf, 0x82, 0x80)},
	{"layer 2 SAPI 0, TEI 0, C/R 1, FRMR, P/F 1\n"
	 "rejected control 01 0a, V(S) 5, V(R) 6, N(R) wrong\n",
	 FRAME(0x02, 0x01, 0x97, 0x01, 0x0a, 0x0a, 0x0c, 0x08)},
	{"layer 2 SAPI 0, TEI 0, C/R 1, I, N(S) 3, N(R) 4, P 0\n"
	 "call reference 5, sent by the side that chose it\nmessage SETUP\n"
	 "Bearer capability speech, circuit, 64 kbit/s, G.711 mu-law\n"
	 "Channel identification interface 2, slot 7, exclusive\n"
	 "Progress indicator 3 origin is not ISDN, from user\n"
	 "Display \"M\xc3\xbcller\", display type b1\n"
	 "Calling number \"7101\", type national, plan E.164, presentation restricted, network "
	 "provided\n"
	 "Called number \"7134\", type subscriber, plan private\n"
	 "Redirecting number \"7100\", type unknown, plan unknown, presentation allowed, not "
	 "screened, reason busy\n"
	 "Shift non-locking to codeset 6\n"
	 "Originating line codeset 6: 27 coin\n",
	 FRAME(I, 0x00, 0x05, 0x05, 0x04, 0x03, 0x80, 0x90, 0xa2, 0x18, 0x04, 0xe9, 0x82, 0x83,
	       0x87, 0x1e, 0x02, 0x80, 0x83, 0x28, 0x07, 0xb1, 'M', 0xfc, 'l', 'l', 'e', 'r', 0x6c,
	       0x06, 0x21, 0xa3, '7', '1', '0', '1', 0x70, 0x05, 0xc9, '7', '1', '3', '4', 0x74,
	       0x07, 0x00, 0x00, 0x81, '7', '1', '0', '0', 0x9e, 0x01, 0x01, 0x9b)},
	{"layer 2 SAPI 0, TEI 0, C/R 1, I, N(S) 3, N(R) 4, P 0\n"
	 "call reference 5, sent to the side that chose it\nmessage STATUS\n"
	 "Cause 97 message type not implemented, from user, about SETUP\n"
	 "Call state 10 active\n",
	 FRAME(I, 0x80, 0x05, 0x7d, 0x08, 0x03, 0x80, 0xe1, 0x05, 0x14, 0x01, 0x0a)},
	{"layer 2 SAPI 0, TEI 0, C/R 1, I, N(S) 3, N(R) 4, P 0\n"
	 "call reference global, sent by the side that chose it\nmessage RESTART\n"
	 "Channel identification slots 1-3,23, exclusive\n"
	 "Restart indicator this interface\n",
	 FRAME(I, 0x00, 0x00, 0x46, 0x18, 0x05, 0xa9, 0x93, 0x40, 0x00, 0x07, 0x79, 0x01, 0x86)},
	{"layer 2 SAPI 0, TEI 0, C/R 1, I, N(S) 3, N(R) 4, P 0\n"
	 "call reference global, sent by the side that chose it\n"
	 "message SERVICE, protocol discriminator 43\n"
	 "Change status out of service, preference 1\n"
	 "Channel identification slot 5, exclusive\n",
	 FRAME(0x02, 0x01, 0x06, 0x08, 0x43, 0x02, 0x00, 0x00, 0x07, 0x01, 0x01, 0xc2, 0x18, 0x03,
	       0xa9, 0x83, 0x85)},
	{"layer 2 SAPI 0, TEI 0, C/R 1, I, N(S) 3, N(R) 4, P 0\n"
	 "call reference 1, sent by the side that chose it\nmessage FACILITY\n"
	 "Facility networking extensions; if unknown: discard; invoke 1 callingName \"Anna\"\n",
	 FRAME(I, 0x00, 0x01, 0x62, 0x1c, 0x12, 0x9f, 0x8b, 0x01, 0x00, 0xa1, 0x0c, 0x02, 0x01,
	       0x01, 0x02, 0x01, 0x00, 0x80, 0x04, 'A', 'n', 'n', 'a')},
	{"layer 2 SAPI 0, TEI 0, C/R 1, I, N(S) 3, N(R) 4, P 0\n"
	 "call reference 1, sent by the side that chose it\nmessage SETUP\n"
	 "torn element 70 09 81\n",
	 FRAME(I, 0x00, 0x01, 0x05, 0x70, 0x09, 0x81)},
	{"layer 2 SAPI 0, TEI 0, C/R 1, I, N(S) 3, N(R) 4, P 0\n"
	 "call reference 1, sent by the side that chose it\nmessage 3f (unknown)\n"
	 "element 60 01 02\nSending complete\n",
	 FRAME(I, 0x00, 0x01, 0x3f, 0x60, 0x02, 0x01, 0x02, 0xa1)},
};

static char *explained(const uint8_t *frame, size_t len)
{
	char *text = NULL, *to;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	/* Exactly as long as the frame: the sanitizer sees an octet too many. */
	uint8_t *copy = malloc(len > 0 ? len : 1);

	memcpy(copy, frame, len);
	isup_frame_explain(out, copy, len, "");
	fclose(out);
	free(copy);
	to = text;
	for (const char *at = text; *at != '\0'; at++)
		if (*at != ' ' || (at[1] != ' ' && at[1] != '\n'))
			*to++ = *at;
	*to = '\0';
	return text;
}

static void test_lines(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *text = explained(rows[i].frame, rows[i].len);
		assert_string_equal(text, rows[i].text);
		free(text);
	}
}

static void test_any_octets(void **state)
{
	uint8_t frame[128];
	unsigned seed = 1;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t len = 0; len <= rows[i].len; len++)
			free(explained(rows[i].frame, len));
	for (unsigned n = 0; n < 20000; n++) {
		size_t i = n % LENGTH(rows), len = rows[i].len;
		memcpy(frame, rows[i].frame, len);
		for (unsigned k = 0; k < 4 && len > 4; k++) {
			seed = seed * 1103515245 + 12345;
			frame[4 + (seed >> 8) % (len - 4)] = (uint8_t)(seed >> 16);
		}
		char *text = explained(frame, len);
		for (const char *at = text; *at != '\0'; at++)
			assert_true(*at == '\n' || (uint8_t)*at >= 0x20);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_any_octets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
