/*
 * Which files are acknowledged before they are filed (fs/filing).
 */
#include "fs/commit_priv.h"

#include "core/inbox.h"
#include "core/repo.h"
#include "core/secret_guard.h"
#include "fs/filing.h"
#include "fs/live_priv.h"

#include <errno.h>
#include <fcntl.h>

static bool is_small(const struct fs *fs, const struct spool *s)
{
	return s->len && s->len <= FILING_ITEM &&
	       (int64_t)s->len <= fs->options.max_item;
}

/* ---- the kind of a folder ---- */

/* The kind of a folder's items, and that it is there: known as long as nobody
 * else changes anything. With the live lock. */
static bool known_kind(struct fs *fs, int64_t folder, uint64_t others,
		       const struct kind **ret)
{
	const struct known *k = &fs->live->known[folder % LIVE_KNOWN];

	*ret = k->kind;
	return k->folder == folder && k->others == others;
}

static int find_kind(struct call *c, int64_t folder, const struct kind **ret)
{
	DROP(store_put) struct reader reader = {0};
	struct store *store = c->fs->repo->store;
	struct live *live = c->fs->live;
	uint64_t others = store_others(store);
	bool known;
	int r;

	live_lock(live);
	known = known_kind(c->fs, folder, others, ret);
	live_unlock(live);
	if (known)
		return 0;
	r = store_peek(store, &reader, &c->why);
	if (r == 0)
		r = secret_folder_kind(reader.db, store_kinds(store), folder,
				       ret, &c->why);
	if (r == 0)
		r = scratch_or_items(reader.db, folder, &c->why);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	live_lock(live);
	live->known[folder % LIVE_KNOWN] = (struct known){folder, others, *ret};
	live_unlock(live);
	return 0;
}

static bool is_sound(struct call *c, struct spool *s)
{
	if (!s->sound)
		s->sound = commit_check(c, s->data, s->len) == 0;
	return s->sound;
}

/* Nothing with a secret in it may lie in the inbox. */
static bool is_fit(struct call *c, const struct kind *kind, struct spool *s)
{
	return is_sound(c, s) &&
	       !secret_suspect(kind, s->data, s->len, &c->why);
}

/* ---- new items ---- */

/* A new item that nothing is known of but its bytes. With the live lock. */
static bool may_wait(struct fs *fs, const struct loose *f)
{
	const struct arrival in = commit_of_loose(f);

	return f->item_name && !f->item && !f->stored && !f->unlinked &&
	       !f->hidden && !f->refused && !f->rejected && f->dirty &&
	       is_small(fs, &f->spool) && f->writer_count &&
	       f->writers[0].pid && !arrive_to_limbo(fs, &in, live_now(fs));
}

/* With the live lock. 1: acknowledged. */
static int put_new(struct call *c, struct loose *f, const struct who *who,
		   int64_t folder, const struct kind *kind)
{
	struct fs *fs = c->fs;
	const struct filing_job job = {.file = f->id, .kind = kind};
	struct letter letter = {
		.folder = folder,
		.name = f->name,
		.bytes = f->spool.data,
		.len = f->spool.len,
		.attr = f->attr,
		.who = *who,
		.key = {f->writers[0].pid, f->writers[0].start},
		.time_ns = live_now(fs),
	};

	if (!may_wait(fs, f) || f->parent != folder ||
	    !is_fit(c, kind, &f->spool) ||
	    filing_put(fs->filing, &job, &letter, &c->why) < 0)
		return 0;
	f->filing = true;
	f->filed_ns = letter.time_ns;
	f->dirty = f->attr_dirty = false;
	return 1;
}

static int new_later(struct call *c, struct handle *h)
{
	struct live *live = c->fs->live;
	uint64_t others = store_others(c->fs->repo->store);
	const struct kind *kind;
	int64_t folder;
	int r;

	live_lock(live);
	folder = h->loose->dirty && h->loose->item_name ? h->loose->parent : 0;
	live_unlock(live);
	if (!folder || find_kind(c, folder, &kind) < 0)
		return 0;
	filing_wait_for_room(c->fs->filing);
	live_lock(live);
	/* The folder may have gone since. */
	r = others == store_others(c->fs->repo->store)
		    ? put_new(c, h->loose, &h->who, folder, kind)
		    : 0;
	live_unlock(live);
	return r;
}

/* ---- edits ---- */

enum { HANDLES_MAX = 64 }; /* that are looked at */

/* What the kernel has of the item goes when this is filed: until then nobody may
 * read it from there. With the live lock. */
static bool is_private(struct live *live, const struct handle *h)
{
	int count = 0;

	if (h->shown != live_shown(live, h->node))
		return false; /* since the last write */
	for (const struct handle *x = live->handles; x; x = x->next)
		if ((x != h && x->node == h->node) || ++count > HANDLES_MAX)
			return false;
	return true;
}

/* A writer that has saved what it may be the only one to know of. */
static bool may_edit_later(const struct fs *fs, const struct handle *h)
{
	return h->dirty && !h->refused && !h->rejected && !h->went &&
	       !h->filing && (h->flags & O_ACCMODE) == O_WRONLY &&
	       is_small(fs, &h->spool) && h->opener.pid;
}

/* With the live lock. 1: acknowledged. */
static int put_edit(struct call *c, struct handle *h, const struct entry *entry,
		    const struct kind *kind)
{
	struct fs *fs = c->fs;
	const int64_t now_ns = live_now(fs);
	const struct arrival in = commit_of_handle(h, now_ns);
	const struct filing_job job = {
		.handle = h,
		.node = h->node,
		.seen = entry->content,
		.kind = kind,
	};
	struct letter letter = {
		.folder = entry->parent,
		.name = h->name,
		.item = entry->id,
		.seen = entry->content,
		.bytes = h->spool.data,
		.len = h->spool.len,
		.attr = arrive_attr(&in, entry),
		.who = h->who,
		.key = {h->opener.pid, h->opener.start},
		.time_ns = now_ns,
	};

	if (!may_edit_later(fs, h) || !is_private(fs->live, h) ||
	    !arrive_is_edit(fs, &in, entry) || !is_fit(c, kind, &h->spool) ||
	    filing_put(fs->filing, &job, &letter, &c->why) < 0)
		return 0;
	(void)file_get(h->file);
	h->filing = true;
	h->dirty = false;
	return 1;
}

/* The item, if the kernel knows it by the same number. */
static int find_item(struct call *c, const struct handle *h, struct entry *ret)
{
	DROP(store_put) struct reader reader = {0};
	int r = store_peek(c->fs->repo->store, &reader, &c->why);

	if (r == 0)
		r = tree_get(reader.db, MOMENT_NOW, h->item, ret, &c->why);
	return r == 0 && ret->node != h->node ? -ESTALE : r;
}

/* With the live lock. What was found when it was opened holds if nothing has
 * changed since; else *@ret has no id. */
static bool recall_item(struct fs *fs, const struct handle *h,
			struct entry *ret)
{
	*ret = (struct entry){
		.id = h->others == store_others(fs->repo->store) ? h->item : 0,
		.parent = h->parent,
		.content = h->content,
		.attr = h->attr,
	};
	return may_edit_later(fs, h) && is_private(fs->live, h);
}

static int edit_later(struct call *c, struct handle *h)
{
	struct live *live = c->fs->live;
	uint64_t others = store_others(c->fs->repo->store);
	const struct kind *kind;
	struct entry entry;
	unsigned long shown;
	bool wanted;
	int r;

	live_lock(live);
	wanted = recall_item(c->fs, h, &entry);
	live_unlock(live);
	if (!wanted || (!entry.id && find_item(c, h, &entry) < 0) ||
	    find_kind(c, entry.parent, &kind) < 0)
		return 0;
	filing_wait_for_room(c->fs->filing);
	live_lock(live);
	shown = h->shown;
	r = others == store_others(c->fs->repo->store)
		    ? put_edit(c, h, &entry, kind)
		    : 0;
	live_unlock(live);
	if (r && shown != live_shown(live, h->node)) {
		/* Somebody was given what is old, in this very moment. */
		(void)filing_settle(c);
		filing_after_notices(c);
	}
	return r;
}

int commit_later(struct call *c, struct handle *h)
{
	if (!c->fs->filing || !store_calm(c->fs->repo->store))
		return 0;
	return h->loose ? new_later(c, h) : edit_later(c, h);
}
