/* What two sides made of one text, in one again. */
#include "core/merge.h"

#include "core/buf.h"
#include "core/kind.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A merge, and what it said: "! POINTER BASE OURS THEIRS" for a conflict,
 * "< POINTER" for what was taken. */
struct merged {
	struct buf out, said;
	struct merge_result result;
	enum merge_answer answer;
	const char *only; /* the answer is for this pointer */
};

static void say_value(struct buf *out, struct merge_text value)
{
	buf_byte(out, ' ');
	if (value.bytes)
		merge_show(value, out);
	else
		buf_byte(out, '-');
}

static int conflict(const struct merge_place *place, void *arg)
{
	struct merged *m = arg;

	buf_addf(&m->said, "! %s", place->pointer);
	say_value(&m->said, place->base);
	say_value(&m->said, place->ours);
	say_value(&m->said, place->theirs);
	buf_byte(&m->said, '\n');
	if (m->only && strcmp(m->only, place->pointer) != 0)
		return MERGE_OPEN;
	return (int)m->answer;
}

static int taken(const struct merge_place *place, void *arg)
{
	struct merged *m = arg;

	buf_addf(&m->said, "< %s\n", place->pointer);
	return 0;
}

static struct merge_text text(const char *bytes)
{
	return (struct merge_text){bytes, bytes ? strlen(bytes) : 0};
}

static void run(struct merged *m, const struct kind *kind, const char *base,
		const char *ours, const char *theirs)
{
	const struct merge_input in = {
		.kind = kind,
		.base = text(base),
		.ours = text(ours),
		.theirs = text(theirs),
		.conflict = conflict,
		.taken = taken,
		.arg = m,
	};
	struct why why = {0};

	buf_reset(&m->out);
	buf_reset(&m->said);
	assert_done(merge_run(&in, &m->out, &m->result, &why), &why);
	buf_byte(&m->out, '\0');
	buf_byte(&m->said, '\0');
}

static void merged_done(struct merged *m)
{
	buf_done(&m->out);
	buf_done(&m->said);
}

struct example {
	const char *what, *base, *ours, *theirs, *merged, *said;
};

static const struct example examples[] = {
	{"nothing has changed", "{\"a\": 1}", "{\"a\":1}", "{ \"a\" : 1 }",
	 "{\"a\":1}", ""},
	{"different members", "{\"a\": 1, \"b\": 2}", "{\"a\": 3, \"b\": 2}",
	 "{\"a\": 1, \"b\": 4}", "{\"a\": 3, \"b\": 4}", "< /b\n"},
	{"the same member to the same value", "{\"a\": 1}", "{\"a\": 2}",
	 "{\"a\":2}", "{\"a\": 2}", ""},
	{"the same member to different values", "{\"a\": 1}", "{\"a\": 2}",
	 "{\"a\": 3}", "{\"a\": 2}", "! /a 1 2 3\n"},
	{"nested", "{\"a\": {\"b\": {\"c\": 1, \"d\": 2}}}",
	 "{\"a\": {\"b\": {\"c\": 5, \"d\": 2}}}",
	 "{\"a\": {\"b\": {\"c\": 1, \"d\": 6}}}",
	 "{\"a\": {\"b\": {\"c\": 5, \"d\": 6}}}", "< /a/b/d\n"},
	{"a conflict in what is nested, and a member that is taken",
	 "{\"a\": {\"b\": 1, \"c\": 1}}", "{\"a\": {\"b\": 2, \"c\": 1}}",
	 "{\"a\": {\"b\": 3, \"c\": 4}}", "{\"a\": {\"b\": 2, \"c\": 4}}",
	 "! /a/b 1 2 3\n< /a/c\n"},
	{"pointers escape", "{\"a/b\": {\"~\": 1}}", "{\"a/b\": {\"~\": 2}}",
	 "{\"a/b\": {\"~\": 3}}", "{\"a/b\": {\"~\": 2}}",
	 "! /a~1b/~0 1 2 3\n"},
	{"members in another order", "{\"a\": 1, \"b\": 2}",
	 "{\"b\": 2, \"a\": 1}", "{\"b\": 3, \"a\": 1}", "{\"b\": 3, \"a\": 1}",
	 "< /b\n"},
	{"escapes are no change", "{\"n\": \"a/\xc3\xa4\", \"x\": 1}",
	 "{\"n\": \"a\\/\\u00e4\", \"x\": 2}",
	 "{\"\\u006e\": \"\\u0061/\xc3\xa4\", \"x\": 1}",
	 "{\"n\": \"a\\/\\u00e4\", \"x\": 2}", ""},
	{"a key with escapes is the same key", "{\"a\": 1}", "{\"\\u0061\": 1}",
	 "{\"a\": 2}", "{\"\\u0061\": 2}", "< /a\n"},
	{"reals that are equal", "{\"a\": 1.50}", "{\"a\": 1.5}",
	 "{\"a\": 15e-1}", "{\"a\": 1.5}", ""},
	{"an integer is no real", "{\"a\": 1}", "{\"a\": 1}", "{\"a\": 1.0}",
	 "{\"a\": 1.0}", "< /a\n"},
	{"another sort of value", "{\"a\": 1}", "{\"a\": 1}", "{\"a\": null}",
	 "{\"a\": null}", "< /a\n"},
	{"null is not absent", "{\"a\": null}", "{\"a\": null}", "{}", "{}",
	 "< /a\n"},
	/* what comes and goes */
	{"a new member in theirs", "{\"a\": 1, \"c\": 3}",
	 "{\"a\": 9, \"c\": 3}", "{\"a\": 1, \"b\": 2, \"c\": 3}",
	 "{\"a\": 9, \"b\": 2, \"c\": 3}", "< /b\n"},
	{"a new member at the beginning and one at the end",
	 "{\n\t\"b\": 2\n}\n", "{\n\t\"b\": 3\n}\n",
	 "{\"a\":1,\"b\":2,\"c\":{\n\"x\":1\n}}",
	 "{\n\t\"a\": 1,\n\t\"b\": 3,\n\t\"c\": {\n\t\"x\":1\n\t}\n}\n",
	 "< /a\n< /c\n"},
	{"a new member where there was none", "{\"o\": {}}",
	 "{\"o\": {}, \"p\": 1}", "{\"o\": {\"x\": 1}}",
	 "{\"o\": {\"x\": 1}, \"p\": 1}", "< /o/x\n"},
	{"the same new member", "{}", "{\"a\": [1]}", "{\"a\":[1]}",
	 "{\"a\": [1]}", ""},
	{"the same new member, two values", "{}", "{\"a\": 1}", "{\"a\": 2}",
	 "{\"a\": 1}", "! /a - 1 2\n"},
	{"new objects of one name are merged", "{}", "{\"a\": {\"x\": 1}}",
	 "{\"a\": {\"y\": 2}}", "{\"a\": {\"x\": 1, \"y\": 2}}", "< /a/y\n"},
	{"the first is gone", "{\"a\": 1, \"b\": 2}", "{\"a\": 1, \"b\": 3}",
	 "{\"b\": 2}", "{\"b\": 3}", "< /a\n"},
	{"the last is gone", "{\n  \"a\": 1,\n  \"b\": 2\n}",
	 "{\n  \"a\": 3,\n  \"b\": 2\n}", "{\"a\": 1}", "{\n  \"a\": 3\n}",
	 "< /b\n"},
	{"all are gone", "{\"a\": 1, \"b\": 2}", "{\"a\": 1, \"b\": 2}", "{}",
	 "{}", "< /a\n< /b\n"},
	{"ours has removed what theirs has not touched", "{\"a\": 1, \"b\": 2}",
	 "{\"b\": 2}", "{\"a\": 1, \"b\": 3}", "{\"b\": 3}", "< /b\n"},
	{"ours has removed what theirs has changed", "{\"a\": 1}", "{}",
	 "{\"a\": 2}", "{}", "! /a 1 - 2\n"},
	{"theirs has removed what ours has changed", "{\"a\": 1}", "{\"a\": 2}",
	 "{}", "{\"a\": 2}", "! /a 1 2 -\n"},
	{"both have removed it", "{\"a\": 1, \"b\": 1}", "{\"b\": 1}",
	 "{\"b\": 1}", "{\"b\": 1}", ""},
	/* without a base */
	{"no base: what differs is a conflict, the rest comes together", NULL,
	 "{\"a\": 1, \"b\": 2, \"c\": 3}", "{\"a\": 1, \"b\": 4, \"d\": 5}",
	 "{\"a\": 1, \"b\": 2, \"d\": 5, \"c\": 3}", "! /b - 2 4\n< /d\n"},
	/* arrays */
	{"arrays of one length", "{\"a\": [1, 2, 3]}", "{\"a\": [9, 2, 3]}",
	 "{\"a\": [1,2,8]}", "{\"a\": [9, 2, 8]}", "< /a/2\n"},
	{"the same element", "{\"a\": [1, 2]}", "{\"a\": [1, 3]}",
	 "{\"a\": [1, 4]}", "{\"a\": [1, 3]}", "! /a/1 2 3 4\n"},
	{"an array that grew on one side", "{\"a\": [1, 2]}", "{\"a\": [1, 2]}",
	 "{\"a\": [1, 2, 3]}", "{\"a\": [1, 2, 3]}", "< /a\n"},
	{"an array that grew on both", "{\"a\": [1]}", "{\"a\": [1, 2]}",
	 "{\"a\": [1, 3]}", "{\"a\": [1, 2]}", "! /a [1] [1,2] [1,3]\n"},
	{"elements that change places", "{\"a\": [{\"x\": 1}, {\"x\": 2}]}",
	 "{\"a\": [{\"x\": 2}, {\"x\": 1}]}",
	 "{\"a\": [{\"x\": 1, \"y\": 1}, {\"x\": 2}]}",
	 "{\"a\": [{\"x\": 2}, {\"x\": 1}]}",
	 "! /a [{\"x\":1},{\"x\":2}] [{\"x\":2},{\"x\":1}] "
	 "[{\"x\":1,\"y\":1},{\"x\":2}]\n"},
	{"members of elements", "{\"a\": [{\"x\": 1, \"y\": 1}]}",
	 "{\"a\": [{\"x\": 2, \"y\": 1}]}", "{\"a\": [{\"x\": 1, \"y\": 3}]}",
	 "{\"a\": [{\"x\": 2, \"y\": 3}]}", "< /a/0/y\n"},
	{"by identity: new, gone, changed, and in our order",
	 "{\"a\": [{\"id\": 1}, {\"id\": 2}, {\"id\": 3, \"n\": 0}]}",
	 "{\"a\": [{\"id\": 3, \"n\": 0}, {\"id\": 2}, {\"id\": 1}, "
	 "{\"id\": 4}]}",
	 "{\"a\": [{\"id\": 2}, {\"id\": 3, \"n\": 7}, {\"id\": 5}]}",
	 "{\"a\": [{\"id\": 3, \"n\": 7}, {\"id\": 5}, {\"id\": 2}, "
	 "{\"id\": 4}]}",
	 "< /a/id=1\n< /a/id=5\n< /a/id=3/n\n"},
	{"by identity: removed there, changed here",
	 "{\"a\": [{\"name\": \"x\", \"v\": 1}, {\"name\": \"y\"}]}",
	 "{\"a\": [{\"name\": \"x\", \"v\": 2}, {\"name\": \"y\"}]}",
	 "{\"a\": [{\"name\": \"y\"}]}",
	 "{\"a\": [{\"name\": \"x\", \"v\": 2}, {\"name\": \"y\"}]}",
	 "! /a/name=x {\"name\":\"x\",\"v\":1} {\"name\":\"x\",\"v\":2} -\n"},
	{"another order by identity is one change of the whole",
	 "{\"a\": [{\"id\": 1}, {\"id\": 2}]}",
	 "{\"a\": [{\"id\": 1}, {\"id\": 2}]}",
	 "{\"a\": [{\"id\": 2}, {\"id\": 1}]}",
	 "{\"a\": [{\"id\": 2}, {\"id\": 1}]}", "< /a\n"},
	{"an array on top", "[1, 2]\n", "[3, 2]\n", "[1, 4]", "[3, 4]\n",
	 "< /1\n"},
	{"other things on top", "[1]", "[1]", "{\"a\": 1}", "{\"a\": 1}",
	 "< \n"},
	/* bytes */
	{"our text stays as it is", "{\"a\":1,\"b\":[1,2],\"c\":{\"d\":1}}",
	 " {\r\n  \"a\" : 1 ,\r\n\r\n   \"b\":[ 1,2 ] , \"c\": { \"d\" :1 } "
	 "}\r\n\r\n",
	 "{\"a\":5,\"b\":[1,2],\"c\":{\"d\":6}}",
	 " {\r\n  \"a\" : 5 ,\r\n\r\n   \"b\":[ 1,2 ] , \"c\": { \"d\" :6 } "
	 "}\r\n\r\n",
	 "< /a\n< /c/d\n"},
	{"what is taken moves to our indentation",
	 "{\n    \"a\": {\n        \"x\": 1\n    }\n}",
	 "{\n\t\"a\": {\n\t\t\"x\": 1\n\t}\n}",
	 "{\n    \"a\": {\n        \"x\": [\n            1\n        ]\n    }\n}",
	 "{\n\t\"a\": {\n\t\t\"x\": [\n\t\t    1\n\t\t]\n\t}\n}", "< /a/x\n"},
};

static void test_examples_are_merged(void **state)
{
	struct merged m = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		const struct example *x = &examples[i];

		run(&m, NULL, x->base, x->ours, x->theirs);
		if (strcmp(m.out.data, x->merged) != 0 ||
		    strcmp(m.said.data, x->said) != 0)
			fail_msg("%s: %s, said %s", x->what, m.out.data,
				 m.said.data);
	}
	merged_done(&m);
}

static void test_answers_decide(void **state)
{
	static const char base[] = "{\"a\": 1, \"b\": 1, \"c\": 1}";
	static const char ours[] = "{\"a\": 2, \"b\": 2, \"c\": 2}";
	static const char theirs[] = "{\"a\": 3, \"b\": 3}";
	struct merged m = {.answer = MERGE_THEIRS};

	(void)state;
	run(&m, NULL, base, ours, theirs);
	assert_string_equal(m.out.data, "{\"a\": 3, \"b\": 3}");
	assert_int_equal(m.result.conflicts, 0);
	assert_int_equal(m.result.taken, 3);
	m.only = "/b";
	run(&m, NULL, base, ours, theirs);
	assert_string_equal(m.out.data, "{\"a\": 2, \"b\": 3, \"c\": 2}");
	assert_int_equal(m.result.conflicts, 2);
	m.answer = MERGE_OURS;
	m.only = NULL;
	run(&m, NULL, base, ours, theirs);
	assert_string_equal(m.out.data, ours);
	assert_int_equal(m.result.conflicts, 0);
	assert_int_equal(m.result.taken, 0);
	merged_done(&m);
}

static void test_what_is_volatile_is_no_change(void **state)
{
	static const char set[] =
		"{\"name\": \"s\", \"kinds\": [{\"name\": \"k\", \"folder\": "
		"\"ks\", \"volatile\": [\"at\", \"**.seen\"]}]}";
	struct merged m = {0};
	struct kinds *kinds;
	struct why why = {0};

	(void)state;
	assert_done(kinds_new(&kinds, &why), &why);
	assert_done(kinds_add(kinds, set, strlen(set), &why), &why);
	run(&m, kinds_get(kinds, 0), "{\"at\": 1, \"x\": {\"seen\": 1}}",
	    "{\"at\": 2, \"x\": {\"seen\": 2}}",
	    "{\"at\": 3, \"x\": {\"seen\": 3, \"y\": 1}}");
	assert_string_equal(m.out.data,
			    "{\"at\": 2, \"x\": {\"seen\": 2, \"y\": 1}}");
	assert_string_equal(m.said.data, "< /x/y\n");
	/* One that came there is not taken, one that went there stays. */
	run(&m, kinds_get(kinds, 0), "{\"a\": 1, \"x\": {\"seen\": 1}}",
	    "{\"a\": 1, \"x\": {\"seen\": 1}}",
	    "{\"a\": 2, \"at\": 1, "
	    "\"x\": {}}");
	assert_string_equal(m.out.data, "{\"a\": 2, \"x\": {\"seen\": 1}}");
	assert_int_equal(merge_equal(kinds_get(kinds, 0), text("{\"at\": 1}"),
				     text("{}"), &why),
			 1);
	assert_int_equal(
		merge_equal(NULL, text("{\"at\": 1}"), text("{}"), &why), 0);
	kinds_free(kinds);
	merged_done(&m);
}

static void test_what_is_no_json_is_refused(void **state)
{
	const struct merge_input in = {
		.base = text("{}"),
		.ours = text("{}"),
		.theirs = text("{\"a\": }"),
	};
	struct merge_result result = {7, 7};
	struct buf out = {0};
	struct why why = {0};

	(void)state;
	assert_refused(merge_run(&in, &out, &result, &why), -EINVAL, &why,
		       "line 1, column 7");
	assert_int_equal(result.conflicts, 7);
	buf_done(&out);
}

/* ---- random texts ---- */

enum { KEYS = 10, ROUNDS = 4000 };

static unsigned seed;

static unsigned dice(unsigned sides)
{
	return (unsigned)rand_r(&seed) % sides;
}

static void add_space(struct buf *out)
{
	static const char *const spaces[] = {"",   "",	   "",	" ",
					     "\n", "\n\t", "  "};

	buf_text(out, spaces[dice(7)]);
}

static void add_value(struct buf *out, unsigned depth)
{
	static const char *const scalars[] = {
		"1",	   "2",		  "-3.5e1",
		"true",	   "null",	  "\"a\"",
		"\"\\n\"", "\"\\u00e4\"", "\"\xe2\x82\xac\"",
		"[]",	   "{}",
	};
	unsigned what = depth ? dice(4) : 0, count = dice(4);

	if (what < 2) {
		buf_text(out, scalars[dice(COUNT(scalars))]);
		return;
	}
	buf_byte(out, what == 2 ? '[' : '{');
	for (unsigned i = 0; i < count; i++) {
		add_space(out);
		if (what == 3)
			buf_addf(out, "\"m%u\":", i);
		add_value(out, depth - 1);
		add_space(out);
		buf_text(out, i + 1 < count ? "," : "");
	}
	buf_byte(out, what == 2 ? ']' : '}');
}

/* An object of members that may be absent, in random order and white space. */
static void write_object(char *const members[KEYS], struct buf *out)
{
	unsigned start = dice(KEYS), step = 1 + 2 * dice(2), count = 0;

	buf_reset(out);
	add_space(out);
	buf_byte(out, '{');
	for (unsigned i = 0; i < KEYS; i++) {
		unsigned k = (start + i * step) % KEYS;

		if (!members[k])
			continue;
		buf_text(out, count++ ? "," : "");
		add_space(out);
		buf_addf(out, "\"k%u\"", k);
		add_space(out);
		buf_byte(out, ':');
		add_space(out);
		buf_text(out, members[k]);
		add_space(out);
	}
	buf_byte(out, '}');
	add_space(out);
	buf_byte(out, '\0');
}

static char *new_value(void)
{
	struct buf value = {0};

	add_value(&value, 3);
	buf_byte(&value, '\0');
	return value.data;
}

struct sides {
	char *base[KEYS], *ours[KEYS], *theirs[KEYS], *both[KEYS];
	char *owned[2 * KEYS];
	size_t count;
	struct buf texts[5];
};

enum { BASE, OURS, THEIRS, BOTH, AGAIN };

static char *own(struct sides *s, char *value)
{
	s->owned[s->count++] = value;
	return value;
}

static void make_sides(struct sides *s)
{
	for (unsigned k = 0; k < KEYS; k++) {
		char *value = dice(4) ? own(s, new_value()) : NULL;
		char *other = value;

		if (dice(2))
			other = dice(3) ? own(s, new_value()) : NULL;
		s->base[k] = s->ours[k] = s->theirs[k] = value;
		s->both[k] = other;
		if (k % 2)
			s->ours[k] = other;
		else
			s->theirs[k] = other;
	}
	write_object(s->base, &s->texts[BASE]);
	write_object(s->ours, &s->texts[OURS]);
	write_object(s->theirs, &s->texts[THEIRS]);
	write_object(s->both, &s->texts[BOTH]);
	write_object(s->base, &s->texts[AGAIN]);
}

static void sides_done(struct sides *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->owned[i]);
	for (size_t i = 0; i < COUNT(s->texts); i++)
		buf_done(&s->texts[i]);
}

static void means(struct merged *m, const char *wanted)
{
	struct why why = {0};
	int r = merge_equal(NULL, text(m->out.data), text(wanted), &why);

	if (r != 1)
		fail_msg("seed %u: %s%s is not %s", seed, m->out.data, why.text,
			 wanted);
}

static void test_disjoint_edits_come_together_either_way(void **state)
{
	const char *given = getenv("SEED");
	struct merged m = {0};

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct sides s = {0};

		seed = given ? (unsigned)atoi(given) : round;
		make_sides(&s);
		run(&m, NULL, s.texts[BASE].data, s.texts[OURS].data,
		    s.texts[THEIRS].data);
		means(&m, s.texts[BOTH].data);
		assert_int_equal(m.result.conflicts, 0);
		run(&m, NULL, s.texts[BASE].data, s.texts[THEIRS].data,
		    s.texts[OURS].data);
		means(&m, s.texts[BOTH].data);
		/* theirs is as before: nothing of ours changes */
		run(&m, NULL, s.texts[BASE].data, s.texts[OURS].data,
		    s.texts[AGAIN].data);
		assert_string_equal(m.out.data, s.texts[OURS].data);
		/* ours is as before: it becomes theirs */
		run(&m, NULL, s.texts[BASE].data, s.texts[AGAIN].data,
		    s.texts[THEIRS].data);
		means(&m, s.texts[THEIRS].data);
		sides_done(&s);
	}
	merged_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples_are_merged),
		cmocka_unit_test(test_answers_decide),
		cmocka_unit_test(test_what_is_volatile_is_no_change),
		cmocka_unit_test(test_what_is_no_json_is_refused),
		cmocka_unit_test(test_disjoint_edits_come_together_either_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
