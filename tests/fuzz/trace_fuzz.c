/* Any octets shown to a person: as a D-channel frame, element by element, and as a SIP message
 * without its secrets.  What comes out holds nothing that could disturb a terminal, and is bounded.
 */
#include "isup/explain.h"
#include "isup/trunk.h"
#include "sip/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	A_LINE = 64,
	AN_OCTET = 40
}; /* characters at most, for each element and each of its octets */

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_text(const char *text)
{
	for (; *text != '\0'; text++)
		check(*text == '\n' || ((uint8_t)*text >= 0x20 && *text != 0x7f));
}

static void explain(const uint8_t *data, size_t size)
{
	char *text = NULL, line[120];
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	if (out == NULL)
		return;
	isup_frame_explain(out, data, size, "  ");
	fclose(out);
	check_text(text);
	check(n <= (size + 4) * (A_LINE + AN_OCTET));
	free(text);
	check_text(isup_frame_text(data, size, line, sizeof(line)));
}

static void mask(const uint8_t *data, size_t size)
{
	char *text = malloc(size > 0 ? size : 1), line[120];
	const char *value;

	if (text == NULL)
		return;
	memcpy(text, data, size);
	sip_message_mask(text, size);
	/* Line ends stay, whatever else is overwritten; twice is the same as once. */
	for (size_t i = 0; i < size; i++)
		check(text[i] == (char)data[i] || (text[i] == '*' && data[i] != '\n'));
	size_t n = sip_message_field(text, size, "From", 'f', &value);
	check(n == 0 || (value >= text && value + n <= text + size));
	check_text(sip_message_text(text, size, line, sizeof(line)));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of exactly that size: the sanitizer sees an octet too many. */
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL || size > 4096) {
		free(copy);
		return 0;
	}
	memcpy(copy, data, size);
	explain(copy, size);
	mask(copy, size);
	free(copy);
	return 0;
}
