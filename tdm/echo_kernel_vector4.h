/* echo_kernel_vector4.h - four floats by the compiler's vectors, for echo_kernel_*.c that defined
 * TARGET: SSE2, NEON. */
typedef float v4 __attribute__((vector_size(16)));

TARGET static inline v4 add4(v4 a, v4 b)
{
	return a + b;
}

TARGET static inline v4 sub4(v4 a, v4 b)
{
	return a - b;
}

TARGET static inline v4 mul4(v4 a, v4 b)
{
	return a * b;
}

TARGET static inline void transpose4(v4 m[4])
{
	v4 a = __builtin_shufflevector(m[0], m[1], 0, 4, 1, 5);
	v4 b = __builtin_shufflevector(m[0], m[1], 2, 6, 3, 7);
	v4 c = __builtin_shufflevector(m[2], m[3], 0, 4, 1, 5);
	v4 d = __builtin_shufflevector(m[2], m[3], 2, 6, 3, 7);

	m[0] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
	m[1] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
	m[2] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
	m[3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
}
