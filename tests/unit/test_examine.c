/* What stands in a text, by its kind. */
#include "core/examine.h"
#include "core/kind_row.h"
#include "kinds.h"
#include "tests/unit/corpus.h"
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>

struct fixture {
	struct kinds *kinds;
	struct examination e;
	struct why why;
	const char *text;
};

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){0};
	assert_done(kinds_new(&f.kinds, &f.why), &f.why);
	for (size_t i = 0; built_in_kinds[i]; i++)
		assert_done(kinds_add(f.kinds, built_in_kinds[i],
				      strlen(built_in_kinds[i]), &f.why),
			    &f.why);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	examination_done(&f->e);
	kinds_free(f->kinds);
	return 0;
}

static void look(struct fixture *f, const char *folder, const char *text)
{
	const struct kind *kind =
		kinds_by_folder(f->kinds, folder, strlen(folder));

	assert_non_null(kind);
	f->text = text;
	assert_done(examine(kind, text, strlen(text), &f->e, &f->why), &f->why);
}

/* Reference @i leads to @target and is written so at @where. */
static void leads(struct fixture *f, size_t i, const char *target,
		  const char *written, const char *where)
{
	const struct reference *ref = &f->e.refs[i];
	struct buf path = {0};

	assert_true(i < f->e.ref_count);
	assert_string_equal(reference_target(&f->e, ref), target);
	assert_int_equal(ref->target_len, strlen(target));
	assert_int_equal(ref->len, strlen(written));
	assert_memory_equal(f->text + ref->at, written, ref->len);
	assert_done(examine_where(f->text, strlen(f->text), ref->at, &path,
				  &f->why),
		    &f->why);
	buf_byte(&path, '\0');
	assert_string_equal(path.data, where);
	buf_done(&path);
}

static void test_paths_are_found(void **state)
{
	struct fixture *f = *state;

	look(f, "action_maps",
	     "{\"pairs\": [{\"rule\": \"/rules/A b\", \"action\": \"\"},"
	     " {\"rule\": \"\\/rules\\/\\u00e9\\/\", \"action\": null},"
	     " {\"rule\": [\"/rules/no\"], \"action\": \"gone\"}],"
	     " \"rule\": \"/rules/no\"}");
	assert_int_equal(f->e.ref_count, 3);
	leads(f, 0, "/rules/A b", "/rules/A b", "pairs[0].rule");
	leads(f, 1, "/rules/\xc3\xa9", "\\/rules\\/\\u00e9\\/",
	      "pairs[1].rule");
	leads(f, 2, "gone", "gone", "pairs[2].action");
	assert_int_equal(f->e.refs[0].beside, 0);
}

static void test_schemes_and_what_is_beside_them_are_found(void **state)
{
	struct fixture *f = *state;

	look(f, "rules",
	     "{\"a\": {\"attributes\": {\"template_name\": \"B\","
	     " \"deep\": {\"attributes\": {\"template_id\": \"RULE://x/C\"}},"
	     " \"template_id\": \"RULE://A/B\"}, \"template_name\": \"no\"},"
	     " \"attributes\": {\"template_id\": \"RULE://D\","
	     " \"template_name\": 3}, \"template_id\": \"RULE://no\"}");
	assert_int_equal(f->e.ref_count, 3);
	leads(f, 0, "/rules/x/C", "RULE://x/C",
	      "a.attributes.deep.attributes.template_id");
	leads(f, 1, "/rules/A/B", "RULE://A/B", "a.attributes.template_id");
	leads(f, 2, "/rules/D", "RULE://D", "attributes.template_id");
	assert_int_equal(f->e.refs[0].beside, 0);
	assert_int_equal(f->e.refs[1].beside_len, 1);
	assert_memory_equal(f->text + f->e.refs[1].beside, "B", 1);
	assert_int_equal(f->e.refs[2].beside, 0);
}

static void test_other_schemes_lead_nowhere(void **state)
{
	struct fixture *f = *state;

	look(f, "rules", "{\"attributes\": {\"template_id\": \"ACTION://A\"}}");
	leads(f, 0, "ACTION://A", "ACTION://A", "attributes.template_id");
}

static void test_ids_are_found(void **state)
{
	struct fixture *f = *state;

	look(f, "flows",
	     "{\"_id\": \"5f\", \"pageGenerators\": [{\"_exportId\": \"e1\"}],"
	     " \"_runNextFlowIds\": [\"f1\", \"\", \"f/\"],"
	     " \"lastModified\": \"now\", \"x\": {\"_id\": \"no\"},"
	     " \"lastExecutedAt\": {\"a\": 1}}");
	assert_int_equal(f->e.ref_count, 3);
	leads(f, 0, "e1", "e1", "pageGenerators[0]._exportId");
	leads(f, 1, "f1", "f1", "_runNextFlowIds[0]");
	leads(f, 2, "f/", "f/", "_runNextFlowIds[2]");
	assert_int_equal(f->e.id_len, 2);
	assert_memory_equal(f->text + f->e.id_at, "5f", 2);
	assert_string_equal(f->e.names.data + f->e.id, "5f");
	assert_int_equal(f->e.volatiles.len, 2);
	assert_int_equal(f->e.volatiles.list[1].kind, JSON_KIND_OBJECT);
}

static void test_secrets_are_found_in_any_case(void **state)
{
	static const char *const values[] = {
		"\"a\"", "null", "12", "\"deep\"", "\"e\"", "\"k\"",
	};
	struct fixture *f = *state;

	look(f, "datastores",
	     "{\"password\": \"no\", \"importCredentials\": {"
	     " \"Password\": \"a\", \"User\": \"no\","
	     " \"The SECRET\": null, \"token\": 12,"
	     " \"tokens\": {\"x\": [\"deep\"], \"on\": true},"
	     " \"p\\u0061ssword\": \"e\"},"
	     " \"exportCredentials\": {\"Key Phrase\": \"k\", \"y\": 1}}");
	assert_int_equal(f->e.secrets.len, COUNT(values));
	for (size_t i = 0; i < COUNT(values); i++) {
		const struct examined *secret = &f->e.secrets.list[i];

		assert_int_equal(secret->len, strlen(values[i]));
		assert_memory_equal(f->text + secret->at, values[i],
				    secret->len);
	}
}

static void test_secrets_are_found_at_their_place(void **state)
{
	struct fixture *f = *state;

	look(f, "connections",
	     "{\"http\": {\"auth\": {\"token\": {\"token\": \"t\","
	     " \"location\": \"header\"}, \"basic\": {\"password\": \"p\"}},"
	     " \"encrypted\": {\"a\": \"x\", \"b\": [\"y\"]}}}");
	assert_int_equal(f->e.secrets.len, 4);
}

static void test_files_are_found(void **state)
{
	static const char *const values[] = {"\"a.gdb\"", "\"c\"", "\"d\""};
	struct fixture *f = *state;

	look(f, "datastores",
	     "{\"importCredentials\": {\"Source Files (.gdb)\": \"a.gdb\","
	     " \"Destination Files\": \"\", \"Reverse (y,x)\": \"no\","
	     " \"Style (.sld, .xml)\": \"c\", \"Z (*.zip;.z)\": \"d\","
	     " \"M (Mac | Unix)\": \"no\", \"(.)\": \"no\", \".a)\": \"no\"},"
	     " \"Source Files (.gdb)\": \"no\"}");
	assert_int_equal(f->e.files.len, COUNT(values));
	for (size_t i = 0; i < COUNT(values); i++)
		assert_memory_equal(f->text + f->e.files.list[i].at, values[i],
				    strlen(values[i]));
}

static void test_variants_are_told_apart(void **state)
{
	struct fixture *f = *state;

	look(f, "rules", "{\"template\": true}");
	assert_true(f->e.variant);
	look(f, "rules", "{\"template\": false, \"x\": {\"template\": true}}");
	assert_false(f->e.variant);
}

static void test_what_is_no_json_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct kind *kind = kinds_by_folder(f->kinds, "rules", 5);

	assert_refused(examine(kind, "{\n\"a\" 3}", 8, &f->e, &f->why), -EINVAL,
		       &f->why, "line 2, column 5: expected ':'");
	assert_refused(examine(kind, "", 0, &f->e, &f->why), -EINVAL, &f->why,
		       "expected");
}

/* ---- a real repository ---- */

struct sum {
	struct fixture *f;
	size_t refs, beside, files, secrets, variants;
};

static void add_up(const struct corpus_item *item, void *arg)
{
	struct sum *sum = arg;
	struct fixture *f = sum->f;
	const struct kind *kind =
		kinds_by_path(f->kinds, item->path, strlen(item->path), 0);

	assert_non_null(kind);
	assert_done(examine(kind, item->text, item->len, &f->e, &f->why),
		    &f->why);
	sum->refs += f->e.ref_count;
	sum->files += f->e.files.len;
	sum->secrets += f->e.secrets.len;
	sum->variants += f->e.variant;
	for (size_t i = 0; i < f->e.ref_count; i++)
		sum->beside += f->e.refs[i].beside > 0;
}

static void test_all_of_a_real_repository_is_found(void **state)
{
	struct sum sum = {.f = *state};

	if (corpus_each(add_up, &sum) == 0)
		return;
	assert_int_equal(sum.refs, 1383);
	assert_int_equal(sum.beside, 400);
	assert_int_equal(sum.files, 6);
	assert_int_equal(sum.secrets, 0);
	assert_int_equal(sum.variants, 20);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_paths_are_found),
		TEST(test_schemes_and_what_is_beside_them_are_found),
		TEST(test_other_schemes_lead_nowhere),
		TEST(test_ids_are_found),
		TEST(test_secrets_are_found_in_any_case),
		TEST(test_secrets_are_found_at_their_place),
		TEST(test_files_are_found),
		TEST(test_variants_are_told_apart),
		TEST(test_what_is_no_json_is_refused),
		TEST(test_all_of_a_real_repository_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
