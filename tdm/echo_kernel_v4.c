/* Vectors of four: SSE2, NEON. */
#include "tdm/echo_kernel.h"
#include <stddef.h>

#ifdef ECHO_KERNEL_V4
#define KERNEL      echo_kernel_v4
#define KERNEL_NAME "v4"
#define TARGET
#define LANES 4
#include "tdm/echo_kernel_vector4.h"
typedef v4 vf;

#include "tdm/echo_kernel_body.h"
#endif
