#include "tdm/dahdi_keeper.h"
#include "tdm/counter.h"
#include "tdm/dahdi_abi.h"
#include "tdm/dahdi_find.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { SLIPS_MS = 1000, MS_NS = 1000000, S_NS = 1000000000 };
enum { KEEPER, READY, WORKER };

/* --- slips: the driver tells them in /proc alone ------------------------------------------- */

static uint64_t read_slips(struct dahdi_keeper *k)
{
	char path[40], text[4096];
	size_t n = 0;
	ssize_t r;

	snprintf(path, sizeof(path), "/proc/dahdi/%d", k->port.number);
	int fd = k->driver->open(path);
	if (fd < 0)
		return k->slips_seen;
	while ((r = k->driver->read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)r;
	k->driver->close(fd);
	text[n] = '\0';
	const char *slips = strstr(text, "Timing slips: ");
	return slips == NULL ? 0 : strtoull(slips + strlen("Timing slips: "), NULL, 10);
}

static void set_text(struct dahdi_keeper *k, const char *trouble)
{
	pthread_mutex_lock(&k->text_lock);
	snprintf(k->trouble, sizeof(k->trouble), "%s", trouble);
	if (k->port.text[0] != '\0')
		memcpy(k->text, k->port.text, sizeof(k->text));
	k->number = k->port.number;
	memcpy(k->canceller, k->port.canceller.name, sizeof(k->canceller));
	pthread_mutex_unlock(&k->text_lock);
}

/* One that cannot be switched on is tried again with the slot's next call. */
static void cancel_echo(struct dahdi_keeper *k)
{
	uint32_t wanted = atomic_load_explicit(&k->cancel_wanted, memory_order_relaxed);

	if (k->port.canceller.name[0] == '\0')
		return;
	for (unsigned slot = 1; slot <= TDM_SLOTS; slot++) {
		uint32_t bit = UINT32_C(1) << slot;
		if ((wanted ^ k->cancelling) & bit)
			dahdi_canceller_set(k->driver, k->port.fd[slot], wanted & bit);
	}
	k->cancelling = wanted;
}

/* A span that was lost says so first, until it is known why it cannot be opened again. */
static bool try_open(struct dahdi_keeper *k)
{
	char err[2 * DAHDI_PORT_TEXT_MAX] = "";
	uint64_t one = 1;
	int r = dahdi_port_open(&k->port, k->driver, k->conf, err, sizeof(err));

	set_text(k, err);
	if (r < 0)
		return false;
	k->slips_seen = read_slips(k); /* from before us */
	k->cancelling = 0;
	cancel_echo(k);
	atomic_store_explicit(&k->state, READY, memory_order_release);
	(void)!write(k->wake_fd, &one, sizeof(one));
	return true;
}

static void count_slips(struct dahdi_keeper *k)
{
	uint64_t now = read_slips(k);

	if (now > k->slips_seen)
		tdm_counter_add(&k->line_slips, now - k->slips_seen);
	k->slips_seen = now; /* less: the driver began anew */
}

/* --- the thread ---------------------------------------------------------------------------- */

static void wait_for_work(struct dahdi_keeper *k, unsigned timeout_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * MS_NS;
	until.tv_sec += until.tv_nsec / S_NS;
	until.tv_nsec %= S_NS;
	while (sem_clockwait(&k->work, CLOCK_MONOTONIC, &until) != 0 && errno == EINTR)
		;
}

/* Closed at once, as the driver waits for it; opened again only after a while, as the span that
 * goes can still be found for a second. */
static void let_go(struct dahdi_keeper *k)
{
	int error = atomic_load_explicit(&k->lost_error, memory_order_relaxed);

	dahdi_port_close(&k->port, error != -ETIMEDOUT);
	wait_for_work(k, k->driver->retry_ms);
}

static void *run(void *arg)
{
	struct dahdi_keeper *k = arg;

	while (!atomic_load_explicit(&k->stop, memory_order_acquire)) {
		if (dahdi_keeper_is_open(k)) {
			wait_for_work(k, SLIPS_MS);
			if (dahdi_keeper_is_open(k)) {
				cancel_echo(k);
				count_slips(k);
			}
		} else if (k->port.fd[1] >= 0) {
			let_go(k);
		} else if (!try_open(k)) {
			wait_for_work(k, k->driver->retry_ms);
		}
	}
	return NULL;
}

/* --- both sides ---------------------------------------------------------------------------- */

int dahdi_keeper_start(struct dahdi_keeper *k, const struct dahdi_driver *driver,
		       const struct tdm_span_conf *conf)
{
	memset(k, 0, sizeof(*k));
	k->driver = driver;
	k->conf = conf;
	memset(k->port.fd, 0xff, sizeof(k->port.fd)); /* nothing is open */
	k->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&k->text_lock, NULL);
	sem_init(&k->work, 0, 0);
	if (k->wake_fd < 0)
		return -errno;
	try_open(k);
	int r = -pthread_create(&k->thread, NULL, run, k);
	k->started = r == 0;
	return r;
}

void dahdi_keeper_stop(struct dahdi_keeper *k)
{
	if (k->driver == NULL)
		return;
	if (k->started) {
		atomic_store_explicit(&k->stop, true, memory_order_release);
		sem_post(&k->work);
		pthread_join(k->thread, NULL);
	}
	dahdi_port_close(&k->port, atomic_load_explicit(&k->state, memory_order_relaxed) == KEEPER);
	if (k->wake_fd >= 0)
		close(k->wake_fd);
	sem_destroy(&k->work);
	pthread_mutex_destroy(&k->text_lock);
}

bool dahdi_keeper_take(struct dahdi_keeper *k)
{
	uint64_t n;

	(void)!read(k->wake_fd, &n, sizeof(n));
	if (atomic_load_explicit(&k->state, memory_order_acquire) != READY)
		return false;
	atomic_store_explicit(&k->state, WORKER, memory_order_release);
	return true;
}

void dahdi_keeper_lost(struct dahdi_keeper *k, int error)
{
	atomic_store_explicit(&k->lost_error, error, memory_order_relaxed);
	atomic_store_explicit(&k->state, KEEPER, memory_order_release);
	sem_post(&k->work);
}

void dahdi_keeper_cancel_echo(struct dahdi_keeper *k, uint32_t slots)
{
	atomic_store_explicit(&k->cancel_wanted, slots, memory_order_relaxed);
	sem_post(&k->work);
}

void dahdi_keeper_canceller(struct dahdi_keeper *k, char name[DAHDI_CANCELLER_NAME_MAX])
{
	pthread_mutex_lock(&k->text_lock);
	memcpy(name, k->canceller, DAHDI_CANCELLER_NAME_MAX);
	pthread_mutex_unlock(&k->text_lock);
}

bool dahdi_keeper_is_open(const struct dahdi_keeper *k)
{
	return atomic_load_explicit(&k->state, memory_order_acquire) != KEEPER;
}

int dahdi_keeper_maintain(struct dahdi_keeper *k, int command)
{
	char err[DAHDI_PORT_TEXT_MAX];
	struct dahdi_abi_maint m = {.command = command};

	pthread_mutex_lock(&k->text_lock);
	m.span = k->number;
	pthread_mutex_unlock(&k->text_lock);
	if (!dahdi_keeper_is_open(k))
		return -ENODEV;
	int control = dahdi_control_open(k->driver, err, sizeof(err));
	if (control < 0)
		return control;
	int r = k->driver->ioctl(control, DAHDI_ABI_MAINT, &m);
	k->driver->close(control);
	return r == -ENOSYS || r == -EINVAL ? -ENOTSUP : r < 0 ? r : 0;
}

void dahdi_keeper_describe(struct dahdi_keeper *k, char *out, size_t out_size)
{
	bool there = dahdi_keeper_is_open(k);
	int error = atomic_load_explicit(&k->lost_error, memory_order_relaxed);

	pthread_mutex_lock(&k->text_lock);
	if (there)
		snprintf(out, out_size, "%s", k->text);
	else if (k->trouble[0] != '\0')
		snprintf(out, out_size, "%s", k->trouble);
	else
		snprintf(out, out_size, "%s was lost: %s", k->text, strerror(-error));
	pthread_mutex_unlock(&k->text_lock);
}
