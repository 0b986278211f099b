/* echo_bench.c - the echo canceller measured: ERLE on each path, cost a sample.
 *
 *   echo_bench             the table
 *   echo_bench cost [MS]   ten seconds of conversation, 64 ms of tail: for callgrind
 */
#include "tdm/echo.h"
#include "tests/bench/echo_signal.h"
#include <stdio.h>

enum { RATE = 8000, BLOCK = ECHO_SAMPLES };

struct bench {
	struct echo *echo;
	struct echo_path path;
	double in, out;
};

static void begin(struct bench *b, unsigned tail_ms, unsigned model, double erl_db, unsigned delay)
{
	memset(b, 0, sizeof(*b));
	if (echo_new(&b->echo, &(struct echo_conf){.tail_ms = tail_ms, .leave_residue = true}) != 0)
		abort();
	echo_path_set(&b->path, model, erl_db, delay);
}

/* Adds to the energies before and after; near: NULL or somebody's speech. */
static void go(struct bench *b, const int16_t *far, const int16_t *near, size_t count)
{
	for (size_t at = 0; at < count; at += BLOCK) {
		int16_t d[BLOCK];
		for (unsigned i = 0; i < BLOCK; i++)
			d[i] = echo_line(echo_path_sample(&b->path, far[at + i]) +
					 (near != NULL ? near[at + i] : 0));
		b->in += echo_energy(d, BLOCK);
		echo_run(b->echo, far + at, d);
		b->out += echo_energy(d, BLOCK);
	}
}

static double erle(struct bench *b)
{
	double db = 10 * log10((b->in + 1) / (b->out + 1));

	b->in = b->out = 0;
	return db;
}

static void convergence(const char *name, unsigned tail_ms, double erl_db, bool speech)
{
	static int16_t far[10 * RATE], near[10 * RATE];

	for (unsigned model = 2; model <= 9; model++) {
		struct bench b;
		begin(&b, tail_ms, model, erl_db, 8 * (tail_ms > 32 ? tail_ms - 32 : 0));
		if (speech)
			echo_speech(model, -15, far, 10 * RATE);
		else
			echo_noise(model, -15, far, 10 * RATE);
		echo_speech(model + 50, -15, near, 10 * RATE);
		printf("%-7s %3u ms %2.0f dB D.%u", name, tail_ms, erl_db, model);
		go(&b, far, NULL, RATE / 2);
		printf(" %5.1f", erle(&b));
		go(&b, far + RATE / 2, NULL, RATE / 2);
		printf(" %5.1f", erle(&b));
		go(&b, far + RATE, NULL, RATE / 2);
		printf(" %5.1f", erle(&b));
		go(&b, far + 3 * RATE / 2, NULL, RATE / 2);
		printf(" %5.1f", erle(&b));
		go(&b, far + 2 * RATE, NULL, 3 * RATE);
		printf(" %5.1f |", erle(&b));
		go(&b, far + 5 * RATE, near, 3 * RATE);
		erle(&b);
		go(&b, far + 8 * RATE, NULL, RATE);
		printf(" %5.1f\n", erle(&b));
		echo_free(b.echo);
	}
}

/* One talks, then the other, then both, with pauses. */
static void conversation(unsigned tail_ms)
{
	enum { SECONDS = 10 };
	static int16_t far[SECONDS * RATE], near[SECONDS * RATE];
	struct bench b;

	echo_speech(1, -18, far, SECONDS * RATE);
	echo_speech(2, -18, near, SECONDS * RATE);
	for (unsigned s = 0; s < SECONDS; s++) {
		bool far_talks = s % 4 < 2 || s == 7, near_talks = s % 4 >= 2 || s == 5;
		if (!far_talks)
			memset(far + (size_t)s * RATE, 0, RATE * sizeof(far[0]));
		if (!near_talks)
			memset(near + (size_t)s * RATE, 0, RATE * sizeof(near[0]));
	}
	begin(&b, tail_ms, 2, 6, 80);
	go(&b, far, near, SECONDS * RATE);
	echo_free(b.echo);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "cost") == 0) {
		conversation(argc > 2 ? (unsigned)atoi(argv[2]) : 64);
		return 0;
	}
	printf("kernel %s; ERLE in dB before the residue is replaced\n", echo_kernel_name());
	printf("%-25s %5s %5s %5s %5s %5s | 1 s after 3 s of double talk\n", "", "0.5 s", "1 s",
	       "1.5 s", "2 s", "5 s");
	convergence("noise", 64, 6, false);
	convergence("speech", 64, 6, true);
	convergence("speech", 64, 15, true);
	convergence("speech", 128, 6, true);
	return 0;
}
