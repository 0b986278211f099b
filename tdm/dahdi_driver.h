/* dahdi_driver.h - how the DAHDI backend reaches the driver: five calls, so that tests can put a
 * driver of their own in the place of the kernel's.
 *
 * Any thread.  All return -errno (DAHDI_ABI_ELAST among them) where they fail; none waits: what
 * is opened is non-blocking.
 */
#ifndef TDM_DAHDI_DRIVER_H
#define TDM_DAHDI_DRIVER_H

#include <stddef.h>
#include <sys/types.h>

struct dahdi_driver {
	int (*open)(const char *path);
	void (*close)(int fd);
	int (*ioctl)(int fd, unsigned long operation, void *arg);
	ssize_t (*read)(int fd, void *octets, size_t count);
	ssize_t (*write)(int fd, const void *octets, size_t count);
	unsigned retry_ms; /* how often what is missing is looked for */
};

extern const struct dahdi_driver dahdi_driver_kernel;

#endif
