#include "core/report.h"

#include "core/buf.h"
#include "core/db.h"
#include "core/renames.h"
#include "core/report_row.h"
#include "core/revision.h"
#include "core/tree.h"
#include "core/why.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCHES_MAX = 64, /* open at once; past it the one that waits longest
			     ends */
	PARTS_MAX = 128,  /* moments kept of what is no revision yet; those
			     past it are part of none: so many folders
			     without an item are nothing that is restored */
};

#define PAUSE_NS (INT64_C(1000000) * BATCH_PAUSE_MS)

struct batch {
	struct batch_key key;
	int64_t report;	  /* its first line, which names it; 0: none yet */
	int64_t revision; /* 0: none yet */
	int64_t scope;
	int64_t shown_scope, shown_report; /* as the revision has them */
	int64_t before, after; /* moments; after: the newest that is its */
	int64_t seen_ns;       /* when something of it came last */
	int64_t counts[OUTCOME_REJECTED + 1];
	int64_t parts[PARTS_MAX]; /* moments, until there is a revision */
	size_t part_count;
	int64_t renames, round; /* of core/renames */
};

struct batches {
	struct batch open[BATCHES_MAX];
	size_t len;
	/* As they were before the moment that is under way, which may fail. */
	struct batch saved[BATCHES_MAX];
	size_t saved_len;
	bool saving;
	/* For batches_stale(), which holds no lock. */
	_Atomic int64_t oldest_ns;
};

int batches_new(struct batches **ret, struct why *why)
{
	struct batches *batches = calloc(1, sizeof(*batches));

	if (!batches)
		return why_set(why, -ENOMEM, "out of memory");
	atomic_init(&batches->oldest_ns, INT64_MAX);
	*ret = batches;
	return 0;
}

void batches_free(struct batches *batches)
{
	free(batches);
}

static void note_oldest(struct batches *batches)
{
	int64_t oldest_ns = INT64_MAX;

	for (size_t i = 0; i < batches->len; i++)
		if (batches->open[i].seen_ns < oldest_ns)
			oldest_ns = batches->open[i].seen_ns;
	atomic_store(&batches->oldest_ns, oldest_ns);
}

int batches_stale(struct batches *batches, int64_t now_ns)
{
	int64_t oldest_ns = atomic_load(&batches->oldest_ns);

	return oldest_ns < INT64_MAX && now_ns - oldest_ns > PAUSE_NS;
}

/* The moment is over: what it did to the batches holds only if it was
 * committed. */
static void settle(bool committed, void *arg)
{
	struct batches *batches = arg;

	if (!committed) {
		memcpy(batches->open, batches->saved,
		       batches->saved_len * sizeof(batches->open[0]));
		batches->len = batches->saved_len;
	}
	batches->saving = false;
	note_oldest(batches);
}

/* To be called before anything is changed here. */
static void save(struct batches *batches, struct moment *m)
{
	if (batches->saving)
		return;
	moment_watch(m, settle, batches);
	memcpy(batches->saved, batches->open,
	       batches->len * sizeof(batches->open[0]));
	batches->saved_len = batches->len;
	batches->saving = true;
}

static int counts_json(const struct batch *b, struct buf *out, struct why *why)
{
	buf_addf(out,
		 "{\"created\":%" PRId64 ",\"renamed\":%" PRId64
		 ",\"skipped\":%" PRId64 ",\"rejected\":%" PRId64 "}",
		 b->counts[OUTCOME_CREATED], b->counts[OUTCOME_RENAMED],
		 b->counts[OUTCOME_SKIPPED], b->counts[OUTCOME_REJECTED]);
	buf_byte(out, '\0');
	return buf_error(out) ? why_set(why, -ENOMEM, "out of memory") : 0;
}

/* ---- the end of one ---- */

static int end_at(struct batches *batches, struct moment *m, size_t i,
		  struct why *why)
{
	DROP(buf_done) struct buf counts = {0};
	struct batch *b = &batches->open[i];
	int r = 0;

	if (b->revision)
		r = counts_json(b, &counts, why);
	if (r == 0 && b->revision)
		r = revision_end(m, b->revision, "completed", b->after,
				 counts.data, why);
	if (r == 0)
		r = renames_end(m, b->renames, why);
	if (r < 0)
		return r;
	*b = batches->open[--batches->len];
	return 0;
}

int batches_end(struct batches *batches, struct moment *m, bool all,
		struct why *why)
{
	int r = 0;

	save(batches, m);
	for (size_t i = batches->len; i-- > 0 && r == 0;)
		if (all || m->time_ns - batches->open[i].seen_ns > PAUSE_NS)
			r = end_at(batches, m, i, why);
	return r;
}

/* 1: one of the folders is the other, or below it. */
static int overlap(struct db *db, int64_t a, int64_t b, struct why *why)
{
	int r = tree_is_below(db, MOMENT_NOW, a, b, why);

	return r == 0 ? tree_is_below(db, MOMENT_NOW, b, a, why) : r;
}

int batches_end_in(struct batches *batches, struct moment *m, int64_t folder,
		   struct why *why)
{
	int r = 0;

	save(batches, m);
	for (size_t i = batches->len; i-- > 0 && r >= 0;) {
		r = overlap(m->db, folder, batches->open[i].scope, why);
		if (r > 0)
			r = end_at(batches, m, i, why);
	}
	return r < 0 ? r : 0;
}

/* ---- joining one ---- */

/* Make room for one more. */
static int end_oldest(struct batches *batches, struct moment *m,
		      struct why *why)
{
	size_t oldest = 0;

	for (size_t i = 1; i < batches->len; i++)
		if (batches->open[i].seen_ns < batches->open[oldest].seen_ns)
			oldest = i;
	return end_at(batches, m, oldest, why);
}

static struct batch *find(struct batches *batches, const struct batch_key *key)
{
	for (size_t i = 0; i < batches->len; i++) {
		struct batch *b = &batches->open[i];

		if (b->key.pid == key->pid && b->key.start == key->start)
			return b;
	}
	return NULL;
}

/* The open batch of @key, or a new one. */
static int join(struct batches *batches, struct moment *m,
		const struct batch_key *key, int64_t folder, struct batch **ret,
		struct why *why)
{
	struct batch *b;
	int r = batches_end(batches, m, false, why);

	if (r < 0)
		return r;
	b = find(batches, key);
	if (!b && batches->len == BATCHES_MAX)
		r = end_oldest(batches, m, why);
	if (r < 0)
		return r;
	if (!b) {
		b = &batches->open[batches->len++];
		*b = (struct batch){
			.key = *key,
			.scope = folder,
			.before = m->id - 1,
			.after = m->id - 1,
		};
	}
	b->seen_ns = m->time_ns;
	*ret = b;
	return 0;
}

/* The nearest folder that holds what the batch has so far, and @folder. */
static int widen(struct db *db, struct batch *b, int64_t folder,
		 struct why *why)
{
	struct entry e;
	int r;

	while ((r = tree_is_below(db, MOMENT_NOW, b->scope, folder, why)) ==
	       0) {
		if (b->scope == TREE_ROOT)
			return 0;
		r = tree_get(db, MOMENT_NOW, b->scope, &e, NULL);
		if (r < 0 && r != -ENOENT)
			return why_set(why, r, "the folder of a batch");
		/* A folder that is gone has no place to go up from. */
		b->scope = r == 0 && e.parent ? e.parent : TREE_ROOT;
	}
	return r < 0 ? r : 0;
}

static int adopt(struct moment *m, int64_t moment, int64_t revision,
		 struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_BATCH_ADOPT);

	q_i64(&q, 1, moment);
	q_i64(&q, 2, revision);
	return q_run(&q, why);
}

static int make_revision(struct batch *b, struct moment *m, struct why *why)
{
	int r = revision_begin(m, "restore", b->scope, b->before, "",
			       &b->revision, why);

	for (size_t i = 0; i < b->part_count && r == 0; i++)
		r = adopt(m, b->parts[i], b->revision, why);
	return r;
}

static bool is_revision(const struct batch *b)
{
	int64_t extra = b->counts[OUTCOME_RENAMED] +
			b->counts[OUTCOME_SKIPPED] +
			b->counts[OUTCOME_REJECTED];

	return extra > 0 || b->counts[OUTCOME_CREATED] > 1;
}

static int show_progress(const struct batch *b, struct moment *m,
			 struct why *why)
{
	DROP(buf_done) struct buf counts = {0};
	DROP(q_close) struct q q = q_open(m->db, STMT_BATCH_PROGRESS);
	int r = counts_json(b, &counts, why);

	if (r < 0)
		return r;
	q_i64(&q, 1, b->revision);
	q_text(&q, 2, counts.data);
	return q_run(&q, why);
}

/* What is in indexes, which hardly ever changes. */
static int show_scope(struct batch *b, struct moment *m, struct why *why)
{
	DROP(q_close) struct q q = q_open(m->db, STMT_BATCH_SCOPE);
	int r;

	if (b->shown_scope == b->scope && b->shown_report == b->report)
		return 0;
	q_i64(&q, 1, b->revision);
	q_i64(&q, 2, b->scope);
	q_id(&q, 3, b->report);
	r = q_run(&q, why);
	b->shown_scope = b->scope;
	b->shown_report = b->report;
	return r;
}

/* @m is part of @b, and so is what happened in @folder. */
static int take_in(struct batch *b, struct moment *m, int64_t folder,
		   struct why *why)
{
	int r = widen(m->db, b, folder, why);

	if (r == 0 && !b->revision && is_revision(b))
		r = make_revision(b, m, why);
	if (r == 0 && b->revision)
		r = show_progress(b, m, why);
	if (r == 0 && b->revision)
		r = show_scope(b, m, why);
	if (r < 0)
		return r;
	if (b->revision)
		m->revision = b->revision;
	else if (m->changed && b->part_count < PARTS_MAX &&
		 (!b->part_count || b->after != m->id))
		b->parts[b->part_count++] = m->id;
	if (m->changed)
		b->after = m->id;
	return 0;
}

int batch_part(struct batches *batches, struct moment *m,
	       const struct batch_key *key, int64_t folder, struct why *why)
{
	struct batch *b;
	int r;

	save(batches, m);
	r = join(batches, m, key, folder, &b, why);
	return r == 0 ? take_in(b, m, folder, why) : r;
}

static bool in_batch(enum outcome outcome)
{
	return outcome != OUTCOME_EDITED && outcome != OUTCOME_UNCHANGED;
}

/* References among what the batch restores follow the names it got. */
static int follow_names(struct batch *b, struct moment *m,
			const struct report_line *line, struct why *why)
{
	const struct renames_batch batch = {
		.id = &b->renames,
		.round = &b->round,
		.revision = b->revision,
		.parts = b->parts,
		.part_count = b->part_count,
	};
	const struct renames_line what = {
		.folder = line->folder,
		.asked = line->asked,
		.item = line->item,
		.fresh = line->outcome != OUTCOME_SKIPPED,
	};

	return renames_arrived(m, &batch, &what, why);
}

int batch_note(struct batches *batches, struct moment *m,
	       const struct batch_key *key, const struct report_line *line,
	       struct why *why)
{
	struct batch *b = NULL;
	int64_t report = 0;
	int r = 0;

	save(batches, m);
	if (in_batch(line->outcome))
		r = join(batches, m, key, line->folder, &b, why);
	if (r == 0 && b && line->item && !line->as_sent)
		r = follow_names(b, m, line, why);
	if (r == 0)
		r = report_add(m, b ? b->report : 0, line, &report, why);
	if (r < 0 || !b)
		return r;
	if (!b->report)
		b->report = report;
	b->counts[line->outcome]++;
	return take_in(b, m, line->folder, why);
}
