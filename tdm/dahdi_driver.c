#include "tdm/dahdi_driver.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Files that may only be read (/proc/dahdi) as well as devices. */
static int kernel_open(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EROFS))
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void kernel_close(int fd)
{
	close(fd);
}

static int kernel_ioctl(int fd, unsigned long operation, void *arg)
{
	int r = ioctl(fd, operation, arg);

	return r < 0 ? -errno : r;
}

static ssize_t kernel_read(int fd, void *octets, size_t count)
{
	ssize_t r = read(fd, octets, count);

	return r < 0 ? -errno : r;
}

static ssize_t kernel_write(int fd, const void *octets, size_t count)
{
	ssize_t r = write(fd, octets, count);

	return r < 0 ? -errno : r;
}

const struct dahdi_driver dahdi_driver_kernel = {
	.open = kernel_open,
	.close = kernel_close,
	.ioctl = kernel_ioctl,
	.read = kernel_read,
	.write = kernel_write,
	.retry_ms = 2000,
};
