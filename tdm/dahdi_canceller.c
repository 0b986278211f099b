/* dahdi_canceller.c - attaching and switching the driver's echo cancellers.
 *
 * That a canceller can be attached does not say that it works: the driver attaches HWEC to channels
 * of cards that have none.  So one is switched on once, on one channel, to see.  Switching on works
 * for clear channels in audio mode only, and there the driver changes nothing else of the octets.
 *
 * Never asked for is SEC: it panics the kernel.
 */
#include "tdm/dahdi_canceller.h"
#include <stdio.h>
#include <string.h>

enum { TAPS = 256 }; /* 32 ms: the PBX's own lines; a card's canceller has its own idea */

static int attach(const struct dahdi_driver *driver, int control, int channel, const char *name)
{
	struct dahdi_abi_canceller a = {.channel = channel};

	snprintf(a.name, sizeof(a.name), "%s", name);
	return driver->ioctl(control, DAHDI_ABI_ATTACH_ECHOCAN, &a);
}

int dahdi_canceller_set(const struct dahdi_driver *driver, int fd, bool on)
{
	struct dahdi_abi_canceller_params p = {.taps = on ? TAPS : 0};
	int audio = on, r = 0;

	if (on)
		r = driver->ioctl(fd, DAHDI_ABI_AUDIOMODE, &audio);
	if (r >= 0)
		r = driver->ioctl(fd, DAHDI_ABI_ECHOCANCEL_PARAMS, &p);
	if (!on || r < 0) {
		audio = 0;
		driver->ioctl(fd, DAHDI_ABI_AUDIOMODE, &audio);
	}
	return r < 0 ? r : 0;
}

static bool works(const struct dahdi_driver *driver, int control, int channel, int fd,
		  const char *name)
{
	bool good = attach(driver, control, channel, name) >= 0;

	if (good) {
		good = dahdi_canceller_set(driver, fd, true) == 0;
		dahdi_canceller_set(driver, fd, false);
	}
	if (!good)
		attach(driver, control, channel, "");
	return good;
}

void dahdi_canceller_attach(struct dahdi_canceller *c, const struct dahdi_driver *driver,
			    int control, const int channel[TDM_SLOTS + 1],
			    const int fd[TDM_SLOTS + 1], enum tdm_canceller choice)
{
	static const char *const names[] = {"HWEC", "MG2"};
	unsigned count = choice == TDM_CANCELLER_AUTO ? 1 : choice == TDM_CANCELLER_CARD ? 2 : 0;
	unsigned first = channel[1] != 0 ? 1 : 2;

	c->name[0] = '\0';
	for (unsigned i = 0; i < count && c->name[0] == '\0'; i++)
		if (works(driver, control, channel[first], fd[first], names[i]))
			snprintf(c->name, sizeof(c->name), "%s", names[i]);
	for (unsigned slot = 1; c->name[0] != '\0' && slot <= TDM_SLOTS; slot++)
		if (channel[slot] != 0)
			attach(driver, control, channel[slot], c->name);
}
