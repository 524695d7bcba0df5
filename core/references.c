#include "core/references.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/defer.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/ref.h"
#include "core/ref_text.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

struct references {
	struct db *db;
	const struct kinds *kinds;
	struct ref_text text; /* of whoever refers */
	struct buf path, at;
	struct buf *out;
	struct why *why;
};

static void references_done(struct references *s)
{
	ref_text_done(&s->text);
	buf_done(&s->path);
	buf_done(&s->at);
}

static struct ref as_ref(const struct references *s, int64_t item,
			 const struct reference *found)
{
	return (struct ref){
		.item = item,
		.form = found->rule->form == KIND_FORM_ID ? REF_ID : REF_PATH,
		.target = reference_target(&s->text.found, found),
		.leads = found->rule->leads,
	};
}

/* A line about @found in the text; @other is at the other end, 0: nothing. */
static int tell(struct references *s, const char *direction,
		const struct reference *found, int64_t other)
{
	int r;

	buf_reset(&s->path);
	buf_reset(&s->at);
	r = examine_where(s->text.bytes.data, s->text.bytes.len, found->at,
			  &s->at, s->why);
	buf_byte(&s->at, '\0');
	buf_byte(&s->path, '/');
	if (r == 0 && other)
		r = tree_path(s->db, MOMENT_NOW, TREE_ROOT, other, &s->path,
			      s->why);
	buf_byte(&s->path, '\0');
	if (r < 0)
		return r;
	if (buf_error(&s->at) || buf_error(&s->path))
		return why_set(s->why, -ENOMEM, "out of memory");
	buf_addf(s->out, "{\"direction\":\"%s\",\"path\":", direction);
	if (other)
		buf_json_string(s->out, s->path.data);
	else
		buf_text(s->out, "null");
	buf_text(s->out, ",\"at\":");
	buf_json_string(s->out, s->at.data);
	buf_text(s->out, ",\"target\":");
	buf_json_string(s->out, reference_target(&s->text.found, found));
	buf_text(s->out, "}\n");
	return buf_error(s->out) ? why_set(s->why, -ENOMEM, "out of memory")
				 : 0;
}

/* The text of the live item: 1; 0: it can refer to nothing. */
static int read_text(struct references *s, int64_t item)
{
	const struct kind *kind = NULL;
	struct entry e;
	int r = tree_get(s->db, MOMENT_NOW, item, &e, s->why);

	if (r < 0 || e.folder)
		return r;
	r = ref_kind(s->db, s->kinds, item, &kind, s->why);
	if (r < 0 || !kind)
		return r;
	r = ref_text_read(s->db, kind, e.content, &s->text, s->why);
	return r < 0 ? r : 1;
}

static int show_to(struct references *s, int64_t item)
{
	const struct examination *found = &s->text.found;
	int r = read_text(s, item);

	if (r <= 0)
		return r;
	r = 0;
	for (size_t i = 0; i < found->ref_count && r == 0; i++) {
		struct ref ref = as_ref(s, item, &found->refs[i]);
		int64_t target = 0;

		r = ref_resolve(s->db, s->kinds, &ref, &target, s->why);
		if (r == 0 || r == -ENOENT)
			r = tell(s, "to", &found->refs[i], r == 0 ? target : 0);
	}
	return r;
}

static int show_from(const struct ref *ref, void *arg)
{
	struct references *s = arg;
	const struct examination *found = &s->text.found;
	int r = read_text(s, ref->item);

	if (r <= 0)
		return r;
	r = 0;
	for (size_t i = 0; i < found->ref_count && r == 0; i++) {
		struct ref here = as_ref(s, ref->item, &found->refs[i]);

		if (here.form == ref->form && here.leads == ref->leads &&
		    strcmp(here.target, ref->target) == 0)
			r = tell(s, "from", &found->refs[i], ref->item);
	}
	return r;
}

int references_show(struct db *db, const struct kinds *kinds, int64_t item,
		    struct buf *out, struct why *why)
{
	DROP(references_done)
	struct references s = {
		.db = db,
		.kinds = kinds,
		.out = out,
		.why = why,
	};
	DROP(reading_end) struct reading reading = {0};
	int r = reading_begin(&reading, db, why);

	if (r == 0)
		r = show_to(&s, item);
	if (r == 0)
		r = ref_to(db, kinds, item, show_from, &s, why);
	return r;
}
