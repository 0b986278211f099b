/* Plain C: for any processor, and what the others are compared with. */
#include <stddef.h>

#define KERNEL      echo_kernel_plain
#define KERNEL_NAME "plain"
#define TARGET
#define LANES 1
typedef float vf;
typedef struct {
	float f[4];
} v4;

static inline v4 add4(v4 a, v4 b)
{
	return (v4){{a.f[0] + b.f[0], a.f[1] + b.f[1], a.f[2] + b.f[2], a.f[3] + b.f[3]}};
}

static inline v4 sub4(v4 a, v4 b)
{
	return (v4){{a.f[0] - b.f[0], a.f[1] - b.f[1], a.f[2] - b.f[2], a.f[3] - b.f[3]}};
}

static inline v4 mul4(v4 a, v4 b)
{
	return (v4){{a.f[0] * b.f[0], a.f[1] * b.f[1], a.f[2] * b.f[2], a.f[3] * b.f[3]}};
}

static inline void transpose4(v4 m[4])
{
	for (unsigned i = 0; i < 4; i++)
		for (unsigned j = 0; j < i; j++) {
			float t = m[i].f[j];
			m[i].f[j] = m[j].f[i];
			m[j].f[i] = t;
		}
}

#include "tdm/echo_kernel_body.h"
