/*
 * The verdict on a JSON text is jansson's: on every beginning of valid texts,
 * on numbers at their limits, on texts gone wrong in random ways. SEED=N
 * repeats the random ones of a run.
 */
#include "tests/fuzz/json_oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static void must(const char *wrong, const char *name, const char *text,
		 size_t len)
{
	if (wrong)
		fail_msg("%s: %s: '%.*s'", name, wrong,
			 (int)(len < 2000 ? len : 2000), text);
}

static const char *const texts[] = {
	"{}",
	"[ ]",
	"{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":\"e\"}}",
	"  [\r\n\t-0, 0.5, 1e5, 1E+5, 1e-5, -1.25e-2, 12345678901234567890.0]",
	"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u00e9\\uD834\\uDD1E\", \"\"]",
	"{\"\xC3\xA9\":\"\xE2\x82\xAC\xF0\x9D\x84\x9E\xED\x9F\xBF\"}",
	"{\"k1\":1,\"k2\":2,\"k3\":3,\"k\\u0034\":4,\"k5\":{\"k1\":1}}",
	"[9223372036854775807,-9223372036854775808,1.7976931348623157e308]",
	"[[[[[[[[1],2],3],{}],[]],{\"x\":[{\"y\":[]}]}]]]",
	"{\n  \"name\" : \"No gaps\",\n  \"rule\" : {\n    \"kind\" : "
	"\"Check\","
	"\n    \"parts\" : [ {\n      \"min\" : 0.001\n    }, {\n      \"max\" "
	": null\n    } ]\n  }\n}\n",
};

enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static void test_every_beginning_of_a_valid_text_is_partial(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < TEXTS; i++) {
		const char *text = texts[i];
		size_t len = strlen(text);

		must(oracle_judge(text, len), "text", text, len);
		must(oracle_judge_beginnings(text, len), "text", text, len);
		for (n = 0; n < len; n++)
			must(oracle_judge_partial(text, n), "text", text, n);
	}
}

/* ---- numbers ---- */

static const char *const numbers[] = {
	"0",
	"-0",
	"-",
	"+1",
	".5",
	"1.",
	"-.5",
	"01",
	"-01",
	"00",
	"0.0",
	"0e0",
	"0e",
	"0e+",
	"1e1.5",
	"1E400",
	"1e-400",
	"-1e400",
	"0e99999999999999999999",
	"0.000e99999999999999999999",
	"1e-99999999999999999999",
	"1e99999999999999999999",
	"9223372036854775807",
	"9223372036854775808",
	"-9223372036854775808",
	"-9223372036854775809",
	"10000000000000000000",
	"99999999999999999999",
	"9223372036854775808.0",
	"9223372036854775808e0",
	"1.7976931348623157e308",
	"1.7976931348623158e308",
	"1.7976931348623159e308",
	"17.976931348623158e307",
	"0.00017976931348623159e312",
	"1.797693134862315807e308",
	"1.797693134862315808e308",
	"-1.797693134862315808e+308",
	"4.9e-324",
	"1e-324",
	"0x10",
	"1_000",
	"Infinity",
	"-Infinity",
	"NaN",
	"1 2",
};

static void test_numbers_at_their_limits(void **state)
{
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t n, len;

		len = (size_t)snprintf(text, sizeof(text), "[%s]", numbers[i]);
		for (n = 1; n <= len; n++) {
			must(oracle_judge(text, n), numbers[i], text, n);
			must(oracle_judge_partial(text, n), numbers[i], text,
			     n);
		}
	}
}

/* 2^1024 - 2^970, where infinity begins; written in many ways. */
static void test_the_first_infinite_number_is_exact(void **state)
{
	static const char first[] =
		"17976931348623158079372897140530341507993413271003782693617377"
		"89804449682927647509466490179775872070963302864166928879109465"
		"55547851940402630657488671505820681908902000708383676273854845"
		"81771153176447573027006985557136695962284291481986083493647529"
		"2719074168444365510704342711559699508093042880177904174497792";
	char digits[400], text[1000];
	int shift, change, len;

	(void)state;
	for (change = -1; change <= 1; change++)
		for (shift = 0; shift <= 309; shift += 103) {
			(void)snprintf(digits, sizeof(digits), "%s", first);
			digits[308] = (char)(digits[308] + change);
			len = snprintf(text, sizeof(text), "[-%s%.*s.%s0%s%d]",
				       shift ? "" : "0", shift, digits,
				       digits + shift, shift < 309 ? "e" : "",
				       309 - shift);
			must(oracle_judge(text, (size_t)len), "limit", text,
			     (size_t)len);
			assert_int_equal(json_check(text, (size_t)len, 0, NULL),
					 change < 0 ? JSON_VALID
						    : JSON_INVALID);
		}
}

static void judge_beginnings_of(const char *text, size_t from)
{
	size_t n, len = strlen(text);

	for (n = from; n <= len; n++) {
		must(oracle_judge(text, n), "number", text, n);
		must(oracle_judge_partial(text, n), "number", text, n);
	}
}

static void test_an_exponent_can_still_save_a_number(void **state)
{
	static const char *const ends[] = {"]",	  ".0]",  "e-92]", "e-91]",
					   "e-1", "e+1]", "e0]",   ".5e-99]"};
	char text[500];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		memset(text, '8', 401);
		text[0] = '[';
		(void)snprintf(text + 401, 20, "%s", ends[i]);
		judge_beginnings_of(text, 400);
		(void)snprintf(text + 310, 20, "%s", ends[i]);
		judge_beginnings_of(text, 309);
	}
}

/* ---- characters ---- */

static void judge_string(const char *inside, size_t len)
{
	char text[64];

	text[0] = '[';
	text[1] = '"';
	memcpy(text + 2, inside, len);
	text[2 + len] = '"';
	text[3 + len] = ']';
	must(oracle_judge(text, len + 4), "string", text, len + 4);
}

static void test_every_escape_alone_and_in_a_pair(void **state)
{
	static const unsigned edges[] = {0xD7FF, 0xD800, 0xDBFF, 0xDC00,
					 0xDFFF, 0xE000, 0x0041, 0x0000};
	char text[16];
	unsigned code, i;

	(void)state;
	for (code = 0; code <= 0xFFFF; code++) {
		(void)snprintf(text, sizeof(text), "\\u%04X", code);
		judge_string(text, 6);
	}
	for (code = 0; code < 64; code++) {
		i = (unsigned)snprintf(text, sizeof(text), "\\u%04x\\u%04X",
				       edges[code / 8], edges[code % 8]);
		judge_string(text, i);
	}
}

static void test_every_byte_after_every_other(void **state)
{
	static const char more[] = {'\x7F', '\x80', '\xBF', '\xC0'};
	unsigned i, j, k;

	(void)state;
	for (i = 0; i < 256; i++)
		for (j = 0; j < 256; j++)
			for (k = 0; k < 4; k++) {
				char bytes[4] = {(char)i, (char)j, more[k],
						 '\x80'};

				judge_string(bytes, 1 + k % 2);
				judge_string(bytes, 3);
				judge_string(bytes, 4);
			}
}

/* ---- texts gone wrong ---- */

struct random {
	uint64_t state;
};

static size_t pick(struct random *r, size_t below)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (size_t)((r->state >> 11) % below);
}

static const char *const pieces[] = {
	"{",
	"}",
	"[",
	"]",
	",",
	":",
	"\"",
	"\\",
	"\\u",
	"\\ud800",
	"\\udc00",
	"\\u0000",
	"\\u00e9",
	"\xC3",
	"\xA9",
	"\xED\xA0",
	"\xF4",
	"\xFF",
	"\xEF\xBB\xBF",
	"true",
	"null",
	"\"a\":1,",
	"\"a\"",
	"1e400",
	"1e-400",
	"-",
	"0",
	"9223372036854775807",
	"9",
	"e",
	".",
	" ",
	"\n",
	"\t",
	"\x01",
	"/*",
	"\"\\u0061\":",
	"{\"a\":[",
};

enum { MUTANT_MAX = 2048 };

struct mutant {
	size_t len;
	char text[MUTANT_MAX];
};

/* Replace @cut bytes at @at by @len others, if there is room. */
static void splice(struct mutant *m, size_t at, size_t cut, const char *bytes,
		   size_t len)
{
	if (m->len - cut + len > MUTANT_MAX)
		return;
	memmove(m->text + at + len, m->text + at + cut, m->len - at - cut);
	memcpy(m->text + at, bytes, len);
	m->len += len - cut;
}

static void mutate(struct mutant *m, struct random *r)
{
	size_t at = pick(r, m->len + 1), n = pick(r, 8);
	char copy[256];
	const char *piece = pieces[pick(r, sizeof(pieces) / sizeof(*pieces))];

	if (n > m->len - at)
		n = m->len - at;
	switch (pick(r, 6)) {
	case 0:
		splice(m, at, 0, piece, strlen(piece));
		break;
	case 1:
		splice(m, at, n, piece, strlen(piece));
		break;
	case 2:
		splice(m, at, n, "", 0);
		break;
	case 3:
		copy[0] = (char)pick(r, 256);
		splice(m, at, n > 0, copy, 1);
		break;
	case 4: /* say something twice: keys, brackets */
		n = pick(r, sizeof(copy));
		if (n > m->len - at)
			n = m->len - at;
		memcpy(copy, m->text + at, n);
		splice(m, pick(r, m->len + 1), 0, copy, n);
		break;
	default:
		if (pick(r, 4) == 0)
			m->len = at;
	}
}

static uint64_t choose_seed(void)
{
	const char *given = getenv("SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10)
			      : (uint64_t)time(NULL);

	print_message("SEED=%llu repeats these texts\n",
		      (unsigned long long)seed);
	return seed;
}

static void test_texts_gone_wrong_are_judged_alike(void **state)
{
	struct random r = {choose_seed() * 2654435769u + 1};
	struct mutant m;
	int i, count[3] = {0};

	(void)state;
	for (i = 0; i < 200000; i++) {
		const char *text = texts[pick(&r, TEXTS)];
		size_t changes = 1 + pick(&r, 4);

		m.len = strlen(text);
		memcpy(m.text, text, m.len);
		while (changes-- > 0)
			mutate(&m, &r);
		must(oracle_judge(m.text, m.len), "mutant", m.text, m.len);
		if (i % 16 == 0)
			must(oracle_judge_partial(m.text, m.len), "mutant",
			     m.text, m.len);
		count[json_check(m.text, m.len, 0, NULL)]++;
	}
	print_message("%d valid, %d partial, %d invalid\n", count[JSON_VALID],
		      count[JSON_PARTIAL], count[JSON_INVALID]);
	assert_true(count[JSON_VALID] > 1000 && count[JSON_PARTIAL] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_every_beginning_of_a_valid_text_is_partial),
		cmocka_unit_test(test_numbers_at_their_limits),
		cmocka_unit_test(test_the_first_infinite_number_is_exact),
		cmocka_unit_test(test_an_exponent_can_still_save_a_number),
		cmocka_unit_test(test_every_escape_alone_and_in_a_pair),
		cmocka_unit_test(test_every_byte_after_every_other),
		cmocka_unit_test(test_texts_gone_wrong_are_judged_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
