/* Every statement of the engine: that it prepares, is one statement, numbers
 * its parameters, and reaches its rows by an index. Flags behind its name in
 * the .sql file excuse it: (scan) for a walk over a table, (sort) for rows that
 * are put in order first. */
#include "core/db.h"

#include "tests/unit/test.h"

#include "core/buf.h"

#include <stdbool.h>
#include <stdio.h>

static int open_db(void **state)
{
	struct why why = {0};
	struct db *db = NULL;

	assert_done(db_open(":memory:", DB_CREATE, &db, &why), &why);
	*state = db;
	return 0;
}

static int close_db(void **state)
{
	db_close(*state);
	return 0;
}

static bool flagged(enum stmt id, const char *flag)
{
	return strstr(db_stmt_flags(id), flag) != NULL;
}

static void test_names_are_known_up_to_the_last(void **state)
{
	(void)state;
	assert_true(STMT_COUNT > 0);
	assert_non_null(db_stmt_name(0));
	assert_non_null(db_stmt_name(STMT_COUNT - 1));
	assert_null(db_stmt_name(STMT_COUNT));
}

/* What is wrong with a step of a plan, or NULL. */
static const char *fault_of(enum stmt id, const char *step)
{
	/* "SCAN 3 CONSTANT ROWS" is a list of values, not a table; what was
	 * materialized or is a function was flagged where it was made. */
	bool table = strncmp(step, "SCAN ", 5) == 0 &&
		     !strstr(step, "CONSTANT ROW") &&
		     !strstr(step, "VIRTUAL TABLE");

	if (table && !flagged(id, "scan"))
		return "scans";
	if (strstr(step, "ANY("))
		return "skips through an index";
	if (strstr(step, "USE TEMP B-TREE") && !flagged(id, "sort"))
		return "sorts";
	if (strstr(step, "AUTOMATIC"))
		return "makes an index for itself";
	return NULL;
}

static int judge_plan(enum stmt id, char *plan)
{
	char *rest = plan, *step;
	int faults = 0;

	while ((step = strtok_r(rest, "\n", &rest))) {
		const char *fault = fault_of(id, step);

		if (!fault)
			continue;
		print_error("%s %s: %s\n", db_stmt_name(id), fault, step);
		faults++;
	}
	return faults;
}

static void test_every_statement_reaches_its_rows_by_an_index(void **state)
{
	struct db *db = *state;
	int faults = 0;

	for (enum stmt id = 0; id < STMT_COUNT; id++) {
		struct why why = {0};
		struct buf plan = {0};

		/* Fails as well when it does not prepare or is not one. */
		if (db_stmt_plan(db, id, &plan, &why) < 0) {
			print_error("%s: %s\n", db_stmt_name(id), why.text);
			faults++;
		}
		buf_byte(&plan, '\0');
		assert_int_equal(buf_error(&plan), 0);
		faults += judge_plan(id, plan.data);
		buf_done(&plan);
	}
	assert_int_equal(faults, 0);
}

static void test_only_known_flags_excuse(void **state)
{
	static const char *const known[] = {"", "scan", "sort", "scan sort"};

	(void)state;
	for (enum stmt id = 0; id < STMT_COUNT; id++) {
		bool found = false;

		for (size_t i = 0; i < COUNT(known); i++)
			found |= strcmp(db_stmt_flags(id), known[i]) == 0;
		if (!found)
			fail_msg("%s has the flags '%s'", db_stmt_name(id),
				 db_stmt_flags(id));
	}
}

/* Past a comment or a quoted text at @at, else just @at. */
static const char *past_quoted(const char *at)
{
	const char *end = at;

	if (strncmp(at, "/*", 2) == 0) {
		end = strstr(at + 2, "*/");
		return end ? end + 2 : at + strlen(at);
	}
	if (strncmp(at, "--", 2) == 0)
		return at + strcspn(at, "\n");
	if (*at == '\'') {
		end = strchr(at + 1, '\'');
		return end ? end + 1 : at + strlen(at);
	}
	return at;
}

/* The parameters that @sql uses, as bits; bit 0: one without a number. */
static uint64_t parameters(const char *sql)
{
	uint64_t seen = 0;

	for (const char *at = sql; *at; at++) {
		const char *past = past_quoted(at);
		int number = 0;

		if (past != at) {
			at = past - 1;
			continue;
		}
		if (strchr(":@$", *at))
			seen |= 1;
		if (*at != '?')
			continue;
		(void)sscanf(at + 1, "%2d", &number);
		assert_in_range(number, 0, 63);
		seen |= UINT64_C(1) << number;
	}
	return seen;
}

static void test_parameters_are_numbered_without_gaps(void **state)
{
	(void)state;
	for (enum stmt id = 0; id < STMT_COUNT; id++) {
		uint64_t seen = parameters(stmt_text[id].sql);

		if (seen & 1)
			fail_msg("%s has a parameter without a number",
				 db_stmt_name(id));
		seen >>= 1;
		if (seen & (seen + 1))
			fail_msg("%s leaves out a parameter", db_stmt_name(id));
	}
}

static void test_the_judge_finds_planted_faults(void **state)
{
	(void)state;
	assert_int_equal(parameters("SELECT ?1, '?', ?3 /* ? */ -- ?"), 10);
	assert_int_equal(parameters("SELECT ?"), 1);
	assert_int_equal(parameters("SELECT :name"), 1);
	assert_non_null(fault_of(STMT_MOMENT_GET, "SCAN moment"));
	assert_non_null(fault_of(STMT_MOMENT_GET,
				 "SCAN moment USING COVERING INDEX moment_x"));
	assert_non_null(
		fault_of(STMT_MOMENT_GET, "USE TEMP B-TREE FOR ORDER BY"));
	assert_non_null(fault_of(STMT_MOMENT_GET,
				 "SEARCH p USING INDEX x (ANY(item) AND b>?)"));
	assert_null(fault_of(STMT_MOMENT_GET,
			     "SEARCH moment USING INTEGER PRIMARY KEY"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_known_up_to_the_last),
		cmocka_unit_test(
			test_every_statement_reaches_its_rows_by_an_index),
		cmocka_unit_test(test_only_known_flags_excuse),
		cmocka_unit_test(test_parameters_are_numbered_without_gaps),
		cmocka_unit_test(test_the_judge_finds_planted_faults),
	};

	return cmocka_run_group_tests(tests, open_db, close_db);
}
