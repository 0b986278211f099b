#include "tdm/dahdi_find.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int dahdi_control_open(const struct dahdi_driver *driver, char *err, size_t err_size)
{
	int fd = driver->open(DAHDI_ABI_CTL);

	if (fd >= 0)
		return fd;
	switch (fd) {
	case -ENOENT:
	case -ENODEV:
	case -ENXIO:
		snprintf(err, err_size,
			 "the DAHDI driver is not loaded (no " DAHDI_ABI_CTL "): modprobe the "
			 "card's driver, such as wcte43x or wct4xxp");
		break;
	case -EACCES:
	case -EPERM:
		snprintf(err, err_size,
			 "no permission for " DAHDI_ABI_CTL ": add this user to the group of the "
			 "device, usually dahdi (adduser USER dahdi)");
		break;
	default: snprintf(err, err_size, DAHDI_ABI_CTL ": %s", strerror(-fd));
	}
	return fd;
}

/* Strings the driver fills need not end. */
static void end_strings(struct dahdi_abi_span *s)
{
	s->name[sizeof(s->name) - 1] = '\0';
	s->description[sizeof(s->description) - 1] = '\0';
	s->location[sizeof(s->location) - 1] = '\0';
	s->device_type[sizeof(s->device_type) - 1] = '\0';
	s->type[sizeof(s->type) - 1] = '\0';
}

static bool read_span(const struct dahdi_driver *driver, int control, int number,
		      struct dahdi_abi_span *out)
{
	memset(out, 0, sizeof(*out));
	out->number = number;
	if (driver->ioctl(control, DAHDI_ABI_SPANSTAT, out) < 0)
		return false;
	end_strings(out);
	return out->number == number;
}

static bool is_t1(const struct dahdi_abi_span *s)
{
	return s->channels == TDM_SLOTS;
}

static bool is_meant(const struct dahdi_abi_span *s, const char *card)
{
	char *end;

	if (card[0] == '\0')
		return is_t1(s);
	if (strcmp(s->name, card) == 0 || strcmp(s->location, card) == 0)
		return true;
	long number = strtol(card, &end, 10);
	return *end == '\0' && number == s->number;
}

/* Adds `1 "WCT1/0"` to a list of spans. */
static void list_span(const struct dahdi_abi_span *s, char *list, size_t list_size)
{
	size_t n = strlen(list);

	snprintf(list + n, list_size - n, "%s%d \"%s\"", n > 0 ? ", " : "", s->number, s->name);
}

/* The channels of a span are numbered through all spans; only they themselves say where. */
static int find_channels(struct dahdi_found *out, const struct dahdi_driver *driver, int control)
{
	unsigned found = 0;

	for (int c = 1; c <= DAHDI_ABI_CHANNELS_MAX && found < TDM_SLOTS; c++) {
		struct dahdi_abi_params p = {.channel = c};
		if (driver->ioctl(control, DAHDI_ABI_GET_PARAMS, &p) < 0 ||
		    p.span != out->span.number || p.position < 1 || p.position > TDM_SLOTS)
			continue;
		out->slot[p.position] = p;
		found++;
	}
	return found == TDM_SLOTS ? 0 : -ENODEV;
}

struct census {
	char meant[300], all[300]; /* lists */
	unsigned meant_count, count;
};

static void take_census(struct census *c, struct dahdi_found *out,
			const struct dahdi_driver *driver, int control, const char *card)
{
	char location[sizeof(out->span.location)] = "";
	struct dahdi_abi_span s;
	unsigned position = 0;

	*c = (struct census){.meant = ""};
	for (int number = 1; number <= DAHDI_ABI_SPANS_MAX; number++) {
		if (!read_span(driver, control, number, &s))
			continue;
		position = strcmp(location, s.location) == 0 ? position + 1 : 1;
		memcpy(location, s.location, sizeof(location));
		c->count++;
		list_span(&s, c->all, sizeof(c->all));
		if (!is_meant(&s, card))
			continue;
		if (c->meant_count++ == 0) {
			out->span = s;
			out->position = position;
		}
		list_span(&s, c->meant, sizeof(c->meant));
	}
}

static int report_missing(const struct census *c, const char *card, char *err, size_t err_size)
{
	if (c->count == 0)
		snprintf(err, err_size,
			 "the DAHDI driver has no span: is the card's own driver loaded (modprobe; "
			 "lspci -k shows the card's), and has it been given numbers "
			 "(modprobe dahdi auto_assign_spans=1)?");
	else if (card[0] == '\0')
		snprintf(err, err_size, "the DAHDI driver has no T1 span; it has %s", c->all);
	else
		snprintf(err, err_size, "the DAHDI driver has no span \"%s\"; it has %s", card,
			 c->all);
	return -ENODEV;
}

int dahdi_find(struct dahdi_found *out, const struct dahdi_driver *driver, int control,
	       const char *card, char *err, size_t err_size)
{
	struct census c;

	memset(out, 0, sizeof(*out));
	take_census(&c, out, driver, control, card);
	if (c.meant_count == 0)
		return report_missing(&c, card, err, err_size);
	if (c.meant_count > 1) {
		snprintf(err, err_size,
			 "more than one span could be meant: %s; say which by "
			 "card = \"...\"",
			 c.meant);
		return -ENOTUNIQ;
	}
	if (!is_t1(&out->span)) {
		snprintf(err, err_size,
			 "span %d \"%s\" has %d channels, a T1 has %d; a card that can be both is "
			 "told by an option of its driver (default_linemode=t1) or a jumper",
			 out->span.number, out->span.name, out->span.channels, TDM_SLOTS);
		return -EINVAL;
	}
	int r = find_channels(out, driver, control);
	if (r < 0)
		snprintf(err, err_size, "span %d \"%s\" does not show its channels",
			 out->span.number, out->span.name);
	return r;
}
