#include "tdm/echo_kernel.h"

#include <math.h>
#include <pthread.h>
#include <stddef.h>

static struct echo_twiddles table;
const struct echo_twiddles *echo_twiddles = &table;

static const struct echo_kernel *const all[] = {
	&echo_kernel_plain,
#ifdef ECHO_KERNEL_V4
	&echo_kernel_v4,
#endif
#ifdef ECHO_KERNEL_AVX2
	&echo_kernel_avx2,
#endif
};
static unsigned usable;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
	for (unsigned n = 0; n < ECHO_BINS; n++) {
		table.skew_re[n] = (float)cos(M_PI * n / 160);
		table.skew_im[n] = (float)-sin(M_PI * n / 160);
	}
	for (unsigned k = 0; k < 4; k++)
		for (unsigned p = 0; p < 16; p++) {
			table.column_re[k][p] = (float)cos(2 * M_PI * p * (k + 1) / 80);
			table.column_im[k][p] = (float)-sin(2 * M_PI * p * (k + 1) / 80);
		}
	for (unsigned c = 0; c < 4; c++)
		for (unsigned q = 0; q < 4; q++) {
			table.row_re[c][q] = (float)cos(2 * M_PI * q * c / 16);
			table.row_im[c][q] = (float)-sin(2 * M_PI * q * c / 16);
		}
	usable = sizeof(all) / sizeof(all[0]);
#ifdef ECHO_KERNEL_AVX2
	if (!__builtin_cpu_supports("avx2"))
		usable--;
#endif
}

const struct echo_kernel *echo_kernel_nth(unsigned i)
{
	pthread_once(&once, prepare);
	return i < usable ? all[i] : NULL;
}

const struct echo_kernel *echo_kernel(void)
{
	pthread_once(&once, prepare);
	return all[usable - 1];
}
