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
	"{\n  \"name\" : \"No gaps\",\n  \"rule\" : {\n    \"kind\" : \"Check\","
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
	int shift, change;

	(void)state;
	for (change = -1; change <= 1; change++)
		for (shift = 0; shift <= 309; shift += 103) {
			int len;

			(void)snprintf(digits, sizeof(digits), "%s", first);
			digits[308] = (char)(digits[308] + change);
			len = snprintf(text, sizeof(text), "[-%s%.*s.%s0e%d]",
				       shift ? "" : "0", shift, digits,
				       digits + shift, 309 - shift);
			must(oracle_judge(text, (size_t)len), "limit", text,
			     (size_t)len);
			assert_int_equal(json_check(text, (size_t)len, 0,
						    NULL),
					 change < 0 ? JSON_VALID
						    : JSON_INVALID);
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
	"{",	  "}",	    "[",	"]",	  ",",	   ":",	      "\"",
	"\\",	  "\\u",    "\\ud800",	"\\udc00", "\\u0000", "\\u00e9",
	"\xC3",	  "\xA9",   "\xED\xA0", "\xF4",	  "\xFF",  "\xEF\xBB\xBF",
	"true",	  "null",   "\"a\":1,", "\"a\"",  "1e400", "1e-400", "-",
	"0",	  "9223372036854775807",	"9", "e", ".", " ", "\n", "\t",
	"\x01",	  "/*",	    "\"\\u0061\":",	"{\"a\":[",
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
		cmocka_unit_test(test_texts_gone_wrong_are_judged_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
