/*
 * What is let in, and what becomes of the bytes that are not.
 */
#include "fs/commit_priv.h"

#include "core/intake.h"
#include "core/json.h"
#include "core/repo.h"
#include "fs/live_priv.h"
#include "fs/sentences.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Bytes that may be looked at again with every write. */
enum { EARLY_ALWAYS = 16384 };

static int check_size(struct call *c, size_t len)
{
	if ((int64_t)len <= c->fs->options.max_item)
		return 0;
	return why_set(&c->why, -EFBIG,
		       "larger than an item may be (%" PRId64
		       " bytes; option max_item)",
		       c->fs->options.max_item);
}

int commit_check(struct call *c, const char *bytes, size_t len)
{
	struct json_fault fault;
	int r = check_size(c, len);

	if (r < 0)
		return r;
	r = json_check(bytes, len, 0, &fault);
	if (r < 0)
		return why_set(&c->why, r, "out of memory checking an item");
	if (r == JSON_VALID)
		return 0;
	return why_set(&c->why, -EINVAL, "line %zu, column %zu: %s", fault.line,
		       fault.column, fault.text);
}

int commit_admit(struct call *c, struct moment *m, const struct arrival *in)
{
	const struct intake_text text = {
		.folder = in->parent,
		.bytes = in->bytes,
		.len = in->len,
	};
	int r = in->sound ? check_size(c, in->len)
			  : commit_check(c, in->bytes, in->len);

	return r < 0 ? r : intake_check(m, &text, &c->why);
}

int commit_early_check(struct call *c, struct spool *s, size_t *checked)
{
	struct json_fault fault;
	int r;

	/* A shell writes line by line and hears of the last one, too; of a
	 * longer text each byte is looked at twice, however small the
	 * writes. */
	if (s->len > EARLY_ALWAYS && s->len < 2 * *checked)
		return 0;
	*checked = s->len;
	r = json_check(s->data, s->len, 0, &fault);
	s->sound = r == JSON_VALID;
	if (r != JSON_INVALID)
		return 0;
	return why_set(&c->why, -EINVAL, "line %zu, column %zu: %s", fault.line,
		       fault.column, fault.text);
}

int commit_refuse(struct call *c, struct moment *m,
		  const struct refusal *refusal)
{
	struct batch_key key = {refusal->proc.pid, refusal->proc.start};
	struct report_line line = {
		.folder = refusal->parent,
		.asked = refusal->name,
		.outcome = OUTCOME_REJECTED,
		.reason = c->why.text,
	};
	struct why reason = c->why;
	const struct rejected what = {
		.folder = refusal->parent,
		.size = (int64_t)refusal->len,
		.name = refusal->name,
		.reason = reason.text,
	};
	char sentence[600];
	int64_t id = 0;
	int r = 0;

	(void)snprintf(sentence, sizeof(sentence), "'%s' is not stored: %s",
		       refusal->name, reason.text);
	sentences_add(c->fs->errors, m->time_ns, refusal->parent, reason.code,
		      sentence);
	if (*refusal->kept)
		r = rejected_drop(m, *refusal->kept, &c->why);
	if (r == 0)
		r = rejected_keep(m, &what, refusal->bytes, &id, &c->why);
	/* A secret is kept by nobody rather than in plain text. */
	if (r == -ENOKEY)
		r = 0;
	if (r == 0)
		r = batch_note(c->fs->repo->batches, m, &key, &line, &c->why);
	if (r == 0)
		r = moment_commit(m, &c->why);
	if (r < 0)
		return r;
	*refusal->kept = id;
	c->why = reason;
	return reason.code;
}

/* A refused process that goes on with the name means its own copy. */
void commit_remember_refusal(struct fs *fs, const struct refusal *refusal,
			     int64_t node, int64_t now_ns)
{
	struct act act = {
		.kind = ACT_DIVERTED,
		.proc = refusal->proc,
		.time_ns = now_ns,
		.parent = refusal->parent,
		.node = node,
	};

	memcpy(act.name, refusal->name, strlen(refusal->name) + 1);
	act_note(fs->live->seen, &act);
}

void commit_refused_early(struct fs *fs, struct handle *h)
{
	const struct refusal refusal = {
		.parent = h->parent,
		.name = h->name,
		.proc = h->opener,
	};

	if (!h->refused_early)
		commit_remember_refusal(fs, &refusal, h->node, live_now(fs));
	h->refused_early = true;
}
