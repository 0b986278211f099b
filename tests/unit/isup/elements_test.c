#include "isup/elements.c"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

enum { FRAME_MAX = 264, HEAD = 9 };

/* What is between the message type and the end, after the changes. */
struct result {
	size_t len;
	unsigned left_out;
	uint8_t octets[FRAME_MAX];
};

static const uint8_t head[HEAD] = {0x02, 0x01, 0x06, 0x04, 0x08, 0x02, 0x00, 0x05, 0x05};

/* On exact copies on the heap, so that a step too far is seen. */
static struct result apply(const uint8_t *ies, size_t len, const struct elements *list)
{
	uint8_t *frame = malloc(HEAD + len), *out = malloc(FRAME_MAX);
	struct result r;

	memcpy(frame, head, HEAD);
	if (len > 0)
		memcpy(frame + HEAD, ies, len);
	size_t n = elements_apply(out, FRAME_MAX, frame, HEAD + len, list, &r.left_out);
	assert_true(n >= HEAD);
	assert_memory_equal(out, head, HEAD);
	r.len = n - HEAD;
	memcpy(r.octets, out + HEAD, r.len);
	free(frame);
	free(out);
	return r;
}

static struct elements one(enum element_change change, uint8_t codeset, uint8_t id,
			   const uint8_t *data, size_t len)
{
	struct elements list = {.len = 0};

	assert_true(elements_append(&list, &(struct element){change, codeset, id, data, len}));
	return list;
}

#define CHECK(list, before, ...)                                                                   \
	do {                                                                                       \
		static const uint8_t want[] = {__VA_ARGS__};                                       \
		struct result got = apply(before, sizeof(before), &(list));                        \
		assert_int_equal(got.len, sizeof(want));                                           \
		assert_memory_equal(got.octets, want, sizeof(want));                               \
		assert_int_equal(got.left_out, 0);                                                 \
	} while (0)

/* Sending complete, bearer, channel, called: libpri's SETUP. */
static const uint8_t setup[] = {0xa1, 0x04, 1, 0x80, 0x18, 1, 0xa9, 0x70, 2, 0x80, '7'};
static const uint8_t x[] = {'x'};

static void test_every_position(void **state)
{
	struct elements first = one(ELEMENT_PUT, 0, 0x02, x, 1);
	struct elements between = one(ELEMENT_PUT, 0, 0x1e, x, 1);
	struct elements last = one(ELEMENT_PUT, 0, 0x7e, x, 1);
	struct elements same = one(ELEMENT_PUT, 0, 0x18, x, 1);
	struct elements beside = one(ELEMENT_ADD, 0, 0x18, x, 1);
	struct elements gone = one(ELEMENT_DROP, 0, 0x18, NULL, 0);
	struct elements single = one(ELEMENT_PUT, 0, 0xa0, NULL, 0);

	CHECK(first, setup, 0xa1, 0x02, 1, 'x', 0x04, 1, 0x80, 0x18, 1, 0xa9, 0x70, 2, 0x80, '7');
	CHECK(between, setup, 0xa1, 0x04, 1, 0x80, 0x18, 1, 0xa9, 0x1e, 1, 'x', 0x70, 2, 0x80, '7');
	CHECK(last, setup, 0xa1, 0x04, 1, 0x80, 0x18, 1, 0xa9, 0x70, 2, 0x80, '7', 0x7e, 1, 'x');
	CHECK(same, setup, 0xa1, 0x04, 1, 0x80, 0x18, 1, 'x', 0x70, 2, 0x80, '7');
	CHECK(beside, setup, 0xa1, 0x04, 1, 0x80, 0x18, 1, 0xa9, 0x18, 1, 'x', 0x70, 2, 0x80, '7');
	CHECK(gone, setup, 0xa1, 0x04, 1, 0x80, 0x70, 2, 0x80, '7');
	CHECK(single, setup, 0xa1, 0xa0, 0x04, 1, 0x80, 0x18, 1, 0xa9, 0x70, 2, 0x80, '7');
}

static void test_empty_message(void **state)
{
	struct elements put = one(ELEMENT_PUT, 0, 0x7e, x, 1);
	struct elements gone = one(ELEMENT_DROP, 0, 0x18, NULL, 0);
	struct elements nothing = {.len = 0};
	struct result r = apply(NULL, 0, &put);

	assert_int_equal(r.len, 3);
	assert_memory_equal(r.octets, ((uint8_t[]){0x7e, 1, 'x'}), 3);
	assert_int_equal(apply(NULL, 0, &gone).len, 0);
	CHECK(nothing, setup, 0xa1, 0x04, 1, 0x80, 0x18, 1, 0xa9, 0x70, 2, 0x80, '7');
}

/* Q.931 4.5.3: a locking shift holds to the next one, another for one element only. */
static void test_shifts(void **state)
{
	static const uint8_t locked[] = {0x04, 1, 0x80, 0x96, 0x28, 1, 'd', 0x37, 1, 'g'};
	static const uint8_t unlocked[] = {0x04, 1, 0x80, 0x9e, 0x28, 1, 'd', 0x70, 1, '7'};
	static const uint8_t higher[] = {0x04, 1, 0x80, 0x97, 0x28, 1, 'd'};
	struct elements six = one(ELEMENT_PUT, 6, 0x01, x, 1);
	struct elements zero = one(ELEMENT_PUT, 0, 0x7e, x, 1);
	struct elements in_six = one(ELEMENT_PUT, 6, 0x28, x, 1);
	struct elements gone = one(ELEMENT_DROP, 6, 0x28, NULL, 0);

	CHECK(six, setup, 0xa1, 0x04, 1, 0x80, 0x18, 1, 0xa9, 0x70, 2, 0x80, '7', 0x96, 0x01, 1,
	      'x');
	CHECK(six, locked, 0x04, 1, 0x80, 0x96, 0x01, 1, 'x', 0x28, 1, 'd', 0x37, 1, 'g');
	CHECK(zero, locked, 0x04, 1, 0x80, 0x7e, 1, 'x', 0x96, 0x28, 1, 'd', 0x37, 1, 'g');
	CHECK(in_six, locked, 0x04, 1, 0x80, 0x96, 0x28, 1, 'x', 0x37, 1, 'g');
	/* An element of the same id in another codeset is another element. */
	CHECK(zero, unlocked, 0x04, 1, 0x80, 0x70, 1, '7', 0x7e, 1, 'x', 0x96, 0x28, 1, 'd');
	CHECK(gone, unlocked, 0x04, 1, 0x80, 0x70, 1, '7');
	CHECK(six, higher, 0x04, 1, 0x80, 0x96, 0x01, 1, 'x', 0x97, 0x28, 1, 'd');
}

/* 260 octets of message (N201), of which 5 are its head here. */
static void test_length_limit(void **state)
{
	uint8_t data[255] = {0}, before[3] = {0x04, 1, 0x80};
	enum { ROOM = FRAME_MAX - HEAD - 3 };
	struct elements fits = one(ELEMENT_PUT, 0, 0x7e, data, ROOM - 2);
	struct elements too_long = one(ELEMENT_PUT, 0, 0x7e, data, ROOM - 1);
	struct elements in_place = one(ELEMENT_PUT, 0, 0x04, data, ROOM + 1);
	struct elements shifted = one(ELEMENT_PUT, 6, 0x7e, data, ROOM - 2);

	struct result r = apply(before, sizeof(before), &fits);
	assert_int_equal(r.len, FRAME_MAX - HEAD);
	assert_int_equal(r.left_out, 0);
	r = apply(before, sizeof(before), &too_long);
	assert_int_equal(r.len, 3);
	assert_int_equal(r.left_out, 1);
	assert_int_equal(apply(before, sizeof(before), &in_place).len, FRAME_MAX - HEAD);
	assert_int_equal(apply(before, sizeof(before), &shifted).left_out, 1);

	/* What comes first in the list has the room, and a shorter one after it still fits. */
	assert_true(elements_append(&too_long, &(struct element){ELEMENT_PUT, 0, 0x1e, x, 1}));
	r = apply(before, sizeof(before), &too_long);
	assert_int_equal(r.left_out, 1);
	assert_memory_equal(r.octets, ((uint8_t[]){0x04, 1, 0x80, 0x1e, 1, 'x'}), 6);
}

static void test_list_refuses(void **state)
{
	struct elements list = {.len = 0};
	uint8_t data[256] = {0};

	assert_false(elements_append(&list, &(struct element){ELEMENT_PUT, 8, 0x04, x, 1}));
	assert_false(elements_append(&list, &(struct element){ELEMENT_PUT, 0, 0x96, NULL, 0}));
	assert_false(elements_append(&list, &(struct element){ELEMENT_PUT, 0, 0xa1, x, 1}));
	assert_false(elements_append(&list, &(struct element){ELEMENT_PUT, 0, 0x04, data, 256}));
	assert_int_equal(list.len, 0);
	assert_true(elements_append(&list, &(struct element){ELEMENT_PUT, 0, 0x04, data, 200}));
	assert_false(elements_append(&list, &(struct element){ELEMENT_PUT, 0, 0x04, data, 100}));
}

static void test_torn_message_stays(void **state)
{
	static const uint8_t torn[] = {0x02, 0x01, 0, 0, 8, 2, 0, 5, 5, 0x04, 9, 0x80};
	static const uint8_t rr[] = {0x02, 0x01, 0x01, 0x02};
	struct elements put = one(ELEMENT_PUT, 0, 0x7e, x, 1);
	uint8_t out[FRAME_MAX], many[HEAD + 100];
	unsigned left_out;

	assert_int_equal(elements_apply(out, sizeof(out), torn, sizeof(torn), &put, &left_out), 0);
	assert_int_equal(elements_apply(out, sizeof(out), rr, sizeof(rr), &put, &left_out), 0);
	memcpy(many, head, HEAD);
	memset(many + HEAD, 0xa1, 100); /* more elements than there is a place for */
	assert_int_equal(elements_apply(out, sizeof(out), many, sizeof(many), &put, &left_out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_position), cmocka_unit_test(test_empty_message),
		cmocka_unit_test(test_shifts),         cmocka_unit_test(test_length_limit),
		cmocka_unit_test(test_list_refuses),   cmocka_unit_test(test_torn_message_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
