/* The scan of JSON texts: where it finds fault, and what it visits. Whether
 * its verdict is jansson's is test_json_jansson.c's question. */
#include "core/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fault_case {
	const char *text;
	int verdict;
	size_t line, column;
	const char *sentence;
};

static const struct fault_case faults[] = {
	{"", JSON_PARTIAL, 1, 1, "expected '{' or '[', but the text ends"},
	{" \n ", JSON_PARTIAL, 2, 2, "expected '{' or '[', but the text ends"},
	{"7", JSON_INVALID, 1, 1, "expected '{' or '[', found '7'"},
	{"\xEF\xBB\xBF{}", JSON_INVALID, 1, 1,
	 "expected '{' or '[', found '\xEF\xBB\xBF'"},
	{"{", JSON_PARTIAL, 1, 2,
	 "expected a key in quotes or '}', but the text ends"},
	{"{a", JSON_INVALID, 1, 2,
	 "expected a key in quotes or '}', found 'a'"},
	{"{\"a\"", JSON_PARTIAL, 1, 5,
	 "expected ':' after a key, but the text ends"},
	{"{\"a\" 1", JSON_INVALID, 1, 6, "expected ':' after a key, found '1'"},
	{"{\"a\":", JSON_PARTIAL, 1, 6, "expected a value, but the text ends"},
	{"{\"a\":}", JSON_INVALID, 1, 6, "expected a value, found '}'"},
	{"{\"a\": tr", JSON_PARTIAL, 1, 9,
	 "expected 'true', but the text ends"},
	{"{\"a\": trx", JSON_INVALID, 1, 9, "expected 'true', found 'x'"},
	{"[nul ", JSON_INVALID, 1, 5, "expected 'null', found ' '"},
	{"[False]", JSON_INVALID, 1, 2, "expected a value or ']', found 'F'"},
	{"{\"a\": 1 \"b\"", JSON_INVALID, 1, 9,
	 "expected ',' or '}' after a member, found '\"'"},
	{"{\"a\": 1", JSON_PARTIAL, 1, 8,
	 "expected ',' or '}' after a member, but the text ends"},
	{"{\"a\": 1,}", JSON_INVALID, 1, 9,
	 "expected a key in quotes, found '}'"},
	{"[1\n\n2]", JSON_INVALID, 3, 1,
	 "expected ',' or ']' after an element, found '2'"},
	{"[1,]", JSON_INVALID, 1, 4, "expected a value, found ']'"},
	{"[1,\n", JSON_PARTIAL, 2, 1, "expected a value, but the text ends"},
	{"[}", JSON_INVALID, 1, 2, "expected a value or ']', found '}'"},
	{"{} x", JSON_INVALID, 1, 4, "expected the end of the text, found 'x'"},
	{"[]\x01", JSON_INVALID, 1, 3,
	 "expected the end of the text, found byte 0x01"},
	{"[\"\xC3\xA9\" \xC3\xA9]", JSON_INVALID, 1, 6,
	 "expected ',' or ']' after an element, found '\xC3\xA9'"},
	{"[\"a", JSON_PARTIAL, 1, 4,
	 "expected '\"' at the end of a string, but the text ends"},
	{"[\"a\nb\"]", JSON_INVALID, 1, 4,
	 "a line break inside a string must be written \\n"},
	{"[\"a\tb\"]", JSON_INVALID, 1, 4,
	 "a control character inside a string must be escaped"},
	{"[\"\xC3", JSON_PARTIAL, 1, 4,
	 "expected the rest of a character, but the text ends"},
	{"[\"\xC3\xA9\xFF\"]", JSON_INVALID, 1, 4,
	 "the bytes are not valid UTF-8"},
	{"[\"\xE0\x80", JSON_INVALID, 1, 3, "the bytes are not valid UTF-8"},
	{"[\"\xED\xA0", JSON_INVALID, 1, 3, "the bytes are not valid UTF-8"},
	{"[\"\\", JSON_PARTIAL, 1, 4,
	 "expected one of \" \\ / b f n r t u after the backslash, but the "
	 "text ends"},
	{"[\"\\x\"]", JSON_INVALID, 1, 4,
	 "expected one of \" \\ / b f n r t u after the backslash, found 'x'"},
	{"[\"\\u00", JSON_PARTIAL, 1, 7,
	 "expected four hexadecimal digits after \\u, but the text ends"},
	{"[\"\\u00g0\"]", JSON_INVALID, 1, 7,
	 "expected four hexadecimal digits after \\u, found 'g'"},
	{"[\"\\u0000", JSON_INVALID, 1, 3,
	 "\\u0000 is not allowed in a string"},
	{"[\"\\ud8", JSON_PARTIAL, 1, 7,
	 "expected four hexadecimal digits after \\u, but the text ends"},
	{"[\"\\ud800\\", JSON_PARTIAL, 1, 10,
	 "expected the second half of a surrogate pair, but the text ends"},
	{"[\"\\ud800 \"]", JSON_INVALID, 1, 9,
	 "expected the second half of a surrogate pair, found ' '"},
	{"[\"\\ud800\\ue", JSON_INVALID, 1, 3,
	 "half a surrogate pair stands for no character"},
	{"[\"\\uDc", JSON_INVALID, 1, 3,
	 "half a surrogate pair stands for no character"},
	{"[01]", JSON_INVALID, 1, 2,
	 "a number must not begin with a needless 0"},
	{"[-", JSON_PARTIAL, 1, 3, "expected a digit, but the text ends"},
	{"[1.e", JSON_INVALID, 1, 4, "expected a digit, found 'e'"},
	{"[1, 9223372036854775808]", JSON_INVALID, 1, 5,
	 "the integer does not fit into 64 bits"},
	{"[9223372036854775808", JSON_PARTIAL, 1, 21,
	 "the integer does not fit into 64 bits"},
	{"[1e309]", JSON_INVALID, 1, 2, "the number is too big for a double"},
	{"{\"a\": 1, \"b\": 2, \"\\u0061\"", JSON_INVALID, 1, 18,
	 "the key \"\\u0061\" is there twice in one object"},
};

static void test_a_fault_has_a_place_and_a_sentence(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct fault_case *c = &faults[i];
		struct json_fault fault = {0};
		int verdict = json_check(c->text, strlen(c->text), 0, &fault);

		if (verdict != c->verdict || fault.line != c->line ||
		    fault.column != c->column ||
		    strcmp(fault.text, c->sentence) != 0)
			fail_msg("'%s': %d at %zu:%zu, %s", c->text, verdict,
				 fault.line, fault.column, fault.text);
	}
}

static void test_a_raw_nul_is_no_white_space(void **state)
{
	(void)state;
	assert_int_equal(json_check("[1\0]", 4, 0, NULL), JSON_INVALID);
	assert_int_equal(json_check("{\"a\":true\0}", 11, 0, NULL),
			 JSON_INVALID);
	assert_int_equal(json_check("[]\0", 3, 0, NULL), JSON_INVALID);
}

static void test_a_valid_text_leaves_the_fault_alone(void **state)
{
	struct json_fault fault = {.offset = 77, .text = "as it was"};

	(void)state;
	assert_int_equal(json_check(" {}\r\n\t ", 7, 0, &fault), JSON_VALID);
	assert_int_equal(fault.offset, 77);
	assert_string_equal(fault.text, "as it was");
}

static void test_an_item_of_a_kind_is_an_object(void **state)
{
	struct json_fault fault;

	(void)state;
	assert_int_equal(json_check("[]", 2, JSON_OBJECT_ONLY, &fault),
			 JSON_INVALID);
	assert_string_equal(fault.text, "expected '{', found '['");
	assert_int_equal(json_check("{}", 2, JSON_OBJECT_ONLY, NULL),
			 JSON_VALID);
	assert_int_equal(json_check("", 0, JSON_OBJECT_ONLY, NULL),
			 JSON_PARTIAL);
}

static void test_a_long_key_is_cut_at_a_character(void **state)
{
	struct json_fault fault;
	char text[600], key[151] = "";
	int i, len;

	(void)state;
	for (i = 0; i < 150; i += 2)
		memcpy(key + i, "\xC3\xA9", 2);
	len = snprintf(text, sizeof(text), "{\"%s\":1,\"%s\":2}", key, key);
	assert_int_equal(json_check(text, (size_t)len, 0, &fault),
			 JSON_INVALID);
	key[76] = '\0';
	(void)snprintf(text, sizeof(text),
		       "the key \"%s...\" is there twice in one object", key);
	assert_string_equal(fault.text, text);
}

/* ---- depth ---- */

static void append(char *text, size_t *len, const char *more)
{
	memcpy(text + *len, more, strlen(more));
	*len += strlen(more);
}

static int check_nested(size_t depth, const char *opener, const char *inside,
			const char *closer)
{
	char *text = malloc(depth * 8 + 64);
	size_t len = 0, i;
	int r;

	assert_non_null(text);
	for (i = 0; i < depth; i++)
		append(text, &len, opener);
	append(text, &len, inside);
	for (i = 0; i < depth; i++)
		append(text, &len, closer);
	r = json_check(text, len, 0, NULL);
	free(text);
	return r;
}

static void test_the_deepest_level_is_the_2048th(void **state)
{
	(void)state;
	assert_int_equal(check_nested(2048, "[", "", "]"), JSON_VALID);
	assert_int_equal(check_nested(2047, "[", "1", "]"), JSON_VALID);
	assert_int_equal(check_nested(2048, "[", "1", "]"), JSON_INVALID);
	assert_int_equal(check_nested(2049, "[", "", "]"), JSON_INVALID);
	assert_int_equal(check_nested(2048, "[", "", ""), JSON_PARTIAL);
	assert_int_equal(check_nested(2047, "{\"a\":", "{}", "}"), JSON_VALID);
	assert_int_equal(check_nested(2048, "{\"a\":", "1", "}"), JSON_INVALID);
	assert_int_equal(check_nested(2047, "{\"a\":", "{\"", ""),
			 JSON_INVALID);
	assert_int_equal(check_nested(2047, "{\"a\":", "{", ""), JSON_PARTIAL);
}

/* ---- visitor ---- */

struct visits {
	const char *text;
	char seen[1024];
	int stop_after; /* visits; then -ECANCELED */
};

static int note_visit(const struct json_value *v, void *arg)
{
	struct visits *visits = arg;
	char *out = visits->seen + strlen(visits->seen);
	size_t i;

	for (i = 0; i < v->depth; i++) {
		const struct json_step *step = &v->path[i];

		if (step->key)
			out += sprintf(out, ".%.*s(%zu)", (int)step->key_len,
				       step->key, step->index);
		else
			out += sprintf(out, "[%zu]", step->index);
	}
	(void)sprintf(out, " %d %.*s\n", (int)v->kind, (int)v->len,
		      visits->text + v->at);
	return --visits->stop_after == 0 ? -ECANCELED : 0;
}

static void test_every_value_is_visited_with_its_path_and_bytes(void **state)
{
	static const char text[] = " {\"a\" : [ 1, {\"b\\n\":\"x\\\"\"}, [] ] ,"
				   "\"c\":{ } ,\"d\":[true,false,null]} ";
	struct visits visits = {.text = text};

	(void)state;
	assert_int_equal(
		json_scan(text, sizeof(text) - 1, 0, note_visit, &visits, NULL),
		JSON_VALID);
	assert_string_equal(visits.seen,
			    ".a(0)[0] 3 1\n"
			    ".a(0)[1].b\\n(0) 2 \"x\\\"\"\n"
			    ".a(0)[1] 0 {\"b\\n\":\"x\\\"\"}\n"
			    ".a(0)[2] 1 []\n"
			    ".a(0) 1 [ 1, {\"b\\n\":\"x\\\"\"}, [] ]\n"
			    ".c(1) 0 { }\n"
			    ".d(2)[0] 4 true\n"
			    ".d(2)[1] 5 false\n"
			    ".d(2)[2] 6 null\n"
			    ".d(2) 1 [true,false,null]\n"
			    " 0 {\"a\" : [ 1, {\"b\\n\":\"x\\\"\"}, [] ] ,"
			    "\"c\":{ } ,\"d\":[true,false,null]}\n");
}

static void test_a_visitor_can_end_the_scan(void **state)
{
	static const char text[] = "[1,2,3]";
	struct visits visits = {.text = text, .stop_after = 2};

	(void)state;
	assert_int_equal(json_scan(text, 7, 0, note_visit, &visits, NULL),
			 -ECANCELED);
	assert_string_equal(visits.seen, "[0] 3 1\n[1] 3 2\n");
	visits = (struct visits){.text = text, .stop_after = 4};
	assert_int_equal(json_scan(text, 7, 0, note_visit, &visits, NULL),
			 -ECANCELED);
}

/* ---- strings ---- */

struct string_case {
	const char *raw, *plain;
};

static const struct string_case strings[] = {
	{"", ""},
	{"plain", "plain"},
	{"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
	{"a\\u00e9b\\u20AC", "a\xC3\xA9"
			     "b\xE2\x82\xAC"},
	{"\\ud834\\udd1E!", "\xF0\x9D\x84\x9E!"},
	{"\\uDBFF\\uDFFF", "\xF4\x8F\xBF\xBF"},
	{"\\uD7ff\\uE000", "\xED\x9F\xBF\xEE\x80\x80"},
	{"\\u0001\\u007f\\u0080\\u07ff\\u0800", "\x01\x7F\xC2\x80\xDF\xBF"
						"\xE0\xA0\x80"},
	{"caf\xC3\xA9", "caf\xC3\xA9"},
};

static void test_strings_are_decoded_and_compared(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		const struct string_case *c = &strings[i];
		size_t len = strlen(c->raw), n;
		char *buf = malloc(len + 1);
		char longer[64];

		assert_non_null(buf);
		n = json_unescape(c->raw, len, buf);
		assert_int_equal(n, strlen(c->plain));
		assert_memory_equal(buf, c->plain, n);
		free(buf);
		assert_true(json_raw_equals(c->raw, len, c->plain));
		(void)snprintf(longer, sizeof(longer), "%s+", c->plain);
		assert_false(json_raw_equals(c->raw, len, longer));
		longer[n > 0 ? n - 1 : 0] = '\0';
		if (n > 0)
			assert_false(json_raw_equals(c->raw, len, longer));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fault_has_a_place_and_a_sentence),
		cmocka_unit_test(test_a_raw_nul_is_no_white_space),
		cmocka_unit_test(test_a_valid_text_leaves_the_fault_alone),
		cmocka_unit_test(test_an_item_of_a_kind_is_an_object),
		cmocka_unit_test(test_a_long_key_is_cut_at_a_character),
		cmocka_unit_test(test_the_deepest_level_is_the_2048th),
		cmocka_unit_test(
			test_every_value_is_visited_with_its_path_and_bytes),
		cmocka_unit_test(test_a_visitor_can_end_the_scan),
		cmocka_unit_test(test_strings_are_decoded_and_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
