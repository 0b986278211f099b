/* Vectors of eight: AVX2. */
#include "tdm/echo_kernel.h"
#include <stddef.h>

#ifdef ECHO_KERNEL_AVX2
#define KERNEL      echo_kernel_avx2
#define KERNEL_NAME "avx2"
#define TARGET      __attribute__((target("avx2")))
#define LANES       8
#include "tdm/echo_kernel_vector4.h"
typedef float vf __attribute__((vector_size(32)));

#include "tdm/echo_kernel_body.h"
#endif
