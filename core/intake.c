#include "core/intake_priv.h"

#include "core/blob.h"
#include "core/db.h"
#include "core/defer.h"
#include "core/examine.h"
#include "core/kind_row.h"
#include "core/moment.h"
#include "core/ref_text.h"
#include "core/report_detail.h"
#include "core/secret.h"
#include "core/secret_guard.h"
#include "core/secret_key.h"
#include "core/store.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <string.h>

/* For how long a save may turn out to be a copy. */
static const int64_t FORMER_NS = 10000000000;

void intake_done(struct intake *in)
{
	secret_members_done(&in->secrets);
	secret_members_done(&in->files);
	buf_done(&in->text);
	*in = (struct intake){0};
}

static bool is_plain(const struct kind *kind)
{
	return !kind || (!kind->secret_count && !kind->file_count);
}

static bool has_values(const struct intake *in)
{
	return secret_members_count(&in->secrets, SECRET_VALUE) > 0;
}

static int kind_of(struct moment *m, int64_t folder, const struct kind **ret,
		   struct why *why)
{
	return secret_folder_kind(m->db, store_kinds(m->store), folder, ret,
				  why);
}

/* ---- taking ---- */

static int find_members(const struct kind *kind, const struct intake_text *text,
			struct intake *ret, struct why *why)
{
	DROP(examination_done) struct examination found = {0};
	int r = examine(kind, text->bytes, text->len, &found, why);

	if (r == 0)
		r = secret_members_find(text->bytes, text->len, &found.secrets,
					&ret->secrets, why);
	if (r == 0)
		r = secret_members_find(text->bytes, text->len, &found.files,
					&ret->files, why);
	return r;
}

static int strip(struct moment *m, const struct intake_text *text,
		 struct intake *ret, struct why *why)
{
	DROP(key_forget) struct key key = {0};
	int r = secret_key_to_seal(m->db, &key, why);

	if (r == 0)
		r = key_digest(&key, text->bytes, text->len, ret->digest, why);
	if (r < 0)
		return r;
	r = secret_text_strip(text->bytes, text->len, &ret->secrets,
			      &ret->text);
	if (r < 0)
		return why_set(why, r, "out of memory");
	ret->stripped = true;
	ret->bytes = ret->text.data;
	ret->size = (int64_t)ret->text.len;
	return 0;
}

static int put_content(struct db *db, const struct intake_text *text,
		       struct intake *in, struct why *why)
{
	size_t len = (size_t)in->size;

	return text->sha256 && !in->stripped
		       ? blob_put_hashed(db, in->bytes, len, text->sha256,
					 text->like, &in->content, why)
		       : blob_put(db, in->bytes, len, text->like, &in->content,
				  why);
}

int intake_take(struct moment *m, const struct intake_text *text,
		struct intake *ret, struct why *why)
{
	const struct kind *kind;
	int r = kind_of(m, text->folder, &kind, why);

	*ret = (struct intake){
		.size = (int64_t)text->len,
		.bytes = text->bytes,
		.sent = text->bytes,
	};
	if (r == 0 && !is_plain(kind))
		r = find_members(kind, text, ret, why);
	if (r == 0 && has_values(ret))
		r = strip(m, text, ret, why);
	if (r == 0)
		r = put_content(m->db, text, ret, why);
	if (r == 0 && kind)
		ref_text_offer(m->db, ret->content, ret->bytes,
			       (size_t)ret->size);
	return r;
}

int intake_check(struct moment *m, const struct intake_text *text,
		 struct why *why)
{
	DROP(intake_done) struct intake in = {0};
	DROP(key_forget) struct key key = {0};
	struct why reason = {0};
	const struct kind *kind;

	if (kind_of(m, text->folder, &kind, NULL) < 0 ||
	    !secret_in_kind(kind) || secret_key(m->db, &key, NULL) == 0 ||
	    find_members(kind, text, &in, NULL) < 0 || !has_values(&in))
		return 0;
	return secret_key_to_seal(m->db, &key, &reason) == -ENOKEY
		       ? why_set(why, -ENOKEY,
				 "there is a secret in it that cannot be "
				 "sealed: %s",
				 reason.text)
		       : 0;
}

struct number_sent intake_sent(const struct intake *in)
{
	return (struct number_sent){
		.content = in->content,
		.digest = in->stripped ? in->digest : NULL,
	};
}

/* ---- the values ---- */

/* 1: @item has another value than member @i says, or none. */
static int member_differs(struct moment *m, const struct intake *in, size_t i,
			  const struct key *key, int64_t item, struct why *why)
{
	const struct secret_member *member = &in->secrets.list[i];
	const char *at = secret_path(&in->secrets, i);
	DROP(buf_done) struct buf value = {0};
	int r;

	if (member->says == SECRET_NULL)
		return 0;
	if (member->says == SECRET_EMPTY)
		return secret_has(m->db, item, at, why);
	r = secret_get(m->db, key, item, at, &value, NULL);
	if (r < 0 && r != -EBADMSG) /* what is damaged is replaced */
		return why_set(why, r, "the secret '%s' cannot be read", at);
	return r <= 0 || value.len != member->len ||
	       memcmp(value.data, in->sent + member->at, value.len) != 0;
}

static int get_key(struct moment *m, const struct intake *in, struct key *ret,
		   struct why *why)
{
	return in->stripped ? secret_key_to_seal(m->db, ret, why) : 0;
}

int intake_differs(struct moment *m, const struct intake *in, int64_t item,
		   struct why *why)
{
	DROP(key_forget) struct key key = {0};
	int r = get_key(m, in, &key, why);

	for (size_t i = 0; i < in->secrets.len && r == 0; i++)
		r = member_differs(m, in, i, &key, item, why);
	return r;
}

static int keep_former(struct moment *m, int64_t item, const char *at,
		       struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SECRET_FORMER_PUT);

	q_i64(&q, 1, item);
	q_text(&q, 2, at);
	q_i64(&q, 3, m->id);
	q_i64(&q, 4, m->time_ns);
	return q_run(&q, why);
}

static int keep_value(struct moment *m, const struct intake *in, size_t i,
		      const struct key *key, int64_t item, struct why *why)
{
	const struct secret_member *member = &in->secrets.list[i];
	const char *at = secret_path(&in->secrets, i);
	int r;

	if (member->says == SECRET_NULL)
		return 0;
	r = keep_former(m, item, at, why);
	if (r == 0)
		r = member_differs(m, in, i, key, item, why);
	if (r <= 0)
		return r;
	if (member->says == SECRET_EMPTY)
		return secret_drop(m->db, item, at, why);
	r = secret_put(m->db, key, item, at, in->sent + member->at, member->len,
		       why);
	return r < 0 ? r
		     : secret_lack_drop(m->db, item, SECRET_LACKS_VALUE, at,
					why);
}

int intake_forget_former(struct moment *m, int64_t item, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_SECRET_FORMER_CLEAR);
	DROP(q_close) struct q old = q_open(m->db, STMT_SECRET_FORMER_OLD);
	int r;

	q_i64(&q, 1, item);
	q_i64(&old, 1, m->time_ns - FORMER_NS);
	r = q_run(&q, why);
	return r < 0 ? r : q_run(&old, why);
}

static int keep_values(struct moment *m, const struct intake *in, int64_t item,
		       struct why *why)
{
	DROP(key_forget) struct key key = {0};
	int r = intake_forget_former(m, item, why);

	if (r == 0)
		r = get_key(m, in, &key, why);
	for (size_t i = 0; i < in->secrets.len && r == 0; i++)
		r = keep_value(m, in, i, &key, item, why);
	return r;
}

/* ---- keeping ---- */

/* How the text was sent; what a save without secrets leaves as it was was sent
 * as before. */
static int keep_digest(struct moment *m, const struct intake *in,
		       const struct entry *e, struct why *why)
{
	DROP(q_close)
	struct q q = q_open(m->db, in->stripped ? STMT_SECRET_SENT_PUT
						: STMT_SECRET_SENT_DROP);

	if (!in->stripped && e->born != m->id)
		return 0;
	q_i64(&q, 1, e->id);
	q_i64(&q, 2, in->content);
	if (in->stripped)
		q_blob(&q, 3, in->digest, KEY_DIGEST);
	return q_run(&q, why);
}

/* 1: the item has come to be at this moment. */
static int is_new(struct moment *m, const struct entry *e, struct why *why)
{
	struct entry former;
	int r;

	if (e->born != m->id)
		return 0;
	r = tree_former(m->db, e->id, e->born, &former, NULL);
	if (r < 0 && r != -ENOENT)
		return why_set(why, r, "what an item was cannot be read");
	return r == -ENOENT;
}

/* The files of a new item have to be supplied; of one that is saved again they
 * have been. */
static int keep_files(struct moment *m, const struct intake *in,
		      const struct entry *e, struct why *why)
{
	int r = is_new(m, e, why);

	if (r == 0)
		return secret_lack_clear(m->db, e->id, SECRET_LACKS_FILE, why);
	if (r < 0)
		return r;
	r = 0;
	for (size_t i = 0; i < in->files.len && r == 0; i++)
		r = secret_lack_add(m->db, e->id, SECRET_LACKS_FILE,
				    secret_path(&in->files, i), why);
	return r;
}

int intake_keep(struct moment *m, const struct intake *in, int64_t item,
		struct why *why)
{
	struct entry e;
	int r;

	if (!in->secrets.len && !in->files.len)
		return 0;
	r = tree_get(m->db, MOMENT_NOW, item, &e, why);
	if (r == 0 && in->secrets.len)
		r = keep_values(m, in, item, why);
	if (r == 0 && in->secrets.len)
		r = keep_digest(m, in, &e, why);
	if (r == 0 && in->files.len)
		r = keep_files(m, in, &e, why);
	if (r < 0 || !in->stripped)
		return r;
	return moment_note(m,
			   &(struct moment_note){
				   .what = NOTE_REWRITTEN,
				   .item = item,
				   .node = e.node,
			   },
			   why);
}

/* ---- what has been moved ---- */

/* What is stored already is not replaced: by saying that its member says
 * nothing. */
static int spare_stored(struct moment *m, struct intake *in, int64_t item,
			struct why *why)
{
	int r = 0;

	for (size_t i = 0; i < in->secrets.len && r >= 0; i++) {
		r = secret_has(m->db, item, secret_path(&in->secrets, i), why);
		if (r > 0)
			in->secrets.list[i].says = SECRET_NULL;
	}
	return r < 0 ? r : 0;
}

int intake_seal(struct moment *m, int64_t item, struct why *why)
{
	DROP(buf_done) struct buf bytes = {0};
	DROP(intake_done) struct intake in = {0};
	struct intake_text text;
	struct entry e;
	int r = tree_get(m->db, MOMENT_NOW, item, &e, why);

	if (r == 0)
		r = blob_get(m->db, e.content, false, &bytes, why);
	if (r < 0)
		return r;
	text = (struct intake_text){
		.folder = e.parent, .bytes = bytes.data, .len = bytes.len,
		/* Nothing may be kept as a change of what holds secrets. */
	};
	r = intake_take(m, &text, &in, why);
	if (r < 0 || !in.stripped)
		return r;
	r = tree_amend_save(m, item, in.content, 0, in.size, &e.attr, why);
	if (r == 0)
		r = spare_stored(m, &in, item, why);
	return r < 0 ? r : intake_keep(m, &in, item, why);
}

/* ---- the report ---- */

int intake_detail(struct moment *m, const struct intake *in, int64_t item,
		  struct report_detail *detail, struct why *why)
{
	int r = 0;

	for (size_t i = 0; i < in->secrets.len && r >= 0; i++) {
		const char *at = secret_path(&in->secrets, i);

		if (in->secrets.list[i].says != SECRET_NULL)
			continue;
		r = secret_has(m->db, item, at, why);
		if (r == 0)
			report_detail_text(&detail->secrets, at);
	}
	for (size_t i = 0; i < in->files.len; i++)
		report_detail_text(&detail->files, secret_path(&in->files, i));
	return r < 0 ? r : 0;
}
